"""What every store must do, the same on SQLite and Postgres."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace

import pytest

from routing.agents import Force, LogIn
from routing.board_events import AgentChanged
from storage.errors import StorageRefused
from storage.records import AgentRecord, AgentStateChange, CallRecord, DecisionRecord, EntryRecord
from storage.store import Store, UnitOfWork
from tests.storage import samples as s


async def test_a_call_comes_back_as_it_was_stored(store: Store) -> None:
    record = s.call(answered_at=s.at(1), ended_at=s.at(60), ended_by="caller", cause=16, state="ended")
    async with store.unit_of_work() as uow:
        await uow.calls.upsert(record)
    async with store.reading() as uow:
        assert await uow.calls.get(record.id) == record
        assert await uow.calls.get("nobody") is None


async def test_times_come_back_aware_in_utc_to_the_microsecond(store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.calls.upsert(s.call(started_at=s.T0.astimezone(s.SHANGHAI)))
    async with store.reading() as uow:
        found = await uow.calls.get("c-n1-1")
    assert found is not None
    assert found.started_at == s.T0
    assert found.started_at.utcoffset() == dt.timedelta(0)


async def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    with pytest.raises(StorageRefused, match="without a zone"):
        async with store.unit_of_work() as uow:
            await uow.calls.upsert(s.call(started_at=s.T0.replace(tzinfo=None)))


async def test_an_older_revision_does_not_replace_a_newer_one(store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.calls.upsert(s.call(revision=2, language="en"))
        await uow.calls.upsert(s.call(revision=1, language="zh"))
        assert (await _call(uow)).language == "en"
        await uow.calls.upsert(s.call(revision=2, language="yue"))
        assert (await _call(uow)).language == "yue"


async def test_live_and_recent_calls(store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.calls.upsert(
            s.call("b", started_at=s.at(2)),
            s.call("a", started_at=s.at(1)),
            s.call("c", started_at=s.at(3), state="ended"),
        )
    async with store.reading() as uow:
        assert [each.id for each in await uow.calls.live()] == ["a", "b"]
        assert [each.id for each in await uow.calls.recent(2)] == ["c", "b"]


async def test_the_journal_keeps_order_and_takes_nothing_twice(store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.journal.append(s.event(2), s.event(1), s.event(1, "other"))
        await uow.journal.append(replace(s.event(2), kind="forged"), s.event(3, text="你好", deep={"a": [1]}))
    async with store.reading() as uow:
        assert await uow.journal.of("c-n1-1") == [
            s.event(1),
            s.event(2),
            s.event(3, text="你好", deep={"a": [1]}),
        ]
        assert await uow.journal.last_seq("c-n1-1") == 3
        assert await uow.journal.last_seq("nobody") == 0


async def test_transcripts_keep_their_words(store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.transcripts.append(s.line(2), s.line(1), s.line(1))
    async with store.reading() as uow:
        assert await uow.transcripts.of("c-n1-1") == [s.line(1), s.line(2)]


async def test_an_entry_comes_back_as_routing_knows_it(store: Store) -> None:
    entry = s.entry()
    async with store.unit_of_work() as uow:
        await uow.entries.upsert(EntryRecord.of(entry))
    async with store.reading() as uow:
        found = await uow.entries.get("e1")
        assert found is not None
        assert found.entry() == entry
        assert await uow.entries.of_call("c-n1-1") == [found]
        assert await uow.entries.of_call("nobody") == []


async def test_live_entries_are_those_that_a_start_puts_back(store: Store) -> None:
    ended, waiting = EntryRecord.of(s.entry("gone")), EntryRecord.of(s.entry("here"))
    async with store.unit_of_work() as uow:
        await uow.entries.upsert(ended, replace(waiting, state="waiting", outcome=None, ended_at=None))
    async with store.reading() as uow:
        assert [each.id for each in await uow.entries.live()] == ["here"]


async def test_an_agent_comes_back_as_routing_knows_it(store: Store) -> None:
    agent = s.agent()
    async with store.unit_of_work() as uow:
        await uow.agents.upsert(AgentRecord.of(agent), AgentRecord.of(s.agent("a2", "1002")))
    async with store.reading() as uow:
        found = await uow.agents.by_extension("1001")
        assert found is not None
        assert found.agent() == agent
        assert await uow.agents.get("a1") == found
        assert [each.id for each in await uow.agents.all()] == ["a1", "a2"]


async def test_two_agents_cannot_have_one_extension(store: Store) -> None:
    with pytest.raises(StorageRefused):
        async with store.unit_of_work() as uow:
            await uow.agents.upsert(
                AgentRecord.of(s.agent("a1", "1001")), AgentRecord.of(s.agent("a2", "1001"))
            )


async def test_the_history_of_an_agent_says_who_and_why(store: Store) -> None:
    before = s.agent()
    changes = [
        AgentStateChange.of(
            AgentChanged(before, replace(before, state="offline", revision=4), event), s.at(1)
        )
        for event in (Force("offline", "sue", "fire drill"),)
    ]
    changes.append(AgentStateChange.of(AgentChanged(None, replace(before, revision=5), LogIn()), s.at(1)))
    async with store.unit_of_work() as uow:
        await uow.agent_states.append(*changes, *changes)
    async with store.reading() as uow:
        assert await uow.agent_states.of("a1") == changes
        assert await uow.agent_states.of("a1", limit=1) == changes[1:]
    assert changes[0].event == "force"
    assert changes[0].data == {"to": "offline", "by": "sue", "why": "fire drill"}


async def test_decisions_are_kept_with_reasons_and_sentences(store: Store) -> None:
    records = [DecisionRecord.of(each, s.at(number)) for number, each in enumerate(s.decided())]
    async with store.unit_of_work() as uow:
        await uow.decisions.append(*records, *records)
    async with store.reading() as uow:
        found = await uow.decisions.of("e1")
        assert [each.kind for each in found] == ["offer", "wait"]
        assert found == [each for each in records if each.entry_id == "e1"]
        (rejected,) = await uow.decisions.of_call("call-e2")
    assert (rejected.kind, rejected.outcome) == ("reject", "full")
    assert "队列已满" in rejected.sentence_zh
    assert "queue is full" in rejected.sentence_en


async def test_a_unit_of_work_is_all_or_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError, match="in the middle"):
        async with store.unit_of_work() as uow:
            await uow.calls.upsert(s.call())
            raise RuntimeError("in the middle")
    async with store.reading() as uow:
        assert await uow.calls.get("c-n1-1") is None


async def test_errors_of_others_inside_a_unit_of_work_stay_theirs(store: Store) -> None:
    with pytest.raises(FileNotFoundError):
        async with store.unit_of_work():
            raise FileNotFoundError("a prompt")


async def test_writers_at_the_same_time_do_not_hinder_each_other(store: Store) -> None:
    async def one(number: int) -> None:
        async with store.unit_of_work() as uow:
            last = await uow.journal.last_seq(f"call-{number}")
            await uow.journal.append(s.event(last + 1, f"call-{number}"))

    async with asyncio.TaskGroup() as group:
        for number in range(40):
            group.create_task(one(number % 20), name=f"writer-{number}")
    async with store.reading() as uow:
        counts = [await uow.journal.last_seq(f"call-{number}") for number in range(20)]
    assert min(counts) >= 1


async def test_a_reader_sees_one_state_while_others_write(store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.calls.upsert(s.call())
    async with store.reading() as reader:
        before = await reader.calls.get("c-n1-1")
        async with store.unit_of_work() as uow:
            await uow.journal.append(s.event(1))
        assert await reader.calls.get("c-n1-1") == before
    await store.ping()


async def _call(uow: UnitOfWork) -> CallRecord:
    found = await uow.calls.get("c-n1-1")
    assert found is not None
    return found
