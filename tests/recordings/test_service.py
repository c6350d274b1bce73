"""Recordings listed, verified, taken away, kept longer and erased: who did it is on record."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from ivr.errors import RecordingError
from ivr.recordings.files import finish
from ivr.recordings.service import RecordingService
from ivr.recordings.settings import RecordingSettings
from storage.migrate import upgrade
from storage.promises import RecordingRecord
from storage.store import Store

pytestmark = pytest.mark.asyncio

NOW = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)
CLASSES = {"ordinary": 180.0, "complaint": 1095.0, "message": 30.0, "legal_hold": 0.0}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.db'}"
    await upgrade(url)
    async with await Store.open(url) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "recording"
    made.mkdir()
    return made


@pytest.fixture
def service(store: Store, folder: Path) -> RecordingService:
    seconds = itertools.count()
    return RecordingService(store, folder, CLASSES, lambda: NOW + dt.timedelta(seconds=next(seconds)))


async def kept(
    store: Store,
    folder: Path,
    id: str,
    *,
    days: float = 1,
    retention: str = "ordinary",
    purpose: str = "talk",
) -> RecordingRecord:
    (folder / f"{id}.raw").write_bytes(bytes(32000))
    made = finish(folder / f"{id}.raw", folder / f"{id}.wav")
    row = RecordingRecord(
        id=id,
        call_id=f"c-{id}",
        purpose=purpose,
        path=f"{id}.wav",
        created_at=NOW - dt.timedelta(days=days),
        seconds=made.seconds,
        state="kept",
        retention=retention if purpose == "talk" else "",
        sha256=made.sha256 if purpose == "talk" else "",
        data={"agents": [{"agent": "a1", "from_s": 0.0, "to_s": 1.0}]} if purpose == "talk" else {},
    )
    async with store.unit_of_work() as uow:
        await uow.recordings.upsert(row)
    return row


async def ids(service: RecordingService, **wanted: str) -> list[str]:
    return [row.id async for row in service.listed(**wanted)]  # type: ignore[arg-type]


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_listed_by_call_purpose_class_and_agent(
    store: Store, folder: Path, service: RecordingService
) -> None:
    await kept(store, folder, "t1", days=3)
    await kept(store, folder, "t2", days=2, retention="complaint")
    await kept(store, folder, "m1", days=1, purpose="message")
    assert await ids(service) == ["t1", "t2", "m1"]
    assert await ids(service, purpose="message") == ["m1"]
    assert await ids(service, retention="message") == ["m1"]
    assert await ids(service, retention="complaint") == ["t2"]
    assert await ids(service, agent="a1") == ["t1", "t2"]
    assert await ids(service, call="c-t1") == ["t1"]


async def test_a_file_that_is_not_what_it_was_is_found(
    store: Store, folder: Path, service: RecordingService
) -> None:
    for name in ("good", "changed", "missing"):
        await kept(store, folder, name)
    await kept(store, folder, "message", purpose="message")
    content = bytearray((folder / "changed.wav").read_bytes())
    content[100] ^= 1
    (folder / "changed.wav").write_bytes(content)
    (folder / "missing.wav").unlink()
    found = {one.recording.id: one.verdict async for one in service.verify()}
    assert found == {"good": "good", "changed": "changed", "missing": "missing", "message": "no_checksum"}
    with pytest.raises(RecordingError, match="not what was recorded"):
        await service.export(["changed"], folder / "out", by="zhang", why="case 42")


async def test_an_export_is_on_record_and_carries_what_is_known(
    store: Store, folder: Path, service: RecordingService, tmp_path: Path
) -> None:
    row = await kept(store, folder, "t1")
    (path,) = await service.export(["t1"], tmp_path / "out", by="zhang", why="case 42")
    assert path.read_bytes() == (folder / "t1.wav").read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    assert json.loads(path.with_suffix(".json").read_text())["call_id"] == row.call_id
    (act,) = await service.acts("t1")
    assert (act.author, act.act, act.why, act.call_id) == ("zhang", "export", "case 42", row.call_id)
    for by, why in (("", "x"), ("zhang", "")):
        with pytest.raises(RecordingError):
            await service.export(["t1"], tmp_path / "out", by=by, why=why)
    with pytest.raises(RecordingError, match="no recording t9"):
        await service.export(["t9"], tmp_path / "out", by="zhang", why="case 42")


async def test_what_is_under_legal_hold_is_erased_by_nobody(
    store: Store, folder: Path, service: RecordingService
) -> None:
    await kept(store, folder, "t1", days=5000)
    await service.keep("t1", "legal_hold", by="li", why="court")
    with pytest.raises(RecordingError, match="legal hold"):
        await service.erase("t1", by="zhang", why="asked for")
    assert await service.erase_old() == {}
    await service.keep("t1", "ordinary", by="li", why="over")
    await service.erase("t1", by="zhang", why="asked for")
    assert not (folder / "t1.wav").exists()
    async with store.reading() as uow:
        row = await uow.recordings.get("t1")
    assert row is not None
    assert (row.state, row.data["erased"]["by"]) == ("deleted", "zhang")
    assert [act.act for act in await service.acts("t1")] == ["erase", "keep", "keep"]
    with pytest.raises(RecordingError, match="no class"):
        await service.keep("t1", "for ever", by="li", why="?")


async def test_what_broke_off_is_kept_no_longer_than_the_rest(
    store: Store, folder: Path, service: RecordingService
) -> None:
    row = await kept(store, folder, "broke", days=31, purpose="message")
    async with store.unit_of_work() as uow:
        await uow.recordings.upsert(replace(row, state="failed", revision=row.revision + 1))
    assert await service.erase_old() == {"message": 1}
    assert _names(folder) == set()
    assert await service.erase_old() == {}


async def test_each_class_is_kept_for_its_days(store: Store, folder: Path, service: RecordingService) -> None:
    await kept(store, folder, "old", days=181)
    await kept(store, folder, "young", days=179)
    await kept(store, folder, "complaint", days=181, retention="complaint")
    await kept(store, folder, "held", days=9999, retention="legal_hold")
    await kept(store, folder, "said", days=31, purpose="message")
    assert await service.erase_old() == {"ordinary": 1, "message": 1}
    assert await ids(service) == ["held", "complaint", "young"]
    assert _names(folder) == {"held.wav", "complaint.wav", "young.wav"}
    acts = await service.acts()
    assert {(act.author, act.act, act.subject) for act in acts} == {
        ("retention", "erase", "old"),
        ("retention", "erase", "said"),
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"classes": {"ordinary": 1}},
        {"classes": {"ordinary": -1, "message": 1, "legal_hold": 0, "complaint": 1}},
        {"class_of_queue": {"general": "no such class"}},
    ],
)
async def test_settings_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RecordingSettings.model_validate(wrong)
