"""The spool's files: order, trimming, a full or broken disk, and runs that ended without a word."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ivr.errors import StorageError
from storage import spool_format, spool_write
from storage.spool import Cursor, Spool
from storage.spool_files import ASIDE_MOST, earlier_runs, keep_aside, new_run


class Disk:
    """Takes everything, or nothing (`full`), or `room` bytes more."""

    def __init__(self) -> None:
        self.room: float = float("inf")
        self.error = errno.ENOSPC
        self.writes = 0

    def write(self, file: int, what: bytes, where: int) -> int:
        self.writes += 1
        if self.room <= 0:
            raise OSError(self.error, os.strerror(self.error))
        part = what[: int(min(self.room, len(what)))]
        self.room -= len(part)
        return spool_write.write(file, part, where)


def _payload(number: int) -> bytes:
    return b"%d" % number


async def _all(spool: Spool, cursor: Cursor) -> tuple[list[int], Cursor]:
    found: list[int] = []
    while True:
        payloads, after = await spool.read(cursor)
        found += map(int, payloads)
        if after == cursor:
            return found, after
        cursor = after


def _left(folder: Path) -> list[int]:
    """What a next start would find."""
    found: list[int] = []
    for run in earlier_runs(folder):
        for path in run.segments():
            found += map(int, spool_format.scan(path.read_bytes()).payloads)
        run.close()
    return found


def _files(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern))


def _opened(folder: Path, **how: int) -> tuple[Spool, Disk]:
    disk = Disk()
    how = {"segment_bytes": 100, "spares": 0} | how
    spool = Spool(folder, write=disk.write, **how)  # type: ignore[arg-type]
    spool.open()
    return spool, disk


async def test_what_was_appended_is_read_in_order_over_many_segments(tmp_path: Path) -> None:
    spool, _ = _opened(tmp_path)
    begin = spool.end
    assert [spool.append(_payload(n)) for n in range(1, 101)] == list(range(1, 101))
    assert await _all(spool, begin) == (list(range(1, 101)), spool.end)
    assert len(_files(tmp_path, "run-*/*.facts")) > 5
    spool.close()


async def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    spool, _ = _opened(folder, spares=2)
    spool.append(b"x")
    keep_aside(folder, "one", b"y")
    for path in [folder, *folder.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    spool.close()


async def test_what_is_stored_is_removed_and_nothing_stays_of_a_run_that_ended_well(tmp_path: Path) -> None:
    spool, _ = _opened(tmp_path)
    for n in range(1, 101):
        spool.append(_payload(n))
    spool.trim(60)
    left = _left_of(spool)
    assert left[-1] == 100
    assert left[0] <= 61 < left[0] + 20
    spool.trim(100)
    assert _left_of(spool) == []
    spool.append(b"101")
    assert _left_of(spool) == [101]
    spool.trim(101)
    spool.close()
    assert not _files(tmp_path, "run-*")


def _left_of(spool: Spool) -> list[int]:
    found: list[int] = []
    for path in sorted(spool.folder.glob("run-*/*.facts")):
        found += map(int, spool_format.scan(path.read_bytes()).payloads)
    return found


async def test_what_is_not_stored_stays_for_the_next_start(tmp_path: Path) -> None:
    spool, _ = _opened(tmp_path, spares=2)
    for n in range(1, 31):
        spool.append(_payload(n))
    spool.close()
    assert _left(tmp_path) == list(range(1, 31))
    assert not _files(tmp_path, "run-*/spare-*")


async def test_a_running_controllers_folder_is_left_alone(tmp_path: Path) -> None:
    one, _ = _opened(tmp_path)
    one.append(b"1")
    other, _ = _opened(tmp_path)
    other.append(b"2")
    assert _left(tmp_path) == []
    one.close()
    assert _left(tmp_path) == [1]
    other.close()


async def test_a_full_disk_costs_nothing_while_there_is_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool, disk = _opened(tmp_path)
    begin = spool.end
    spool.append(b"1")
    disk.room = 5
    for n in range(2, 31):
        assert spool.append(_payload(n)) == n
    assert spool.unwritten == 29
    assert [each.levelno for each in caplog.records].count(logging.CRITICAL) == 1
    found, cursor = await _all(spool, begin)
    assert found == list(range(1, 31))
    disk.room = float("inf")
    assert spool.retry()
    assert spool.append(b"31") == 31
    assert _left_of(spool) == list(range(1, 32))
    # Whoever read what was in memory does not get it again from the disk.
    assert (await _all(spool, cursor))[0] == [31]
    spool.close()


async def test_a_disk_that_stays_full_is_told_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The database takes what waits, again and again, and the disk is asked meanwhile."""
    spool, disk = _opened(tmp_path)
    disk.room = 0
    for n in range(1, 6):
        spool.append(_payload(n))
        spool.trim(n)
        assert spool.retry()
    assert [each.levelno for each in caplog.records] == [logging.CRITICAL]
    disk.room = float("inf")
    spool.append(b"6")
    assert [each.levelno for each in caplog.records] == [logging.CRITICAL, logging.WARNING]
    disk.room = 0
    spool.append(b"7")
    assert caplog.records[-1].levelno == logging.CRITICAL
    disk.room = float("inf")
    assert spool.retry()
    assert _left_of(spool) == [6, 7]
    spool.close()


