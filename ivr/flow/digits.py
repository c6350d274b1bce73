"""Keys against what is asked for: digits so far -> complete, incomplete or invalid. Pure.

A pattern is written as in a dialplan: `0`-`9` themselves, `X` any digit, `Z` 1-9, `N` 2-9, `[135-7]` one of these,
and after any of them `{4}` for four of it; the last may be `{2,6}`. `1[3-9]X{9}` is a Chinese mobile number.
Matching is one pass without backtracking.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ivr.errors import FlowError

Verdict = Literal["complete", "incomplete", "invalid"]
"""complete: could be taken as it is (more may still fit, see `Pattern.full`). incomplete: more is needed."""

MAX_DIGITS = 64
_SETS = {"X": "0123456789", "Z": "123456789", "N": "23456789"}
_TOKEN = re.compile(r"([0-9XZN]|\[[0-9-]+\])(?:\{(\d{1,2})(?:,(\d{1,2}))?\})?")


class PatternError(FlowError):
    """A pattern that cannot be read; `mend` says how it is written."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """positions: the digits allowed at each place, up to the longest. least: how many are needed."""

    positions: tuple[frozenset[str], ...]
    least: int

    def verdict(self, digits: str) -> Verdict:
        if len(digits) > len(self.positions):
            return "invalid"
        for digit, allowed in zip(digits, self.positions, strict=False):
            if digit not in allowed:
                return "invalid"
        return "complete" if len(digits) >= self.least else "incomplete"

    def full(self, digits: str) -> bool:
        """Complete, and no further digit could fit."""
        return len(digits) == len(self.positions) and self.verdict(digits) == "complete"


def any_digits(least: int, most: int) -> Pattern:
    return Pattern((frozenset(_SETS["X"]),) * most, least)


def compile_pattern(text: str) -> Pattern:
    """Raises PatternError."""
    positions: list[frozenset[str]] = []
    at, least, open_ended = 0, 0, False
    how = "X any digit, Z 1-9, N 2-9, [135-7] one of these, {4} four of it"
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None or open_ended:
            raise PatternError(f"`{text[at:]}` cannot stand at place {at + 1} of a pattern", mend=how)
        allowed = _allowed(token.group(1))
        few = int(token.group(2) or 1)
        many = int(token.group(3) or few)
        if many < few:
            raise PatternError(f"`{{{few},{many}}}` counts backwards", mend=f"{{{many},{few}}}")
        open_ended = many > few
        positions += [allowed] * many
        least += few
        at = token.end()
    if not positions or len(positions) > MAX_DIGITS:
        raise PatternError(f"a pattern has 1 to {MAX_DIGITS} digits", mend=how)
    return Pattern(tuple(positions), least)


def _allowed(token: str) -> frozenset[str]:
    if token[0] != "[":
        return frozenset(_SETS.get(token, token))
    allowed: set[str] = set()
    body = token[1:-1]
    for match in re.finditer(r"(\d)-(\d)|(\d)|(-)", body):
        if match.group(4):
            raise PatternError(f"`{token}` has a dash without two digits", mend="[3-9]")
        if match.group(3):
            allowed.add(match.group(3))
        elif match.group(1) > match.group(2):
            raise PatternError(f"`{token}` counts backwards", mend=f"[{match.group(2)}-{match.group(1)}]")
        else:
            allowed.update(str(digit) for digit in range(int(match.group(1)), int(match.group(2)) + 1))
    return frozenset(allowed)


@dataclass(frozen=True, slots=True)
class DigitRule:
    """Any of several patterns."""

    patterns: tuple[Pattern, ...]

    def verdict(self, digits: str) -> Verdict:
        verdicts = {pattern.verdict(digits) for pattern in self.patterns}
        if "complete" in verdicts:
            return "complete"
        return "incomplete" if "incomplete" in verdicts else "invalid"

    def full(self, digits: str) -> bool:
        """Complete, and no pattern waits for more."""
        fitting = [pattern for pattern in self.patterns if pattern.verdict(digits) != "invalid"]
        return bool(fitting) and all(pattern.full(digits) for pattern in fitting)
