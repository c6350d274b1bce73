"""All that is stored about a call, together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ivr.clock_jumps import jumps_on_record
from ivr.steady_clock import Jump
from storage.records import AgentStateChange, CallRecord, DecisionRecord, EntryRecord, JournalEvent
from storage.store import UnitOfWork


@dataclass(frozen=True, slots=True)
class Evidence:
    """states: the changes of every agent's state that name an entry of the call, by agent and in order.
    jumps: of the machine's clock until the call's end."""

    record: CallRecord
    journal: Sequence[JournalEvent]
    entries: Sequence[EntryRecord]
    decisions: Sequence[DecisionRecord]
    states: Sequence[AgentStateChange]
    jumps: Sequence[Jump] = ()

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
    journal = await uow.journal.of(record.id)
    until = journal[-1].at if journal else record.ended_at or record.started_at
    jumps = await jumps_on_record(uow, record.node, until)
    return Evidence(record, journal, entries, decisions, states, jumps)
