"""Checks rendered clips by measurement: loudness, peaks, pace, and what a recogniser hears in them. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pypinyin import lazy_pinyin
from rapidfuzz.distance import Levenshtein

from ivr.prompts import audio, numbers_en, words
from ivr.prompts.clips import Clip
from ivr.prompts.speech.reading import EN_DIGITS, readable

LOUDNESS_BAND = 1.5
"""dB around audio.SPEECH_LEVEL."""
HIGHEST_PEAK = -0.5
"""dBFS; compression raises peaks a little above audio.PEAK_LIMIT."""
PACE = {"zh": (2.2, 7.5), "en": (6.0, 24.0), "es": (6.0, 24.0)}
"""Characters a second, letters and figures only: slower is dragged or padded, faster is cut off."""
_WORD, _SLOWER = 4, 0.6
"""Of so few characters the quiet around them is a good part of the length, and single words are spoken slower."""
SHORTEST_S, LONGEST_S = 0.15, 14.0
MOST_MISHEARD = {"zh": 0.35, "en": 0.3, "es": 0.35}
"""Share of the syllables (zh) or letters (en) that may come back otherwise: Whisper base's own errors are
most of them, above all in sentences of two or three words."""


@dataclass(frozen=True, slots=True)
class Finding:
    text: str
    language: str
    complaint: str


def measures(clip: Clip, samples: audio.Samples, rate: int) -> Iterator[Finding]:
    """What is wrong with one clip; nothing when it is well."""
    seconds = len(samples) / rate
    loudness, peak = audio.loudness(samples, rate), audio.peak(samples)
    if abs(loudness - audio.SPEECH_LEVEL) > LOUDNESS_BAND:
        yield Finding(
            clip.text, clip.language, f"speech at {loudness:.1f} dBFS, not {audio.SPEECH_LEVEL:.0f}"
        )
    if peak > HIGHEST_PEAK:
        yield Finding(clip.text, clip.language, f"a peak of {peak:.1f} dBFS")
    if not SHORTEST_S <= seconds <= LONGEST_S:
        yield Finding(clip.text, clip.language, f"{seconds:.2f} s long")
    slowest, fastest = PACE[clip.language]
    count = characters(clip.text, clip.language)
    if count <= _WORD:
        slowest *= _SLOWER
    pace = count / seconds
    if not slowest <= pace <= fastest and not clip.is_part:
        yield Finding(clip.text, clip.language, f"{pace:.1f} characters a second")


def characters(text: str, language: str) -> int:
    return len(re.sub(r"[\W_]", "", readable(text, language)))


def misheard(expected: str, heard: str, language: str) -> float:
    """Share of the expected sounds that came back otherwise: 0 is perfect. Homophones count as right in Mandarin."""
    wanted, got = _sounds(expected, language), _sounds(heard, language)
    return Levenshtein.distance(wanted, got) / max(1, len(wanted))


def _figures(figures: str, language: str) -> str:
    """As people say them: short ones as a number, longer ones digit by digit."""
    if language != "en":
        return words.say(figures, "number" if len(figures) <= 2 else "digits", language)
    if len(figures) <= 2:
        return numbers_en.cardinal(int(figures))[0]
    return "".join(EN_DIGITS[int(figure)] for figure in figures)


def _sounds(text: str, language: str) -> Sequence[str]:
    if language == "zh":
        text = re.sub(r"[\W_]", "", readable(text, "zh").replace("幺", "一"))
        return lazy_pinyin(text)
    text = re.sub(r"\d+", lambda figures: _figures(figures.group(), language), text)
    plain = unicodedata.normalize("NFKD", text.lower())
    return re.sub(r"[^a-z]", "", plain)
