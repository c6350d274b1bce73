"""An Asterisk that ends is started again; which process is ours is never in doubt."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.asterisk.keeping import AsteriskKeeper, Kept, Patience, after_end
from ivr.asterisk.running import MARK, found, mark_of, read_mark, write_mark
from ivr.errors import AsteriskError
from tests.support.virtual_time import run_virtual

POLICY = Patience()


def test_the_first_end_is_followed_at_once_and_later_ones_more_and_more_slowly() -> None:
    ends: tuple[float, ...] = ()
    waits = []
    for now in (0.0, 1.0, 2.0, 3.0, 4.0):
        again, ends = after_end(ends, now, POLICY)
        waits.append((again.after_s, again.crash_loop))
    assert waits == [(0.0, False), (0.5, False), (1.0, False), (2.0, False), (60.0, True)]
    again, _ = after_end(ends, 1000.0, POLICY)
    assert again.after_s == 0.0, "it ran for long: that is a new matter"


@given(st.lists(st.floats(0.0, 1e4), max_size=60))
def test_never_given_up_never_in_a_hurry_and_bounded(gaps: list[float]) -> None:
    ends: tuple[float, ...] = ()
    now = 0.0
    for gap in gaps:
        now += gap
        again, ends = after_end(ends, now, POLICY)
        assert 0.0 <= again.after_s <= POLICY.loop_s
        assert len(ends) <= POLICY.loop
        assert again.after_s > 0.0 or len(ends) == 1


class FakeProcess:
    """An Asterisk whose ends and starts are a list: an error for a start that fails, else how long it runs (s)."""

    def __init__(self, folder: Path, runs: list[float | str | OSError]) -> None:
        self.rendered = SimpleNamespace(log=folder, etc=folder)
        self.runs = runs
        self.started: list[float] = []
        self.ended = asyncio.Event()
        self.killed = 0

    async def wait_ended(self) -> int:
        await self.ended.wait()
        return -9

    async def kill(self) -> None:
        self.killed += 1
        self.ended.set()

    async def start(self) -> None:
        self.started.append(asyncio.get_running_loop().time())
        now = self.runs.pop(0) if self.runs else 1e6
        if isinstance(now, OSError):
            raise now
        if isinstance(now, str):
            raise AsteriskError(now)
        self.ended.clear()
        asyncio.get_running_loop().call_later(now, self.ended.set)

    def last_lines(self, count: int) -> str:
        return "the last words"


def test_it_is_started_again_until_it_runs_and_the_status_says_so(tmp_path: Path) -> None:
    async def main() -> None:
        process: Any = FakeProcess(tmp_path, [3.0, "a busy port"])
        backs: list[float] = []
        seen: list[Kept] = []
        keeper = AsteriskKeeper(
            process, lambda: backs.append(asyncio.get_running_loop().time()), lambda: seen.append(keeper.kept)
        )
        running = asyncio.create_task(keeper.run(), name="kept")
        process.ended.set()
        await asyncio.sleep(10)
        assert process.started == [0.0, 3.5, 4.5]
        assert backs == [0.0, 4.5]
        assert keeper.kept == Kept("runs", 2, "a busy port")
        assert [kept.state for kept in seen] == ["starting", "runs", "starting", "starting", "runs"]
        running.cancel()
        await asyncio.wait([running])

    run_virtual(_on_threads_at_once(main))
    reports = sorted(tmp_path.glob("ended-*.txt"))
    assert len(reports) == 2
    assert "the last words" in reports[0].read_text()
    assert reports[0].stat().st_mode & 0o077 == 0


def test_a_full_disk_does_not_end_the_keeper(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")

    async def main() -> None:
        process: Any = FakeProcess(tmp_path, [full])
        process.last_lines = lambda count: (_ for _ in ()).throw(full)
        keeper = AsteriskKeeper(process, lambda: None)
        running = asyncio.create_task(keeper.run(), name="kept")
        process.ended.set()
        await asyncio.sleep(10)
        assert not running.done()
        assert keeper.kept == Kept("runs", 1, str(full))
        running.cancel()
        await asyncio.wait([running])

    run_virtual(_on_threads_at_once(main))
    assert "kept nowhere" in caplog.text
    assert "is there room on the disk?" in caplog.text


def test_one_that_ends_again_and_again_is_said_to(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        process: Any = FakeProcess(tmp_path, ["no", "no", "no", "no", "no"])
        keeper = AsteriskKeeper(process, lambda: None)
        running = asyncio.create_task(keeper.run(), name="kept")
        process.ended.set()
        await asyncio.sleep(20)
        assert keeper.kept.state == "crash_loop"
        await asyncio.sleep(200)
        assert keeper.kept.state == "runs", "it is tried again all the same"
        running.cancel()
        await asyncio.wait([running])

    run_virtual(_on_threads_at_once(main))
    assert "no calls are taken" in caplog.text


def test_a_frozen_one_is_ended_and_that_is_told_as_the_reason(tmp_path: Path) -> None:
    async def main() -> None:
        process: Any = FakeProcess(tmp_path, [])
        keeper = AsteriskKeeper(process, lambda: None)
        frozen = asyncio.Event()

        async def until_frozen() -> str:
            await frozen.wait()
            frozen.clear()
            return "silent for 30 s"

        tasks = [
            asyncio.create_task(keeper.run(), name="kept"),
            asyncio.create_task(keeper.run_frozen(until_frozen), name="frozen"),
        ]
        frozen.set()
        await asyncio.sleep(5)
        assert (process.killed, keeper.kept) == (1, Kept("runs", 1, "silent for 30 s"))
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    run_virtual(_on_threads_at_once(main))


def _on_threads_at_once(main: Any) -> Any:
    """Virtual time knows no threads: what is given to one is done on the spot."""

    async def wrapped() -> None:
        with pytest.MonkeyPatch.context() as patch:

            async def at_once(work: Any, *args: Any) -> Any:
                return work(*args)

            patch.setattr(asyncio, "to_thread", at_once)
            await main()

    return wrapped


# --- which process it is

SLEEPER = (sys.executable, "-c", "import time; time.sleep(60)", "-C", "/x/asterisk.conf", "-f")
TAIL = SLEEPER[-3:]


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen(SLEEPER, stdout=subprocess.DEVNULL)
    yield child
    child.kill()
    child.wait()


def test_a_process_is_found_by_number_start_boot_and_command(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    mark = mark_of(sleeper.pid, 3, "digest")
    assert mark is not None
    write_mark(tmp_path, mark)
    assert read_mark(tmp_path) == mark
    taken = found(tmp_path, TAIL)
    assert taken is not None
    process, known = taken
    assert (process.pid, known.configuration) == (sleeper.pid, "digest")
    assert found(tmp_path, ("-C", "/y/asterisk.conf", "-f")) is None
    process.send(signal.SIGTERM)
    sleeper.wait()
    assert process.ended()
    process.send(signal.SIGTERM)  # to nobody
    assert read_mark(tmp_path) is None


@pytest.mark.parametrize("wrong", [{"started": 1}, {"boot": "another"}, {"command": ["-C", "/z", "-f"]}])
def test_a_number_that_became_somebody_elses_is_left_alone(
    tmp_path: Path, sleeper: subprocess.Popen[bytes], wrong: dict[str, Any]
) -> None:
    mark = mark_of(sleeper.pid, 3)
    assert mark is not None
    write_mark(tmp_path, mark)
    told = json.loads((tmp_path / MARK).read_text())
    (tmp_path / MARK).write_text(json.dumps(told | wrong))
    assert read_mark(tmp_path) is None
    assert found(tmp_path, TAIL) is None


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"pid": 1}', '{"pid": 1, "command": 3}'])
def test_a_damaged_file_finds_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / MARK).write_text(text)
    assert read_mark(tmp_path) is None


def test_what_has_ended_and_was_not_yet_waited_for_does_not_run(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    mark = mark_of(sleeper.pid, 3)
    assert mark is not None
    sleeper.kill()
    # Waited for without being reaped: a zombie.

    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert not mark.is_there
