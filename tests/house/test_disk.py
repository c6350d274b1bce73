"""A disk that gets full: said early, recordings first, then transcripts, never the journal."""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ivr.call.recorder import Recorder
from ivr.config import load_settings
from ivr.disk import DiskSettings, DiskWatch, Room, disk_folders, room
from ivr.flow.actions import Record
from ivr.flow.inputs import RecordingEnded
from storage.records import Fact
from storage.spool import Spool
from tests.storage import samples as s

SETTINGS = DiskSettings(warn_mb=1000, messages_mb=200, transcripts_mb=50)


class Disk:
    def __init__(self, **free_mb: float) -> None:
        self.free_mb = free_mb

    def __call__(self, folder: Path) -> float:
        try:
            return self.free_mb[folder.name]
        except KeyError:
            raise FileNotFoundError(folder) from None


def _watch(disk: Disk, spool: Spool | None = None) -> DiskWatch:
    return DiskWatch(SETTINGS, [Path("/state"), Path("/recordings"), Path("/missing")], spool, disk)


async def test_what_ends_ends_in_order_and_begins_again(caplog: pytest.LogCaptureFixture) -> None:
    disk = Disk(state=5000, recordings=5000)
    watch = _watch(disk)
    kept: list[Fact] = []
    put = watch.through(kept.append)
    found = []
    with caplog.at_level(logging.INFO, "ivr.disk"):
        for free in (5000, 900, 199, 49, 49, 55, 61, 230, 250, 1100, 1300):
            disk.free_mb["recordings"] = free
            await watch.look()
            kept.clear()
            put(s.event(1))
            put(s.line(1))
            assert kept[0] == s.event(1)
            found.append((watch.found.name, watch.may_record(), len(kept) == 2))
    assert found == [
        ("AMPLE", True, True),
        ("LOW", True, True),
        ("NO_MESSAGES", False, True),
        ("NO_TRANSCRIPTS", False, False),
        ("NO_TRANSCRIPTS", False, False),
        ("NO_TRANSCRIPTS", False, False),
        ("NO_MESSAGES", False, True),
        ("NO_MESSAGES", False, True),
        ("LOW", True, True),
        ("LOW", True, True),
        ("AMPLE", True, True),
    ]
    assert watch.left_out == 3
    levels = [each.levelname for each in caplog.records]
    assert levels == ["WARNING", "ERROR", "CRITICAL", "ERROR", "WARNING", "INFO"]
    assert "900 MB are free where /recordings is" in caplog.text


@given(st.floats(0, 5000), st.sampled_from(Room))
def test_less_room_never_allows_more(free_mb: float, before: Room) -> None:
    assert room(free_mb / 2, before, SETTINGS) >= room(free_mb, before, SETTINGS)
    # Come back to by a fifth more, never fallen from by being there.
    assert room(free_mb, before, SETTINGS) >= room(free_mb, Room.AMPLE, SETTINGS)
    settled = room(free_mb, before, SETTINGS)
    assert room(free_mb, settled, SETTINGS) == settled


async def test_the_spools_reserve_is_filled_up_while_there_is_room(tmp_path: Path) -> None:
    spool = Spool(tmp_path, spares=2, segment_bytes=4096)
    spool.open()
    spare = next(tmp_path.rglob("spare-01"))  # noqa: ASYNC240  # a moment
    disk = Disk(state=100)
    watch = _watch(disk, spool)
    spare.unlink()
    await watch.look()
    assert not spare.exists()
    disk.free_mb["state"] = 5000
    await watch.look()
    assert spare.stat().st_size == 4096
    spool.close()


def test_a_message_that_has_no_room_fails_at_once() -> None:
    told: list[RecordingEnded] = []
    here: Any = SimpleNamespace(services=SimpleNamespace(may_record=lambda: False), tell=told.append)
    recorder = Recorder(here)
    recorder.start(Record("n#1", "zh"), before=_never)
    assert told == [RecordingEnded("n#1", "failed")]
    assert not recorder.busy


async def _never() -> None:
    raise AssertionError("nothing is done before a recording that is not made")


def test_limits_come_one_after_the_other() -> None:
    with pytest.raises(ValidationError, match="must not be below"):
        DiskSettings(messages_mb=100, transcripts_mb=200)


def test_the_folders_are_those_of_this_controller(tmp_path: Path) -> None:
    private = load_settings(state_dir=tmp_path)
    assert disk_folders(private) == [tmp_path, tmp_path / "asterisk" / "spool" / "recording"]
    external = load_settings(state_dir=tmp_path, asterisk={"mode": "external"})
    assert disk_folders(external) == [tmp_path]
    elsewhere = f"sqlite+aiosqlite:///{tmp_path / 'data' / 'hotline.db'}"
    assert disk_folders(external.model_copy(update={"database_url": elsewhere}))[1:] == [tmp_path / "data"]
    postgres = external.model_copy(update={"database_url": "postgresql+asyncpg://hotline@/hotline"})
    assert disk_folders(postgres) == [tmp_path]
