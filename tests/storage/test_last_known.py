"""What a controller knows without its database: kept beside it, asked as the database would be, and brought into it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from storage import spool_codec
from storage.errors import StorageAway
from storage.known_files import KnownFiles
from storage.last_known import LastKnown, still_live
from storage.late_store import LateStore
from storage.live_records import LiveCallRecord
from storage.records import AgentRecord, CallRecord, EntryRecord, Fact
from storage.spool import Spool
from storage.store import Store
from storage.writer import FactWriter
from tests.storage import samples
from tests.storage.samples import T0, at, event

URL = "postgresql+asyncpg://ivr@db/hotline"
CALL = "c-n1-1"


def live(revision: int, call: str = CALL) -> LiveCallRecord:
    return LiveCallRecord(call, "n1", "ch-1", at(revision), data={"n": revision}, revision=revision)


def over(call: str = CALL) -> list[Fact]:
    return [
        replace(live(9, call), state="over", data={}),
        CallRecord(call, T0, state="ended", ended_at=at(9), revision=1),
    ]


def known_in(folder: Path, url: str = URL) -> LastKnown:
    return LastKnown(folder / "last-known", url, "n1", samples.release(1).name)


def left_in_spool(folder: Path, *facts: Fact) -> None:
    """By a controller that was killed."""
    spool = Spool(folder)
    spool.open()
    for fact in facts:
        spool.append(spool_codec.encode(fact))
    spool.close()


async def test_a_start_without_the_database_finds_the_last_of_everything(
    store: Store, tmp_path: Path
) -> None:
    file = samples.flow_file()
    version = samples.flow_version(files={"main.yaml": file.hash})
    async with store.unit_of_work() as uow:
        await uow.write([samples.call(CALL), live(1), event(1), AgentRecord.of(samples.agent())])
        await uow.write([samples.call("c-n1-0"), live(1, "c-n1-0"), event(1, "c-n1-0"), *over("c-n1-0")])
        await uow.flow_files.put(file)
        await uow.flow_versions.put(version)
        await uow.flow_releases.add(samples.release(1, version.hash))
    known = known_in(tmp_path)
    await known.renew(store)
    # Stored after the snapshot: more of the one call, and another from its beginning to its end.
    known.see([event(2), live(2), samples.call("c-n1-2"), live(1, "c-n1-2"), event(1, "c-n1-2")])
    known.see(over("c-n1-2"))
    known.close()
    left_in_spool(tmp_path / "spool", event(3), live(3), samples.line(4))

    for _ in range(2):  # what is in the spool is still the database's
        stand_in = await known_in(tmp_path).stand_in(tmp_path / "spool")
        assert stand_in is not None
        async with stand_in, stand_in.reading() as uow:
            assert await uow.live_calls.all_live("n1") == [live(3)]
            assert [one.id for one in await uow.calls.live()] == [CALL]
            assert [one.seq for one in await uow.journal.of(CALL)] == [1, 2, 3]
            assert await uow.live_calls.last_lines([CALL]) == ({CALL: 3}, {CALL: 4})
            assert [one.text for one in await uow.transcripts.of(CALL)] == [""], "only its number counts"
            assert [one.agent() for one in await uow.agents.all()] == [samples.agent()]
            found = await uow.flow_releases.live(version.name)
            assert found is not None and found.version == version.hash
            assert await uow.flow_files.contents([file.hash]) == {file.hash: file.content}


async def test_what_was_kept_of_another_database_or_is_damaged_is_not_used(
    store: Store, tmp_path: Path
) -> None:
    known = known_in(tmp_path)
    await known.renew(store)
    assert await known_in(tmp_path, URL + "2").stand_in(tmp_path / "spool") is None
    (snapshot,) = (tmp_path / "last-known").glob("*.snapshot")
    whole = snapshot.read_bytes()
    snapshot.write_bytes(whole[:30] + b"?" + whole[31:])
    assert await known_in(tmp_path).stand_in(tmp_path / "spool") is None
    snapshot.write_bytes(whole[:-3])
    assert await known_in(tmp_path).stand_in(tmp_path / "spool") is None


async def test_half_of_the_truth_is_forgotten(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = known_in(tmp_path)
    await known.renew(store)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(KnownFiles, "append", full)
        known.see([event(1)])
    assert known.torn
    assert await known_in(tmp_path).stand_in(tmp_path / "spool") is None
    await known.renew(store)
    assert not known.torn
    found = await known_in(tmp_path).stand_in(tmp_path / "spool")
    assert found is not None
    await found.close()


def test_of_each_state_the_newest_and_nothing_of_calls_that_are_over() -> None:
    ended = samples.entry()
    waiting = replace(ended, state="waiting", ended_at=None, outcome=None, revision=1)
    agent = samples.agent()
    holding = AgentRecord.of(replace(agent, entry=ended.id))
    facts = [
        samples.call(CALL), live(2), live(1), event(1),
        samples.call("c-n1-0"), live(1, "c-n1-0"), event(1, "c-n1-0"), *over("c-n1-0"), event(2, "c-n1-0"),
        EntryRecord.of(ended), EntryRecord.of(waiting), holding,
    ]  # fmt: skip
    assert still_live(facts) == [samples.call(CALL), live(2), EntryRecord.of(ended), holding, event(1)]
    free = AgentRecord.of(replace(agent, entry=None))
    assert still_live([EntryRecord.of(ended), free]) == [free]


async def test_facts_wait_until_the_database_has_what_was_there_before_them(
    store: Store, tmp_path: Path
) -> None:
    """The database is away at the start, and comes."""
    left_in_spool(tmp_path, event(1), live(1))
    known = known_in(tmp_path)
    await known.renew(store)
    stand_in = await known.stand_in(tmp_path)
    assert stand_in is not None
    late, there, stored = LateStore(store._engine, stand_in), asyncio.Event(), list[Fact]()

    async def until_there() -> None:
        await there.wait()

    writer = FactWriter(late.writing, spool=Spool(tmp_path), stored=stored.extend, until_there=until_there)
    async with writer:
        writer.put(event(2))
        assert await writer.durable(live(2)) == "spool"
        assert writer.away and writer.waiting == 2
        async with late.reading(last_known=True) as uow:
            assert await uow.live_calls.all_live("n1") == [live(1)]
        with pytest.raises(StorageAway, match="has not been there"):
            async with late.reading():
                pass
        with pytest.raises(StorageAway, match="has not been there"):
            async with late.unit_of_work():
                pass
        there.set()
        await writer.recovered.wait()
        await late.arrived()
        await writer.drain()
        assert stored == [event(1), live(1), event(2), live(2)]
        assert not writer.away
        async with late.reading(last_known=True) as uow:
            assert await uow.live_calls.all_live("n1") == [live(2)]
            assert [one.seq for one in await uow.journal.of(CALL)] == [1, 2]
