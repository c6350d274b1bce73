"""What is read of the live parts: each buffer that the page of the limits names, and what changes while they live."""

from __future__ import annotations

import asyncio
import errno
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from asr.pool import WorkerState
from ivr.admission.gate import Gate
from ivr.admission.rules import AdmissionRules
from ivr.ari.bus import Bus
from ivr.config import load_settings
from ivr.reconcile.repairs import Repairs
from ivr.status import Counts
from ivr.watching.collecting import FAILED_S, Collector, Parts
from ivr.watching.event_lag import EventLag
from ivr.watching.health import Limits, judge
from ivr.watching.journal_lag import JournalLag
from ivr.watching.loop import LoopLag
from storage.batches import Figures
from storage.spool import Spool
from tests.support.virtual_time import VirtualClock
from web.api.status import AsteriskStatus

LIMITS = Path(__file__).parents[2] / "docs" / "administrators" / "limits.md"


class Disk:
    """Takes everything, or nothing."""

    is_broken = False

    def write(self, file: int, what: bytes, where: int) -> int:
        if self.is_broken:
            raise OSError(errno.EIO, "broken")
        return os.pwrite(file, what, where)


class Pool:
    understood = frozenset({"zh", "en"})

    def __init__(self, *workers: WorkerState) -> None:
        self.workers = workers

    def state(self) -> Sequence[WorkerState]:
        return self.workers


class FrontDoor:
    registry = (SimpleNamespace(unread=3), SimpleNamespace(unread=7))
    repairs = Repairs()


def collector_of(tmp_path: Path, disk: Disk, pool: Pool | None) -> Collector:
    counts = Counts("n1", 1.0, {"menu": 2}, {}, {}, 0, AsteriskStatus(True))
    gate = Gate(AdmissionRules(10), VirtualClock())
    ari = SimpleNamespace(
        bus=Bus(),
        commands=SimpleNamespace(open=4),
        connected=True,
        replaced=False,
        heart=SimpleNamespace(silent_for_s=0.0),
    )
    spool = Spool(tmp_path / "spool", write=disk.write)
    spool.open()
    writer = SimpleNamespace(
        figures=Figures(), waiting=0, away=False, buffered=0, capacity=20_000, spool=spool
    )
    parts = SimpleNamespace(
        ari=ari,
        writer=writer,
        status=SimpleNamespace(counts=lambda: counts),
        front_door=FrontDoor(),
        admissions=SimpleNamespace(gate=gate, refusals=SimpleNamespace(open=0, sent_away=5, unheard=0)),
        outside=SimpleNamespace(notifications_fullest=0),
        callers=SimpleNamespace(ledger=None, known=SimpleNamespace(remembered=6)),
        speech=pool,
        languages=("zh", "en"),
        settings=load_settings(state_dir=tmp_path),
    )
    lag = EventLag(lambda _: None, lambda: 0.0, lambda: 0.0)
    return Collector(cast(Parts, parts), lag, LoopLag(lambda _: None), JournalLag())


@pytest.fixture
def disk() -> Disk:
    return Disk()


async def test_every_buffer_that_is_told_is_explained_and_every_one_that_is_explained_is_told(
    tmp_path: Path, disk: Disk
) -> None:
    collector = collector_of(tmp_path, disk, Pool())
    collector.page_watchers = lambda: 9
    told = {buffer.name: buffer for buffer in collector.read().buffers}
    explained = LIMITS.read_text(encoding="utf-8").partition("## Everything that could grow")[2]
    assert set(re.findall(r"^\| `(\w+)` \|", explained, re.MULTILINE)) == set(told)
    held = {name: told[name].held for name in told if told[name].held and name != "spool_bytes"}
    assert held == {
        "inbox": 7,
        "commands": 4,
        "announcements_sent_away": 5,
        "callers_remembered": 6,
        "page_watchers": 9,
        "calls": 2,
    }
    unbounded = {name for name, buffer in told.items() if buffer.most is None}
    assert unbounded == {"asr_hearings", "callers_remembered", "commands"}, "no worker is there, in this test"


async def test_languages_are_those_that_workers_understand_now(tmp_path: Path, disk: Disk) -> None:
    pool = Pool()
    collector = collector_of(tmp_path, disk, pool)
    assert collector.read().keys_only == ()
    pool.understood = frozenset({"zh"})
    assert collector.read().keys_only == ("en",), "the worker that knows it is gone"
    pool.understood = frozenset({"zh", "en"})
    assert collector.read().keys_only == ()
    assert collector_of(tmp_path, disk, None).read().keys_only == ("zh", "en")


async def test_what_a_worker_told_before_it_went_is_not_said_of_now(tmp_path: Path, disk: Disk) -> None:
    load = {"late_s": 3.0, "wait_s": 2.0, "use": 0.9, "refused": 4}
    there = WorkerState(True, 1, 0, 2, (), "", memory_mb=500.0, load=load)
    gone = replace(there, ready=False, open_hearings=0)
    readings = collector_of(tmp_path, disk, Pool(there, gone)).read()
    assert [(one.late_s, one.wait_s, one.use, one.memory_bytes) for one in readings.speech] == [
        (3.0, 2.0, 0.9, 500_000_000),
        (0.0, 0.0, 0.0, 0.0),
    ]
    assert [one.refused for one in readings.speech] == [4, 4], "a counter does not go back"
    (hearings,) = [buffer for buffer in readings.buffers if buffer.name == "asr_hearings"]
    assert (hearings.held, hearings.most) == (2, load_settings(state_dir=tmp_path).speech.max_streams)


async def test_a_disk_that_takes_nothing_is_said_whatever_room_there_seems_to_be(
    tmp_path: Path, disk: Disk
) -> None:
    collector = collector_of(tmp_path, disk, Pool())
    spool = cast(Any, collector)._parts.writer.spool
    now = asyncio.get_running_loop().time()

    def spool_is(at: float) -> str:
        collector.tick(at)
        (part,) = [one for one in judge(collector.read(), Limits()).parts if one.name == "spool"]
        return part.level

    spool.append(b"one")
    assert spool_is(now) == "ok"
    disk.is_broken = True
    spool.append(b"two")
    assert spool_is(now) == "degraded"
    told = {buffer.name: buffer for buffer in collector.read().buffers}["spool_unwritten_bytes"]
    assert told.held > 0 and told.most == spool.unwritten_most
    disk.is_broken = False
    assert spool.retry()
    assert spool_is(now) == "degraded", "it may have been the database that took what waited"
    cast(Any, collector)._failed_at = now - FAILED_S
    assert spool_is(now) == "ok"
    assert collector.read().spool_failures == 1
    spool.close()
