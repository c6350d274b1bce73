"""What must hold in the database when the last controller has ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

from sqlalchemy import Select, func, select

from ivr.audit.evidence import evidence_of
from ivr.audit.figures import discrepancies
from ivr.projections.rebuilding import Counts, rebuild
from storage import tables
from storage.entry_changes import entry_changes
from storage.missed_tables import missed_calls
from storage.store import Store, UnitOfWork
from tests.machine.town import Town

PROMISE = "cb-"


async def stored(here: Town) -> list[str]:
    """What is wrong."""
    async with await Store.open(here.house.database.url) as store:
        async with store.reading() as uow:
            joined = select(func.count()).where(tables.journal.c.kind == "joined")
            here.joins = (await _rows(uow, joined))[0][0]
            checks = (
                _calls(here, uow),
                _journals(uow),
                _over(uow),
                _agents(here, uow),
                _places(uow),
                _owed(uow),
            )
            wrong = [problem for check in checks async for problem in check]
        counts = Counts()
        async for difference in rebuild(store, (None, None), write=False, counts=counts):
            wrong.append(f"rebuilt otherwise: {difference}")
    return wrong


async def _rows(uow: UnitOfWork, query: Select[*tuple[object, ...]]) -> list[tuple[object, ...]]:
    return [tuple(row) for row in (await uow.connection.execute(query)).all()]


async def _calls(here: Town, uow: UnitOfWork) -> AsyncIterator[str]:
    """Each once, over, with figures that agree."""
    records: Counter[str] = Counter()
    for id, caller in await _rows(uow, select(tables.calls.c.id, tables.calls.c.caller)):
        records[str(caller)] += 1
        record = await uow.calls.get(str(id))
        assert record is not None
        if record.state != "ended":
            yield f"{id} is still {record.state} on record"
        for problem in discrepancies(await evidence_of(uow, record)):
            yield f"{id}: {problem}"
    came = Counter(here.numbers.values())
    for number in came.keys() | records.keys():
        # Agents' own calls, and calls that came out of them, are nobody's of these.
        if number in here.numbers.values():
            called, on_record = came[number], records[number]
            if on_record > called or (not here.troubled and on_record != called):
                yield f"{number} called {called} times, and is on record {on_record} times"


async def _journals(uow: UnitOfWork) -> AsyncIterator[str]:
    """Of calls and of promises."""
    table = tables.journal.c
    numbers: dict[str, list[object]] = {}
    for id, seq in await _rows(uow, select(table.call_id, table.seq).order_by(table.call_id, table.seq)):
        numbers.setdefault(str(id), []).append(seq)
    for id, found in numbers.items():
        if found != list(range(1, len(found) + 1)):
            yield f"the journal of {id} has gaps: {found}"


async def _over(uow: UnitOfWork) -> AsyncIterator[str]:
    for one in await uow.live_calls.all_live("n1"):
        yield f"{one.id} is still among the live calls"
    for entry in await uow.entries.live():
        yield f"the entry {entry.id} is still {entry.state} on record"
    for callback in await uow.callbacks.waiting():
        yield f"the promise {callback.id} is still {callback.state} on record"
    table = tables.recordings.c
    for id, state in await _rows(uow, select(table.id, table.state).where(table.state == "recording")):
        yield f"the recording {id} is still {state} on record"


async def _agents(here: Town, uow: UnitOfWork) -> AsyncIterator[str]:
    """Each agent's history is one chain, whose end is the agent's row; but a kill may fall between row and line."""
    if here.lives > 1:
        return
    table = tables.agent_states.c
    query = select(table.agent_id, table.revision, table.before, table.after)
    last: dict[object, tuple[object, object]] = {}
    for agent, revision, before, after in await _rows(uow, query.order_by(table.agent_id, table.revision)):
        number, state = last.get(agent, (0, before))
        if revision != number + 1 or state != before:  # type: ignore[operator]
            yield f"the history of {agent} has {number} {state}, and then {revision} {before}"
        last[agent] = revision, after
    for record in await uow.agents.all():
        if record.id in last and last[record.id] != (record.revision, record.state):
            yield f"{record.id} is {record.revision} {record.state}, and {last[record.id]} in the history"


async def _places(uow: UnitOfWork) -> AsyncIterator[str]:
    """What an entry was told never grows within a queue."""
    log = select(entry_changes).order_by(entry_changes.c.entry_id, entry_changes.c.revision)
    told: dict[str, tuple[int | None, object]] = {}
    for row in (await uow.connection.execute(log)).all():
        before, queue = told.get(row.entry_id, (None, None))
        announced, now_in = row.data.get("announced", before), row.data.get("queue", queue)
        if before is not None and announced is not None and announced > before and queue == now_in:
            yield f"the entry {row.entry_id} was told the place {before}, and then {announced}"
        told[row.entry_id] = (announced, now_in)


async def _owed(uow: UnitOfWork) -> AsyncIterator[str]:
    """A citizen whom we cut off is owed a call; a promise that was told is kept in the database."""
    owed = {number for (number,) in await _rows(uow, select(missed_calls.c.number))}
    for (id,) in await _rows(uow, select(tables.calls.c.id)):
        record = await uow.calls.get(str(id))
        assert record is not None
        if record.data.get("outcome") == "failed" and record.caller not in owed and "kind" not in record.data:
            yield f"{id} failed, and {record.caller} is owed nothing"
        for event in await uow.journal.of(str(id)):
            promise = event.data.get("callback") if event.kind == "input" else None
            if promise and await uow.callbacks.get(promise) is None:
                yield f"{id} was promised {promise}, which is not there"
