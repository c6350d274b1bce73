"""Gathers what is stored of one call. The same on SQLite and Postgres."""

from __future__ import annotations

from ivr.errors import HotlineError
from ivr.explain.facts import TOLD, Facts
from storage.store import Store


class UnknownCall(HotlineError):
    """There is nothing to explain."""


async def facts_of(store: Store, call_id: str) -> Facts:
    """Raises UnknownCall, and StorageError when the database does not answer."""
    async with store.reading() as uow:
        call = await uow.calls.get(call_id)
        if call is None:
            raise UnknownCall(
                f"there is no call {call_id}",
                mend="ids begin with c-; `ivr transcripts search` and the status page show them",
            )
        entries = await uow.entries.of_call(call_id)
        agents = {agent.id: agent for agent in await uow.agents.all()}
        before, meanwhile = [], []
        if entries:
            since = min(entry.enqueued_at for entry in entries)
            ends = [entry.joined_at or entry.ended_at for entry in entries]
            before = await uow.agent_states.as_of(since)
            known = [end for end in ends if end is not None]
            if known:
                meanwhile = await uow.agent_states.between(since, max(known))
        return Facts(
            call=call,
            entries=entries,
            decisions=await uow.decisions.of_call(call_id),
            changes=await uow.agent_states.of_entries([entry.id for entry in entries]),
            before=before,
            meanwhile=meanwhile,
            journal=await uow.journal.of_kinds([call_id], TOLD),
            acts=await uow.acts.of_call(call_id),
            wrap_ups=await uow.wrap_ups.of_call(call_id),
            agents=agents,
        )
