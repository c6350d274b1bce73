"""What came out: the figures of all replications as estimates with confidence intervals. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ivr.whatif.laws import Floats
from ivr.whatif.plan import Plan
from ivr.whatif.statistics import LEVEL, Estimate, mean, ratio
from ivr.whatif.tally import AGENT_SUMS, CALL_SUMS, QUANTILES, Figures

Estimates = Mapping[str, Estimate]

COUNTS: Final = (
    "offered",
    "answered",
    "in_goal",
    "abandoned",
    "short",
    "blocked",
    "turned_away",
    "unreached",
    "unfinished",
    "retrials",
    "called_back",
)
"""Calls in one replication."""
SHARES: Final = (
    "service_level",
    "service_level_of_answered",
    "service_level_without_quick_abandons",
    "answered_share",
    "abandoned_share",
    "blocked_share",
    "waited_share",
)
WAITS: Final = ("mean_wait_answered", "mean_wait", "mean_wait_abandoned", "wait_p50", "wait_p90", "wait_p95")
"""Seconds; quantiles are of the answered."""
OF_GROUPS: Final = (
    "agents",
    "handled",
    "missed",
    "occupancy",
    "utilisation",
    "mean_handling",
    "mean_talk",
    "mean_wrap_up",
)


@dataclass(frozen=True, slots=True)
class Period:
    """begin, end: s from the beginning of a replication."""

    begin: float
    end: float
    all: Estimates
    types: Mapping[str, Estimates]
    groups: Mapping[str, Estimates]
    agents: Estimates


@dataclass(frozen=True, slots=True)
class Result:
    """all, types: what callers met. agents, groups: what agents did. served: group -> type -> calls.

    calls: simulated in all. goals: of each type's service level, s.
    """

    title: str | Mapping[str, str]
    about: str | Mapping[str, str]
    replications: int
    seed: int
    horizon: float
    warm_up: float
    began: str
    calls: int
    goals: Mapping[str, float]
    titles: Mapping[str, str | Mapping[str, str]]
    all: Estimates
    types: Mapping[str, Estimates]
    agents: Estimates
    groups: Mapping[str, Estimates]
    served: Mapping[str, Mapping[str, Estimate]]
    periods: Sequence[Period]

    def to_json(self) -> dict[str, Any]:
        """Plain values: an estimate is {value, low, high}."""
        return {
            "title": self.title,
            "about": self.about,
            "replications": self.replications,
            "seed": self.seed,
            "confidence": LEVEL,
            "began": self.began,
            "horizon_s": self.horizon,
            "warm_up_s": self.warm_up,
            "simulated_calls": self.calls,
            "goals_s": dict(self.goals),
            "all": _plain(self.all),
            "types": {name: _plain(each) for name, each in self.types.items()},
            "agents": _plain(self.agents),
            "groups": {
                name: {**_plain(each), "served": _plain(self.served[name])}
                for name, each in self.groups.items()
            },
            "periods": [
                {
                    "from_s": period.begin,
                    "to_s": period.end,
                    "all": _plain(period.all),
                    "types": {name: _plain(each) for name, each in period.types.items()},
                    "agents": _plain(period.agents),
                    "groups": {name: _plain(each) for name, each in period.groups.items()},
                }
                for period in self.periods
            ],
        }


def result_of(plan: Plan, figures: Sequence[Figures], seed: int) -> Result:
    """figures: of each replication."""
    scenario = plan.scenario
    calls = np.stack([each.calls for each in figures])
    agents = np.stack([each.agents for each in figures])
    quantiles = np.stack([each.quantiles for each in figures])
    seconds = np.stack([each.seconds for each in figures])
    served = np.stack([each.served for each in figures])
    names, groups = [type_.name for type_ in plan.types], [group.name for group in plan.groups]
    titles = {name: type_.title or name for name, type_ in scenario.types.items()}
    titles |= {f"group {name}": group.title or name for name, group in scenario.groups.items()}
    whole = seconds.sum(axis=1)
    several = len(plan.bounds) > 2
    periods = [
        Period(
            plan.bounds[number],
            plan.bounds[number + 1],
            _calls(calls[:, :, :, number].sum(axis=2), None, seconds[:, number]),
            {
                name: _calls(calls[:, :, index, number], None, seconds[:, number])
                for index, name in enumerate(names)
            },
            {
                name: _agents(agents[:, :, index, number], seconds[:, number])
                for index, name in enumerate(groups)
            },
            _agents(agents[:, :, :, number].sum(axis=2), seconds[:, number]),
        )
        for number in range(len(plan.bounds) - 1)
        if several and seconds[:, number].any()
    ]
    return Result(
        scenario.title,
        scenario.about,
        len(figures),
        seed,
        scenario.length_s,
        scenario.warm_up,
        scenario.began.isoformat(sep=" ", timespec="minutes").removesuffix("+00:00"),
        int(calls[:, 0].sum()),
        {type_.name: type_.goal_s for type_ in plan.types},
        titles,
        _calls(calls.sum(axis=(2, 3)), quantiles[:, -1], whole),
        {
            name: _calls(calls[:, :, index].sum(axis=2), quantiles[:, index], whole)
            for index, name in enumerate(names)
        },
        _agents(agents.sum(axis=(2, 3)), whole),
        {name: _agents(agents[:, :, index].sum(axis=2), whole) for index, name in enumerate(groups)},
        {
            name: {type_: mean(served[:, index, number]) for number, type_ in enumerate(names)}
            for index, name in enumerate(groups)
        },
        periods,
    )


def _calls(sums: Floats, quantiles: Floats | None, seconds: Floats) -> Estimates:
    """sums: replications x CALL_SUMS. seconds: counted in each replication."""
    has = {name: sums[:, index] for index, name in enumerate(CALL_SUMS)}
    offered, answered, entered = has["offered"], has["answered"], has["entered"]
    has["retrials"] = offered - has["first"]
    found = {name: mean(has[name]) for name in COUNTS}
    found |= {
        "service_level": ratio(has["in_goal"], offered),
        "service_level_of_answered": ratio(has["in_goal"], answered),
        "service_level_without_quick_abandons": ratio(has["in_goal"], offered - has["abandoned_in_goal"]),
        "answered_share": ratio(answered, offered),
        "abandoned_share": ratio(has["abandoned"], offered),
        "blocked_share": ratio(has["blocked"], offered),
        "waited_share": ratio(has["waited"], entered),
        "mean_wait_answered": ratio(has["wait_answered"], answered),
        "mean_wait": ratio(has["wait_entered"], entered),
        "mean_wait_abandoned": ratio(has["wait_abandoned"], has["abandoned"]),
        "mean_queue": ratio(has["wait_entered"], seconds),
    }
    if quantiles is not None:
        for index, share in enumerate(QUANTILES):
            found[f"wait_p{round(share * 100)}"] = mean(quantiles[:, index])
    return found


def _agents(sums: Floats, seconds: Floats) -> Estimates:
    """sums: replications x AGENT_SUMS."""
    has = {name: sums[:, index] for index, name in enumerate(AGENT_SUMS)}
    busy = has["talk"] + has["wrap_up"]
    ready = busy + has["ringing"] + has["free"]
    there = ready + has["paused"]
    return {
        "agents": ratio(there, seconds),
        "handled": mean(has["handled"]),
        "missed": mean(has["missed"]),
        "occupancy": ratio(busy, ready),
        "utilisation": ratio(busy, there),
        "mean_handling": ratio(has["talked"] + has["wrap_up"], has["handled"]),
        "mean_talk": ratio(has["talked"], has["handled"]),
        "mean_wrap_up": ratio(has["wrap_up"], has["handled"]),
    }


def _plain(estimates: Estimates) -> dict[str, Any]:
    return {
        name: {"value": _rounded(each.value), "low": _rounded(each.low), "high": _rounded(each.high)}
        for name, each in estimates.items()
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
