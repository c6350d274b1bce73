"""The agents of one replication: how many are there, when they rest, whether and how soon they answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import numpy as np

from ivr.whatif.caller import Call
from ivr.whatif.laws import Law, draw
from ivr.whatif.plan import GroupPlan, Plan
from routing import agents as ag
from routing.agents import Agent
from routing.ids import AgentId

BREAK = "break"
_NO_PERIODS = np.zeros(4096, dtype=np.int64)


class Draws:
    """Values of one law one after the other, drawn in blocks."""

    def __init__(self, law: Law, random: np.random.Generator, plan: Plan) -> None:
        self._law, self._random, self._columns = law, random, plan.columns
        self._values: Iterator[float] = iter(())

    def next(self) -> float:
        for value in self._values:
            return value
        self._values = iter(draw(self._law, self._random, _NO_PERIODS, self._columns).tolist())
        return next(self._values)


class Desk:
    """What the world remembers of one agent. since: of the state, in s. call: the last one. pauses: counts them."""

    __slots__ = ("call", "group", "id", "pauses", "since", "state")

    def __init__(self, id: AgentId, group: GroupPlan) -> None:
        self.id, self.group = id, group
        self.state: str = "offline"
        self.since = 0.0
        self.call: Call | None = None
        self.pauses = 0


class Crew:
    """after(seconds, what, ...): sets something going. act(agent, event): tells the board what an agent does."""

    def __init__(
        self,
        plan: Plan,
        seed: np.random.SeedSequence,
        after: Callable[..., None],
        act: Callable[[AgentId, ag.AgentAct], None],
    ) -> None:
        self._plan, self._after, self._act = plan, after, act
        self._delays: list[Draws] = []
        self._luck: list[np.random.Generator] = []
        self._pauses: list[tuple[Draws, Draws] | None] = []
        self.desks: dict[AgentId, Desk] = {}
        self._of_group: list[list[AgentId]] = []
        for group, own in zip(plan.groups, seed.spawn(len(plan.groups)), strict=True):
            streams = [np.random.default_rng(each) for each in own.spawn(4)]
            self._delays.append(Draws(group.written.answer_delay, streams[0], plan))
            self._luck.append(streams[1])
            pauses = group.written.pauses
            self._pauses.append(
                None
                if pauses is None
                else (Draws(pauses.every, streams[2], plan), Draws(pauses.length, streams[3], plan))
            )
            ids = [AgentId(f"{group.name}-{number + 1}") for number in range(group.size)]
            self._of_group.append(ids)
            self.desks |= {id: Desk(id, group) for id in ids}

    @property
    def agents(self) -> list[Agent]:
        """All there ever are, offline."""
        began = self._plan.scenario.began
        return [
            Agent(
                id=desk.id,
                name=desk.id,
                extension="0",
                skills=desk.group.skills,
                queues=frozenset(desk.group.queues),
                since=began,
                idle_since=began,
                labels=desk.group.written.labels,
                rank=desk.group.written.rank,
                queue_order=desk.group.order,
            )
            for desk in self.desks.values()
        ]

    def takes(self, group: GroupPlan) -> tuple[Literal["answers", "rejects", "misses"], float]:
        """What an agent of the group does with a call that rings, and after how many seconds."""
        written, delay = group.written, self._delays[group.index].next()
        if written.no_answer or written.rejects:
            chance = self._luck[group.index].random()
            if chance < written.no_answer:
                return "misses", delay
            if chance < written.no_answer + written.rejects:
                return "rejects", delay
        return "answers", delay

    def staff(self, group: GroupPlan, number: int, agents: Mapping[AgentId, Agent]) -> None:
        """So many are there from now on: the free ones go first, whoever talks goes after the call."""
        here = []
        for id in self._of_group[group.index]:
            agent = agents[id]
            leaving = agent.leaving is not None and agent.leaving.to == "offline"
            if agent.state != "offline" and not leaving:
                here.append(id)
        if number < len(here):
            going = sorted(here, key=lambda id: agents[id].state not in ("available", "paused"))
            for id in going[: len(here) - number]:
                self._act(id, ag.LogOut())
            return
        known = set(here)
        others = [id for id in self._of_group[group.index] if id not in known]
        # Who is still on the last call of the shift before stays only when there is nobody else.
        for id in sorted(others, key=lambda id: agents[id].state != "offline")[: number - len(here)]:
            self._act(id, ag.LogIn())

    def changed(self, desk: Desk, before: str, after: Agent) -> None:
        """An agent is in another state: pauses end by and by, and begin again."""
        pauses = self._pauses[desk.group.index]
        if after.state == "paused":
            resting = after.pause_reason == BREAK and pauses is not None
            length = pauses[1].next() if resting and pauses else desk.group.written.back_after
            self._after(length, self._unpause, desk, desk.since)
        elif after.state == "available" and before in ("offline", "paused") and pauses is not None:
            desk.pauses += 1
            self._after(pauses[0].next(), self._pause, desk, desk.pauses)

    def _pause(self, desk: Desk, number: int) -> None:
        if desk.pauses == number and desk.state not in ("offline", "paused"):
            self._act(desk.id, ag.Pause(BREAK))

    def _unpause(self, desk: Desk, since: float) -> None:
        if desk.state == "paused" and desk.since == since:
            self._act(desk.id, ag.Unpause())
