"""Speech synthesis: engines behind one small protocol. Needed to render prompts, never to play them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ivr.errors import HotlineError
from ivr.prompts.audio import Samples
from ivr.prompts.clips import Clip, Voice


class SpeechUnavailable(HotlineError):
    """The engine, its model or the voice is not on this machine, or the text cannot be spoken."""


@dataclass(frozen=True, slots=True)
class Speech:
    """As the engine gave it: untrimmed, of any loudness. rate: Hz."""

    samples: Samples
    rate: int


class Synthesizer(Protocol):
    """Speaks one clip at a time; slow (about as long as the speech lasts), so never on an event loop."""

    def speak(self, clip: Clip, voice: Voice) -> Speech:
        """Only `clip.text` is in the result. Raises SpeechUnavailable."""
        ...
