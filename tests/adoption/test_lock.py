"""One controller at a time in a state directory, and the hand-over from one to the next."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ivr.adoption import lock as locks
from ivr.adoption.lock import ControllerLock
from ivr.errors import ConfigError

OTHER = """
import sys, time
from pathlib import Path
from ivr.adoption.lock import ControllerLock
lock = ControllerLock(Path(sys.argv[1]), "n1")
lock.take()
print("taken", flush=True)
sys.stdin.readline()
lock.say("let_go")
sys.stdin.readline()
"""


NEXT = """
import sys
from pathlib import Path
from ivr.adoption.lock import ControllerLock
ControllerLock(Path(sys.argv[1]), "n1").come()
print("taken", flush=True)
sys.stdin.readline()
"""


def another(folder: Path) -> contextlib.AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """A controller's process that has the lock; with each line it goes a step further: lets go, ends."""
    return running(OTHER, folder)


def coming(folder: Path) -> contextlib.AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """One that has said that it comes to take over, and has not yet."""
    return running(NEXT, folder)


@contextlib.asynccontextmanager
async def running(program: str, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, str(folder)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"taken\n"
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def go_on(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")


async def test_a_second_one_is_told_who_runs(tmp_path: Path) -> None:
    async with another(tmp_path) as process:
        mine = ControllerLock(tmp_path, "n1")
        with pytest.raises(ConfigError, match=f"process {process.pid} .* node n1") as refused:
            mine.take()
        assert "ivr run --takeover" in refused.value.mend
        assert not mine.is_ours


async def test_whoever_is_killed_leaves_no_lock(tmp_path: Path) -> None:
    async with another(tmp_path) as process:
        process.kill()
        await process.wait()
        mine = ControllerLock(tmp_path, "n1")
        mine.take()
        assert (mine.is_ours, mine.holder().pid) == (True, os.getpid())  # type: ignore[union-attr]
        mine.close()


async def test_without_another_one_there_is_nothing_to_take_over(tmp_path: Path) -> None:
    mine = ControllerLock(tmp_path, "n1")
    assert mine.come()
    assert mine.is_ours
    assert not (tmp_path / locks.NEXT).exists()
    mine.close()


async def test_it_waits_for_the_calls_and_then_for_the_end(tmp_path: Path) -> None:
    async with another(tmp_path) as process:
        mine = ControllerLock(tmp_path, "n1")
        assert not mine.come()
        waits = asyncio.create_task(mine.until_let_go())
        await asyncio.sleep(0)
        assert not waits.done()
        go_on(process)
        await waits
        assert not mine.is_ours
        ends = asyncio.create_task(mine.until_ours())
        go_on(process)
        await ends
        assert mine.is_ours
        assert not (tmp_path / locks.NEXT).exists()
        mine.close()


async def test_one_that_is_frozen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "LET_GO_S", 0.1)
    async with another(tmp_path) as process:
        process.send_signal(signal.SIGSTOP)
        mine = ControllerLock(tmp_path, "n1")
        assert not mine.come()
        await mine.until_let_go()
        assert mine.is_ours
        assert await process.wait() == -signal.SIGKILL
        mine.close()


async def test_one_that_lets_go_and_does_not_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its calls are ours by then: to give up would cut all of them off."""
    monkeypatch.setattr(locks, "ENDED_S", 1.0)
    async with another(tmp_path) as process:
        mine = ControllerLock(tmp_path, "n1")
        assert not mine.come()
        go_on(process)
        await mine.until_let_go()
        await mine.until_ours()
        assert mine.is_ours
        assert await process.wait() == -signal.SIGKILL
        mine.close()
    assert "is killed" in caplog.text


async def test_while_one_takes_over_nobody_else_does(tmp_path: Path) -> None:
    """A second one would take the application from it before it has the calls, one without `--takeover` the lock."""
    async with another(tmp_path) as process, coming(tmp_path) as next_one:
        mine = ControllerLock(tmp_path, "n1")
        with pytest.raises(ConfigError, match=f"takes the calls over just now: process {next_one.pid}"):
            mine.come()
        go_on(process)
        go_on(process)
        assert await process.wait() == 0
        with pytest.raises(ConfigError, match="just now"):
            mine.take()
        assert not mine.is_ours
        next_one.kill()
        await next_one.wait()
        mine.take()
        assert mine.is_ours
        mine.close()


async def test_of_two_that_come_in_the_same_moment_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one looks after the first one has looked, and before it has said that it comes."""
    refused: list[str] = []

    def meanwhile(holder: locks.Holder) -> bool:
        monkeypatch.undo()
        try:
            ControllerLock(tmp_path, "n1").come()
        except ConfigError as error:
            refused.append(str(error))
        return True

    async with another(tmp_path):
        mine = ControllerLock(tmp_path, "n1")
        monkeypatch.setattr(locks, "_runs_here", meanwhile)
        assert not mine.come()
        assert len(refused) == 1
        assert "takes the calls over just now" in refused[0]
        # Afterwards nobody is kept from it who may.
        assert not ControllerLock(tmp_path, "n1").come()


@pytest.mark.parametrize(
    "told", ['{"pid": 1, "node": "n1", "host": "another", "since": "", "mark": null}', ""]
)
async def test_one_that_cannot_be_seen_is_not_taken_over_from(tmp_path: Path, told: str) -> None:
    """Of another machine or container: it would not believe that we are there, and lose its calls to nobody."""
    async with another(tmp_path):
        (tmp_path / locks.LOCK).write_text(told)
        mine = ControllerLock(tmp_path, "n1")
        with pytest.raises(ConfigError, match="cannot be seen from here"):
            mine.come()
        assert not (tmp_path / locks.NEXT).exists()


async def test_only_a_process_that_runs_is_said_to_come(tmp_path: Path) -> None:
    first, second = ControllerLock(tmp_path, "n1"), ControllerLock(tmp_path, "n1")
    first.take()
    assert not first.wanted
    assert not second.come()
    # Two locks of one process here: who comes is ourselves, and that is nobody.
    assert not first.wanted
    (tmp_path / locks.NEXT).write_text('{"pid": 1, "node": "n1", "host": "h", "since": "", "mark": null}')
    assert not first.wanted
    (tmp_path / locks.NEXT).write_text("half of a fi")
    assert not first.wanted
    first.close()
