"""Calls of an earlier controller, which this one goes on with or ends: judged from what the database has of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ivr.missed.judging import CallsSeen, Judgement
from ivr.missed.settings import Policy
from storage.records import CallRecord, Fact
from storage.store import UnitOfWork


@dataclass(frozen=True, slots=True)
class Unjudged:
    """An earlier controller's call that is over now. ended: its record. again: it may be in the ledger already."""

    ended: CallRecord
    again: bool = False


async def is_stored(uow: UnitOfWork, call: str) -> bool:
    """The database has the end of this call, and so all that came before it. Raises StorageError."""
    found = await uow.calls.get(call)
    return found is not None and found.state == "ended"


async def judgements(uow: UnitOfWork, over: Unjudged, policy: Policy) -> list[Judgement]:
    """What there is to say of it, in the order in which it happened, as if it had been seen from its beginning.

    What the earlier controller said already is said again: it changes nothing. Raises StorageError.
    """
    call = over.ended
    seen = CallsSeen(policy)
    facts: list[Fact] = [replace(call, state="live")]
    facts += await uow.journal.of(call.id)
    for entry in await uow.entries.of_call(call.id):
        if entry.joined_at is not None:
            facts.append(replace(entry, state="joined", since=entry.joined_at))
        facts.append(entry)
    facts += await uow.recordings.of_call(call.id)
    return [judgement for fact in (*facts, call) for judgement in seen.see(fact)]
