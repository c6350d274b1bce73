"""What goes back onto the board at a start: stored agents and entries, made true. Pure.

    back = restore(agents, entries, calls, rules, now)
    board = Board(rules, back.agents, back.entries)  # then `Tick`; `back.facts` to storage

Theory of operation. Whoever ran before may have died between any two writes, so that an agent and an entry say
different things of each other. A talk is believed only when both say so and its call goes on. An offer is over: whoever
was rung is not rung any more, and is free again without a miss; the entry waits in its old place, with its old age and
the place that was told. Nothing of what an agent or a caller chose (pause, log-out, wrap-up and its end) changes.
Every change goes through the tables of `agents.py` and `entries.py`, and each has a reason.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from routing import agents as ag
from routing import entries as en
from routing.agents import IN_CALL, OFFERED, Agent
from routing.board_events import AgentChanged, EntryChanged
from routing.entries import IN_LINE, Entry
from routing.ids import AgentId, EntryId
from routing.rules import Rules

RESTART = "restart"
OWN_TELEPHONE = "PJSIP/"
"""So begins the id of an own call that routing only sees the telephone of (`Agent.own_call`)."""

RepairCode = Literal[
    "offer_over", "call_over", "talk_over", "talk_denied", "own_call_over", "wanted_one_person"
]


@dataclass(frozen=True, slots=True)
class Repair:
    """One thing that was not so any more. why: in plain English, for the log."""

    code: RepairCode
    entry: EntryId | None = None
    agent: AgentId | None = None
    why: str = ""

    def __str__(self) -> str:
        about = " ".join(each for each in (self.entry, self.agent) if each)
        return f"{self.code}: {about}: {self.why}"


@dataclass(frozen=True, slots=True)
class Restored:
    """entries: those that go onto the board. facts: what changed, ended entries too."""

    agents: tuple[Agent, ...]
    entries: tuple[Entry, ...] = ()
    facts: tuple[AgentChanged | EntryChanged, ...] = ()
    repairs: tuple[Repair, ...] = ()


def restore(
    agents: Iterable[Agent],
    entries: Iterable[Entry],
    calls: Collection[str],
    rules: Rules,
    now: dt.datetime,
    promised: Collection[EntryId] = (),
) -> Restored:
    """entries: all that are not ended, and the ended ones that an agent in a call names. calls: ids of the calls that
    may go on. promised: entries whose caller is not on the line; who keeps the promises puts those that wait into line.
    """
    return _Restoring(agents, entries, frozenset(calls), rules, now, frozenset(promised)).all()


class _Restoring:
    def __init__(
        self,
        agents: Iterable[Agent],
        entries: Iterable[Entry],
        calls: frozenset[str],
        rules: Rules,
        now: dt.datetime,
        promised: frozenset[EntryId],
    ) -> None:
        self._agents = {agent.id: agent for agent in agents}
        self._entries = {entry.id: entry for entry in entries}
        self._calls = calls
        self._rules = rules
        self._now = now
        self._promised = promised
        self._facts: list[AgentChanged | EntryChanged] = []
        self._repairs: list[Repair] = []

    def all(self) -> Restored:
        for entry in list(self._entries.values()):
            if entry.state != "ended":
                self._look_at_entry(entry)
        for agent in list(self._agents.values()):
            self._look_at_agent(agent)
        waits = tuple(
            entry
            for entry in self._entries.values()
            if entry.state == "joined" or (entry.state == "waiting" and entry.id not in self._promised)
        )
        return Restored(tuple(self._agents.values()), waits, tuple(self._facts), tuple(self._repairs))

    # --- entries

    def _look_at_entry(self, entry: Entry) -> None:
        if entry.id in self._promised:
            if entry.state in IN_LINE and entry.state != "waiting":
                self._entry(entry, en.Withdrawn(RESTART))
                self._repair("offer_over", entry, entry.agent, "the promise was being carried out")
            elif entry.state == "joined" and not self._holds(entry):
                self._entry(entry, en.Requeued(RESTART))
                self._repair("talk_denied", entry, entry.agent, "the agent has no such talk; promised on")
            return
        if entry.call_id not in self._calls:
            self._entry(entry, en.Ended("served" if entry.state == "joined" else "failed"))
            self._repair("call_over", entry, entry.agent, f"its call is over; it was {entry.state}")
        elif entry.only is not None and entry.state in IN_LINE:
            self._entry(entry, en.Ended("failed"))
            self._repair("wanted_one_person", entry, entry.only, "nobody is rung any more for one person")
        elif entry.state in ("offered", "ringing"):
            self._entry(entry, en.Withdrawn(RESTART))
            self._repair("offer_over", entry, entry.agent, "waits on in its old place")
        elif entry.state == "joined" and not self._holds(entry):
            if entry.only is not None:
                self._entry(entry, en.Ended("failed"))
            else:
                self._entry(entry, en.Requeued(RESTART))
            self._repair("talk_denied", entry, entry.agent, "the agent has no such talk; in line again")

    def _holds(self, entry: Entry) -> bool:
        agent = None if entry.agent is None else self._agents.get(entry.agent)
        return agent is not None and agent.state in IN_CALL and not agent.own_call and agent.entry == entry.id

    def _entry(self, entry: Entry, event: en.EntryEvent) -> None:
        after = en.apply(entry, event, self._now)
        self._entries[entry.id] = after
        self._facts.append(EntryChanged(entry, after, event))

    # --- agents, after the entries

    def _look_at_agent(self, agent: Agent) -> None:
        if agent.state in OFFERED:
            self._agent(agent, ag.Withdraw(RESTART))
            self._repair_agent("offer_over", agent, f"was {agent.state}; nothing was missed")
        elif agent.state in IN_CALL and agent.own_call:
            if agent.own_call not in self._calls and not agent.own_call.startswith(OWN_TELEPHONE):
                self._agent(agent, ag.CallOutEnded(0.0))
                self._repair_agent("own_call_over", agent, f"{agent.own_call} is over")
        elif agent.state in IN_CALL:
            entry = None if agent.entry is None else self._entries.get(agent.entry)
            if entry is None or entry.state != "joined" or entry.agent != agent.id:
                self._wrap_up(agent, entry)
                self._repair_agent("talk_over", agent, "the talk is over: wrap-up")

    def _wrap_up(self, agent: Agent, entry: Entry | None) -> None:
        """As long as the queue wants it; none where the queue is not known."""
        queue = None if entry is None else self._rules.queues.get(entry.queue)
        wrapping = self._agent(agent, ag.EndTalk(0.0 if queue is None else queue.wrap_up_ends_s))
        if wrapping.until is not None and wrapping.until <= self._now:
            self._agent(wrapping, ag.WrapUpDone())

    def _agent(self, agent: Agent, event: ag.AgentEvent) -> Agent:
        after = ag.apply(agent, event, self._now, self._rules.agents)
        self._agents[agent.id] = after
        self._facts.append(AgentChanged(agent, after, event))
        return after

    def _repair(self, code: RepairCode, entry: Entry, agent: AgentId | None, why: str) -> None:
        self._repairs.append(Repair(code, entry.id, agent, why))

    def _repair_agent(self, code: RepairCode, agent: Agent, why: str) -> None:
        self._repairs.append(Repair(code, agent.entry, agent.id, why))
