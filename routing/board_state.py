"""What the board holds and the one way in which each part of it changes. `board.py` decides; this keeps the books."""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Iterable, Mapping
from typing import Literal

from routing import agents as ag
from routing import entries as en
from routing.agent_limits import next_at
from routing.agents import Agent
from routing.board_events import AgentChanged, BoardEvent, Decided, EntryChanged, Ignored, Result
from routing.decisions import Decision, Wait
from routing.entries import Entry
from routing.floor import Floor
from routing.ids import AgentId, EntryId, QueueName
from routing.line import Line, Place
from routing.rules import QueueRules, Rank, Rules

_UNKNOWN = QueueRules(QueueName(""))
"""Stands in for a queue that the rules no longer have, so that its entries can still be found and ended."""


def _timing(agent: Agent) -> tuple[object, ...]:
    """What decides when time alone changes the agent."""
    return agent.state, agent.since, agent.until, agent.reminders


class BoardState:
    """Agents, entries and deadlines, changed only through the tables; every change is noted as a fact."""

    def __init__(self, rules: Rules, agents: Iterable[Agent] = (), entries: Iterable[Entry] = ()) -> None:
        self._rules = rules
        self._closed: frozenset[QueueName] = frozenset()
        self._floor = Floor(agents)
        self._line = Line()
        self._deadlines: list[tuple[float, Literal["entry", "agent"], str]] = []
        self._out: list[Result] = []
        self._said: dict[EntryId, Wait] = {}
        for entry in entries:
            if entry.state != "ended":
                self._keep(entry)
                self._at(dt.datetime.fromtimestamp(0, dt.UTC), "entry", entry.id)
        for agent in self._floor.agents.values():
            self._watch(agent)

    # --- what the shell may ask

    @property
    def rules(self) -> Rules:
        return self._rules

    @property
    def agents(self) -> Mapping[AgentId, Agent]:
        return self._floor.agents

    def entry(self, id: EntryId) -> Entry | None:
        """None once it has ended."""
        return self._line.get(id)

    def entries(self) -> list[Entry]:
        return list(self._line.entries())

    def place(self, id: EntryId) -> Place | None:
        """The true place; what is told is never greater than `entry.announced`."""
        return self._line.place(id)

    def length(self, queue: QueueName) -> int:
        """How many stand in that line."""
        return self._line.length(queue)

    def next_deadline(self) -> dt.datetime | None:
        return dt.datetime.fromtimestamp(self._deadlines[0][0], dt.UTC) if self._deadlines else None

    # --- state

    def _agent(self, agent: Agent, event: ag.AgentEvent, now: dt.datetime) -> Agent:
        after = ag.apply(agent, event, now, self._rules.agents)
        if after is not agent:
            self._floor.put(after)
            self._out.append(AgentChanged(agent, after, event))
            if _timing(after) != _timing(agent):
                self._watch(after)
        return after

    def _watch(self, agent: Agent) -> None:
        """Look again when the agent's wrap-up or a limit of its state is over."""
        when = next_at(agent, self._rules.agents)
        if when is not None:
            self._at(when, "agent", agent.id)

    def _entry(self, entry: Entry, event: en.EntryEvent, now: dt.datetime) -> Entry:
        after = en.apply(entry, event, now)
        if after is entry:
            return entry
        if after.state != "ended":
            self._keep(after)
        elif self._line.get(entry.id) is not None:
            self._line.remove(entry.id)
            self._said.pop(entry.id, None)
        self._out.append(EntryChanged(entry, after, event))
        return after

    def _keep(self, entry: Entry) -> None:
        queue = self._queue(entry)
        needs = queue.needs(entry)
        self._floor.census(entry.queue, needs)
        self._line.put(entry, queue.rank(entry), (entry.queue, needs))

    def _queue(self, entry: Entry) -> QueueRules:
        return self._rules.queues.get(entry.queue, _UNKNOWN)

    def _ring_s(self, entry: Entry) -> float:
        return entry.ring_s if entry.ring_s is not None else self._queue(entry).ring_s

    def _rank(self, entry: Entry) -> Rank:
        return self._queue(entry).rank(entry)

    def _offered_agent(self, entry: Entry) -> Agent | None:
        if entry.state not in ("offered", "ringing") or entry.agent is None:
            return None
        return self._floor.agents.get(entry.agent)

    def _decided(self, entry: Entry, decision: Decision) -> None:
        if isinstance(decision, Wait):
            # Looking again and finding the same is no new decision.
            if self._said.get(entry.id) == decision:
                return
            self._said[entry.id] = decision
        self._out.append(Decided(entry.call_id, entry.revision, decision, self._rules.skills))

    def _ignore(self, event: BoardEvent, why: str) -> None:
        self._out.append(Ignored(event, why))

    def _at(self, when: dt.datetime, kind: Literal["entry", "agent"], id: str) -> None:
        heapq.heappush(self._deadlines, (when.timestamp(), kind, id))
