"""The sets of recordings that callers' understanding is measured on, out of ../shared/data/audio by its manifest.

Each clip is cut by our own end points and sounds as after an 8 kHz line. Where the folder is absent the demo's own
recordings stand in, so that the command runs anywhere; the figures then say little.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import soundfile
import soxr

from asr.evaluation.lines import LINES, RATE, TELEPHONE_RATE, Line, Samples, Surroundings, from_pcm, narrow
from asr.evaluation.running import around, cut_speech
from asr.text import spoken
from asr.vad import VoiceDetector
from tests.support.speech import Recording, read_pcm, recordings

_ZH_MENU = """
人工 返回 重听 咨询 投诉 举报 求助 噪音 路灯 停水 停电 垃圾 建议 表扬 感谢 进度 工单 企业 公司 营业执照 老人
其他语言
"""
_EN_MENU = """
operator, go back, repeat, complaint, street light, noise complaint, water outage, power outage, garbage collection,
pothole, parking ticket, building permit, food assistance, housing, shelter, library hours, yes, no, something else,
Spanish
"""
MENUS = {"zh": _ZH_MENU.split(), "en": [phrase.strip() for phrase in _EN_MENU.split(",")]}
"""Menus of a hotline, none of whose phrases are in the recordings."""


def _gsm(samples: Samples, _: Surroundings) -> Samples:
    """Through GSM 06.10, as from a mobile network of old."""
    telephone = np.asarray(soxr.resample(samples, RATE, TELEPHONE_RATE), dtype=np.float32)
    with io.BytesIO() as file:
        soundfile.write(file, telephone, TELEPHONE_RATE, format="WAV", subtype="GSM610")
        file.seek(0)
        heard, _rate = soundfile.read(file, dtype="float32")
    return np.asarray(soxr.resample(heard, TELEPHONE_RATE, RATE), dtype=np.float32)


ALL_LINES = {
    **LINES,
    "gsm": Line("gsm", "through GSM 06.10", _gsm),
    "faint": Line(
        "faint", "8 kHz, a caller 30 dB too faint", lambda one, _: narrow(one) * np.float32(0.0316)
    ),
}

KINDS = ("short", "command", "digits", "digit", "sentence")


@dataclass(frozen=True, slots=True)
class Clip:
    pcm: bytes
    text: str
    kind: str
    language: str
    speaker: str


@dataclass(slots=True)
class Sets:
    """All the clips by (language, kind), as one line makes them sound."""

    line: Line
    clips: dict[tuple[str, str], list[Clip]] = field(default_factory=dict)

    def of(self, language: str, *kinds: str) -> list[Clip]:
        return [clip for kind in kinds for clip in self.clips.get((language, kind), [])]

    def menu(self, language: str, *kinds: str) -> list[str]:
        """All that is said in these kinds, each once."""
        return list(dict.fromkeys(clip.text for clip in self.of(language, *kinds)))


def gather(detector: VoiceDetector, line: str = "narrow", step: int = 1, only: Sequence[str] = KINDS) -> Sets:
    """step: every how-manieth recording."""
    sets = Sets(ALL_LINES[line])
    found = {
        (language, kind): recordings(kind, f"{language}/")[::step]
        for language in ("zh", "en")
        for kind in only
    }
    if not any(found.values()):
        return _demo(detector, sets)
    audio = {one.path: from_pcm(read_pcm(one.path)) for group in found.values() for one in group}
    everybody = list(audio.values())
    for (language, kind), group in found.items():
        sets.clips[language, kind] = [
            _clip(detector, one, language, audio[one.path], sets.line, everybody[index % 7 :: 7], index)
            for index, one in enumerate(group)
        ]
    return sets


def _clip(
    detector: VoiceDetector,
    one: Recording,
    language: str,
    samples: Samples,
    line: Line,
    voices: Sequence[Samples],
    seed: int,
) -> Clip:
    others = [voice for voice in voices if voice is not samples]
    spoilt = line.spoil(around(samples), Surroundings(others, seed=seed + 1))
    return Clip(cut_speech(spoilt, detector).pcm, one.transcript, one.kind, language, one.path.stem)


def _demo(detector: VoiceDetector, sets: Sets) -> Sets:
    from ivr.demo.sayings import SAYINGS

    for saying in SAYINGS.values():
        samples = sets.line.spoil(around(from_pcm(read_pcm(saying.path))), Surroundings())
        clip = Clip(cut_speech(samples, detector).pcm, saying.text, "sentence", saying.language, saying.id)
        for kind in ("short", "sentence"):
            sets.clips.setdefault((saying.language, kind), []).append(clip)
    return sets


def same(said: str, heard: str, language: str) -> bool:
    return bool(heard) and spoken(said, language) == spoken(heard, language)
