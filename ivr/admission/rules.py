"""What decides about admission: limits, the nuisance list, and what is remembered. Data only; `now` is in seconds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from ivr.call.outbound import expression

Treatment = Literal["message", "reject"]
"""What a listed caller gets: a short announcement, or the call is ended at once."""
Reason = Literal["full", "caller_rate", "trunk_rate", "nuisance", "overload"]
REASONS: Final[tuple[Reason, ...]] = ("full", "caller_rate", "trunk_rate", "nuisance", "overload")
FOR_WANT_OF_ROOM: Final[frozenset[Reason]] = frozenset({"full", "overload"})
"""Nothing is wrong with the caller: a call is owed."""

_COUNTRY: Final = re.compile(r"^\s*(?:\+|00)86")


def plain_number(number: str) -> str:
    """`+86 138-0013-8000`, `0086138...` and `138...` are one number. "" of a withheld one."""
    return re.sub(r"[^0-9]", "", _COUNTRY.sub("", number))


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: `burst` calls at once, then `per_minute` on average."""

    per_minute: float
    burst: float

    def __post_init__(self) -> None:
        if self.per_minute <= 0 or self.burst < 1:
            raise ValueError(f"a rate of {self.per_minute} a minute, {self.burst} at once lets nobody in")


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is left of a rate at a moment (s, monotonic)."""

    tokens: float
    at: float


@dataclass(frozen=True, slots=True)
class Nuisance:
    """A number, or a pattern of numbers (`ivr/call/outbound.py`). id: "" = from the settings."""

    pattern: str
    treatment: Treatment = "message"
    id: str = ""


class NuisanceList:
    """Whole numbers are looked up, patterns are one regular expression. Raises ValueError for a pattern that is
    none."""

    def __init__(self, listed: Iterable[Nuisance] = ()) -> None:
        self._numbers: dict[str, Nuisance] = {}
        self._patterned: list[Nuisance] = []
        patterns: list[str] = []
        for one in listed:
            if re.fullmatch(r"[ ()/+0-9-]+", one.pattern) and (plain := plain_number(one.pattern)):
                self._numbers.setdefault(plain, one)
            else:
                patterns.append(f"({expression(one.pattern).pattern})")
                self._patterned.append(one)
        # One expression of them all: the number of the group that fits says which it was.
        self._patterns = re.compile("|".join(patterns)) if patterns else None

    def __len__(self) -> int:
        return len(self._numbers) + len(self._patterned)

    def find(self, caller: str) -> Nuisance | None:
        plain = plain_number(caller)
        if not plain:
            return None
        found = self._numbers.get(plain)
        if found is not None or self._patterns is None:
            return found
        fits = self._patterns.fullmatch(plain) or self._patterns.fullmatch(re.sub(r"[^0-9+*#]", "", caller))
        return None if fits is None or fits.lastindex is None else self._patterned[fits.lastindex - 1]


@dataclass(frozen=True, slots=True)
class AdmissionRules:
    """most_calls: live at once. reserved: of these, only for spared callers. per_caller, per_trunk: None = no limit.

    by_trunk: other rates of trunks by name. spared_numbers: numbers dialled (a crisis line's) whose callers no rate and
    no list holds up.
    """

    most_calls: int
    reserved: int = 0
    per_caller: Rate | None = None
    per_trunk: Rate | None = None
    by_trunk: dict[str, Rate | None] = field(default_factory=dict)
    spared_numbers: frozenset[str] = frozenset()

    def of_trunk(self, trunk: str) -> Rate | None:
        return self.by_trunk.get(trunk, self.per_trunk)


@dataclass(frozen=True, slots=True)
class Arrival:
    """caller: the number as presented, "" when withheld. spared: was lately in a queue whose callers are spared."""

    caller: str
    called: str
    trunk: str
    spared: bool = False


@dataclass(frozen=True, slots=True)
class Recent:
    """What is left of the rates of this caller and this trunk; None: not seen lately, all of it."""

    caller: Bucket | None = None
    trunk: Bucket | None = None


@dataclass(frozen=True, slots=True)
class Admit:
    pass


@dataclass(frozen=True, slots=True)
class Refuse:
    reason: Reason
    treatment: Treatment = "message"


Verdict = Admit | Refuse
