"""A recogniser that hears what a test says it hears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from asr.protocol import (
    AsrUnavailable,
    Failed,
    Final,
    Heard,
    Hearing,
    LineQuality,
    ListenRequest,
    SpeechBegan,
    Word,
)


@dataclass(slots=True)
class Utterance:
    """What the recogniser will hear next: begins after `after_s`, lasts `lasts_s`."""

    text: str
    after_s: float = 0.5
    lasts_s: float = 0.5
    phrase: str = ""
    fails: bool = False
    fails_within: bool = False
    line: LineQuality | None = None
    """How the line sounds while it is said."""


class ScriptedEars:
    """Hears what `script` says, one utterance a listening; with an empty script, nothing for ever.

    A talk that is written down hears what `talks` says of each end in turn: the first list the first that is opened.
    most: so many at once; one more is refused.
    """

    def __init__(self) -> None:
        self.script: list[Utterance] = []
        self.talks: list[list[Utterance]] = []
        self.most = 1000
        self.open_now = 0
        self.opened: list[ListenRequest] = []
        self.unavailable = False

    def languages(self) -> frozenset[str]:
        return frozenset({"zh", "en"})

    async def open(self, request: ListenRequest) -> Hearing:
        if self.unavailable:
            raise AsrUnavailable("no model")
        if self.open_now >= self.most:
            raise AsrUnavailable("too many", "overloaded")
        self.opened.append(request)
        self.open_now += 1
        return _ScriptedHearing(self, request)


class _ScriptedHearing:
    media_host = "127.0.0.1"
    media_port = 9999
    media_url = "ws://127.0.0.1:9998/media?hearing=0123456789abcdef"
    media_trust = True

    def __init__(self, ears: ScriptedEars, request: ListenRequest) -> None:
        self._ears = ears
        self._request = request
        self._closed = False

    def __aiter__(self) -> AsyncIterator[Heard]:
        return self._talk() if self._request.continuous else self._answer()

    async def _talk(self) -> AsyncIterator[Heard]:
        lines = self._ears.talks.pop(0) if self._ears.talks else []
        at_s = 0.0
        for said in lines:
            await asyncio.sleep(said.after_s)
            at_s += said.after_s
            if said.fails:
                yield Failed("lost", "the worker died")
                return
            yield SpeechBegan(at_s)
            await asyncio.sleep(said.lasts_s)
            if said.line is not None:
                yield said.line
            ended_s = at_s + said.lasts_s
            yield Final(said.text, self._request.language, "script", 0.9, began_s=at_s, ended_s=ended_s)
            at_s = ended_s
        await asyncio.sleep(100_000)

    async def _answer(self) -> AsyncIterator[Heard]:
        if not self._ears.script:
            await asyncio.sleep(100_000)
        said = self._ears.script.pop(0)
        await asyncio.sleep(said.after_s)
        if said.fails:
            yield Failed("lost", "the worker died")
            return
        yield SpeechBegan(said.after_s)
        await asyncio.sleep(said.lasts_s)
        if said.line is not None:
            yield said.line
        if said.fails_within:
            yield Failed("lost", "the worker died")
            return
        ended_s = said.after_s + said.lasts_s
        word = Word(said.text, said.after_s, ended_s)
        yield Final(
            said.text,
            self._request.language,
            "script",
            0.9,
            said.phrase,
            (word,),
            began_s=said.after_s,
            ended_s=ended_s,
            version="1",
        )

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            self._ears.open_now -= 1
