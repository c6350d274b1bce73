"""From a clip to its compressed audio: speak, trim, level, pack. Slow: for the CLI or a process of its own."""

from __future__ import annotations

from dataclasses import dataclass

from ivr.prompts import audio
from ivr.prompts.clips import Clip, Voice
from ivr.prompts.speech import SpeechUnavailable, Synthesizer

_BEFORE_S, _AFTER_S = 0.03, 0.16
"""Silence that a whole sentence keeps around it: the next one must not fall upon it."""
_PART_EDGE_S = 0.02


@dataclass(frozen=True, slots=True)
class Rendered:
    """data: Ogg Opus."""

    data: bytes
    seconds: float


def render(clip: Clip, voice: Voice, engine: Synthesizer) -> Rendered:
    """Raises SpeechUnavailable, also when the engine gave only silence."""
    speech = engine.speak(clip, voice)
    before, after = (_PART_EDGE_S, _PART_EDGE_S) if clip.is_part else (_BEFORE_S, _AFTER_S)
    samples = audio.trim(speech.samples, speech.rate, before_s=before, after_s=after)
    if not len(samples):
        raise SpeechUnavailable(
            f"the voice {voice.name} said nothing for a text of {len(clip.text)} characters",
            mend="write the text another way, or record it",
        )
    samples = audio.level(samples, speech.rate)
    return Rendered(audio.pack(samples, speech.rate), len(samples) / speech.rate)
