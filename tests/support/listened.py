"""A caller on one hearing, in this process: audio in as fast as it goes, what was heard out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from asr.listening import Listening
from asr.load import Load
from asr.protocol import Heard, ListenRequest, Recognizer
from asr.vad import VoiceDetector
from tests.support.speech import read_pcm

Kind = TypeVar("Kind", bound=Heard)

PATIENCE_S = 30.0
SAYINGS = Path(__file__).parents[2] / "ivr" / "demo" / "audio"


def saying(name: str) -> bytes:
    """A recording that ships with the demo, as it sounds on a telephone."""
    return read_pcm(SAYINGS / f"{name}.opus", telephone=True)


class Caller:
    """Feeds a hearing and collects what it emits."""

    def __init__(
        self, detector: VoiceDetector, load: Load, request: ListenRequest, engine: Recognizer
    ) -> None:
        self.heard: list[Heard] = []
        self._lane = load.lane(engine, request)
        self._changed = asyncio.Event()
        self.listening = Listening(request, engine, detector.voice(), self._lane, self._take)

    def _take(self, heard: Heard) -> None:
        self.heard.append(heard)
        self._changed.set()

    async def say(self, pcm: bytes, *, patiently: bool = False) -> None:
        """patiently: the engine is done with each packet before the next comes, as if it took no time."""
        for begin in range(0, len(pcm), 640):
            self.listening.hear(pcm[begin : begin + 640])
            await asyncio.sleep(0)
            if patiently:
                await self._engine_done()

    async def _engine_done(self) -> None:
        # The pieces of one hearing are done in order: what was asked before is done when this is. Twice, as what
        # follows from an answer may be a question again.
        for _ in range(2):
            await asyncio.sleep(0)
            await asyncio.wrap_future(self._lane.submit(lambda: None))
            await asyncio.sleep(0)

    async def until(self, kind: type[Kind], count: int = 1) -> list[Kind]:
        async with asyncio.timeout(PATIENCE_S):
            while len(found := self.of(kind)) < count:
                self._changed.clear()
                await self._changed.wait()
        return found

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [one for one in self.heard if isinstance(one, kind)]


@asynccontextmanager
async def caller(
    detector: VoiceDetector, request: ListenRequest, engine: Recognizer
) -> AsyncIterator[Caller]:
    # Its own: faster than in real time, callers would be refused.
    load = Load(1)
    one = Caller(detector, load, request, engine)
    try:
        yield one
    finally:
        await one.listening.close()
        load.stop()
