"""Events of journals as rows for COPY: what they are read as again, here and by both databases; what makes no row."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import spool_rows
from storage.records import JournalEvent
from storage.spool import Spool
from storage.spool_codec import decode, encode
from storage.spool_format import record
from storage.store import Store
from storage.writer import FactWriter
from tests.storage import samples as s
from tests.storage.test_spool_codec import facts
from tests.storage.test_writer import _journal

DATA: list[dict[Any, Any]] = [
    {},
    {"said": '路灯坏了 "quoted" \\ / \n\t\x01 \U0001f4a1', "ÿûÿ": ["ÿû", None, True, -1.5e300]},
    {1: "a key that is no text", "z": 1, "a": {"z": 2, "a": [[], {}]}},
    {"long": "宽" * 100_000},
]
TIMES = [
    s.T0,
    s.T0.replace(microsecond=0),
    s.T0.astimezone(s.SHANGHAI),
    dt.datetime(1970, 1, 1, 0, 0, 0, 1, dt.UTC),
]


def _events(count: int = 40) -> list[JournalEvent]:
    return [
        JournalEvent("c-n1-路", 2**31 - seq, TIMES[seq % 4], ("kind", "种类")[seq % 2], DATA[seq % 4], seq)
        for seq in range(1, count + 1)
    ]


def _stored(event: JournalEvent) -> JournalEvent:
    return replace(event, data=orjson.loads(orjson.dumps(event.data, option=orjson.OPT_NON_STR_KEYS)))


async def test_the_database_reads_a_row_as_the_event_that_it_was_made_of(
    store: Store, tmp_path: Path
) -> None:
    """And in the same form as an event that it got in any other way: sorted, to the microsecond."""
    made = _events()
    assert all(encode(event)[0] == spool_rows.FIRST for event in made)
    async with FactWriter(store, spool=Spool(tmp_path / "spool"), every_s=30.0) as writer:
        for event in made:
            writer.put(event)
        await writer.drain()
        assert (writer.figures.written, writer.figures.retries, writer.figures.batches) == (40, 0, 1)
    async with store.unit_of_work() as uow:
        await uow.journal.append(*(replace(event, call_id="otherwise") for event in made))
    wanted = sorted(map(_stored, made), key=lambda event: event.seq)
    assert await _journal(store, "c-n1-路") == wanted
    assert await _journal(store, "otherwise") == [replace(event, call_id="otherwise") for event in wanted]
    async with store.reading() as uow:
        texts = await uow.connection.exec_driver_sql(
            "SELECT count(*), count(DISTINCT CAST(at AS TEXT) || CAST(data AS TEXT) || CAST(seq AS TEXT)) FROM journal"
        )
        assert texts.one() == (80, 40)


async def test_rows_are_copied_into_postgres_and_nothing_else_is_made_of_them(store: Store) -> None:
    rows = list(map(spool_rows.row, _events()))
    async with store.unit_of_work() as uow:
        assert await uow.copy_events(rows[:1]) is False
        assert await uow.copy_events(rows) is (store.dialect == "postgresql")
    assert len(await _journal(store, "c-n1-路")) == (40 if store.dialect == "postgresql" else 0)


async def test_rows_that_are_there_already_or_that_the_database_refuses_do_not_hold_up_the_others(
    store: Store, tmp_path: Path
) -> None:
    async with store.unit_of_work() as uow:
        await uow.journal.append(s.event(7))
    async with FactWriter(store, spool=Spool(tmp_path / "spool"), every_s=30.0) as writer:
        for seq in range(1, 61):
            writer.put(s.event(seq, said="nul\0") if seq == 9 else s.event(seq))
        writer.put(s.call())
        writer.put(replace(s.event(61), at=s.T0.replace(tzinfo=None)))
        await writer.drain()
        refused = writer.figures.refused
    # SQLite stores what Postgres cannot: a zero in a text.
    missing = {9, 61} if store.dialect == "postgresql" else {61}
    assert refused == len(missing)
    assert [event.seq for event in await _journal(store)] == [n for n in range(1, 62) if n not in missing]
    kept = (tmp_path / "spool" / "aside" / "refused").read_bytes().splitlines()
    assert {orjson.loads(line)[2]["seq"] for line in kept} == missing


async def test_what_waited_in_the_spool_only_is_copied_as_it_lies_there(store: Store, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", segment_bytes=12_000)
    async with FactWriter(store, spool=spool, capacity=10, every_s=30.0) as writer:
        for seq in range(1, 101):
            writer.put(s.event(seq))
            if seq % 10 == 0:
                writer.put(s.line(seq))
        assert writer.buffered == 10
        await writer.drain(20)
        assert (writer.figures.written, writer.figures.refused, writer.figures.unreadable) == (110, 0, 0)
    assert await _journal(store) == [s.event(seq) for seq in range(1, 101)]


KILLED = """
import os, pathlib, signal, sys
from storage.spool import Spool
from storage.spool_codec import encode
from tests.storage import samples as s

spool = Spool(pathlib.Path(sys.argv[1]), spares=0, segment_bytes=2000)
spool.open()
for seq in range(1, 41):
    spool.append(encode(s.event(seq) if seq % 2 else s.line(seq)))
os.kill(os.getpid(), signal.SIGKILL)
"""


async def test_a_group_torn_at_the_end_of_a_killed_controllers_segment_costs_what_is_torn(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Power cuts do that, and full disks; rows hold any bytes, also those that a record begins with."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, str(tmp_path / "spool"))
    assert await process.wait() == -signal.SIGKILL
    last = sorted((tmp_path / "spool").glob("run-*/*.facts"))[-1]
    torn = record(encode(s.event(39))) + record(encode(s.line(40)))
    assert last.read_bytes().endswith(torn)
    os.truncate(last, last.stat().st_size - len(torn) + 60)
    with last.open("ab") as file:
        file.write(bytes(500))
    async with FactWriter(store, spool=Spool(tmp_path / "spool")) as writer:
        assert (writer.figures.recovered, writer.figures.unreadable) == (38, 0)
        writer.put(s.event(39))
    assert [event.seq for event in await _journal(store)] == list(range(1, 40, 2))
    assert "was not written to its end" in caplog.text


@given(facts(JournalEvent))
def test_a_row_is_read_as_the_event_that_it_was_made_of(event: JournalEvent) -> None:
    assert spool_rows.event(spool_rows.row(event)) == event


@given(st.binary(max_size=120), st.data())
def test_what_is_no_row_is_said_whatever_the_bytes(rest: bytes, data: st.DataObject) -> None:
    whole = spool_rows.row(s.event(1))
    changed = bytearray(whole[: data.draw(st.integers(0, len(whole)))] + rest)
    if changed:
        changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(0, 255))
    try:
        found = spool_rows.event(bytes(changed))
    except ValueError:
        return
    assert spool_rows.event(spool_rows.row(found)) == found


@pytest.mark.parametrize(
    "wrong",
    [
        {"seq": 2**31},
        {"seq": "1"},
        {"at": s.T0.replace(tzinfo=None)},
        {"kind": None},
        {"kind": []},
        {"call_id": 5},
        {"call_id": "c" * 600},
        {"version": None},
    ],
    ids=str,
)
def test_what_makes_no_row_is_spooled_as_json_for_the_database_to_refuse(wrong: dict[str, Any]) -> None:
    odd = replace(s.event(1), **wrong)
    payload = encode(odd)
    assert payload.startswith(b'["JournalEvent",')
    assert orjson.loads(payload)[2]["seq"] == odd.seq
    assert decode(payload) == odd or "at" in wrong
