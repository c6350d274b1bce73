"""Whose turn it is, by what was said so far: real voice detector, engines that say what they are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from asr.protocol import Capabilities, Final, Heard, ListenRequest, Partial, SpeechEnded, Stream
from asr.vad import VoiceDetector
from tests.support.listened import caller, saying
from tests.support.speech import silence

ENOUGH = silence(3.0)
SAID = Callable[[float], str]
"""Seconds of audio -> the text."""


class Told:
    """An engine for whole utterances, or one that streams, that says what it is told to. Glimpses too."""

    def __init__(self, said: SAID, *, streaming: bool = False, phrase: str = "") -> None:
        self.said = said
        self.phrase = phrase
        self.asked: list[float] = []
        self.glimpsed: list[float] = []
        languages = frozenset({"zh", "en"})
        self.capabilities = Capabilities("told", "1", languages, streaming, True, False, True)

    def stream(self, request: ListenRequest) -> Stream:
        return ToldStream(self, request)

    def glimpse(self, pcm: bytes, request: ListenRequest) -> str:
        self.glimpsed.append(len(pcm) / 32_000)
        return self.said(len(pcm) / 32_000)


class ToldStream:
    def __init__(self, engine: Told, request: ListenRequest) -> None:
        self._engine = engine
        self._request = request
        self._heard_s = 0.0

    def accept(self, pcm: bytes) -> Sequence[Heard]:
        self._heard_s += len(pcm) / 32_000
        return (Partial(self._engine.said(self._heard_s)),) if self._engine.capabilities.streaming else ()

    def finish(self) -> Sequence[Heard]:
        self._engine.asked.append(self._heard_s)
        text = self._engine.said(self._heard_s)
        return (Final(text, self._request.language, "told", 0.9, phrase=self._engine.phrase),)

    def close(self) -> None:
        return None


@pytest.fixture(scope="module")
def detector() -> VoiceDetector:
    return VoiceDetector()


async def heard(detector: VoiceDetector, request: ListenRequest, engine: Told, pcm: bytes) -> list[Heard]:
    async with caller(detector, request, engine) as one:
        await one.say(pcm, patiently=True)
        await one.until(Final)
    return one.heard


def ended(heard: list[Heard]) -> SpeechEnded:
    (one,) = [one for one in heard if isinstance(one, SpeechEnded)]
    return one


@pytest.mark.parametrize("streaming", [False, True])
async def test_an_answer_of_the_menu_is_taken_sooner_than_any_other(
    detector: VoiceDetector, streaming: bool
) -> None:
    """A pause of half a second ends it after a whole answer, and is none after another."""
    menu = ListenRequest("zh", ("我要转人工服务", "投诉"))
    pcm = saying("zh-person") + silence(0.6) + saying("zh-thanks") + ENOUGH
    whole = Told(lambda _: "我要转人工服务", phrase="我要转人工服务", streaming=streaming)
    other = Told(lambda _: "我要转人工", streaming=streaming)
    one = ended(await heard(detector, menu, whole, pcm))
    two = ended(await heard(detector, menu, other, pcm))
    assert one.cause == "complete" and two.cause == "silence"
    first_s = len(saying("zh-person")) / 32_000
    assert one.at_s < first_s < two.at_s


@pytest.mark.parametrize("streaming", [False, True])
async def test_the_pauses_within_a_telephone_number_are_waited_for(
    detector: VoiceDetector, streaming: bool
) -> None:
    part = saying("zh-thanks")
    pcm = part + silence(0.95) + part + silence(0.95) + part + ENOUGH
    every_s = len(part) / 32_000 + 0.95

    def said(seconds: float) -> str:
        return ("一三三", "一三三零七八零", "一三三零七八零七零五零")[min(2, int((seconds - 0.4) / every_s))]

    # The same pauses end it where digits are not what is asked for, and a whole number ends it soon.
    number = await heard(detector, ListenRequest("zh", expects="phone"), Told(said, streaming=streaming), pcm)
    anything = await heard(detector, ListenRequest("zh"), Told(lambda _: "路灯", streaming=streaming), pcm)
    assert ended(number).at_s > 2 * every_s and ended(number).cause == "complete"
    assert ended(anything).at_s < every_s


async def test_who_says_because_is_waited_for(detector: VoiceDetector) -> None:
    pcm = saying("zh-person") + silence(1.1) + saying("zh-thanks") + ENOUGH
    first_s = len(saying("zh-person")) / 32_000
    text = await heard(detector, ListenRequest("zh"), Told(lambda _: "我要投诉，因为"), pcm)
    assert ended(text).at_s > first_s + 1.0


async def test_while_the_caller_speaks_on_glimpses_tell_what_was_said(detector: VoiceDetector) -> None:
    engine = Told(lambda seconds: f"救命 {int(seconds)}")
    told = await heard(detector, ListenRequest("zh"), engine, saying("zh-story") + ENOUGH)
    assert len(engine.glimpsed) >= 3
    assert engine.glimpsed[0] < 1.7
    first = next(index for index, one in enumerate(told) if isinstance(one, Partial))
    assert first < told.index(ended(told))


async def test_recordings_and_agents_calls_are_asked_once(detector: VoiceDetector) -> None:
    for request in (
        ListenRequest("zh", priority="background"),
        ListenRequest("zh", continuous=True, no_speech_s=2.0),
    ):
        engine = Told(lambda _: "路灯")
        await heard(detector, request, engine, saying("zh-person") + ENOUGH)
        assert engine.glimpsed == [] and len(engine.asked) == 1


async def test_a_pause_whose_text_could_not_be_had_ends_as_usual(detector: VoiceDetector) -> None:
    def fails(seconds: float) -> str:
        raise RuntimeError("told to fail")

    async with caller(detector, ListenRequest("zh"), Told(fails)) as one:
        await one.say(saying("zh-person") + ENOUGH, patiently=True)
    assert ended(one.heard).cause == "silence"
