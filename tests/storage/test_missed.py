"""The ledger's rows and what stored entries say of callers, on both databases."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from ivr.errors import StorageError
from storage.missed_records import MissedCallRecord, WaitEstimateRecord
from storage.promises import CallbackRecord
from storage.records import EntryRecord
from storage.store import Store
from tests.storage import samples as s


def missed(id: str, key: str = "k1", **changes: object) -> MissedCallRecord:
    made = MissedCallRecord(
        id, key, "13812345678", "abandoned", {"abandoned": 1}, 1, s.T0, s.T0, s.at(3600), "c-n1-1", "general"
    )
    return replace(made, **changes)  # type: ignore[arg-type]


async def test_a_caller_has_one_open_obligation_at_most(store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.missed.upsert(missed("m-1"))
    with pytest.raises(StorageError):
        async with store.unit_of_work() as uow:
            await uow.missed.upsert(missed("m-2"))
    async with store.unit_of_work() as uow:
        closed = missed("m-1", state="closed", closed_how="hand", closed_at=s.at(9), revision=1)
        await uow.missed.upsert(closed)
        await uow.missed.upsert(missed("m-2"), missed("m-3", "k2", due_at=s.at(60), reason="voicemail"))
        # A late older write does not open it again.
        await uow.missed.upsert(missed("m-1"))
    async with store.reading() as uow:
        assert [one.id for one in await uow.missed.listed()] == ["m-3", "m-2"]
        assert await uow.missed.open_of("k1") == missed("m-2")
        assert await uow.missed.get("m-1") == closed
        assert [one.id for one in await uow.missed.listed(due_before=s.at(100))] == ["m-3"]
        assert [one.id for one in await uow.missed.listed(state=None, reason="voicemail")] == ["m-3"]
        counts = await uow.missed.counts(s.at(-1), s.at(1), s.at(100))
    assert (counts.obligations, counts.calls, counts.open, counts.overdue) == (3, 3, 2, 1)
    assert (counts.closed, counts.reasons) == ({"hand": 1}, {"abandoned": 2, "voicemail": 1})


async def test_whether_a_call_is_in_the_ledger_already(store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.missed.upsert(missed("m-1", last_at=s.at(50)), missed("m-2", "", call_id="c-n1-7"))
        await uow.calls.upsert(
            s.call("c-n1-1", state="ended", ended_at=s.at(90)),
            s.call("c-n1-2", state="ended", ended_at=s.at(80)),
            s.call("c-n1-3", state="ended", ended_at=s.at(70)),
            s.call("c-n1-4", started_at=s.at(-9000), state="ended", ended_at=s.at(95)),
            s.call("c-n1-5"),
        )
    async with store.reading() as uow:
        assert await uow.missed.counted("k1", "c-n1-5", s.at(50))
        assert not await uow.missed.counted("k1", "c-n1-5", s.at(51))
        assert await uow.missed.counted("k2", "c-n1-1", s.at(51))
        # Withheld numbers are nobody's in particular.
        assert not await uow.missed.counted("", "c-n1-8", s.at(-9))
        found = await uow.calls.ended_since(s.at(75), dt.timedelta(hours=2))
    assert [call.id for call in found] == ["c-n1-2", "c-n1-1"]


async def test_the_hit_rate_is_read_from_the_newest_estimates(store: Store) -> None:
    def made(number: int, hit: bool | None) -> WaitEstimateRecord:
        return WaitEstimateRecord(
            f"e{number}", "entry", "general", s.at(number), 2, 3, 60.0, 120.0, True, 70.5, hit
        )

    async with store.unit_of_work() as uow:
        rows = [made(1, True), made(2, False), made(3, None), made(4, True)]
        await uow.wait_estimates.append(*rows)
        await uow.wait_estimates.append(rows[0])
    async with store.reading() as uow:
        found = await uow.wait_estimates.measured("general", s.T0, 2)
        assert [one.id for one in found] == ["e2", "e4"]
        assert await uow.wait_estimates.of_entry("entry") == rows


async def test_entries_tell_of_last_agents_lost_places_and_talks(store: Store) -> None:
    def entry(id: str, outcome: str, ended: float, agent: str | None = None, key: str = "k1") -> EntryRecord:
        joined = s.at(ended - 60) if outcome == "served" else None
        made = EntryRecord.of(s.entry())
        return replace(
            made,
            id=id,
            state="ended",
            outcome=outcome,
            ended_at=s.at(ended),
            joined_at=joined,
            agent=agent,
            caller_key=key,
        )

    async with store.unit_of_work() as uow:
        await uow.entries.upsert(
            entry("e1", "served", 10, "a1"),
            entry("e2", "served", 20, "a2"),
            entry("e3", "served", 30, "a3", "k2"),
            entry("e4", "abandoned", 40),
            entry("e5", "failed", 50, key=""),
            entry("e6", "timeout", 60),
        )
    async with store.reading() as uow:
        assert await uow.waits.last_agents({"k1", "nobody"}, s.at(0)) == {"k1": "a2"}
        assert await uow.waits.last_agents({"k1"}, s.at(25)) == {}
        assert [one.id for one in await uow.waits.lost_places(s.at(0))] == ["e4"]
        talks = await uow.waits.talks(s.at(15))
    assert [(queue, (ended - joined).total_seconds()) for queue, joined, ended in talks] == [
        ("general", 60.0),
        ("general", 60.0),
    ]


async def test_a_promise_keeps_how_it_is_to_be_carried_out(store: Store) -> None:
    plan = {"order": "citizen_first", "ask": {"prompt": ["callback.here"]}}
    kept = CallbackRecord(
        "cb-1", "c-1", "e-1", "general", "13812345678", s.T0, s.T0 + dt.timedelta(seconds=1), plan=plan
    )
    async with store.unit_of_work() as uow:
        await uow.callbacks.upsert(kept)
    async with store.reading() as uow:
        assert await uow.callbacks.get("cb-1") == kept
