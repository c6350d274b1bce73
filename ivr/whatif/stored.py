"""Calls that were, as a scenario needs them: when they came, how long they waited and talked, who hung up. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ivr.whatif.laws import Floats, Law, MeanOrRate

DAY_S = 86_400.0
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class StoredCall:
    """wait_s: until the answer or the end. talk_s: 0 when not answered. hung_up: the caller ended the wait.

    wrap_up_s: None = not known. traits: what `where` may ask for (kind, queue, language).
    """

    arrived: dt.datetime
    wait_s: float
    talk_s: float
    answered: bool
    hung_up: bool
    wrap_up_s: float | None
    traits: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StoredCalls:
    """arrived: seconds since `midnight`, the beginning of the first day; in order. days: how many days they cover."""

    midnight: dt.datetime
    days: int
    arrived: Floats
    wait: Floats
    talk: Floats
    answered: NDArray[np.bool_]
    hung_up: NDArray[np.bool_]
    wrap_up: Floats

    def profile(self) -> Floats:
        """Calls in each of 168 hours of the week from Monday 00:00: the mean over the days of that weekday.

        A weekday that never occurs has the mean of those that do.
        """
        days = (self.arrived // DAY_S).astype(np.int64)
        hours = ((self.arrived % DAY_S) // HOUR_S).astype(np.int64)
        first = self.midnight.weekday()
        counts = np.zeros((7, 24))
        np.add.at(counts, ((days + first) % 7, hours), 1.0)
        covered = np.bincount((np.arange(self.days) + first) % 7, minlength=7).astype(np.float64)
        means = counts / np.maximum(covered, 1.0)[:, None]
        if (covered == 0).any():
            means[covered == 0] = counts.sum(axis=0) / self.days
        return means.reshape(168)

    def day(self, number: int, horizon: float, begin: float) -> Floats:
        """The very times, from `begin` seconds after the midnight of that day on; days begin again after the last."""
        span = self.days * DAY_S
        offset = (number % self.days) * DAY_S + begin
        rounds = range(int((offset + horizon) // span) + 1)
        times = np.concatenate([self.arrived + each * span for each in rounds]) - offset
        return times[(times >= 0) & (times < horizon)]

    def patience(self) -> Law:
        """Exponential with the mean that fits best: all time waited, a hang-up each so often."""
        hung_up = int(np.count_nonzero(self.hung_up))
        if not hung_up:
            return Law(never=True)
        return Law(exponential=MeanOrRate(mean=max(float(self.wait.sum()) / hung_up, 0.001)))

    def talks(self) -> Law:
        return Law(values=self.talk[self.answered].tolist())

    def wrap_ups(self) -> Law | None:
        """None where no call has one."""
        known = self.wrap_up[self.answered & ~np.isnan(self.wrap_up)]
        return Law(values=known.tolist()) if len(known) else None


def collect(calls: Iterable[StoredCall], where: Mapping[str, str]) -> StoredCalls | None:
    """Those that fit; the days are those of all calls, so that a quiet kind stays quiet. None when none fits."""
    everything = sorted(calls, key=lambda call: call.arrived)
    chosen = [
        call for call in everything if all(call.traits.get(key) == value for key, value in where.items())
    ]
    if not chosen:
        return None
    midnight = everything[0].arrived.replace(hour=0, minute=0, second=0, microsecond=0)
    days = (everything[-1].arrived - midnight).days + 1
    return StoredCalls(
        midnight,
        days,
        np.array([(call.arrived - midnight).total_seconds() for call in chosen]),
        np.array([call.wait_s for call in chosen]),
        np.array([call.talk_s for call in chosen]),
        np.array([call.answered for call in chosen], dtype=np.bool_),
        np.array([call.hung_up for call in chosen], dtype=np.bool_),
        np.array([np.nan if call.wrap_up_s is None else call.wrap_up_s for call in chosen]),
    )
