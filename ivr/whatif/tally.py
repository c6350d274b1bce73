"""What is counted in one replication, and the sums that come of it: what callers met, and how agents spent the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from ivr.whatif.laws import Floats
from ivr.whatif.plan import Plan

if TYPE_CHECKING:
    from ivr.whatif.caller import Call

Kind = Literal["answered", "abandoned", "blocked", "turned_away", "unreached", "unfinished"]
KINDS: Final[tuple[Kind, ...]] = (
    "answered",
    "abandoned",
    "blocked",
    "turned_away",
    "unreached",
    "unfinished",
)
_KIND_OF: Final[Mapping[str, Kind]] = {
    "served": "answered",
    "abandoned": "abandoned",
    "full": "blocked",
    "blocked": "blocked",
    "unfinished": "unfinished",
}
"""Of an entry's outcome; all others are `turned_away`: by the rules, or at closing time."""

CALL_SUMS: Final = (
    "offered",
    "first",
    *KINDS,
    "in_goal",
    "short",
    "abandoned_in_goal",
    "entered",
    "waited",
    "wait_answered",
    "wait_entered",
    "wait_abandoned",
    "called_back",
)
"""first: not called again. in_goal: answered within the goal. short: abandoned in less than `SHORT_S`. entered: not
blocked. waited: not answered at once. wait_...: sums in s."""
AGENT_SUMS: Final = ("handled", "missed", "talked", "talk", "wrap_up", "ringing", "paused", "free")
"""handled, missed: calls. In s: talked, the talks of those handled, by when they called; what agents did then."""
QUANTILES: Final = (0.5, 0.9, 0.95)
SHORT_S: Final = 5.0

