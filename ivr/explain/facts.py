"""What is known of one call and of the agents meanwhile: the raw material of an explanation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from storage.act_records import ActRecord
from storage.records import (
    AgentRecord,
    AgentStateChange,
    CallRecord,
    DecisionRecord,
    EntryRecord,
    JournalEvent,
)
from storage.wrap_up_records import WrapUpRecord

TOLD = ("place_told", "place_returned", "joined", "called_out", "talk", "parted", "failed")
"""Kinds of journal events that belong to the story."""


@dataclass(frozen=True, slots=True)
class Facts:
    """changes: of agents, about the call's entries. before: each agent's last change before the first entry.
    meanwhile: of all agents while the caller waited. Each in the order of time."""

    call: CallRecord
    entries: Sequence[EntryRecord] = ()
    decisions: Sequence[DecisionRecord] = ()
    changes: Sequence[AgentStateChange] = ()
    before: Sequence[AgentStateChange] = ()
    meanwhile: Sequence[AgentStateChange] = ()
    journal: Sequence[JournalEvent] = ()
    acts: Sequence[ActRecord] = ()
    wrap_ups: Sequence[WrapUpRecord] = ()
    agents: Mapping[str, AgentRecord] = field(default_factory=dict)

    def name(self, agent: str | None) -> str:
        known = self.agents.get(agent or "")
        return f"{known.name} ({agent})" if known is not None else (agent or "?")
