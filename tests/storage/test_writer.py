"""The writer off the call path: order, batches, a database that is away, one that refuses, and a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ivr.errors import StorageError
from storage import spool_codec
from storage.errors import StorageAway
from storage.records import AgentRecord, JournalEvent
from storage.spool import Spool
from storage.store import Store, UnitOfWork
from storage.writer import FactWriter
from tests.storage import samples as s


class Flaky(Store):
    """A store whose database can go away: every unit of work then fails as Postgres does when it is stopped."""

    def __init__(self, store: Store) -> None:
        super().__init__(store._engine)
        self.away = False
        self.failed = asyncio.Event()
        self.done = asyncio.Semaphore(0)

    @contextlib.asynccontextmanager
    async def unit_of_work(self, limit_s: float | None = None) -> AsyncIterator[UnitOfWork]:
        if self.away:
            self.failed.set()
            raise StorageAway("no Postgres", mend="start it")
        async with super().unit_of_work(limit_s) as uow:
            yield uow
        self.done.release()


async def _journal(store: Store, call_id: str = "c-n1-1") -> list[JournalEvent]:
    async with store.reading() as uow:
        return await uow.journal.of(call_id)


async def test_what_is_put_is_written_soon_without_being_asked(store: Store) -> None:
    async with FactWriter(store, every_s=0.01) as writer:
        writer.put(s.event(1))
        await writer.drain()
        assert await _journal(store) == [s.event(1)]
        assert writer.waiting == 0


async def test_leaving_writes_the_rest(store: Store) -> None:
    async with FactWriter(store, every_s=30.0) as writer:
        for seq in range(1, 51):
            writer.put(s.event(seq))
        writer.put(s.call())
        writer.put(s.line(1))
    assert await _journal(store) == [s.event(seq) for seq in range(1, 51)]
    assert writer.figures.written == 52


async def test_a_full_batch_does_not_wait_for_company(store: Store) -> None:
    watched = Flaky(store)
    async with FactWriter(watched, every_s=3600.0, batch=10) as writer:
        for seq in range(1, 21):
            writer.put(s.event(seq))
        async with asyncio.timeout(20):
            await watched.done.acquire()
        assert len(await _journal(store)) == 20


async def test_of_several_states_of_one_row_the_newest_revision_stays(store: Store) -> None:
    async with FactWriter(store) as writer:
        writer.put(s.call(revision=3, language="en"))
        writer.put(s.call(revision=2, language="zh"))
        await writer.drain()
        writer.put(s.call(revision=1, language="yue"))
    async with store.reading() as uow:
        found = await uow.calls.get("c-n1-1")
    assert found is not None
    assert found.language == "en"


async def test_a_database_that_was_away_gets_everything_in_order(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    flaky = Flaky(store)
    flaky.away = True
    async with FactWriter(flaky, every_s=0.001, batch=5) as writer:
        for seq in range(1, 13):
            writer.put(s.event(seq))
        async with asyncio.timeout(20):
            await flaky.failed.wait()
        assert writer.waiting == 12
        flaky.away = False
        await writer.drain(20)
    assert [each.seq for each in await _journal(store)] == list(range(1, 13))
    assert writer.figures.retries >= 1
    assert "no Postgres" in caplog.text


async def test_without_a_spool_what_has_no_room_is_counted_and_said_once(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    flaky = Flaky(store)
    flaky.away = True
    with caplog.at_level(logging.CRITICAL):
        async with FactWriter(flaky, capacity=3, close_timeout_s=0.01) as writer:
            for seq in range(1, 7):
                writer.put(s.event(seq))
            assert writer.figures.lost == 3
        assert sum("wait for the database" in each.message for each in caplog.records) == 1
    assert writer.figures.lost == 6


async def test_one_fact_that_is_refused_does_not_hold_up_the_rest(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    async with FactWriter(store, every_s=0.001) as writer:
        writer.put(AgentRecord.of(s.agent("a1", "1001")))
        writer.put(AgentRecord.of(s.agent("a2", "1001")))
        for seq in range(1, 8):
            writer.put(s.event(seq) if seq != 4 else replace(s.event(4), at=s.T0.replace(tzinfo=None)))
        await writer.drain()
        assert (writer.figures.written, writer.figures.refused) == (7, 2)
    assert [each.seq for each in await _journal(store)] == [1, 2, 3, 5, 6, 7]
    assert caplog.text.count("a fact is lost") == 2


async def test_a_drain_that_cannot_end_says_so(store: Store) -> None:
    flaky = Flaky(store)
    flaky.away = True
    async with FactWriter(flaky, close_timeout_s=0.01) as writer:
        writer.put(s.event(1))
        with pytest.raises(StorageAway, match="1 facts are still not written"):
            await writer.drain(0.01)


async def test_after_the_end_nothing_is_taken_silently(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    writer = FactWriter(store)
    async with writer:
        pass
    writer.put(s.event(1))
    assert writer.figures.lost == 1
    assert "the writer is closed" in caplog.text


async def test_an_error_of_ours_in_the_task_reaches_who_watches_and_who_leaves(
    store: Store, tmp_path: Path
) -> None:
    class Broken(Store):
        @contextlib.asynccontextmanager
        async def unit_of_work(self, limit_s: float | None = None) -> AsyncIterator[UnitOfWork]:
            raise RuntimeError("a bug")
            yield

    with pytest.raises(RuntimeError):
        async with FactWriter(Broken(store._engine), spool=Spool(tmp_path), every_s=0.001) as writer:
            writer.put(s.event(1))
            with pytest.raises(RuntimeError):
                await writer.failed()
    async with FactWriter(store, spool=Spool(tmp_path)) as next_one:
        assert next_one.figures.recovered == 1
    assert await _journal(store) == [s.event(1)]


async def test_cancelling_the_body_still_writes_what_was_put(store: Store) -> None:
    async def body() -> None:
        async with FactWriter(store, every_s=30.0) as writer:
            writer.put(s.event(1))
            started.set()
            await asyncio.Event().wait()

    started = asyncio.Event()
    task = asyncio.create_task(body(), name="body")
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await _journal(store) == [s.event(1)]


def test_away_and_refused_are_storage_errors() -> None:
    assert issubclass(StorageAway, StorageError)


async def test_many_lines_of_transcripts_at_once_are_written_at_the_first_try(store: Store) -> None:
    """Words to search by cannot be copied into Postgres: such a batch looked like a database that is away."""
    async with FactWriter(store, every_s=30.0) as writer:
        for seq in range(1, 101):
            writer.put(s.line(seq))
        await writer.drain()
        assert (writer.figures.written, writer.figures.retries) == (100, 0)
    async with store.reading() as uow:
        assert len(await uow.transcripts.of("c-n1-1")) == 100


@pytest.mark.parametrize("number", [1, 40])
async def test_data_of_the_wrong_shape_ends_neither_the_writer_nor_the_next_start(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    """What makes no row raises Python's own errors: it lies in the spool, and would end every start."""
    odd: Any = {"said": "王小明"}
    spool = Spool(tmp_path / "spool")
    spool.open()
    for seq in range(1, number + 1):
        line = s.line(seq)
        assert spool.append(spool_codec.encode(replace(line, text=odd) if seq == 1 else line))
    spool.close()
    async with FactWriter(store, spool=Spool(tmp_path / "spool")) as writer:
        assert writer.figures.recovered == number
        writer.put(replace(s.line(number + 1), text=odd))
        writer.put(s.line(number + 2))
        await writer.drain()
        assert (writer.figures.refused, writer.figures.lost) == (1, 0)
    async with store.reading() as uow:
        kept = [line.seq for line in await uow.transcripts.of("c-n1-1")]
    assert kept == [*range(2, number + 1), number + 2]
    assert "王小明" not in caplog.text
    assert "王小明" in (tmp_path / "spool" / "aside" / "refused").read_text()
