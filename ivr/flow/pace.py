"""How long words take to say: for the clock of a simulation and for the linter. Pure."""

from __future__ import annotations

CHARACTERS_PER_SECOND = {"zh": 4.5, "en": 14.0, "es": 15.0}
"""How fast prompts are spoken; measured on the audio that ships, other languages are taken for 12."""


def seconds_of(text: str, language: str) -> float:
    return len(text) / CHARACTERS_PER_SECOND.get(language, 12.0)
