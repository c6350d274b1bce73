"""`ivr recordings` as somebody types it."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.cli.recordings import app
from ivr.recordings.files import finish
from storage.migrate import upgrade
from storage.promises import RecordingRecord
from storage.store import Store

ID = "c-n1-1.talk-1"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hotline's folder with one recorded talk in it."""
    folder = tmp_path / "asterisk" / "spool" / "recording"
    folder.mkdir(parents=True)
    (folder / f"{ID}.raw").write_bytes(bytes(64000))
    made = finish(folder / f"{ID}.raw", folder / f"{ID}.wav")
    url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.db'}"
    row = RecordingRecord(
        id=ID,
        call_id="c-n1-1",
        purpose="talk",
        path=f"{ID}.wav",
        created_at=dt.datetime.now(dt.UTC),
        seconds=made.seconds,
        state="kept",
        retention="complaint",
        sha256=made.sha256,
        data={"agents": [{"agent": "a1001", "from_s": 0.0, "to_s": 2.0}]},
    )

    async def fill() -> None:
        await upgrade(url)
        async with await Store.open(url) as store, store.unit_of_work() as uow:
            await uow.recordings.upsert(row)

    asyncio.run(fill())
    monkeypatch.setenv("IVR_STATE_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return folder


def said(*args: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, list(args))
    assert done.exit_code == code, done.output
    return done.output


def test_list_verify_export_keep_and_erase(state: Path, tmp_path: Path) -> None:
    assert ID in said("list")
    assert max(map(len, said("list").splitlines())) <= 80
    assert "a1001" in said("list", "--agent", "a1001", "--class", "complaint")
    assert "no such recording" in said("list", "--class", "ordinary")
    (row,) = json.loads(said("list", "--json"))
    assert (row["seconds"], row["retention"]) == (2.0, "complaint")
    assert json.loads(said("verify", "--json"))["good"] == [ID]
    out = tmp_path / "out"
    assert "1 recordings" in said("export", ID, "--to", str(out), "--why", "case 42", "--by", "zhang")
    assert (out / f"{ID}.wav").read_bytes() == (state / f"{ID}.wav").read_bytes()
    said("keep", ID, "--class", "legal_hold", "--why", "court", "--by", "li")
    assert "legal hold" in said("erase", ID, "--why", "old", "--by", "zhang", code=1)
    said("keep", ID, "--class", "ordinary", "--why", "over", "--by", "li")
    assert "erased" in said("erase", ID, "--why", "old", "--by", "zhang")
    assert not (state / f"{ID}.wav").exists()
    assert ID in said("list", "--erased")
    assert "nothing is old" in said("erase", "--old")
    acts = said("acts", ID)
    assert [line.split()[3] for line in acts.splitlines()] == ["erase", "keep", "keep", "export"]
    assert "zhang export" in acts
    assert "case 42" in acts


def test_a_file_that_was_changed_ends_with_one(state: Path) -> None:
    (state / f"{ID}.wav").write_bytes(b"something else")
    assert f"changed: {ID}" in said("verify", code=1)


def test_what_cannot_be_is_told_with_its_cure(state: Path) -> None:
    assert "ivr recordings list" in said("export", "nothing", "--to", "out", "--why", "x", code=1)
    assert "legal_hold" in said("keep", ID, "--class", "for ever", "--why", "x", code=1)
    said("erase", code=2)
