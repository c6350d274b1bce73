"""When the calls of a type come in one replication. Pure, given a stream of random numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ivr.whatif.laws import Floats, Law, draw
from ivr.whatif.model import Arrivals, Scenario, Surge
from ivr.whatif.stored import StoredCalls

DAY_S = 86_400.0
HOUR_S = 3600.0
_NOBODY: Floats = np.zeros(0)


@dataclass(frozen=True, slots=True)
class Rates:
    """Piecewise constant: from `edges[i]` to `edges[i + 1]` (s) come `per_s[i]` calls a second."""

    edges: Floats
    per_s: Floats

    @property
    def expected(self) -> float:
        return float(np.sum(np.diff(self.edges) * self.per_s))


def rates_of(arrivals: Arrivals, scenario: Scenario, stored: StoredCalls | None) -> Rates | None:
    """None where calls come by another law than Poisson with rates."""
    horizon, began = scenario.length_s, scenario.began
    midnight = began.hour * HOUR_S + began.minute * 60.0 + began.second
    if arrivals.rate is not None:
        found = Rates(np.array([0.0, horizon]), np.array([arrivals.rate]))
    elif arrivals.rates is not None:
        bounds = scenario.bounds()
        found = Rates(np.array(bounds), np.resize(np.array(arrivals.rates), len(bounds) - 1))
    elif arrivals.per_hour is not None:
        week = np.resize(np.array(arrivals.per_hour, dtype=np.float64), 168)
        found = _by_clock(week, began.weekday(), midnight, horizon)
    elif arrivals.per_day is not None:
        hours = np.array(arrivals.hours or [1.0] * 24)
        day = arrivals.per_day * hours / hours.sum()
        named = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
        week = np.concatenate([day * arrivals.weekdays.get(name, 1.0) for name in named])  # type: ignore[call-overload]  # a literal
        found = _by_clock(week, began.weekday(), midnight, horizon)
    elif stored is not None and arrivals.stored is not None and arrivals.stored.as_ == "profile":
        found = _by_clock(stored.profile(), began.weekday(), midnight, horizon)
    else:
        return None
    return (
        Rates(found.edges, found.per_s * arrivals.factor) if not arrivals.surges else _surged(found, arrivals)
    )


def _by_clock(week: Floats, weekday: int, midnight: float, horizon: float) -> Rates:
    """week: calls in each of 168 hours from Monday 00:00. midnight: seconds since it at the beginning."""
    begin = weekday * DAY_S + midnight
    first = HOUR_S - midnight % HOUR_S
    edges = np.concatenate([[0.0], np.arange(first, horizon, HOUR_S), [horizon]])
    hours = ((begin + edges[:-1] + 1e-6) // HOUR_S).astype(np.int64) % 168
    return Rates(edges, week[hours] / HOUR_S)


def _surged(rates: Rates, arrivals: Arrivals) -> Rates:
    surges: Sequence[Surge] = arrivals.surges
    end = rates.edges[-1]
    cuts = [edge for surge in surges for edge in (surge.from_, surge.to) if edge is not None and edge < end]
    edges = np.unique(np.concatenate([rates.edges, cuts]))
    per_s = rates.per_s[np.searchsorted(rates.edges, edges[:-1], "right") - 1] * arrivals.factor
    for surge in surges:
        here = (edges[:-1] >= surge.from_) & (edges[:-1] < (end if surge.to is None else surge.to))
        per_s = np.where(here, per_s * surge.factor, per_s)
    return Rates(edges, per_s)


def poisson(rates: Rates, factor: float, random: np.random.Generator) -> Floats:
    """The times of a Poisson process with these rates times the factor, in order."""
    widths = np.diff(rates.edges)
    counts = random.poisson(rates.per_s * widths * factor)
    begins, spans = np.repeat(rates.edges[:-1], counts), np.repeat(widths, counts)
    times: Floats = begins + random.random(len(begins)) * spans
    times.sort()
    return times


def renewals(law: Law, horizon: float, random: np.random.Generator, columns: dict[str, Floats]) -> Floats:
    """Calls one after the other with the law's times between them."""
    found, last = [_NOBODY], 0.0
    while last < horizon:
        gaps = draw(law, random, np.zeros(4096, dtype=np.int64), columns)
        times = last + np.cumsum(gaps)
        if times[-1] <= last:
            raise ValueError("the law of the time between calls gives nothing above 0")
        found.append(times)
        last = float(times[-1])
    every = np.concatenate(found)
    return every[every < horizon]