_SPENT_AS: Final[Mapping[str, int]] = {
    "talking": 3,
    "hold": 3,
    "consulting": 3,
    "wrap_up": 4,
    "reserved": 5,
    "ringing": 5,
    "paused": 6,
    "available": 7,
}


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums of one replication. calls: CALL_SUMS x types x periods. agents: AGENT_SUMS x groups x periods.

    served: groups x types, calls. quantiles: types and all together x QUANTILES, of the waits of the answered, in s
    (nan where nobody was). seconds: how long each period was counted.
    """

    calls: Floats
    agents: Floats
    served: Floats
    quantiles: Floats
    seconds: Floats


class Tally:
    """Filled by the world as things happen. end: when the replication was over, in s."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._calls: list[tuple[int, float, float, int, int, int, bool, float]] = []
        self._spent: list[tuple[int, int, float, float]] = []
        self._missed: list[tuple[int, float]] = []
        self.end = plan.scenario.length_s

    def ended(self, call: Call, outcome: str, now: float, group: int) -> Kind:
        """An attempt is over. group: of the agent who talked, -1 = nobody."""
        kind = _KIND_OF.get(outcome, "turned_away")
        joined = call.joined_at
        if joined is not None:
            kind = "unreached" if outcome == "failed" else "answered"
        wait = (now if joined is None else joined) - call.arrived
        index = call.caller.plan.index
        talked = 0.0 if joined is None else now - joined
        self._calls.append(
            (index, call.arrived, wait, KINDS.index(kind), group, call.attempt, call.promised, talked)
        )
        return kind

    def spent(self, group: int, state: str, begin: float, end: float) -> None:
        """An agent of the group was in that state."""
        if state != "offline" and end > begin:
            self._spent.append((group, _SPENT_AS[state], begin, end))

    def missed(self, group: int, now: float) -> None:
        self._missed.append((group, now))

    @property
    def waits(self) -> list[tuple[int, float, float, Kind]]:
        """Of each attempt in the order in which they ended: type, came at, waited (s), how it ended."""
        return [(row[0], row[1], row[2], KINDS[row[3]]) for row in self._calls]

    def figures(self) -> Figures:
        scenario = self._plan.scenario
        bounds = np.array(self._plan.bounds)
        types, groups, periods = len(self._plan.types), len(self._plan.groups), len(bounds) - 1
        rows = np.array(self._calls, dtype=np.float64).reshape(-1, 8)
        rows = rows[rows[:, 1] >= scenario.warm_up]
        kind_of = rows[:, 0].astype(np.int64)
        cell = kind_of * periods + np.searchsorted(bounds[1:-1], rows[:, 1], "right")

        def total(what: Floats) -> Floats:
            sums = np.bincount(cell, weights=what, minlength=types * periods)
            return sums.astype(np.float64).reshape(types, periods)

        waits, ends = rows[:, 2], rows[:, 3].astype(np.int64)
        is_kind: dict[str, NDArray[np.bool_]] = {kind: ends == number for number, kind in enumerate(KINDS)}
        answered, abandoned = is_kind["answered"], is_kind["abandoned"]
        goals = np.array([type_.goal_s for type_ in self._plan.types])[kind_of]
        in_time = waits <= goals + 1e-6
        entered = ~is_kind["blocked"]
        calls: dict[str, NDArray[Any]] = {
            "offered": np.ones(len(rows)),
            "first": rows[:, 5] == 1,
            **is_kind,
            "in_goal": answered & in_time,
            "short": abandoned & (waits < SHORT_S),
            "abandoned_in_goal": abandoned & in_time,
            "entered": entered,
            "waited": entered & (waits > 1e-6),
            "wait_answered": np.where(answered, waits, 0.0),
            "wait_entered": np.where(entered, waits, 0.0),
            "wait_abandoned": np.where(abandoned, waits, 0.0),
            "called_back": rows[:, 6],
        }
        talked = rows[:, 4] >= 0
        group_of = rows[:, 4].astype(np.int64)
        served = np.zeros((groups, types))
        np.add.at(served, (group_of[talked & answered], kind_of[talked & answered]), 1.0)
        agents, seconds = self._time(bounds, groups)
        here = talked & answered
        by_period = (cell % periods)[here]
        np.add.at(agents[0], (group_of[here], by_period), 1.0)
        np.add.at(agents[2], (group_of[here], by_period), rows[here, 7])
        return Figures(
            np.stack([total(calls[name].astype(np.float64)) for name in CALL_SUMS]),
            agents,
            served,
            np.stack(
                [_quantiles(waits[answered & (kind_of == type_)]) for type_ in range(types)]
                + [_quantiles(waits[answered])]
            ),
            seconds,
        )

    def _time(self, bounds: Floats, groups: int) -> tuple[Floats, Floats]:
        scenario = self._plan.scenario
        periods = len(bounds) - 1
        last = self.end if scenario.measured == "last_call" else min(self.end, scenario.length_s)
        begins = np.maximum(bounds[:-1], scenario.warm_up)
        ends = bounds[1:].copy()
        ends[-1] = max(last, bounds[-2])
        agents = np.zeros((len(AGENT_SUMS), groups, periods))
        spent = np.array(self._spent, dtype=np.float64).reshape(-1, 4)
        place = (spent[:, 1] * groups + spent[:, 0]).astype(np.int64)
        for period in range(periods):
            inside = np.minimum(spent[:, 3], ends[period]) - np.maximum(spent[:, 2], begins[period])
            sums = np.bincount(place, weights=np.maximum(inside, 0.0), minlength=len(AGENT_SUMS) * groups)
            agents[:, :, period] = sums.reshape(len(AGENT_SUMS), groups)
        for group, when in self._missed:
            if when >= scenario.warm_up:
                agents[1, group, int(np.searchsorted(bounds[1:-1], when, "right"))] += 1
        return agents, np.maximum(ends - begins, 0.0)


def _quantiles(waits: Floats) -> Floats:
    return np.quantile(waits, QUANTILES) if len(waits) else np.full(len(QUANTILES), np.nan)
