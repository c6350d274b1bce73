"""How much silence a prompt keeps around it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edges:
    """Silence that a recording keeps around it."""

    before_s: float
    after_s: float


WHOLE = Edges(0.04, 0.15)
"""Of a sentence: the next one must not fall upon it."""
PART = Edges(0.02, 0.02)
"""Of words that are joined to others."""
