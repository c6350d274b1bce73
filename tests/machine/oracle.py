"""What must hold: at every moment, for whatever lasts, and at the end when everybody has hung up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Final

from sqlalchemy import func, select

from ivr.audit.evidence import evidence_of
from ivr.audit.figures import discrepancies
from ivr.projections.rebuilding import Counts, rebuild
from ivr.reconcile.compare import compare
from ivr.reconcile.views import Asterisk, SeenChannel
from routing.invariants import faults
from storage import tables
from storage.entry_changes import entry_changes
from storage.store import Store, UnitOfWork
from tests.machine.controller import Controller
from tests.machine.town import Town

AT_ONCE: Final = frozenset(
    {
        "agent_has_two",
        "waits_beyond_the_limit",
        "step_should_have_relaxed",
        "free_beside_a_caller_who_fits",
        "rung_beside_others_while_a_caller_waits",
        "free_beside_a_caller_rung_by_too_few",
        "place_is_wrong",
        "place_grew",
        "reserved_for_nobody",
        "offered_to_nobody",
    }
)
"""Faults of the board that must not be there even for a moment."""
WITHIN_S: Final = 7.0
"""What is not so is repaired by then: the reconciler's 5 s, and the time that its commands and their events take."""


class Watch:
    """`look` often. What it gives is wrong."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, str], float] = {}

    def look(self, here: Town) -> Iterator[str]:
        now = here.now
        if now is None:
            self._since.clear()
            return
        wrong = list(faults(now.dispatcher.board, here.house.clock.now()))
        for fault in wrong:
            if fault.code in AT_ONCE:
                yield f"the board: {fault}"
        if not (here.calm or not here.troubled):
            self._since.clear()
            return
        found = compare(
            now.reconciler.books.records(map(str, wrong)),
            Asterisk(
                {
                    one.id: SeenChannel(one.id, one.in_stasis, tuple(one.app_args))
                    for one in here.world.channels.values()
                },
                {one.id: frozenset(one.channels) for one in here.world.bridges.values()},
            ),
        )
        self._since = {one.key: self._since.get(one.key, here.time) for one in found}
        for one in found:
            if here.time - self._since[one.key] > WITHIN_S:
                yield f"lasts longer than {WITHIN_S:g} s: {one}"


def left(here: Town, now: Controller) -> Iterator[str]:
    """Everybody has hung up: what there is still. Nothing, soon."""
    world = here.world
    for name, there in (
        ("channels", sorted(world.channels)),
        ("bridges", sorted(world.bridges)),
        ("playbacks", sorted(world.playbacks)),
        ("recordings", sorted(world.recordings)),
        ("sessions", [session.call for session in now.door.registry]),
        ("other channels of ours", sorted(now.door.registry.others)),
        ("calls made by us", sorted(now.door.registry.made)),
        ("talks", [talk.call for talk in now.work.in_talk]),
        ("conversations", [one.id for one in now.work.talks]),
        ("entries", [one.id for one in now.dispatcher.board.entries()]),
        ("promises", [one.id for one in now.callbacks.lines()]),
        ("agents not free", _busy(now)),
        ("ears", [""] * here.house.ears.open_now),
        ("requests", [""] * here.house.outside.running),
        ("supervisors", [one.supervisor for one in now.supervising.now()]),
    ):
        if there:
            yield f"{name} remain: {there}"


def _busy(now: Controller) -> list[str]:
    states = ("offline", "available", "paused")
    return [
        f"{one.id} {one.state} {one.own_call}"
        for one in now.dispatcher.board.agents.values()
        if one.state not in states
    ]


async def stored(here: Town) -> list[str]:
    """After the last controller has ended: what is wrong in the database."""
    async with await Store.open(here.house.database.url) as store:
        async with store.reading() as uow:
            wrong = [problem async for problem in _calls(here, uow)]
            wrong += [problem async for problem in _rest(here, uow)]
        counts = Counts()
        async for difference in rebuild(store, (None, None), write=False, counts=counts):
            wrong.append(f"rebuilt otherwise: {difference}")
    return wrong


async def _calls(here: Town, uow: UnitOfWork) -> AsyncIterator[str]:
    rows = (await uow.connection.execute(select(tables.calls.c.id, tables.calls.c.caller))).all()
    per_number: dict[str, int] = {}
    for id, caller in rows:
        per_number[caller] = per_number.get(caller, 0) + 1
        record = await uow.calls.get(id)
        assert record is not None
        if record.state != "ended":
            yield f"{id} is still {record.state} on record"
        for problem in discrepancies(await evidence_of(uow, record)):
            yield f"{id}: {problem}"
    came: dict[str, int] = {}
    for number in here.numbers.values():
        came[number] = came.get(number, 0) + 1
    for number in came.keys() | per_number.keys():
        if not number.startswith("138"):
            continue
        calls, records = came.get(number, 0), per_number.get(number, 0)
        if records > calls or (not here.troubled and records != calls):
            yield f"{number} called {calls} times, and is on record {records} times"


async def _rest(here: Town, uow: UnitOfWork) -> AsyncIterator[str]:
    journal = select(tables.journal.c.call_id, tables.journal.c.seq).order_by(
        tables.journal.c.call_id, tables.journal.c.seq
    )
    numbers: dict[str, list[int]] = {}
    joined = select(func.count()).where(tables.journal.c.kind == "joined")
    here.joins = (await uow.connection.execute(joined)).scalar() or 0
    for id, seq in (await uow.connection.execute(journal)).all():
        numbers.setdefault(id, []).append(seq)
    for id, found in numbers.items():
        if found != list(range(1, len(found) + 1)):
            yield f"the journal of {id} has gaps: {found}"
    for one in await uow.live_calls.all_live("n1"):
        yield f"{one.id} is still among the live calls"
    for entry in await uow.entries.live():
        yield f"the entry {entry.id} is still {entry.state} on record"
    for callback in await uow.callbacks.waiting():
        yield f"the promise {callback.id} is still {callback.state} on record"
    told: dict[str, tuple[int | None, object]] = {}
    log = select(entry_changes).order_by(entry_changes.c.entry_id, entry_changes.c.revision)
    for row in (await uow.connection.execute(log)).all():
        before, queue = told.get(row.entry_id, (None, None))
        announced, now_in = row.data.get("announced", before), row.data.get("queue", queue)
        if before is not None and announced is not None and announced > before and queue == now_in:
            yield f"the entry {row.entry_id} was told the place {before}, and then {announced}"
        told[row.entry_id] = (announced, now_in)
