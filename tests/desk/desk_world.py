"""A desk over a real board, with a clock that a test turns, and what it wrote down."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from ivr.desk.people import Author
from ivr.desk.service import Desk
from ivr.desk.views import refuses
from ivr.ids import ChannelId
from ivr.talk.conversations import Conversations
from routing import board_events as ev
from routing.board import Board
from routing.entries import enter
from routing.ids import EntryId, QueueName
from routing.rules_load import load_agents, load_rules
from storage.act_records import ActRecord
from storage.wrap_up_records import WrapUpRecord

T0 = dt.datetime(2026, 11, 22, 8, 0, tzinfo=dt.UTC)
RULES = """
skills: {mandarin: {zh: 普通话}, english: {en: English}}
wrap_up_codes:
  solved: {title: {zh: 已解决}, key: "1"}
  ticket: {title: {zh: 已转工单}, key: "2"}
queues:
  general: {ring_s: 20, wrap_up_s: 10}
  strict: {wrap_up_s: 10, wrap_up_code_required: true, wrap_up_codes: [ticket]}
agents:
  limits:
    reserved: [{after_s: 10, then: available}]
    paused: [{after_s: 3600, then: offline}]
  pauses:
    meal: {key: "1", limits: [{after_s: 60, then: remind}, {after_s: 120, then: available}]}
    training: {key: "2"}
    break: {}
"""
AGENTS = """
agents:
  - {id: ann, name: Ann, extension: "1001", skills: {mandarin: 5}, queues: [general, strict]}
  - {id: bob, name: Bob, extension: "1002", skills: {mandarin: 5}, queues: [general]}
"""
ANN, BOB = Author.of_agent("ann"), Author.of_agent("bob")
SUE = Author("sue", "supervisor")
AUDITOR = Author("amy", "auditor")


class House:
    """The dispatcher's part for a `Desk`, and its clock. `commands`: what the board wanted done."""

    def __init__(self, pins: dict[str, str] | None = None, rules: str = RULES) -> None:
        compiled = load_rules(rules)
        self.board = Board(compiled, load_agents(AGENTS, compiled, T0))
        self.seconds = 0.0
        self.commands: list[ev.Result] = []
        self.facts: list[Any] = []
        self.ended: list[ChannelId] = []
        self.reminded: list[tuple[str, float]] = []
        self.refused: list[tuple[str, str]] = []
        self.talks = Conversations()
        self._see: list[Callable[[ev.Fact, dt.datetime], None]] = []
        self.desk = Desk(
            self,
            self,
            self.facts.append,
            self.talks,
            self.ended.append,
            pins,
            lambda view, after_s: self.reminded.append((view.id, after_s)),
            refused=lambda view: self.refused.append((view.id, refuses(view))),
        )

    def now(self) -> dt.datetime:
        return T0 + dt.timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def watch(self, see: Callable[[ev.Fact, dt.datetime], None]) -> None:
        self._see.append(see)

    def apply(self, event: ev.BoardEvent) -> list[ev.Result]:
        results = self.board.apply(event, self.now())
        for result in results:
            if isinstance(result, ev.EntryChanged | ev.AgentChanged):
                for see in self._see:
                    see(result, self.now())
            self.commands.append(result)
        return results

    def at(self, seconds: float) -> None:
        """It is so late now, and what is due by then happens."""
        while (due := self.board.next_deadline()) is not None:
            if due > T0 + dt.timedelta(seconds=seconds):
                break
            self.seconds = max(self.seconds, (due - T0).total_seconds())
            self.apply(ev.Tick())
        self.seconds = seconds

    def call(self, id: str, queue: str = "general") -> EntryId:
        entry = enter(EntryId(id), QueueName(queue), f"c-n1-{id}", self.now())
        self.apply(ev.EntryArrived(entry))
        return entry.id

    def served(self, id: str, queue: str = "general") -> EntryId:
        """A call that the agent who is free has talked about: wrap-up begins."""
        entry = self.call(id, queue)
        agent = self.agent_of(entry)
        self.apply(ev.Rang(entry, agent))
        self.apply(ev.Answered(entry, agent))
        self.apply(ev.TalkEnded(entry, agent))
        return entry

    def agent_of(self, entry: EntryId) -> Any:
        found = self.board.entry(entry)
        assert found is not None and found.agent is not None
        return found.agent

    def state(self, agent: str) -> str:
        return self.desk.agent(agent).state

    @property
    def acts(self) -> list[ActRecord]:
        return [fact for fact in self.facts if isinstance(fact, ActRecord)]

    @property
    def wrap_ups(self) -> list[WrapUpRecord]:
        return [fact for fact in self.facts if isinstance(fact, WrapUpRecord)]
