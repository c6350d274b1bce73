"""A person's wish to be forgotten: afterwards the number is in no table and no file, and the figures are the same."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from ivr.__main__ import app
from ivr.callers_known import CallerKeys
from ivr.errors import ErasureError
from ivr.recordings.service import RecordingService
from ivr.recordings.settings import CLASSES, LEGAL_HOLD
from ivr.retention.person import Found, erase, forms, look
from storage.entry_changes import EntryChange
from storage.live_records import LiveCallRecord
from storage.missed_records import MissedCallRecord
from storage.records import EntryRecord, JournalEvent
from storage.store import Store
from storage.tables import metadata
from tests.storage import samples as s

NUMBER, OTHER = "13812345678", "13900000000"
KEYS = CallerKeys(b"k" * 32)
CALLS = ("c-n1-1", "c-n1-2")
"""Hers; c-n1-3 is somebody else's."""


async def fill(store: Store, folder: Path) -> None:
    entry = EntryRecord.of(s.entry())
    async with store.unit_of_work() as uow:
        for call, number, stored in (
            ("c-n1-1", NUMBER, NUMBER),
            ("c-n1-2", NUMBER, f"+86{NUMBER}"),
            ("c-n1-3", OTHER, OTHER),
        ):
            key = KEYS.of(number)
            await uow.write(
                [
                    s.call(call, caller=stored, state="ended", data={"topic": f"的{number}", "waited_s": 3.0}),
                    JournalEvent(call, 1, s.T0, "arrived", {"caller": stored}, 2),
                    JournalEvent(call, 2, s.T0, "input", {"digits": number}),
                    replace(entry, id=f"{call}.e", call_id=call, callback="", caller_key=key, reason=f"打给{number}"),
                    EntryChange(f"{call}.e", 0, s.T0, call, "arrived", {"caller_key": key}),
                    LiveCallRecord(call, "n1", call, s.T0, "over", {"n": number}),
                    replace(s.line(1, call), text=f"我的电话是{number}"),
                    s.callback(f"b-{call}", call_id=call, number=number, state="done"),
                    JournalEvent(f"b-{call}", 1, s.T0, "promised", {"number": number}),
                    s.notification(f"m-{call}", call_id=call, recipient=number, state="sent"),
                    MissedCallRecord(
                        f"o-{call}", key, number, "lost", {}, 1, s.T0, s.T0, s.T0, call,
                        state="open" if call != "c-n1-2" else "closed",
                    ),
                    s.recording(f"{call}.r", call_id=call, path=f"{call}.wav"),
                ]
            )  # fmt: skip
            path = folder / f"{call}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(number.encode())
        # Somebody else promised her a call: the promise is hers, the call is not.
        await uow.callbacks.upsert(
            s.callback("b-hers", call_id="c-n1-3", number=NUMBER, state="done", revision=1)
        )
        await uow.journal.append(JournalEvent("b-hers", 1, s.T0, "promised", {"number": NUMBER}))
        promise = replace(entry, id="b-hers.e", call_id="c-n1-3", callback="b-hers", reason=f"打给{NUMBER}")
        hers = {"caller_key": KEYS.of(NUMBER)}
        await uow.entries.upsert(replace(promise, **hers))
        await uow.entry_changes.append(EntryChange("b-hers.e", 0, s.T0, "c-n1-3", "arrived", hers))


def service(store: Store, folder: Path) -> RecordingService:
    return RecordingService(store, folder, CLASSES)


async def found_in(store: Store, wanted: str) -> set[str]:
    """Tables in which that is to be found, in any column."""
    found = set()
    async with store.reading() as uow:
        for table in metadata.sorted_tables:
            for row in (await uow.connection.execute(select(table))).mappings():
                if wanted in json.dumps(dict(row), default=str, ensure_ascii=False):
                    found.add(table.name)
    return found


def _files_with(store: Store, wanted: str) -> list[str]:
    """Of SQLite's files, while the hotline has them open."""
    if store.dialect != "sqlite":
        return []
    path = Path(str(store.url.database))
    return [one.name for one in path.parent.glob(f"{path.name}*") if wanted.encode() in one.read_bytes()]


