"""What a replication needs to know, worked out once: a scenario with everything it names found. Frozen, picklable.

Raises nothing: what cannot be is refused by `checks.py` before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ivr.whatif.arrivals import DAY_S, Rates, rates_of
from ivr.whatif.laws import Floats, Law
from ivr.whatif.model import CallType, FromCalls, Group, Hours, Scenario
from ivr.whatif.quantities import clock_s
from ivr.whatif.stored import StoredCalls
from routing.agent_limits import AgentLimits
from routing.entries import Step
from routing.ids import QueueName, SkillName
from routing.rules import QueueRules, Rules

Source = tuple[str, tuple[tuple[str, str], ...]]
"""A history's name, and what of it: `where`."""
MANUAL = None
ORDER = "group_order."
"""Begins the names of the skills by which a type's `groups` are asked in order."""
BEST_LEVEL = 5


@dataclass(frozen=True, slots=True)
class TypePlan:
    """skills: those of the language included. talk: by group index, else for all. wrap_up None: the queue's own."""

    name: str
    index: int
    written: CallType
    queue: QueueName
    skills: Mapping[SkillName, int]
    steps: tuple[Step, ...]
    goal_s: float
    rates: Rates | None
    replayed: StoredCalls | None
    talk: Law
    talk_of: Mapping[int, Law]
    wrap_up: Law | None
    patience: Law


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """staffing: from when (s) how many are there; the first one is at 0. size: the most at any time."""

    name: str
    index: int
    written: Group
    queues: tuple[QueueName, ...]
    skills: Mapping[SkillName, int]
    staffing: tuple[tuple[float, int], ...]
    order: Mapping[QueueName, int]
    """Of its queues, where it takes their callers in an order: lower first."""

    @property
    def size(self) -> int:
        return max(count for _, count in self.staffing)


@dataclass(frozen=True, slots=True)
class Plan:
    scenario: Scenario
    rules: Rules
    types: tuple[TypePlan, ...]
    groups: tuple[GroupPlan, ...]
    columns: Mapping[str, Floats]
    bounds: tuple[float, ...]
    closings: tuple[tuple[float, frozenset[QueueName]], ...] = ()
    """From when (s) which queues are closed, and only those."""


def source_of(written: FromCalls) -> Source:
    return written.calls.history, tuple(sorted(written.calls.where.items()))


def plan_of(
    scenario: Scenario,
    rules: Rules,
    stated: Mapping[str, frozenset[str]],
    columns: Mapping[str, Floats],
    stored: Mapping[Source, StoredCalls],
) -> Plan:
    """rules: those of the scenario's `queues`. stated: queue -> keys that are written there.

    A queue of the scenario's own that does not state them has no wrap-up, no longest wait, and pauses nobody for
    missed calls: what theory takes for granted. Rules of a file hold as they are.
    """
    names = [type_.queue or name for name, type_ in scenario.types.items()]
    queues = {name: _plain(queue, stated.get(name)) for name, queue in rules.queues.items()}
    for name in names:
        queues.setdefault(QueueName(name), _plain(QueueRules(QueueName(name)), frozenset()))
    timed = {
        QueueName(name)
        for name, type_ in zip(names, scenario.types.values(), strict=True)
        if type_.wrap_up is not None
    }
    ordered = {
        QueueName(name) for name, type_ in zip(names, scenario.types.values(), strict=True) if type_.groups
    }
    automatic = {name: queue.wrap_up_s for name, queue in queues.items()}
    for name, queue in queues.items():
        if name in timed:
            queue = replace(queue, wrap_up_s=MANUAL)
        if name in ordered:
            queue = replace(queue, strategy="best_skill")
        queues[name] = queue
    limits = rules.agents if isinstance(scenario.queues, str) else AgentLimits(states={})
    rules = replace(rules, queues=queues, agents=limits)
    groups = tuple(_group(index, name, scenario) for index, name in enumerate(scenario.groups))
    types = tuple(
        _type(index, name, scenario, rules, automatic, stored) for index, name in enumerate(scenario.types)
    )
    bounds = tuple(scenario.bounds())
    return Plan(scenario, rules, types, groups, dict(columns), bounds, tuple(_closings(scenario)))


def _plain(queue: QueueRules, stated: frozenset[str] | None) -> QueueRules:
    """stated None: of a file, kept as it is."""
    if stated is None:
        return queue
    usual = {"wrap_up_s": 0.0, "max_wait_s": None, "no_answer_pause_after": None}
    return replace(queue, **{key: value for key, value in usual.items() if key not in stated})  # type: ignore[arg-type]  # by key


