"""The writer with its spool: nothing is lost, whatever ends us, holds up the database or fills the disk."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import sys
from pathlib import Path

import pytest

from ivr.errors import StorageError
from storage import spool_write
from storage.errors import StorageAway
from storage.records import AgentRecord
from storage.spool import Spool
from storage.spool_codec import encode
from storage.store import Store
from storage.writer import FactWriter
from tests.storage import samples as s
from tests.storage.test_writer import Flaky, _journal

KILLED = """
import asyncio, os, pathlib, signal, sys
from storage.spool import Spool
from storage.store import Store
from storage.writer import FactWriter
from tests.storage import samples as s

async def main():
    store = await Store.open(sys.argv[1])
    async with FactWriter(store, spool=Spool(pathlib.Path(sys.argv[2])), every_s=0.002, batch=7) as writer:
        for seq in range(1, int(sys.argv[3]) + 1):
            writer.put(s.event(seq))
            if seq % 11 == 0:
                await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def _journal_seqs(store: Store) -> list[int]:
    return [each.seq for each in await _journal(store)]


async def test_a_killed_controller_loses_nothing_that_it_had_put(store: Store, tmp_path: Path) -> None:
    url = store.url.render_as_string(hide_password=False)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, url, str(tmp_path / "spool"), "500"
    )
    assert await process.wait() == -signal.SIGKILL
    async with FactWriter(store, spool=Spool(tmp_path / "spool")) as writer:
        assert writer.figures.recovered > 0
        # Before the first fact of this run: whoever reads now reads everything.
        assert await _journal_seqs(store) == list(range(1, 501))
    assert _left(tmp_path / "spool") == []


def _left(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name != "lock"]


async def test_what_does_not_fit_into_memory_is_read_again_in_order(store: Store, tmp_path: Path) -> None:
    flaky = Flaky(store)
    flaky.away = True
    spool = Spool(tmp_path / "spool", segment_bytes=2000)
    async with FactWriter(flaky, spool=spool, capacity=10, batch=4, every_s=0.001) as writer:
        for seq in range(1, 101):
            writer.put(s.event(seq))
        async with asyncio.timeout(20):
            await flaky.failed.wait()
        assert writer.away
        assert (writer.waiting, writer.buffered) == (100, 10)
        flaky.away = False
        for seq in range(101, 201):
            writer.put(s.event(seq))
            await asyncio.sleep(0)
        await writer.drain(20)
        assert not writer.away
        assert (writer.figures.written, writer.figures.lost, writer.waiting) == (200, 0, 0)
    assert await _journal_seqs(store) == list(range(1, 201))
    assert _left(tmp_path / "spool") == []


