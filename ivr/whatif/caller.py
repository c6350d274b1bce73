"""The callers of one replication: when they come and what they bring, drawn before it begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ivr.whatif.arrivals import poisson, renewals
from ivr.whatif.laws import Floats, Law, draw
from ivr.whatif.plan import Plan, TypePlan
from routing.ids import AgentId, EntryId

_NOWHERE = EntryId("")


class Call:
    """One attempt of one caller. talk, wrap_up (None = the queue's own), patience in s. talks: where a group's differ.

    offers: counts what was rung. rung: who rings now, and by which of these, so that a late answer is known as such.
    tries: calls back not answered. line: it holds one.
    """

    __slots__ = (
        "agent",
        "arrived",
        "attempt",
        "balks",
        "caller",
        "entry",
        "joined_at",
        "line",
        "offers",
        "patience",
        "promised",
        "rung",
        "talk",
        "talks",
        "tries",
        "wrap_up",
    )

    def __init__(
        self,
        caller: Caller,
        arrived: float,
        talk: float,
        talks: Mapping[int, float],
        wrap_up: float | None,
        patience: float,
        balks: bool,
        attempt: int = 1,
    ) -> None:
        self.caller, self.arrived, self.attempt = caller, arrived, attempt
        self.talk, self.talks, self.wrap_up = talk, talks, wrap_up
        self.patience, self.balks = patience, balks
        self.entry = _NOWHERE
        self.joined_at: float | None = None
        self.agent: AgentId | None = None
        self.offers = self.tries = 0
        self.rung: dict[AgentId, int] = {}
        self.promised = self.line = False


class Caller:
    """All callers of one type. luck: for what is decided while they call (again, later, by callback)."""

    def __init__(self, type_: TypePlan, plan: Plan, seed: np.random.SeedSequence) -> None:
        self.plan, self._whole = type_, plan
        names = ("times", "talk", "wrap_up", "patience", "balk", "luck", "again")
        self._streams = dict(zip(names, map(np.random.default_rng, seed.spawn(len(names))), strict=True))
        self._talk_seed = seed.spawn(1)[0]
        self.luck = self._streams["luck"]
        self._again: list[Call] = []

    def calls(self, factor: float, number: int) -> list[Call]:
        """Of the whole replication, in order. factor: the busyness of all types together."""
        written, scenario, random = self.plan.written.arrivals, self._whole.scenario, self._streams["times"]
        if written.busyness is not None:
            factor *= float(draw(written.busyness, random.spawn(1)[0], _one(), self._whole.columns)[0])
        if self.plan.rates is not None:
            times = poisson(self.plan.rates, factor, random)
        elif self.plan.replayed is not None:
            began = scenario.began
            begin = began.hour * 3600.0 + began.minute * 60.0 + began.second
            times = self.plan.replayed.day(number, scenario.length_s, begin)
        else:
            assert written.every is not None
            times = renewals(written.every, scenario.length_s, random, dict(self._whole.columns))
        return self._make(times)

    def again(self, call: Call, now: float, *, same: bool) -> Call:
        """The same caller's next attempt. same: as patient, and with as much to say."""
        retrial = self.plan.written.retrial
        assert retrial is not None
        delay = float(draw(retrial.delay, self._streams["again"], _one(), self._whole.columns)[0])
        if same:
            made = Call(self, 0.0, call.talk, call.talks, call.wrap_up, call.patience, call.balks)
        else:
            if not self._again:
                self._again = self._make(np.full(64, now))
            made = self._again.pop()
        made.arrived, made.attempt = now + delay, call.attempt + 1
        return made

    def _make(self, times: Floats) -> list[Call]:
        count = len(times)
        bounds = np.array(self._whole.bounds[1:-1])
        periods = np.searchsorted(bounds, times, "right")
        type_, streams = self.plan, self._streams
        talk = self._drawn(type_.talk, streams["talk"], periods)
        others = {
            group: self._drawn(law, np.random.default_rng(self._talk_seed), periods)
            for group, law in type_.talk_of.items()
        }
        patience = self._drawn(type_.patience, streams["patience"], periods)
        wrap_up: Sequence[float | None] = [None] * count
        if type_.wrap_up is not None:
            wrap_up = self._drawn(type_.wrap_up, streams["wrap_up"], periods)
        balks: Sequence[bool] = [False] * count
        if type_.written.balk:
            balks = (streams["balk"].random(count) < type_.written.balk).tolist()
        none: Mapping[int, float] = {}
        return [
            Call(
                self,
                arrived,
                talk[index],
                {group: values[index] for group, values in others.items()} if others else none,
                wrap_up[index],
                patience[index],
                balks[index],
            )
            for index, arrived in enumerate(times.tolist())
        ]

    def _drawn(self, law: Law, random: np.random.Generator, periods: NDArray[np.int64]) -> list[float]:
        values: list[float] = draw(law, random, periods, self._whole.columns).tolist()
        return values


def callers_of(
    plan: Plan, seeds: Sequence[np.random.SeedSequence], random: np.random.Generator, number: int
) -> list[Call]:
    """Every call of the replication, of all types, in order."""
    factor = 1.0
    if plan.scenario.busyness is not None:
        factor = float(draw(plan.scenario.busyness, random, _one(), plan.columns)[0])
    made = [Caller(type_, plan, seed) for type_, seed in zip(plan.types, seeds, strict=True)]
    calls = [call for one in made for call in one.calls(factor, number)]
    calls.sort(key=lambda call: call.arrived)
    return calls


def _one() -> NDArray[np.int64]:
    return np.zeros(1, dtype=np.int64)