def _type(
    index: int,
    name: str,
    scenario: Scenario,
    rules: Rules,
    automatic: Mapping[QueueName, float | None],
    stored: Mapping[Source, StoredCalls],
) -> TypePlan:
    written = scenario.types[name]
    queue = QueueName(written.queue or name)
    calls = _of(written.arrivals.stored, stored)
    skills = {SkillName(skill): level for skill, level in written.skills.items()}
    spoken = rules.for_language(written.language) if written.language else {}
    for skill, level in spoken.items():
        skills[skill] = max(level, skills.get(skill, 0))
    wrap_up = _law(written.wrap_up, stored, "wrap_up") if written.wrap_up is not None else None
    if wrap_up is None and rules.queues[queue].wrap_up_s is MANUAL:
        # Another type of the queue has a law of its own, so that no wrap-up there ends by itself.
        wrap_up = Law(constant=automatic[queue] or 0.0)
    talk = _law(written.talk, stored, "talk")
    assert talk is not None
    return TypePlan(
        name,
        index,
        written,
        queue,
        skills,
        _steps(name, written, rules.queues[queue]),
        written.goal or scenario.goal or rules.queues[queue].answer_within_s,
        rates_of(written.arrivals, scenario, calls),
        calls if written.arrivals.stored is not None and written.arrivals.stored.as_ == "replay" else None,
        talk,
        {
            number: law
            for number, group in enumerate(scenario.groups.values())
            if name in group.talk and (law := _law(group.talk[name], stored, "talk")) is not None
        },
        wrap_up,
        _law(written.patience, stored, "patience") or Law(never=True),
    )


def _steps(name: str, written: CallType, queue: QueueRules) -> tuple[Step, ...]:
    """The queue's steps; where groups are asked in order, each with a wish for the best of the order's skill."""
    if not written.groups:
        return ()
    wish = {SkillName(ORDER + name): 1}
    return tuple(replace(step, prefer={**step.prefer, **wish}) for step in queue.steps or (Step(),))


def _group(index: int, name: str, scenario: Scenario) -> GroupPlan:
    written = scenario.groups[name]
    queues = written.queues or [scenario.types[type_].queue or type_ for type_ in written.serves]
    skills = {SkillName(skill): level for skill, level in written.skills.items()}
    for type_, call in scenario.types.items():
        if name in call.groups:
            skills[SkillName(ORDER + type_)] = max(1, BEST_LEVEL - call.groups.index(name))
    return GroupPlan(
        name,
        index,
        written,
        tuple(dict.fromkeys(map(QueueName, queues))),
        skills,
        tuple(_staffing(written, scenario)),
        {QueueName(queue): index for index, queue in enumerate(queues)} if written.in_order else {},
    )


def _staffing(group: Group, scenario: Scenario) -> list[tuple[float, int]]:
    if isinstance(group.agents, int):
        return [(0.0, group.agents)]
    if group.agents is not None:
        begins = scenario.bounds()[:-1]
        if len(group.agents) > len(begins):
            begins = [*begins, scenario.length_s]
        return list(zip(begins, group.agents, strict=False))
    return _counted([(span, shift.agents) for shift in group.shifts for span in _spans(shift, scenario)])


def _closings(scenario: Scenario) -> list[tuple[float, frozenset[QueueName]]]:
    by_queue = {
        QueueName(name): _counted([(span, 1) for each in written for span in _spans(each, scenario)])
        for name, written in scenario.hours.items()
    }
    found = []
    for at in sorted({at for changes in by_queue.values() for at, _ in changes}):
        is_open = {
            name: [count for begin, count in changes if begin <= at][-1] for name, changes in by_queue.items()
        }
        found.append((at, frozenset(name for name, count in is_open.items() if not count)))
    return found


def _spans(written: Hours, scenario: Scenario) -> Iterator[tuple[float, float]]:
    """From when to when (s), each time that it comes around."""
    began = scenario.began
    offset = began.hour * 3600.0 + began.minute * 60.0 + began.second
    first, last = clock_s(written.from_), clock_s(written.to)
    over_midnight = DAY_S if last <= first else 0.0
    # One day more at both ends: a shift that began yesterday, and whoever is still served after the horizon.
    for day in range(-1, int((scenario.length_s + offset) // DAY_S) + 2):
        begin, end = day * DAY_S - offset + first, day * DAY_S - offset + last + over_midnight
        if (began.weekday() + day) % 7 in written.days and end > 0:
            yield max(begin, 0.0), end


def _counted(spans: Sequence[tuple[tuple[float, float], int]]) -> list[tuple[float, int]]:
    """How many there are from when on (s), the first one at 0."""
    changes: dict[float, int] = {0.0: 0}
    for (begin, end), number in spans:
        changes[begin] = changes.get(begin, 0) + number
        changes[end] = changes.get(end, 0) - number
    found, count = [], 0
    for at, change in sorted(changes.items()):
        count += change
        found.append((at, count))
    return found


def _of(written: object, stored: Mapping[Source, StoredCalls]) -> StoredCalls | None:
    if written is None:
        return None
    return stored[written.history, tuple(sorted(written.where.items()))]  # type: ignore[attr-defined]  # a Stored


def _law(written: Law | FromCalls | None, stored: Mapping[Source, StoredCalls], part: str) -> Law | None:
    if not isinstance(written, FromCalls):
        return written
    calls = stored[source_of(written)]
    if part == "talk":
        return calls.talks()
    return calls.patience() if part == "patience" else calls.wrap_ups()