async def test_what_belongs_together_is_one_write(tmp_path: Path) -> None:
    spool, disk = _opened(tmp_path, segment_bytes=10_000)
    disk.writes = 0
    begin = spool.end
    spool.hold()
    spool.append(_payload(1))
    spool.hold()
    spool.append(_payload(2))
    assert spool.let_go()
    spool.append(_payload(3))
    assert (disk.writes, _left_of(spool)) == (0, [])
    assert spool.let_go()
    assert (disk.writes, _left_of(spool)) == (1, [1, 2, 3])
    assert await _all(spool, begin) == ([1, 2, 3], spool.end)
    spool.close()


async def test_what_belongs_together_waits_for_a_full_disk_and_keeps_its_order(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool, disk = _opened(tmp_path)
    disk.room = 25
    spool.hold()
    for n in range(1, 6):
        assert spool.append(_payload(n)) == n
    assert not spool.let_go()
    assert (_left_of(spool), spool.unwritten) == ([], 5)
    assert spool.append(_payload(6)) == 6
    assert "cannot be written" in caplog.text
    disk.room = float("inf")
    assert spool.retry()
    assert _left_of(spool) == [1, 2, 3, 4, 5, 6]
    spool.close()


async def test_of_what_belongs_together_no_more_waits_than_there_is_room_for(tmp_path: Path) -> None:
    """All that is decided at the start of a full hotline, say."""
    spool, disk = _opened(tmp_path, segment_bytes=1_000, unwritten_most=2_000)
    begin, disk.writes = spool.end, 0
    spool.hold()
    given = [spool.append(_payload(n)) for n in range(1, 1_001)]
    assert not spool.pressed
    assert spool.let_go()
    assert (given, spool.figures.lost) == (list(range(1, 1_001)), 0)
    assert disk.writes < 100
    assert await _all(spool, begin) == (given, spool.end)
    spool.close()


async def test_what_waits_for_the_disk_may_be_stored_meanwhile(tmp_path: Path) -> None:
    spool, disk = _opened(tmp_path)
    disk.room = 0
    for n in range(1, 11):
        spool.append(_payload(n))
    spool.trim(7)
    assert spool.unwritten == 3
    disk.room = float("inf")
    assert spool.retry()
    assert _left_of(spool) == [8, 9, 10]
    spool.trim(10)
    spool.close()


async def test_what_was_stored_from_memory_is_not_looked_for_on_the_disk(tmp_path: Path) -> None:
    """Disk and database come back together, the database first: what is read on from is where it should be."""
    spool, disk = _opened(tmp_path, segment_bytes=10_000)
    spool.append(_payload(1))
    disk.room = 0
    for n in range(2, 11):
        spool.append(_payload(n))
    cursor = replace(spool.end, index=11)
    for n in range(11, 31):
        spool.append(_payload(n))
    spool.trim(10)
    disk.room = float("inf")
    assert spool.retry()
    assert spool.append(_payload(31)) == 31
    assert (await _all(spool, cursor))[0] == list(range(11, 32))
    spool.trim(31)
    assert _left_of(spool) == []
    spool.close()


async def test_room_that_was_reserved_is_used_when_the_disk_is_full(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool, disk = _opened(tmp_path, spares=3, segment_bytes=4096)
    spares = _files(tmp_path, "run-*/spare-*")
    assert [path.stat().st_blocks * 512 >= 4096 for path in spares] == [True] * 3
    spool.append(b"1")

    class Full(Disk):
        """Only what is reserved can be written."""

        def write(self, file: int, what: bytes, where: int) -> int:
            if os.fstat(file).st_size < where + len(what):
                raise OSError(errno.ENOSPC, "full")
            return spool_write.write(file, what, where)

    spool._segments.write = Full().write
    for n in range(2, 400):
        spool.append(_payload(n))
    assert spool.unwritten == 0
    assert "reserve" in caplog.text
    assert _left_of(spool) == list(range(1, 400))
    for n in range(400, 4000):
        spool.append(_payload(n))
    assert spool.unwritten > 0
    assert not _files(tmp_path, "run-*/spare-*")
    spool.trim(3999)
    spool.close()


async def test_a_full_disk_that_others_fill_on_does_not_get_the_reserve(tmp_path: Path) -> None:
    """The database takes all, again and again: what becomes free of the disk is somebody else's in that moment."""
    spool, _ = _opened(tmp_path, spares=2, segment_bytes=4096)

    def write(file: int, what: bytes, where: int) -> int:
        if os.fstat(file).st_size < where + len(what):
            raise OSError(errno.ENOSPC, "full")
        return spool_write.write(file, what, where)

    spool._segments.write = write
    appended = 0
    for stored in (100, 300, 900, 1000, 2000):
        while appended < stored:
            appended += 1
            spool.append(_payload(appended))
            if appended % 90 == 0:
                spool.trim(appended - 30)
        assert spool.unwritten == 0
        spool.trim(stored)
        assert _left_of(spool) == []
    spool.append(_payload(2001))
    assert (_left_of(spool), spool.unwritten) == ([2001], 0)
    assert len(_files(tmp_path, "run-*/spare-*")) == 1
    spool.close()


async def test_memory_for_a_full_disk_is_bounded_and_what_is_lost_is_counted(tmp_path: Path) -> None:
    spool, disk = _opened(tmp_path, unwritten_most=100)
    disk.room = 0
    given = [spool.append(_payload(n)) for n in range(1, 21)]
    assert spool.pressed
    assert given == [*range(1, 1 + spool.unwritten), *[None] * spool.figures.lost]
    assert spool.figures.lost > 0
    spool.trim(spool.last)
    assert not spool.pressed
    assert spool.append(b"x") is not None
    spool.close()


async def test_it_grows_to_its_bound_and_no_further(tmp_path: Path) -> None:
    spool, _ = _opened(tmp_path, most_bytes=300)
    for n in range(1, 101):
        spool.append(_payload(n))
    assert spool.size <= 300
    assert spool.unwritten > 50
    spool.trim(100)
    assert spool.unwritten == 0
    spool.close()


async def test_a_disk_that_is_full_at_the_start_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    spool = Spool(tmp_path, spares=0)
    with monkeypatch.context() as patched:
        patched.setattr("storage.spool_segments.new_run", full)
        spool.open()
        spool.append(b"1")
    assert spool.retry()
    assert _left_of(spool) == [1]
    spool.close()


async def test_a_folder_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file")
    with pytest.raises(StorageError, match="the spool cannot be used") as caught:
        Spool(tmp_path / "spool").open()
    assert "IVR_STATE_DIR" in caught.value.mend


async def test_damage_is_passed_over_said_and_kept_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool, _ = _opened(tmp_path)
    begin = spool.end
    for n in range(1, 21):
        spool.append(_payload(n))
    path = _files(tmp_path, "run-*/*.facts")[0]
    content = bytearray(path.read_bytes())
    content[len(spool_format.HEADER) + len(spool_format.record(b"1")) + 3] ^= 1
    path.write_bytes(content)
    found, cursor = await _all(spool, begin)
    assert found == [1, *range(3, 21)]
    assert (cursor.index, spool.figures.damaged) == (21, 1)
    assert "passed over and kept aside" in caplog.text
    assert len(list((tmp_path / "aside").iterdir())) == 1
    spool.close()


async def test_what_is_kept_aside_is_bounded(tmp_path: Path) -> None:
    assert keep_aside(tmp_path, "much", bytes(ASIDE_MOST - 10))
    assert not keep_aside(tmp_path, "more", bytes(11))
    assert keep_aside(tmp_path, "little", bytes(10))


async def test_what_is_much_too_long_is_lost_alone(tmp_path: Path) -> None:
    spool, _ = _opened(tmp_path)
    assert spool.append(bytes(spool_format.LONGEST + 1)) is None
    assert (spool.append(b"1"), spool.figures.lost) == (1, 1)
    spool.trim(1)
    spool.close()


async def test_syncing_says_when_the_disk_does_not_take_it(tmp_path: Path) -> None:
    spool, disk = _opened(tmp_path)
    spool.append(b"1")
    await spool.sync()
    disk.room = 0
    spool.append(b"2")
    with pytest.raises(OSError, match="1 facts wait"):
        await spool.sync()
    spool.trim(2)
    spool.close()


async def test_two_runs_begun_in_one_moment_are_two(tmp_path: Path) -> None:
    runs = [new_run(tmp_path), new_run(tmp_path)]
    assert runs[0].path != runs[1].path
    for run in runs:
        run.remove()


def test_the_kernel_refuses_as_it_does_elsewhere() -> None:
    file = os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(OSError, match="space") as caught:
        spool_write.write(file, b"x", 0)
    os.close(file)
    assert caught.value.errno == errno.ENOSPC


class AnySpool(RuleBasedStateMachine):
    """Appends, a disk that fills and empties, storing and reading, in any order: nothing lost, nothing out of order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.spool, self.disk = _opened(Path(self.folder.name), spares=1)
        self.appended = 0
        self.stored = 0
        self.cursor: Cursor | None = None
        self.read: list[int] = []

    @rule()
    def append(self) -> None:
        self.appended += 1
        assert self.spool.append(_payload(self.appended)) == self.appended

    @rule(number=strategies.integers(0, 12))
    def append_together(self, number: int) -> None:
        self.spool.hold()
        for _ in range(number):
            self.append()
        assert self.spool.let_go() == (self.spool.unwritten == 0)

    @rule()
    def fill(self) -> None:
        self.disk.room = 7

    @rule()
    def empty(self) -> None:
        self.disk.room = float("inf")

    @rule()
    def again(self) -> None:
        self.spool.retry()

    @precondition(lambda self: self.cursor is None)
    @rule(together=strategies.integers(0, 12))
    def fall_behind(self, together: int) -> None:
        self.spool.hold()
        for _ in range(together):
            self.append()
        before = self.spool.end
        self.appended += 1
        self.spool.append(_payload(self.appended))
        self.cursor = Cursor(before.segment, before.offset, before.at, self.appended)
        self.spool.let_go()

    @precondition(lambda self: self.cursor is not None)
    @rule()
    def read_on(self) -> None:
        assert self.cursor is not None
        payloads, after = _run(self.spool.read(self.cursor))
        assert list(map(int, payloads)) == list(range(self.cursor.index, after.index))
        self.cursor = after if after.index <= self.appended else None

    @precondition(lambda self: self.cursor is None)
    @rule()
    def store(self) -> None:
        self.stored = self.appended - (self.appended - self.stored) // 2
        self.spool.trim(self.stored)

    @precondition(lambda self: self.cursor is not None)
    @rule(less=strategies.integers(0, 12))
    def store_what_was_read(self, less: int) -> None:
        assert self.cursor is not None
        self.stored = max(self.stored, self.cursor.index - 1 - less)
        self.spool.trim(self.stored)

    @invariant()
    def nothing_is_lost(self) -> None:
        kept = set(_left_of(self.spool))
        waiting = range(self.appended - self.spool.unwritten + 1, self.appended + 1)
        assert set(range(self.stored + 1, self.appended + 1)) <= kept.union(waiting)
        assert sorted(kept) == _left_of(self.spool)

    def teardown(self) -> None:
        self.disk.room = float("inf")
        self.spool.close()
        assert set(_left(Path(self.folder.name))) >= set(range(self.stored + 1, self.appended + 1))
        self.folder.cleanup()


def _run(coroutine: object) -> tuple[Sequence[bytes], Cursor]:
    return asyncio.run(coroutine)  # type: ignore[arg-type]


TestAnySpool = AnySpool.TestCase
TestAnySpool.settings = hypothesis_settings(max_examples=40, stateful_step_count=30, deadline=None)
