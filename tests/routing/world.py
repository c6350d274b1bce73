"""Small helpers to write routing tests in the words of the hotline."""

from __future__ import annotations

import datetime as dt
from typing import Any

from routing import agents as ag
from routing import board_events as ev
from routing.agents import Agent
from routing.board import Board
from routing.entries import Entry, Step, enter
from routing.ids import AgentId, EntryId, QueueName, SkillName
from routing.rules import QueueRules, Rules

T0 = dt.datetime(2026, 11, 22, 8, 0, tzinfo=dt.UTC)
Q = QueueName("general")


def at(seconds: float) -> dt.datetime:
    return T0 + dt.timedelta(seconds=seconds)


def skills(**levels: int) -> dict[SkillName, int]:
    return {SkillName(name): level for name, level in levels.items()}


def agent(
    id: str,
    *,
    queues: tuple[str, ...] = ("general",),
    since: float = 0,
    state: Any = "available",
    **levels: int,
) -> Agent:
    return Agent(
        id=AgentId(id),
        name=id.title(),
        extension="1001",
        skills=skills(**levels),
        queues=frozenset(map(QueueName, queues)),
        since=at(since),
        idle_since=at(since),
        state=state,
    )


def entry(
    id: str,
    *,
    queue: str = "general",
    when: float = 0,
    priority: int = 0,
    steps: tuple[Step, ...] = (),
    **levels: int,
) -> Entry:
    return enter(
        EntryId(id),
        QueueName(queue),
        f"call-{id}",
        at(when),
        skills=skills(**levels),
        steps=steps,
        priority=priority,
    )


def rules(*queues: QueueRules, **overrides: Any) -> Rules:
    """One queue `general` with the overrides, and further ones."""
    own = QueueRules(Q, **overrides)
    return Rules({queue.name: queue for queue in (own, *queues)})


class Floor:
    """A board with a clock of its own, and the commands of all events so far."""

    def __init__(self, the_rules: Rules, *agents: Agent) -> None:
        self.board = Board(the_rules, agents)
        self.now = 0.0

    def tell(self, event: ev.BoardEvent, when: float | None = None) -> list[ev.Result]:
        self.now = self.now if when is None else when
        return self.board.apply(event, at(self.now))

    def rings(self, event: ev.BoardEvent, when: float | None = None) -> list[tuple[str, str]]:
        """(entry, agent) of every offer that follows."""
        return offers(self.tell(event, when))

    def arrive(self, id: str, when: float | None = None, **wants: Any) -> list[tuple[str, str]]:
        self.now = self.now if when is None else when
        return self.rings(ev.EntryArrived(entry(id, when=self.now, **wants)))

    def act(self, id: str, event: ag.AgentAct, when: float | None = None) -> list[ev.Result]:
        return self.tell(ev.AgentActed(AgentId(id), event), when)

    def answer(self, id: str, who: str, when: float | None = None) -> list[ev.Result]:
        return self.tell(ev.Answered(EntryId(id), AgentId(who)), when)

    def talk_ended(self, id: str, who: str, when: float | None = None) -> list[ev.Result]:
        return self.tell(ev.TalkEnded(EntryId(id), AgentId(who)), when)

    def state(self, who: str) -> str:
        return self.board.agents[AgentId(who)].state


def offers(results: list[ev.Result]) -> list[tuple[str, str]]:
    return [(each.entry.id, each.agent.id) for each in results if isinstance(each, ev.RingAgent)]


def of_kind(results: list[ev.Result], kind: type[Any]) -> list[Any]:
    return [each for each in results if isinstance(each, kind)]
