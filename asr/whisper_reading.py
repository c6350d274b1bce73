"""What Whisper wrote of an utterance, and whether to believe it. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from asr.calibration import confidence
from asr.text import cut_repeats, spoken
from asr.whisper_model import Encoded, Reading, Readings

SYLLABLES_PER_S = 6.5
WORDS_PER_S = 5.0

NO_SPEECH = 0.6
UNLIKELY = -1.0
CREDITS_UNLIKELY = -0.5

CREDITS = (
    "字幕",
    "订阅",
    "点赞",
    "明镜",
    "amara",
    "thanks for watching",
    "thank you for watching",
    "subtitles by",
)
"""What it learnt to write over silence: the end of videos."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One utterance as it was read. readings: the likeliest first; the text of none is "" unless all are."""

    encoded: Encoded
    language: str
    readings: tuple[Reading, ...]
    no_speech: float

    @property
    def best(self) -> Reading:
        return self.readings[0]

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.readings if one.text]


def plausible(text: str, language: str, spoken_s: float) -> bool:
    """Something was said, not again and again, and not faster than anybody speaks."""
    units = _units(text, language)
    fastest = SYLLABLES_PER_S if language == "zh" else WORDS_PER_S
    return bool(units) and units <= 3 + fastest * spoken_s and cut_repeats(text) == text


def with_words(readings: Readings, language: str) -> tuple[Reading, ...]:
    """Those that say something; if the likeliest says nothing, nothing was said: that one, with text ""."""
    best = readings.best
    silent = readings.no_speech > NO_SPEECH and best.likelihood < UNLIKELY
    credits = any(word in best.text.lower() for word in CREDITS) and best.likelihood < CREDITS_UNLIKELY
    if silent or credits or not spoken(best.text, language):
        return (replace(best, text=""),)
    return tuple(one for one in readings.found if spoken(one.text, language))


def open_confidence(heard: Utterance) -> float:
    """That hardly a sound of the likeliest reading is wrong."""
    best = heard.best
    if not best.text:
        return 0.0
    figures = open_evidence(
        best.text, best.likelihood, heard.no_speech, heard.language, heard.encoded.spoken_s
    )
    return confidence("open", figures)


def open_evidence(
    text: str, likelihood: float, no_speech: float, language: str, spoken_s: float
) -> dict[str, float]:
    """length: log2 of its syllables (zh) or words; rate: of them, in a second."""
    units = _units(text, language)
    return {
        "likelihood": likelihood,
        "no_speech": no_speech,
        "length": math.log2(max(1, units)),
        "rate": units / max(spoken_s, 0.2),
    }


def _units(text: str, language: str) -> int:
    said = spoken(text, language)
    return len(said.replace(" ", "")) if language == "zh" else len(said.split())
