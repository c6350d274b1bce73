"""The caller among other voices, on made-up levels; and with the real detector, on the sounds of telephone lines."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from asr.endpointing import Began, Ended, Endpointer, Rules, State, Turn
from asr.evaluation.lines import from_pcm, to_pcm
from asr.foreground import FAINT_DBFS, LEARNING_S, PROMPT_DBFS, REMEMBERED_S, Foreground
from asr.quality import decibels, pieces
from asr.vad import CHUNK, CHUNK_S, VoiceDetector
from tests.support import line_sounds as lines
from tests.support.listened import saying
from tests.support.speech import silence

SECONDS = 8.0


def feed(foreground: Foreground, dbfs: float, seconds: float, *, speaking: bool = False) -> float:
    """Sure speech at that level: the share that was taken for the caller's."""
    steps = round(seconds / CHUNK_S)
    taken = [foreground.feed(0.9, dbfs, CHUNK_S, speaking=speaking) > 0.5 for _ in range(steps)]
    return sum(taken) / steps


def test_whoever_speaks_first_is_the_caller() -> None:
    assert feed(Foreground(), -45.0, 1.0) == 1.0
    assert feed(Foreground(), FAINT_DBFS - 1, 1.0) == 0.0


def test_an_echo_is_learnt_while_the_prompt_begins_and_a_louder_voice_is_the_caller() -> None:
    foreground = Foreground(prompt_plays=True)
    assert feed(foreground, -42.0, LEARNING_S) == 0.0
    assert feed(foreground, -40.0, 2.0) == 0.0
    assert feed(foreground, -28.0, 0.5) == 1.0


def test_a_loud_caller_may_speak_into_the_first_words_of_a_prompt() -> None:
    assert feed(Foreground(prompt_plays=True), PROMPT_DBFS + 4, 0.5) == 1.0


def test_what_was_heard_behind_is_forgotten_when_it_stops() -> None:
    foreground = Foreground(prompt_plays=True)
    feed(foreground, -38.0, LEARNING_S)
    for _ in range(round(REMEMBERED_S / CHUNK_S) + 1):
        foreground.feed(0.0, -70.0, CHUNK_S, speaking=False)
    assert feed(foreground, -40.0, 1.0) == 1.0


def test_a_television_does_not_prolong_an_answer_nor_begin_the_next() -> None:
    foreground = Foreground()
    assert feed(foreground, -22.0, 1.0, speaking=True) == 1.0
    assert feed(foreground, -45.0, 1.0, speaking=True) == 0.0
    foreground.ended()
    assert feed(foreground, -46.0, 1.0) == 0.0
    assert feed(foreground, -30.0, 1.0) == 1.0


def test_soft_syllables_belong_to_the_answer() -> None:
    foreground = Foreground()
    feed(foreground, -22.0, 1.0, speaking=True)
    assert feed(foreground, -36.0, 0.3, speaking=True) == 1.0


def test_no_speech_passes_as_it_is() -> None:
    assert Foreground().feed(0.1, -20.0, CHUNK_S, speaking=False) == 0.1


@pytest.fixture(scope="module")
def detector() -> VoiceDetector:
    return VoiceDetector()


def turns(detector: VoiceDetector, sound: lines.Sound, *, prompt_plays: bool = False) -> list[Turn]:
    pcm = to_pcm(lines.telephone(sound))
    pcm = pcm[: len(pcm) // (2 * CHUNK) * 2 * CHUNK]
    foreground, endpointer = Foreground(prompt_plays=prompt_plays), Endpointer(Rules(continuous=True))
    found = []
    for probability, piece in zip(detector.voice().feed(pcm), pieces(pcm), strict=True):
        speaking = endpointer.state is State.SPEECH
        caller = foreground.feed(probability, decibels(piece.power), CHUNK_S, speaking=speaking)
        turn = endpointer.feed(caller, CHUNK_S)
        if isinstance(turn, Ended):
            foreground.ended()
        if turn is not None:
            found.append(turn)
    return found


NOISES: dict[str, Callable[[float], lines.Sound]] = {
    "coughs": lines.coughs,
    "knocks": lines.knocks,
    "claps": lines.claps,
    "a door": lines.doors,
    "a dog": lines.dog,
    "music": lines.music,
    "traffic": lines.traffic,
    "hum": lines.hum,
    "wind": lines.wind,
    "keys": lines.dtmf,
    "fax": lines.fax,
    "ring-back": lambda seconds: lines.tones(seconds, (450,), 1.0, 4.0),
    "engaged": lambda seconds: lines.tones(seconds, (450,), 0.35, 0.35),
}


@pytest.mark.parametrize("name", NOISES)
def test_no_noise_is_speech(detector: VoiceDetector, name: str) -> None:
    assert turns(detector, lines.at_level(NOISES[name](SECONDS), -26.0)) == []


@pytest.mark.parametrize("loss_db", [20, 28, 35])
def test_the_echo_of_a_prompt_does_not_interrupt_it_and_the_caller_does(
    detector: VoiceDetector, loss_db: float
) -> None:
    spoken = [from_pcm(saying(name)) for name in ("zh-noted", "en-noted")]
    prompt = np.concatenate([lines.at_level(one, -20.0, of=lines.speech_dbfs) for one in spoken])
    echo = lines.echo(prompt, 0.2, loss_db)
    assert turns(detector, echo, prompt_plays=True) == []
    caller = lines.at_level(from_pcm(saying("zh-person")), -24.0, of=lines.speech_dbfs)
    at = 3 * lines.RATE
    both = echo.copy()
    both[at : at + len(caller)] += caller
    began = turns(detector, both, prompt_plays=True)[0]
    assert isinstance(began, Began) and 2.9 < began.at_s < 3.4


def test_a_television_behind_a_caller_ends_no_answer_late(detector: VoiceDetector) -> None:
    behind = lines.room(np.concatenate([from_pcm(saying(name)) for name in ("zh-story", "en-story")]))
    said = lines.at_level(from_pcm(saying("zh-person") + silence(3.0)), -22.0, of=lines.speech_dbfs)
    over_s = len(saying("zh-person")) / 32_000
    ended = next(
        one
        for one in turns(detector, said + lines.at_level(behind, -48.0)[: len(said)])
        if isinstance(one, Ended)
    )
    assert ended.cause == "silence" and abs(ended.at_s - over_s) < 0.5
