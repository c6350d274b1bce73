"""Whisper base on what people said over a telephone: shared recordings where they are, our own renderings else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soxr
from rapidfuzz.distance import Levenshtein

from asr.protocol import AsrUnavailable, Final, Glimpses, ListenRequest
from asr.sound import likeness
from asr.text import spoken
from asr.whisper_engine import WhisperRecognizer
from ivr.demo.sayings import SAYINGS
from tests.support.speech import noise, read_pcm, recordings, silence, synthesised

MENU = ("人工", "投诉", "咨询", "路灯", "进度查询", "营业执照")


def saying(name: str) -> bytes:
    """One of the demo's citizens, 8 kHz on the line, as an engine gets it."""
    samples = np.asarray(SAYINGS[name].samples(), dtype=np.float64)
    wide = soxr.resample(samples / 32768.0, 8000, 16_000)
    return silence(0.3) + bytes((np.clip(wide, -1, 1) * 32767).astype("<i2").tobytes()) + silence(0.3)


@pytest.mark.parametrize("name", ["zh-lamp", "zh-noise", "zh-story"])
def test_a_mandarin_sentence_is_understood(whisper: WhisperRecognizer, name: str) -> None:
    final = whisper.hear(saying(name), "zh")
    assert likeness(final.text, SAYINGS[name].text, "zh").whole > 0.85
    assert final.confidence is not None and final.confidence > 0.4


@pytest.mark.parametrize("name", ["en-lamp", "en-person"])
def test_an_english_sentence_is_understood(whisper: WhisperRecognizer, name: str) -> None:
    final = whisper.hear(saying(name), "en")
    assert likeness(final.text, SAYINGS[name].text, "en").whole > 0.85


def test_a_phrase_of_the_menu_within_a_sentence(whisper: WhisperRecognizer) -> None:
    assert whisper.hear(saying("zh-noise"), "zh", MENU).phrase == "投诉"
    assert whisper.hear(saying("zh-lamp"), "zh", MENU).phrase == "路灯"
    assert whisper.hear(saying("en-person"), "en", ("operator", "person", "complaint")).phrase == "person"


def test_what_is_not_in_the_menu_is_refused(whisper: WhisperRecognizer) -> None:
    final = whisper.hear(saying("zh-thanks"), "zh", MENU)
    assert final.phrase == "" and final.text
    final = whisper.hear(saying("en-thanks"), "en", ("operator", "complaint", "street light"))
    assert final.phrase == ""


@pytest.mark.parametrize("sound", ["silence", "noise"])
def test_no_words_are_made_up(whisper: WhisperRecognizer, sound: str) -> None:
    pcm = silence(2.0) if sound == "silence" else noise(2.0, 0.01)
    final = whisper.hear(pcm, "zh", MENU)
    assert final.phrase == ""
    assert whisper.hear(pcm, "en", ("operator", "complaint")).phrase == ""


def closed_set() -> list[tuple[Path, str]]:
    """Eight short Mandarin answers among which one is said, or our own renderings of three."""
    shared = recordings("short", "zh/aishell_sample")
    return [(one.path, one.transcript) for one in shared[4:20:2]]


def test_short_answers_are_told_apart_and_others_refused(whisper: WhisperRecognizer) -> None:
    said = closed_set()
    phrases = [phrase for _, phrase in said] or [SAYINGS[name].text for name in ("zh-lamp", "zh-noise")]
    clips = [read_pcm(path, telephone=True) for path, _ in said] or [
        saying("zh-lamp"),
        saying("zh-noise"),
    ]
    for pcm, phrase in zip(clips, phrases, strict=True):
        final = whisper.hear(pcm, "zh", phrases)
        assert final.phrase == phrase, final
        assert final.confidence is not None and final.confidence > 0.6
        others = [other for other in phrases if other != phrase]
        assert whisper.hear(pcm, "zh", others).phrase == ""


def test_telephone_numbers(whisper: WhisperRecognizer, tmp_path: Path) -> None:
    """No loop, no digit made up: at most one digit in eight wrong."""
    shared = recordings("digits", "zh/8k")[:3]
    wrong = digits = 0
    for one in shared:
        heard = spoken(whisper.hear(read_pcm(one.path), "zh").text, "zh")
        meant = spoken(one.transcript, "zh")
        wrong, digits = wrong + Levenshtein.distance(heard, meant), digits + len(meant)
    heard = spoken(whisper.hear(synthesised("one three eight, zero five two", tmp_path), "en").text, "en")
    meant = "one three eight zero five two"
    wrong, digits = wrong + Levenshtein.distance(heard.split(), meant.split()), digits + 6
    assert wrong <= digits / 8


def test_speech_that_goes_on_can_be_read_already(whisper: WhisperRecognizer) -> None:
    assert isinstance(whisper, Glimpses)
    begun = saying("zh-noise")[: int(1.8 * 32_000)]
    assert likeness(whisper.glimpse(begun, ListenRequest("zh-CN")), "我要投诉", "zh").inside > 0.8
    assert whisper.glimpse(silence(1.0), ListenRequest("zh")) == ""


def test_language_is_told_from_the_first_utterance(whisper: WhisperRecognizer) -> None:
    assert whisper.detect_language(saying("zh-lamp"))[0][0] == "zh"
    assert whisper.detect_language(saying("en-lamp"))[0][0] == "en"


def test_a_stream_collects_and_answers_once(whisper: WhisperRecognizer) -> None:
    stream = whisper.stream(ListenRequest("zh-CN", MENU))
    pcm = saying("zh-noise")
    for begin in range(0, len(pcm), 3200):
        assert list(stream.accept(pcm[begin : begin + 3200])) == []
    (final,) = stream.finish()
    stream.close()
    assert isinstance(final, Final) and final.phrase == "投诉" and final.language == "zh"


def test_a_language_it_never_learnt_is_refused(whisper: WhisperRecognizer) -> None:
    with pytest.raises(AsrUnavailable) as refused:
        whisper.stream(ListenRequest("tlh"))
    assert refused.value.cause == "language"
