"""The board at a start: agents and entries as they are stored, made true (`routing/restoring.py`)."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from ivr.clock import Clock
from routing.agents import IN_CALL, Agent
from routing.ids import EntryId
from routing.restoring import Restored, restore
from routing.rules import Rules
from storage.errors import StorageAway
from storage.records import AgentRecord
from storage.store import Store

log = logging.getLogger(__name__)


async def restored(store: Store, seed: Iterable[Agent], rules: Rules, clock: Clock, node: str) -> Restored:
    """The agents as the database knows them, else as the seed does, and the entries of calls that may go on: those that
    stand in `live_calls`. Each repair is logged with its reason; its facts go to storage by the dispatcher
    (`Dispatcher.begin`). Promises that wait are not among the entries: `ivr/callback` puts them into line.

    Raises StorageError.
    """
    async with store.reading(last_known=True) as uow:
        stored = {record.id: record.agent() for record in await uow.agents.all()}
        staff = [stored.get(planned.id, planned) for planned in seed]
        new = [agent for agent in staff if agent.id not in stored]
        planned_ids = {agent.id for agent in staff}
        staff += [agent for agent in stored.values() if agent.id not in planned_ids]
        entries = [record.entry() for record in await uow.entries.live()]
        known = {entry.id for entry in entries}
        for agent in staff:
            if agent.state in IN_CALL and agent.entry is not None and agent.entry not in known:
                over = await uow.entries.get(agent.entry)
                if over is not None:
                    known.add(agent.entry)
                    entries.append(over.entry())
        promised = [EntryId(kept.entry_id) for kept in await uow.callbacks.waiting()]
        live = await uow.live_calls.all_live(node)
        # A citizen who was called back, and has a call now, has the place of the promise, which names an earlier one.
        theirs = {entry for record in live for entry in entries_of(record.data)}
        calls = {record.id for record in live} | {one.call_id for one in entries if one.id in theirs}
    try:
        await keep_staff(store, new)
    except StorageAway as error:
        log.warning("%d agents who are new are kept later: %s", len(new), error)
    found = restore(staff, entries, calls, rules, clock.now(), promised)
    for repair in found.repairs:
        log.warning("restored: %s", repair)
    return found


def entries_of(data: Mapping[str, Any]) -> set[str]:
    """The entries with which a call that was kept goes on: its place, and those of the agents in its talk."""
    waiting = data.get("parts", {}).get("waiting", {})
    parties = waiting.get("talk", {}).get("parties", {})
    found = {waiting.get("place", {}).get("entry"), *(party.get("entry") for party in parties.values())}
    return {str(entry) for entry in found if entry}


async def keep_staff(store: Store, agents: Iterable[Agent]) -> None:
    """Whoever is not in the database yet. Raises StorageError."""
    records = [AgentRecord.of(agent) for agent in agents]
    if records:
        async with store.unit_of_work() as uow:
            await uow.agents.upsert(*records)