async def test_what_the_database_did_not_take_by_the_end_is_written_at_the_next_start(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    flaky = Flaky(store)
    flaky.away = True
    async with FactWriter(flaky, spool=Spool(tmp_path / "spool"), close_timeout_s=0.01) as writer:
        for seq in range(1, 10):
            writer.put(s.event(seq))
        writer.put(s.call())
    assert "10 facts stay in the spool" in caplog.text
    with pytest.raises(StorageAway):
        await FactWriter(flaky, spool=Spool(tmp_path / "spool")).__aenter__()
    async with FactWriter(store, spool=Spool(tmp_path / "spool")) as writer:
        assert writer.figures.recovered == 10
        assert writer.left == [s.call()]
    assert await _journal_seqs(store) == list(range(1, 10))


async def test_a_full_disk_reaches_no_caller_and_loses_nothing_while_the_database_works(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    full = False

    def write(file: int, what: bytes, where: int) -> int:
        if full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return spool_write.write(file, what, where)

    async with FactWriter(
        store, spool=Spool(tmp_path / "spool", spares=0, write=write), every_s=0.001
    ) as writer:
        writer.put(s.event(1))
        full = True
        for seq in range(2, 51):
            writer.put(s.event(seq))
        assert any(each.levelno == logging.CRITICAL for each in caplog.records)
        await writer.drain()
        full = False
        writer.put(s.event(51))
    assert writer.figures.lost == 0
    assert await _journal_seqs(store) == list(range(1, 52))


async def test_a_full_disk_that_the_database_is_on_too_loses_nothing_when_both_are_back(
    store: Store, tmp_path: Path
) -> None:
    """The database takes what is in memory, and only then is there room for what is in the spool alone."""
    full = False

    def write(file: int, what: bytes, where: int) -> int:
        if full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return spool_write.write(file, what, where)

    class RoomAfterTheFirstBatch(Spool):
        def trim(self, index: int) -> None:
            nonlocal full
            super().trim(index)
            full = False
            self.retry()

    flaky = Flaky(store)
    flaky.away = True
    spool = RoomAfterTheFirstBatch(tmp_path / "spool", spares=0, write=write)
    async with FactWriter(flaky, spool=spool, capacity=10, batch=4, every_s=0.001) as writer:
        full = True
        for seq in range(1, 31):
            writer.put(s.event(seq))
        async with asyncio.timeout(20):
            await flaky.failed.wait()
        flaky.away = False
        await writer.drain(20)
        assert (writer.figures.written, writer.figures.lost, writer.waiting) == (30, 0, 0)
    assert await _journal_seqs(store) == list(range(1, 31))
    assert _left(tmp_path / "spool") == []


async def test_when_disk_and_database_take_nothing_the_journal_has_what_memory_there_is(
    store: Store, tmp_path: Path
) -> None:
    def write(file: int, what: bytes, where: int) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    flaky = Flaky(store)
    flaky.away = True
    spool = Spool(tmp_path / "spool", spares=0, unwritten_most=20_000, write=write)
    async with FactWriter(flaky, spool=spool, every_s=0.001) as writer:
        seq = 0
        while not spool.pressed:
            seq += 1
            writer.put(s.event(seq))
        writer.put(s.line(1))
        assert writer.figures.lost == 1
        writer.put(s.event(seq + 1))
        assert writer.figures.lost == 1
        flaky.away = False
    assert await _journal_seqs(store) == list(range(1, seq + 2))


async def test_durable_means_in_the_database_where_that_answers(store: Store, tmp_path: Path) -> None:
    async with FactWriter(store, spool=Spool(tmp_path / "spool"), every_s=3600.0) as writer:
        assert await writer.durable(s.callback(), s.event(1), limit_s=20) == "database"
        async with store.reading() as uow:
            assert await uow.callbacks.get("b1") == s.callback()
        writer.put(s.event(2))
        assert await writer.durable(s.event(3), limit_s=20) == "database"
        # All that was put before, and nothing waits for what is there already.
        writer.put(s.event(4))
        await writer.settled()
        assert await _journal_seqs(store) == [1, 2, 3, 4]
        assert await writer.durable() == "database"


async def test_durable_is_on_the_disk_when_the_database_is_away(store: Store, tmp_path: Path) -> None:
    flaky = Flaky(store)
    flaky.away = True
    async with FactWriter(flaky, spool=Spool(tmp_path / "spool"), close_timeout_s=0.01) as writer:
        assert await writer.durable(s.callback(), limit_s=0.01) == "spool"
        async with asyncio.timeout(20):
            await flaky.failed.wait()
        # Known to be away: nobody waits for it.
        assert await writer.durable(s.event(1), limit_s=3600) == "spool"
    async with FactWriter(store, spool=Spool(tmp_path / "spool")), store.reading() as uow:
        assert await uow.callbacks.get("b1") == s.callback()


async def test_durable_says_when_nothing_takes_it(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def write(file: int, what: bytes, where: int) -> int:
        raise OSError(errno.ENOSPC, "full")

    flaky = Flaky(store)
    flaky.away = True
    async with FactWriter(
        flaky, spool=Spool(tmp_path / "spool", spares=0, write=write), close_timeout_s=0.01
    ) as writer:
        with pytest.raises(StorageAway, match="not written within"):
            await writer.durable(s.event(1), limit_s=0.01)
        await writer.settled()
        assert "may not outlive a power cut" in caplog.text
    async with FactWriter(flaky, close_timeout_s=0.01) as without_spool:
        with pytest.raises(StorageAway):
            await without_spool.durable(s.event(1), limit_s=0.01)


async def test_what_nobody_takes_is_kept_aside_for_people(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    left, refused = Spool(folder), AgentRecord.of(s.agent("a2", "1001"))
    left.open()
    left.append(encode(s.event(1)))
    left.append(b'["OfAnotherVersion", 1, {}]')
    left.close()
    async with FactWriter(store, spool=Spool(folder)) as writer:
        writer.put(AgentRecord.of(s.agent("a1", "1001")))
        writer.put(refused)
        writer.put(s.event(2, what=object()))
        writer.put(s.event(3))
    assert (writer.figures.recovered, writer.figures.refused, writer.waiting) == (1, 2, 0)
    assert await _journal_seqs(store) == [1, 3]
    kept = {path.name: path.read_bytes() for path in _files(folder / "aside")}
    assert kept.pop("refused") == encode(refused) + b"\n"
    assert list(kept.values()) == [b'["OfAnotherVersion", 1, {}]\n']


def _files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


async def test_a_spool_that_cannot_be_read_says_so(store: Store, tmp_path: Path) -> None:
    (tmp_path / "spool" / "lock").mkdir(parents=True)
    with pytest.raises(StorageError, match="the spool cannot be read") as caught:
        await FactWriter(store, spool=Spool(tmp_path / "spool")).__aenter__()
    assert str(tmp_path) in caught.value.mend
