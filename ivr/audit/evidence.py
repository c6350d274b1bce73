"""All that is stored about a call, together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from storage.records import AgentStateChange, CallRecord, DecisionRecord, EntryRecord, JournalEvent
from storage.store import UnitOfWork


@dataclass(frozen=True, slots=True)
class Evidence:
    """states: the changes of every agent's state that name an entry of the call, by agent and in order."""

    record: CallRecord
    journal: Sequence[JournalEvent]
    entries: Sequence[EntryRecord]
    decisions: Sequence[DecisionRecord]
    states: Sequence[AgentStateChange]

    def notes(self, kind: str) -> list[JournalEvent]:
        return [event for event in self.journal if event.kind == kind]


async def evidence_of(uow: UnitOfWork, record: CallRecord) -> Evidence:
    """Raises StorageError."""
    entries = await uow.entries.of_call(record.id)
    agents = {entry.agent for entry in entries if entry.agent}
    decisions = await uow.decisions.of_call(record.id)
    agents |= {decision.agent for decision in decisions if decision.agent}
    known = {entry.id for entry in entries}
    states = [
        change
        for agent in sorted(agents)
        for change in await uow.agent_states.of(agent, limit=100_000)
        if change.entry in known
    ]
    return Evidence(record, await uow.journal.of(record.id), entries, decisions, states)
