"""What callers of live scenarios say, as sound: the natural voice where it is at hand, else the quick one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from ivr.demo.phone import PHONE_RATE, PhoneError, Samples
from ivr.demo.recordings import load_recording
from ivr.demo.sayings import SAYINGS
from ivr.prompts.clips import KOKORO_VERSION, VOICES, Clip, Voice, stand_in_voice
from ivr.prompts.render import render
from ivr.prompts.speech import SpeechUnavailable, Synthesizer
from ivr.prompts.speech.choose import has_natural, natural, stand_in
from ivr.prompts.store import cache_folder, speech_folder, write_whole

LEAD_S: Final = 0.6
"""Silence before the words: nobody speaks in the very moment in which somebody begins to listen."""
CITIZENS: Final[Mapping[str, Voice]] = {
    "zh": Voice("zf_xiaoxiao", "zh", 1.0, KOKORO_VERSION),
    "en": Voice("bf_emma", "en", 0.95, KOKORO_VERSION),
}
"""Not the voices of the prompts: a recogniser must not know them apart by that."""


class Voices:
    """Slow the first time for each text, then from the cache. Not for an event loop."""

    def __init__(self) -> None:
        self._natural: Synthesizer | None = None
        self._folder = speech_folder(cache_folder())

    def say(self, text: str, language: str) -> Samples:
        """Raises SpeechUnavailable: there is no voice for it here."""
        clip = Clip(text, language)
        voice = CITIZENS.get(language) or VOICES.get(language)
        if voice is None or not has_natural():
            voice = stand_in_voice(language)
        file = self._folder / f"{voice.key(clip)}.opus"
        if not file.is_file():
            write_whole(file, render(clip, voice, self._engine(voice)).data)
        return with_lead(load_recording(file))

    def _engine(self, voice: Voice) -> Synthesizer:
        if voice.engine != KOKORO_VERSION:
            return stand_in()
        if self._natural is None:
            self._natural = natural(threads=2)
        return self._natural


def recorded(file: Path) -> Samples:
    """An author's own recording. Raises SpeechUnavailable."""
    try:
        return with_lead(load_recording(file))
    except PhoneError as error:
        raise SpeechUnavailable(str(error), mend="WAV, FLAC or Ogg, beside the scenario") from error


def talk(seconds: float) -> Samples:
    """Somebody who talks for so long, as onto a machine."""
    story = SAYINGS["zh-story"].samples()
    wanted = round(seconds * PHONE_RATE)
    if not wanted:
        return np.zeros(0, np.int16)
    return np.tile(story, -(-wanted // len(story)))[:wanted]


def with_lead(samples: Samples) -> Samples:
    return np.concatenate([np.zeros(round(LEAD_S * PHONE_RATE), np.int16), samples])
