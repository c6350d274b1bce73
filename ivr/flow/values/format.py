"""What all formats of values share: `Format`, the reasons why keys are no value, and how options are written. Pure.

Keys come one by one, so a format first judges their *shape* (`verdict`): lengths, and which key may stand where. What
only the whole value shows, a check digit or a day that no month has, is its `fault`, told when the caller is done: a
caller is not interrupted in the middle of a number, and hears the true reason.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from ivr.errors import FlowError
from ivr.flow.digits import DigitRule, Verdict
from ivr.flow.inputs import JsonValue
from ivr.flow.values.said import digit_strings

FAULTS: Mapping[str, str] = {
    "length": "too few keys, or too many",
    "form": "a key that cannot stand at its place",
    "check_digit": "the check digit is another: a key was mistyped or misheard",
    "area": "begins with an area that does not exist",
    "no_such_date": "no calendar has that day",
    "no_such_time": "no clock shows that time",
    "past": "lies in the past, and must not",
    "future": "lies in the future, and must not",
    "too_far": "more days from today than allowed",
    "too_small": "less than the least value allowed",
    "too_large": "more than the greatest value allowed",
}
"""What `Format.fault` gives, for prompts chosen by it and for the journal. Stable."""


class FormatError(FlowError):
    """An unknown format, or options it does not take. `option`: which of them, "" for the name or all together."""

    def __init__(self, message: str, *, mend: str, option: str = "") -> None:
        super().__init__(message, mend=mend)
        self.option = option


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of value that keys can be. least and most: how many keys.

    `now` is the time in the zone of the hotline, which tells the caller's today.
    """

    name: str
    least: int
    most: int

    def verdict(self, keys: str) -> Verdict:
        """As `digits.Verdict`, of the shape. A prefix of something complete is never invalid."""
        if len(keys) > self.most or not all(key in "0123456789" for key in keys):
            return "invalid"
        return "complete" if len(keys) >= self.least else "incomplete"

    def full(self, keys: str) -> bool:
        """Complete, and no further key could fit."""
        return len(keys) == self.most and self.verdict(keys) == "complete"

    def fault(self, keys: str, now: dt.datetime) -> str:
        """Why these keys are no value: one of FAULTS, "" when they are one."""
        verdict = self.verdict(keys)
        if verdict == "complete":
            return self.content_fault(keys, now)
        return "length" if verdict == "incomplete" else self.shape_fault(keys)

    def shape_fault(self, keys: str) -> str:
        """The fault of keys whose shape is invalid."""
        return "length" if len(keys) > self.most else "form"

    def content_fault(self, keys: str, now: dt.datetime) -> str:
        """The fault of keys whose shape is complete."""
        return ""

    def normalise(self, keys: str, now: dt.datetime) -> JsonValue:
        """The value that a variable gets. Keys with a fault come back as they are."""
        return keys if self.fault(keys, now) else self.value(keys, now)

    def value(self, keys: str, now: dt.datetime) -> JsonValue:
        """The value of keys without a fault."""
        return keys

    def said(self, text: str, language: str, now: dt.datetime) -> list[str]:
        """The keys that may have been meant by a text, best first: without a fault, then of the right shape.

        When none has the right shape, the one that comes nearest, whose `fault` tells what was wrong. Empty: nothing of
        the kind was said.
        """
        candidates = []
        for keys in self.candidates(text, language, now):
            candidates += [keys, keys.rstrip("#")]
        candidates = [keys for keys in dict.fromkeys(candidates) if keys]
        shaped = [keys for keys in candidates if self.verdict(keys) == "complete"]
        right: dict[str, str] = {}
        for keys in shaped:
            if not self.fault(keys, now):
                right.setdefault(str(self.value(keys, now)), keys)
        return [*right.values(), *(keys for keys in shaped if self.fault(keys, now))] or candidates[:1]

    def candidates(self, text: str, language: str, now: dt.datetime) -> Sequence[str]:
        """All keys that may have been meant, likeliest first, of whatever shape."""
        return digit_strings(text, language)


@dataclass(frozen=True, slots=True)
class PatternFormat(Format):
    """Digits by pattern (`digits.DigitRule`)."""

    rule: DigitRule

    def verdict(self, keys: str) -> Verdict:
        return self.rule.verdict(keys)

    def full(self, keys: str) -> bool:
        return self.rule.full(keys)


def lengths(rule: DigitRule) -> tuple[int, int]:
    """least and most of a rule."""
    return (
        min(pattern.least for pattern in rule.patterns),
        max(len(pattern.positions) for pattern in rule.patterns),
    )


class Options(BaseModel):
    """How a format is written in YAML: unknown options are faults, a text is no number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


@dataclass(frozen=True, slots=True)
class FormatInfo:
    """One format for the table, and for the documentation made from it. example: keys and their value."""

    name: str
    document: str
    options: type[Options]
    make: Callable[[Any], Format]
    example: tuple[str, JsonValue]

    def option_documents(self) -> list[tuple[str, str, str]]:
        """Each option: its name, its default as written in YAML, what it does."""
        return [
            (name, _written(field.get_default(call_default_factory=True)), field.description or "")
            for name, field in self.options.model_fields.items()
        ]


def _written(value: object) -> str:
    if value is None or value == []:
        return ""
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    return str(value)
