"""One hearing, with the real voice detector and made-up engines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from asr.evaluation.lines import from_pcm, to_pcm
from asr.protocol import (
    Failed,
    Final,
    LineQuality,
    ListenRequest,
    NoSpeech,
    Partial,
    SpeechBegan,
    SpeechEnded,
)
from asr.rtp import Packet, build
from asr.vad import VoiceDetector
from tests.support import line_sounds as lines
from tests.support.fake_engine import FakeRecognizer
from tests.support.listened import caller, saying
from tests.support.speech import noise, silence


@pytest.fixture(scope="module")
def detector() -> VoiceDetector:
    return VoiceDetector()


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_continuous_hearing_goes_on_with_times_on_one_clock(
    detector: VoiceDetector, streaming: bool
) -> None:
    request = ListenRequest("zh", continuous=True, no_speech_s=6.0)
    first, second = saying("zh-person"), saying("en-thanks")
    async with caller(detector, request, FakeRecognizer("fake", streaming=streaming)) as one:
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


async def test_speech_without_a_pause_is_cut_and_nothing_is_heard_twice(detector: VoiceDetector) -> None:
    request = ListenRequest("zh", continuous=True, longest_s=2.0, no_speech_s=3.0)
    said = saying("zh-story")
    async with caller(detector, request, FakeRecognizer("fake", streaming=False)) as one:
        await one.say(silence(0.5) + said + silence(5.0))
        finals = await one.until(Final, len(one.of(SpeechEnded)))
    assert len(finals) >= 2
    heard_s = sum(float(final.text) for final in finals)
    assert heard_s < len(said) / 32_000 + 0.6 * len(finals)
    assert all(before.ended_s <= after.began_s for before, after in zip(finals, finals[1:], strict=False))


async def test_nobody_on_a_silent_or_noisy_line_is_told_of_in_time(detector: VoiceDetector) -> None:
    for line in (silence(6.0), noise(6.0)):
        request = ListenRequest("en", no_speech_s=4.0)
        async with caller(detector, request, FakeRecognizer("fake", streaming=False)) as one:
            await one.say(line)
        assert isinstance(one.heard[-1], NoSpeech)
        assert one.of(SpeechBegan) == []
        assert [quality.silent_share for quality in one.of(LineQuality)] == [float(not any(line))]


@pytest.mark.parametrize("sound", [lines.music, lines.coughs, lines.traffic])
async def test_music_and_noise_come_to_no_speech(
    detector: VoiceDetector, sound: Callable[[float], lines.Sound]
) -> None:
    request = ListenRequest("zh", no_speech_s=4.0)
    async with caller(detector, request, FakeRecognizer("fake", streaming=False)) as one:
        await one.say(to_pcm(lines.telephone(lines.at_level(sound(5.0), -26.0))))
    assert isinstance(one.heard[-1], NoSpeech) and one.of(SpeechBegan) == []


async def test_two_who_speak_at_once_and_one_who_never_stops_come_to_an_end(detector: VoiceDetector) -> None:
    first, second = (from_pcm(saying(name)) for name in ("zh-story", "en-story"))
    both = to_pcm(np.resize(first, lines.RATE * 12) + np.resize(second, lines.RATE * 12))
    request = ListenRequest("zh", longest_s=6.0)
    async with caller(detector, request, FakeRecognizer("fake", streaming=False)) as one:
        await one.say(both)
        (final,) = await one.until(Final)
    (ended,) = one.of(SpeechEnded)
    assert ended.cause == "longest"
    assert final.ended_s - final.began_s == pytest.approx(6.0, abs=0.1)


async def test_another_format_on_the_line_is_an_error_that_names_it(detector: VoiceDetector) -> None:
    request = ListenRequest("zh")
    async with caller(detector, request, FakeRecognizer("fake", streaming=False)) as one:
        for number in range(60):
            packet = Packet(0, number, 160 * number, 7, False, bytes(160))
            one.listening.media.datagram_received(build(packet), ("127.0.0.1", 4000))
    (failed,) = one.heard
    assert isinstance(failed, Failed) and "ulaw" in failed.message


async def test_without_packets_nobody_is_told_of_all_the_same(detector: VoiceDetector) -> None:
    request = ListenRequest("en", no_speech_s=0.3)
    async with caller(detector, request, FakeRecognizer("fake", streaming=False)) as one:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: one.listening.media, local_addr=("127.0.0.1", 0))
        await one.until(NoSpeech)
