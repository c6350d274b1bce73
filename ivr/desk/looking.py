"""The desk as those see it who only look: agents, queues and entries as they are now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ivr.clock import Clock
from ivr.desk.errors import Unknown
from ivr.desk.views import AgentView, EntryView, QueueView, agent_view, entry_view, queue_views
from routing.agents import Agent
from routing.board import Board
from routing.board_events import BoardEvent, Fact, Result
from routing.ids import AgentId, QueueName
from routing.rules import QueueRules


class Floor(Protocol):
    """The dispatcher, as the desk uses it."""

    @property
    def board(self) -> Board: ...
    def apply(self, event: BoardEvent) -> Sequence[Result]:
        """Raises IllegalTransition for what an agent's state does not allow."""
        ...

    def watch(self, see: Callable[[Fact, dt.datetime], None]) -> None: ...


@dataclass(frozen=True, slots=True)
class LastCall:
    """What the agent talks about, or did last."""

    queue: QueueName
    call_id: str


class Looking:
    def __init__(self, floor: Floor, clock: Clock) -> None:
        self._floor = floor
        self._clock = clock
        self._last: dict[AgentId, LastCall] = {}

    def agent(self, agent: str) -> AgentView:
        """By id or extension. Raises Unknown."""
        known = self._known(agent)
        last = self._last.get(known.id)
        return agent_view(known, self._floor.board.rules, None if last is None else last.queue)

    def agents(self) -> list[AgentView]:
        return [self.agent(agent) for agent in sorted(self._floor.board.agents)]

    def queues(self) -> list[QueueView]:
        return queue_views(self._floor.board, self._clock.now())

    def entries(self, queue: str | None = None) -> list[EntryView]:
        """Of one queue, or of all: the longest waiting first."""
        board, now = self._floor.board, self._clock.now()
        entries = [entry for entry in board.entries() if queue is None or entry.queue == queue]
        return [entry_view(entry, board, now) for entry in sorted(entries, key=lambda one: one.enqueued_at)]

    def waiting_for(self, agent: str) -> int:
        """How many stand in the lines of that agent's queues."""
        board = self._floor.board
        return sum(board.length(queue) for queue in self._known(agent).queues)

    # --- within

    def _known(self, agent: str) -> Agent:
        agents = self._floor.board.agents
        known = agents.get(AgentId(agent))
        if known is None:
            known = next((one for one in agents.values() if one.extension == agent), None)
        if known is None:
            raise Unknown("unknown_agent", agent)
        return known

    def _queue_of(self, agent: Agent) -> QueueRules | None:
        """The queue of the call that is wrapped up; None for an own call, or a queue that is no more."""
        last = self._last.get(agent.id)
        if last is None or agent.entry is None:
            return None
        return self._floor.board.rules.queues.get(last.queue)
