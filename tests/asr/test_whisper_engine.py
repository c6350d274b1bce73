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


def test_telephone_numbers_asked_for_as_such(whisper: WhisperRecognizer, tmp_path: Path) -> None:
    """No loop, no digit lost or made up: at most one in eight wrong."""
    wrong = count = 0
    for one in recordings("digits", "zh/8k")[:3]:
        final = whisper.answer(read_pcm(one.path), ListenRequest("zh", expects="phone"))
        heard, meant = spoken(final.text, "zh"), spoken(one.transcript, "zh")
        wrong, count = wrong + Levenshtein.distance(heard, meant), count + len(meant)
    said = synthesised("one three eight, zero five two", tmp_path)
    final = whisper.answer(said, ListenRequest("en", expects="digits:6"))
    meant_words = ["one", "three", "eight", "zero", "five", "two"]
    wrong += Levenshtein.distance(final.text.replace("oh", "zero").split(), meant_words)
    assert wrong <= (count + 6) / 8
    assert final.confidence is not None and final.confidence > 0.5


def test_a_sentence_where_digits_were_asked_for_stays_one(whisper: WhisperRecognizer) -> None:
    final = whisper.answer(saying("zh-lamp"), ListenRequest("zh", expects="phone"))
    assert likeness(final.text, SAYINGS["zh-lamp"].text, "zh").whole > 0.85


def test_a_faint_caller_is_understood_like_a_loud_one(whisper: WhisperRecognizer) -> None:
    loud = saying("zh-lamp")
    faint = (np.frombuffer(loud, dtype="<i2") / 32.0).astype("<i2").tobytes()
    assert likeness(whisper.hear(faint, "zh").text, SAYINGS["zh-lamp"].text, "zh").whole > 0.85


def test_another_language_than_expected_is_told_and_written(whisper: WhisperRecognizer) -> None:
    final = whisper.answer(saying("en-lamp"), ListenRequest("zh-CN", identify=("zh-CN", "en-US")))
    assert final.languages[0][0] == "en-US" and final.languages[0][1] > 0.8
    assert final.language == "en" and likeness(final.text, SAYINGS["en-lamp"].text, "en").whole > 0.85
    final = whisper.answer(saying("zh-lamp"), ListenRequest("zh-CN", identify=("zh-CN", "en-US")))
    assert final.languages[0][0] == "zh-CN" and final.language == "zh"
    assert whisper.hear(saying("zh-lamp"), "zh").languages == ()


def test_names_that_were_not_said_change_nothing(whisper: WhisperRecognizer) -> None:
    names = ("甬江街道", "民政局", "中山路", "宸悦物业")
    plain = whisper.hear(saying("zh-story"), "zh").text
    assert whisper.answer(saying("zh-story"), ListenRequest("zh", hot_words=names)).text == plain


def test_words_have_times_where_a_talk_is_written_down(whisper: WhisperRecognizer) -> None:
    pcm = saying("en-lamp")
    final = whisper.answer(pcm, ListenRequest("en", continuous=True))
    assert " ".join(word.text for word in final.words) == final.text
    times = [time for word in final.words for time in (word.start_s, word.end_s)]
    assert times == sorted(times) and 0.0 <= times[0] < 1.0 and times[-1] <= len(pcm) / 32_000
    assert whisper.hear(pcm, "en").words == ()


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