def sounds(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*.wav"))


async def look_for(store: Store, folder: Path, **who: str) -> Found:
    return await look(store, service(store, folder), KEYS, **who)


async def test_afterwards_the_number_is_nowhere(store: Store, tmp_path: Path) -> None:
    await fill(store, tmp_path)
    before = {id: await _call(store, id) for id in (*CALLS, "c-n1-3")}
    assert len(await found_in(store, NUMBER)) == 8

    found = await look_for(store, tmp_path, number=f"0086 {NUMBER}")
    assert (found.calls, found.open, found.held) == (CALLS, (), ())
    assert found.counts == {
        "calls": 2,
        "journal": 7,
        "entry_changes": 3,
        "live_calls": 2,
        "transcripts": 2,
        "recordings": 2,
        "callbacks": 3,
        "notifications": 2,
        "missed_calls": 2,
    }
    assert len(await found_in(store, NUMBER)) == 8, "only looked"
    assert bool(_files_with(store, NUMBER)) == (store.dialect == "sqlite"), "so it would be seen"

    done = await erase(store, service(store, tmp_path), found, by="zhang", why="request 17")
    assert await found_in(store, NUMBER) == set()
    assert _files_with(store, NUMBER) == []
    assert await found_in(store, KEYS.of(NUMBER)) == {"acts"}
    assert sounds(tmp_path) == ["c-n1-3.wav"]
    assert done == found.counts
    # The figures stay, and so does all of somebody else.
    for id in CALLS:
        call = await _call(store, id)
        assert (call.caller, call.data["waited_s"], call.started_at) == ("", 3.0, before[id].started_at)
    assert await _call(store, "c-n1-3") == before["c-n1-3"]
    assert {"calls", "journal", "transcripts", "callbacks", "missed_calls"} <= await found_in(store, OTHER)
    async with store.reading() as uow:
        acts = await uow.acts.listed(kind="person")
    assert [(act.act, act.author, act.why) for act in acts] == [
        ("erased", "zhang", "request 17"),
        ("erase", "zhang", "request 17"),
    ]
    assert acts[0].data["erased"] == done
    assert not (await look_for(store, tmp_path, number=NUMBER)).anything


async def _call(store: Store, id: str) -> Any:
    async with store.reading() as uow:
        return await uow.calls.get(id)


async def test_whoever_withheld_the_number_is_found_by_the_promise(store: Store, tmp_path: Path) -> None:
    entry = replace(EntryRecord.of(s.entry()), id="e", call_id="c", callback="b", caller_key=KEYS.of(NUMBER))
    async with store.unit_of_work() as uow:
        await uow.write([s.call("c", caller="", state="ended", data={}), entry])
    assert (await look_for(store, tmp_path, number=NUMBER)).calls == ("c",)


async def test_the_talk_that_a_promise_came_to_goes_too(store: Store, tmp_path: Path) -> None:
    """It is in nobody's call: what is kept of it bears an id of its own. One is known by the promise's journal, one by
    its recording only: the rest is archived, or older than it is kept."""
    await fill(store, tmp_path)
    entry = replace(EntryRecord.of(s.entry()), id="e", call_id="c-n1-1", callback="b-gone")
    async with store.unit_of_work() as uow:
        await uow.journal.append(JournalEvent("b-c-n1-1", 2, s.T0, "citizen_rung", {"call": "c-n1-a"}))
        await uow.journal.append(JournalEvent("b-gone", 1, s.T0, "in_line", {"number": NUMBER}))
        await uow.entries.upsert(entry)
        for call in ("c-n1-a", "c-n1-b"):
            (tmp_path / f"{call}.wav").write_bytes(b"said")
            said = replace(s.line(1, call), text=NUMBER)
            talk = s.recording(f"{call}.t", call_id=call, path=f"{call}.wav", purpose="talk")
            await uow.write([said, replace(talk, data={"entry": "e" if call == "c-n1-b" else ""})])
    found = await look_for(store, tmp_path, number=NUMBER)
    assert set(found.calls) == {*CALLS, "c-n1-a", "c-n1-b"}
    assert set(found.promises) == {"b-c-n1-1", "b-c-n1-2", "b-hers", "b-gone"}
    assert (found.counts["calls"], found.counts["recordings"], found.counts["transcripts"]) == (2, 4, 4)
    assert await erase(store, service(store, tmp_path), found, by="li", why="wish") == found.counts
    assert await found_in(store, NUMBER) == set()
    assert sounds(tmp_path) == ["c-n1-3.wav"]


async def test_one_call_alone(store: Store, tmp_path: Path) -> None:
    await fill(store, tmp_path)
    found = await look_for(store, tmp_path, call="c-n1-1")
    await erase(store, service(store, tmp_path), found, by="zhang", why="request 18")
    assert (await _call(store, "c-n1-1")).caller == ""
    assert (await _call(store, "c-n1-2")).caller == f"+86{NUMBER}"
    async with store.reading() as uow:
        assert await uow.journal.of("c-n1-1") == []
        assert len(await uow.journal.of("c-n1-2")) == 2


async def test_what_is_held_by_law_stays_and_is_told(store: Store, tmp_path: Path) -> None:
    await fill(store, tmp_path)
    async with store.unit_of_work() as uow:
        await uow.recordings.upsert(
            s.recording("c-n1-1.r", path="c-n1-1.wav", retention=LEGAL_HOLD, revision=2)
        )
    found = await look_for(store, tmp_path, number=NUMBER)
    assert (found.held, found.counts["recordings"]) == (("c-n1-1.r",), 1)
    await erase(store, service(store, tmp_path), found, by="zhang", why="request 17")
    assert sounds(tmp_path) == ["c-n1-1.wav", "c-n1-3.wav"]
    assert await found_in(store, NUMBER) == set()


async def test_what_is_not_over_is_first_to_end(store: Store, tmp_path: Path) -> None:
    await fill(store, tmp_path)
    async with store.unit_of_work() as uow:
        await uow.calls.upsert(s.call("c-n1-4"))
        await uow.callbacks.upsert(s.callback("b-open", number=NUMBER))
    found = await look_for(store, tmp_path, number=NUMBER)
    assert found.open == ("call c-n1-4", "callback b-open")
    with pytest.raises(ErasureError, match="call c-n1-4, callback b-open"):
        await erase(store, service(store, tmp_path), found, by="zhang", why="request 17")
    assert len(await found_in(store, NUMBER)) == 8


async def test_the_call_that_a_promise_went_on_in_is_first_to_end(store: Store, tmp_path: Path) -> None:
    """The promise is done, its talk was handed on: that call has a record of its own, no number, and is live."""
    await fill(store, tmp_path)
    onward = s.call("c-n1-7", caller="")
    async with store.unit_of_work() as uow:
        await uow.journal.append(JournalEvent("b-c-n1-1", 2, s.T0, "done", {"call": onward.id}))
        await uow.write([onward, LiveCallRecord(onward.id, "n1", onward.id, s.T0)])
    found = await look_for(store, tmp_path, number=NUMBER)
    assert (found.open, found.counts["calls"]) == (("call c-n1-7",), 3)
    with pytest.raises(ErasureError, match="call c-n1-7"):
        await erase(store, service(store, tmp_path), found, by="zhang", why="request 17")
    async with store.unit_of_work() as uow:
        await uow.calls.upsert(replace(onward, state="ended", revision=onward.revision + 1))
    over = await look_for(store, tmp_path, number=NUMBER)
    assert await erase(store, service(store, tmp_path), over, by="zhang", why="request 17") == over.counts


@pytest.mark.parametrize("fails", [False, True])
async def test_a_log_that_cannot_be_cut_is_told_and_the_erasure_is_on_record(
    migrated_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fails: bool,
) -> None:
    """Somebody reads the SQLite file all the time, or the disk is bad."""
    path = tmp_path / "read.db"
    path.write_bytes(migrated_file.read_bytes())  # noqa: ASYNC240
    monkeypatch.setattr("storage.store.FORGET_WAITS_S", (0.0, 0.0))
    async with await Store.open(f"sqlite+aiosqlite:///{path}") as store:
        await fill(store, tmp_path)
        found = await look_for(store, tmp_path, number=NUMBER)
        async with store.reading() as reader:
            await reader.calls.get("c-n1-1")
            if fails:
                monkeypatch.setattr(aiosqlite.Cursor, "fetchone", _broken)
            await erase(store, service(store, tmp_path), found, by="zhang", why="request 17")
            monkeypatch.undo()
        async with store.reading() as uow:
            acts = [act.act for act in await uow.acts.listed(kind="person")]
            assert (await uow.connection.exec_driver_sql("PRAGMA busy_timeout")).scalar() == 5000
    assert acts == ["erased", "erase"]
    assert ("disk I/O error" if fails else "somebody reads it all the time") in caplog.text
    assert "end what reads the database" in caplog.text


async def _broken(cursor: object) -> None:
    raise sqlite3.OperationalError("disk I/O error")


@pytest.mark.parametrize("by, why", [("", "request 17"), ("zhang", "")])
async def test_who_and_why_are_on_record(by: str, why: str, tmp_path: Path) -> None:
    found = Found(("c",), "", (), (), (), {"calls": 1})
    with pytest.raises(ErasureError, match="on record"):
        await erase(None, None, found, by=by, why=why)  # type: ignore[arg-type]  # not asked


def test_a_number_has_several_forms() -> None:
    assert set(forms("+86 138 1234 5678")) >= {NUMBER, f"+86{NUMBER}", f"0086{NUMBER}"}
    assert forms("anonymous") == ()


@pytest.mark.parametrize("typed", ["010 8888 7777", "+86 10 8888 7777", "0086-10-88887777", "1088887777"])
def test_an_areas_code_is_found_with_and_without_its_nought(typed: str) -> None:
    wanted = {"01088887777", "+861088887777", "00861088887777", "+8601088887777", "1088887777"}
    assert set(forms(typed)) >= wanted


def test_a_mobile_number_with_the_nought_of_another_town_is_the_same() -> None:
    assert NUMBER in forms(f"0{NUMBER}")
    assert f"0{NUMBER}" not in forms(NUMBER)


def test_the_commands(migrated_file: Path, tmp_path: Path) -> None:
    state = tmp_path / "var"
    state.mkdir()
    (state / "hotline.db").write_bytes(migrated_file.read_bytes())
    (state / "caller-key").write_bytes(b"k" * 32)
    recordings = state / "asterisk" / "spool" / "recording"

    async def filled() -> None:
        async with await Store.open(f"sqlite+aiosqlite:///{state / 'hotline.db'}") as store:
            await fill(store, recordings)

    asyncio.run(filled())

    def run(*words: str) -> Any:
        return CliRunner().invoke(app, [*words], env={"IVR_STATE_DIR": str(state)})

    assert run("erase").exit_code == 2
    assert run("erase", "--caller", NUMBER, "--archives", str(tmp_path / "nowhere")).exit_code == 1
    looked = run("erase", "--caller", NUMBER, "--archives", str(tmp_path))
    assert looked.exit_code == 0, looked.output
    assert "nothing was changed" in looked.output
    assert NUMBER not in looked.output
    assert run("erase", "--caller", NUMBER, "--yes").exit_code == 1
    done = run("erase", "--caller", NUMBER, "--yes", "--why", "request 17", "--format", "json")
    assert json.loads(done.output)["erased"]["calls"] == 2
    assert "nothing is kept" in run("erase", "--caller", NUMBER).output
    assert sorted(path.name for path in recordings.iterdir()) == ["c-n1-3.wav"]
    kept = json.loads(run("retention", "--format", "json").output)["classes"]
    assert {"journal", "transcripts", "recordings"} <= {one["class"] for one in kept}
    assert run("retention", "--run").exit_code == 0
