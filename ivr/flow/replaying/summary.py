"""Many replayed calls, summed up. Pure."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ivr.flow.replaying.comparing import VERDICTS, Parting, Verdict
from ivr.flow.replaying.replay import Replayed

EXAMPLES: Final = 3
TOP: Final = 5
COUNTED: Final[frozenset[Verdict]] = frozenset({"same", "same_result", "different"})
"""The verdicts whose seconds are summed: a call that is cut short saves nobody anything."""


@dataclass(slots=True)
class Place:
    """What several calls have in common. examples: (call, what was said there)."""

    calls: int = 0
    examples: list[tuple[str, str]] = field(default_factory=list)

    def add(self, call: str, said: str) -> None:
        self.calls += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append((call, said))


@dataclass(slots=True)
class Summary:
    """Give it every call (`add`).

    partings: (node, its next node then, the draft's, its next node) -> calls; where the ways are the same and the
    results are not, (why, "", "", ""). dead_ends: (kind, node) -> calls. reasons: why it cannot be told -> calls.
    saved: seconds in the menu that the draft saves, a call each (below 0: adds).
    """

    calls: int = 0
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    faithful: int = 0
    unfaithful: int = 0
    partings: dict[tuple[str, str, str, str], Place] = field(default_factory=dict)
    dead_ends: dict[tuple[str, str], Place] = field(default_factory=dict)
    reasons: dict[str, Place] = field(default_factory=dict)
    saved: list[float] = field(default_factory=list)
    real_s: list[float] = field(default_factory=list)
    versions: Counter[str] = field(default_factory=Counter)
    first: dt.datetime | None = None
    last: dt.datetime | None = None

    def add(self, replayed: Replayed) -> None:
        call, comparison = replayed.call, replayed.comparison
        self.calls += 1
        self.versions[call.version] += 1
        self.first = call.began_at if self.first is None else min(self.first, call.began_at)
        self.last = call.began_at if self.last is None else max(self.last, call.began_at)
        self.verdicts[comparison.verdict] += 1
        if replayed.faithful is not None:
            self.faithful += replayed.faithful
            self.unfaithful += not replayed.faithful
        if replayed.real_s is not None:
            self.real_s.append(replayed.real_s)
        if replayed.saved_s is not None and comparison.verdict in COUNTED:
            self.saved.append(replayed.saved_s)
        parting = comparison.parting
        said = parting.said if parting is not None else ""
        if comparison.verdict == "cannot_tell":
            self.reasons.setdefault(comparison.why, Place()).add(call.id, "")
        elif comparison.verdict != "same":
            self.partings.setdefault(_way(parting, comparison.why), Place()).add(call.id, said)
        for dead in dict.fromkeys(comparison.dead_ends):
            self.dead_ends.setdefault(dead, Place()).add(call.id, said)

    def add_unreadable(self, call_id: str, why: str) -> None:
        """A call without a journal that can be replayed."""
        self.calls += 1
        self.verdicts["cannot_tell"] += 1
        self.reasons.setdefault(why.replace(call_id, "the call"), Place()).add(call_id, "")

    @property
    def fidelity(self) -> float | None:
        """The share of calls whose own version came out as stored, of those that can be told; None: of none."""
        told = self.faithful + self.unfaithful
        return self.faithful / told if told else None

    @property
    def saved_median_s(self) -> float | None:
        return statistics.median(self.saved) if self.saved else None

    def top_partings(self) -> list[tuple[tuple[str, str, str, str], Place]]:
        return sorted(self.partings.items(), key=lambda item: -item[1].calls)[:TOP]

    def to_json(self) -> dict[str, Any]:
        median = self.saved_median_s
        fidelity = self.fidelity
        return {
            "calls": self.calls,
            "first": self.first.isoformat() if self.first is not None else None,
            "last": self.last.isoformat() if self.last is not None else None,
            "versions": dict(self.versions),
            "verdicts": {verdict: self.verdicts[verdict] for verdict in VERDICTS},
            "fidelity": None if fidelity is None else round(fidelity, 6),
            "unfaithful": self.unfaithful,
            "dead_ends": [
                {"kind": kind, "node": node, **_place(place)}
                for (kind, node), place in sorted(self.dead_ends.items(), key=lambda item: -item[1].calls)
            ],
            "partings": [
                {"at": at, "then": then, "now_at": now_at, "now": now, **_place(place)}
                if then or now
                else {"why": at, **_place(place)}
                for (at, then, now_at, now), place in self.top_partings()
            ],
            "cannot_tell": [
                {"why": why, **_place(place)}
                for why, place in sorted(self.reasons.items(), key=lambda item: -item[1].calls)
            ],
            "menu_saved_s": {
                "calls": len(self.saved),
                "median": None if median is None else round(median, 2),
                "total": round(sum(self.saved), 2),
            },
            "menu_real_s": {
                "calls": len(self.real_s),
                "median": round(statistics.median(self.real_s), 2) if self.real_s else None,
            },
        }


def _way(parting: Parting | None, why: str) -> tuple[str, str, str, str]:
    return (why, "", "", "") if parting is None else (parting.at, parting.then, parting.now_at, parting.now)


def _place(place: Place) -> dict[str, Any]:
    return {
        "calls": place.calls,
        "examples": [{"call": call, "said": said} for call, said in place.examples],
    }


def call_to_json(replayed: Replayed, *, ways: bool = False) -> dict[str, Any]:
    """One call. ways: the nodes of both ways too."""
    call, comparison, parting = replayed.call, replayed.comparison, replayed.comparison.parting
    plain: dict[str, Any] = {
        "call": call.id,
        "at": call.began_at.isoformat(),
        "flow": call.flow,
        "version": call.version,
        "verdict": comparison.verdict,
        "why": comparison.why,
        "faithful": replayed.faithful,
        "menu_s": _seconds(replayed),
    }
    if parting is not None:
        plain["parting"] = {
            "act": parting.act,
            "said": parting.said,
            "at": parting.at,
            "then": parting.then,
            "now_at": parting.now_at,
            "now": parting.now,
        }
    if comparison.dead_ends:
        plain["dead_ends"] = [{"kind": kind, "node": node} for kind, node in comparison.dead_ends]
    if ways:
        plain["then"] = [entered.node for entered in replayed.old.path] if replayed.old is not None else None
        plain["now"] = [entered.node for entered in replayed.new.path] if replayed.new is not None else None
    return plain


def _seconds(replayed: Replayed) -> Mapping[str, float | None]:
    return {
        name: None if value is None else round(value, 2)
        for name, value in (
            ("then", replayed.old_s),
            ("now", replayed.new_s),
            ("saved", replayed.saved_s),
            ("real", replayed.real_s),
        )
    }
