"""The compiled rules of routing: what `rules_load.py` makes of `flows/queues.yaml`. Frozen values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from routing.agent_limits import USUAL, AgentLimits
from routing.entries import Entry, Step
from routing.ids import QueueName, SkillName

Strategy = Literal["longest_idle", "least_occupied", "best_skill", "round_robin", "agent_priority", "random"]
Requirement = tuple[tuple[SkillName, int], ...]
"""Skills with least levels, sorted by name: hashable, one per distinct demand."""
Rank = tuple[int, int, int, str]
"""The order among all who wait, smallest first: urgent (0) before not (1), the weight negated, enqueued at (us), id."""

MOST_RUNG: Final = 50
"""So many telephones ring for one caller at most, also where all are to."""
POINT: Final = 10**12
"""A point of priority as a weight. Weights are whole numbers: growing steadily, they are exact at every moment."""
ANYBODY = Step()
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def micros(at: dt.datetime) -> int:
    """Unix time in us, without rounding."""
    past = at - _EPOCH
    return (past.days * 86_400 + past.seconds) * 1_000_000 + past.microseconds


def requirement(*demands: Mapping[SkillName, int]) -> Requirement:
    """All demands at once: the highest level of each skill."""
    some = [demand for demand in demands if demand]
    if len(some) < 2:
        return tuple(sorted(some[0].items())) if some else ()
    highest: dict[SkillName, int] = {}
    for demand in some:
        for skill, level in demand.items():
            highest[skill] = max(level, highest.get(skill, 0))
    return tuple(sorted(highest.items()))


@dataclass(frozen=True, slots=True)
class Ageing:
    """Priority grows steadily, by `points` in every `every_s` of true waiting, by `most` in all.

    Steadily, not by leaps: two who both still grow keep their order, so that time alone moves an entry in its line
    only once, when it has grown by `most` (docs/decisions/0128-priority-grows-steadily.md).
    """

    points: int
    every_s: float
    most: int

    @property
    def rate(self) -> int:
        """Of the weight, in a microsecond."""
        return round(self.points * POINT / (self.every_s * 1_000_000))

    @property
    def grown_after_us(self) -> int:
        """When the most is reached."""
        return -(-self.most * POINT // self.rate) if self.rate > 0 else 0


@dataclass(frozen=True, slots=True)
class Overflow:
    """Who waits on is moved to the queue `to`, with the same age. One of the conditions is set.

    after_s: of true waiting. longer_than: entries in line when one arrives. unstaffed: nobody of the queue logged in.
    closed: outside the queue's hours.
    """

    to: QueueName
    after_s: float | None = None
    longer_than: int | None = None
    unstaffed: bool = False
    closed: bool = False


@dataclass(frozen=True, slots=True)
class QueueRules:
    """One queue. Times in s; None = without limit (wrap_up_s None = until the agent ends it).

    ring: so many agents are rung at once for one caller (`several.py`).
    retry_s: an agent who did not answer is not offered the same entry again for so long.
    no_answer_pause_after: misses in a row that pause an agent, None = never.
    when_unstaffed: what becomes of callers while nobody of the queue is logged in.
    announce_first_s, announce_every_s: when the place is told; None = never.
    ageing: None = priority does not grow. hours: name of a calendar, "" = always open; whoever waits at the closing is
    still served where `serve_after_closing`. overflow: looked at in order.
    preferred_s: a caller's preferred agent is waited for so long, 0 = taken only when free at once.
    shares: label (`vendor`, `site`) -> its value -> weight of the calls that go there, among agents who are equal.
    urgent: before every queue that is not, whatever the priorities (a crisis line).
    redial_s: who hung up and calls again within so long gets the old place back, 0 = never.
    answer_within_s: the goal of the service level.
    wrap_up_codes: those of `Rules.wrap_up_codes` that the queue offers.
    """

    name: QueueName
    title: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    strategy: Strategy = "longest_idle"
    priority: int = 0
    ring: int = 1
    ring_s: float = 20.0
    wrap_up_s: float | None = 10.0
    max_wait_s: float | None = 1800.0
    max_length: int | None = None
    no_answer_pause_after: int | None = 3
    retry_s: float = 5.0
    when_unstaffed: Literal["wait", "end"] = "wait"
    music: str = "default"
    announce_first_s: float | None = 5.0
    announce_every_s: float | None = 30.0
    ageing: Ageing | None = None
    hours: str = ""
    serve_after_closing: bool = True
    overflow: tuple[Overflow, ...] = ()
    preferred_s: float = 0.0
    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    urgent: bool = False
    redial_s: float = 0.0
    answer_within_s: float = 15.0
    wrap_up_codes: tuple[str, ...] = ()
    wrap_up_code_required: bool = False

    @property
    def wrap_up_ends_s(self) -> float | None:
        """When a wrap-up ends by itself: where a code is required, only by the agent's giving one."""
        return None if self.wrap_up_code_required else self.wrap_up_s

    def steps_of(self, entry: Entry) -> tuple[Step, ...]:
        """The entry's own steps, else the queue's, else one step that asks for nothing."""
        return entry.steps or self.steps or (ANYBODY,)

    def step_of(self, entry: Entry) -> Step:
        """The step in force; the last one where the rules have fewer steps now than when it relaxed."""
        steps = self.steps_of(entry)
        return steps[min(entry.step, len(steps) - 1)]

    def needs(self, entry: Entry) -> Requirement:
        return requirement(entry.skills, self.step_of(entry).require)

    def likes(self, entry: Entry) -> Requirement:
        """The requirement with the preferences on top; equal to `needs` where there are none."""
        step = self.step_of(entry)
        return requirement(entry.skills, step.require, step.prefer)

    def aged(self, entry: Entry, now: dt.datetime) -> int:
        """The weight that waiting has added."""
        if self.ageing is None:
            return 0
        waited_us = micros(now) - micros(entry.enqueued_at)
        return min(self.ageing.most * POINT, self.ageing.rate * waited_us)

    def rank(self, entry: Entry, now: dt.datetime) -> Rank:
        weight = (self.priority + entry.priority) * POINT + self.aged(entry, now)
        return (0 if self.urgent else 1, -weight, micros(entry.enqueued_at), entry.id)


@dataclass(frozen=True, slots=True)
class WrapUpCode:
    """What a call came to. title: by language. key: digits that an agent dials for it, "" = none."""

    title: Mapping[str, str] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """skills: name -> its title by language. languages: language tag -> skills it asks of an agent.

    agents: how long agents may be in a state, and why they may pause.
    """

    queues: Mapping[QueueName, QueueRules]
    skills: Mapping[SkillName, Mapping[str, str]] = field(default_factory=dict)
    languages: Mapping[str, Mapping[SkillName, int]] = field(default_factory=dict)
    wrap_up_codes: Mapping[str, WrapUpCode] = field(default_factory=dict)
    agents: AgentLimits = USUAL

    def wrap_up_code(self, queue: QueueName, said: str) -> str | None:
        """The name of a code that the queue offers, by its name or its key; None when there is none."""
        rules = self.queues.get(queue)
        offered = self.wrap_up_codes if rules is None else rules.wrap_up_codes
        for name in offered:
            code = self.wrap_up_codes.get(name)
            if code is not None and said and said in (name, code.key):
                return name
        return None

    def for_language(self, language: str) -> Mapping[SkillName, int]:
        """What a caller of this language (`zh`, `zh-CN` falls back to `zh`) asks of an agent; {} when unknown."""
        found = self.languages.get(language)
        return found if found is not None else self.languages.get(language.split("-")[0], {})
