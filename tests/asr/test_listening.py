"""One hearing, with the real voice detector and made-up engines: audio in as fast as it goes, what was heard out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from asr.listening import Listening
from asr.load import Load
from asr.protocol import (
    Final,
    Heard,
    LineQuality,
    ListenRequest,
    NoSpeech,
    Partial,
    SpeechBegan,
    SpeechEnded,
)
from asr.vad import VoiceDetector
from tests.support.fake_engine import FakeRecognizer
from tests.support.speech import noise, read_pcm, silence

Kind = TypeVar("Kind", bound=Heard)

PATIENCE_S = 30.0
SAYINGS = Path(__file__).parents[2] / "ivr" / "demo" / "audio"


def saying(name: str) -> bytes:
    return read_pcm(SAYINGS / f"{name}.opus", telephone=True)


@pytest.fixture(scope="module")
def detector() -> VoiceDetector:
    return VoiceDetector()


@pytest.fixture
def load() -> Iterator[Load]:
    with ThreadPoolExecutor(1) as threads:
        yield Load(threads)


class Caller:
    """Feeds a hearing and collects what it emits."""

    def __init__(
        self, detector: VoiceDetector, load: Load, request: ListenRequest, *, streaming: bool
    ) -> None:
        self.heard: list[Heard] = []
        self._changed = asyncio.Event()
        engine = FakeRecognizer("fake", streaming=streaming)
        self.listening = Listening(request, engine, detector.voice(), load, self._take)

    def _take(self, heard: Heard) -> None:
        self.heard.append(heard)
        self._changed.set()

    async def say(self, pcm: bytes, *, piece: int = 640) -> None:
        for begin in range(0, len(pcm), piece):
            self.listening.hear(pcm[begin : begin + piece])
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
    detector: VoiceDetector, load: Load, request: ListenRequest, *, streaming: bool = False
) -> AsyncIterator[Caller]:
    one = Caller(detector, load, request, streaming=streaming)
    try:
        yield one
    finally:
        await one.listening.close()


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_continuous_hearing_goes_on_with_times_on_one_clock(
    detector: VoiceDetector, load: Load, streaming: bool
) -> None:
    request = ListenRequest("zh", continuous=True, no_speech_s=6.0)
    first, second = saying("zh-person"), saying("en-thanks")
    async with caller(detector, load, request, streaming=streaming) as one:
        await one.say(silence(1.0) + first + silence(1.5) + second + silence(8.0))
        finals = await one.until(Final, 2)
    first_s, second_s = len(first) / 32_000, len(second) / 32_000
    expected = [(1.0, 1.0 + first_s), (2.5 + first_s, 2.5 + first_s + second_s)]
    for final, (begin_s, end_s) in zip(finals, expected, strict=True):
        assert begin_s - 0.1 < final.began_s < begin_s + 0.6
        assert end_s - 0.6 < final.ended_s < end_s + 0.3
        assert final.version == "0"
    assert [one.at_s for one in one.of(SpeechEnded)] == [final.ended_s for final in finals]
    assert [one.at_s for one in one.of(SpeechBegan)] == [final.began_s for final in finals]
    (nobody,) = one.of(NoSpeech)
    assert nobody.waited_s == pytest.approx(6.0, abs=0.1)
    kinds = [type(heard) for heard in one.heard if not isinstance(heard, Partial | LineQuality)]
    order = [SpeechBegan, SpeechEnded, SpeechBegan, SpeechEnded, NoSpeech]
    assert [kind for kind in kinds if kind is not Final] == order


async def test_speech_without_a_pause_is_cut_and_nothing_is_heard_twice(
    detector: VoiceDetector, load: Load
) -> None:
    request = ListenRequest("zh", continuous=True, longest_s=2.0, no_speech_s=3.0)
    said = saying("zh-story")
    async with caller(detector, load, request) as one:
        await one.say(silence(0.5) + said + silence(5.0))
        finals = await one.until(Final, len(one.of(SpeechEnded)))
    assert len(finals) >= 2
    heard_s = sum(float(final.text) for final in finals)
    assert heard_s < len(said) / 32_000 + 0.6 * len(finals)
    assert all(before.ended_s <= after.began_s for before, after in zip(finals, finals[1:], strict=False))


async def test_nobody_on_a_silent_or_noisy_line_is_told_of_in_time(
    detector: VoiceDetector, load: Load
) -> None:
    for line in (silence(6.0), noise(6.0)):
        async with caller(detector, load, ListenRequest("en", no_speech_s=4.0)) as one:
            await one.say(line)
        assert isinstance(one.heard[-1], NoSpeech)
        assert one.of(SpeechBegan) == []
        assert [quality.silent_share for quality in one.of(LineQuality)] == [float(not any(line))]


async def test_without_packets_nobody_is_told_of_all_the_same(detector: VoiceDetector, load: Load) -> None:
    async with caller(detector, load, ListenRequest("en", no_speech_s=0.3)) as one:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: one.listening.media, local_addr=("127.0.0.1", 0))
        await one.until(NoSpeech)
