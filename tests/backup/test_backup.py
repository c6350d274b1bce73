"""A hotline put back into an empty place, from and to either database: every row and every file is the same."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import shutil
import stat
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ivr.__main__ import app
from ivr.adoption.lock import one_at_a_time
from ivr.backup.making import make
from ivr.backup.places import Places
from ivr.backup.restoring import looked_through, restore
from ivr.config import load_settings
from ivr.errors import BackupError
from ivr.transcripts.finding import Wanted
from ivr.transcripts.service import TranscriptService
from storage import spool_codec
from storage.engine import create_engine
from storage.migrate import upgrade
from storage.records import TranscriptLine
from storage.spool import Spool
from storage.store import Store
from storage.tables import metadata
from storage.writer import FactWriter
from tests.storage import samples
from tests.support import any_rows
from tests.support.postgres import PrivatePostgres

FILES = {
    "state/caller-key": b"k" * 32,
    "state/asterisk/secrets.json": b'{"ari": "x"}',
    "state/asterisk/keys/hotline.key": b"key",
    "state/asterisk/spool/fallback/1.jsonl": b"{}\n",
    "state/spool/00000001.spool": b"facts",
    "recordings/2026/11/r1.wav": bytes(range(256)) * 500,
}
NOT_KEPT = {
    "state/asterisk/log/messages": b"log",
    "state/hotline.db-wal": b"wal",
    "state/spool/lock": b"",
    "state/spool/run-20261126T154330.793249-7/spare-01": bytes(1 << 20),
}


def places(folder: Path, files: dict[str, bytes] | None = None) -> Places:
    for name, content in (files or {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return Places(folder / "state", folder / "recordings")


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


async def all_rows(url: str) -> dict[str, Any]:
    engine = create_engine(url)
    async with engine.connect() as connection:
        found = await connection.run_sync(lambda sync: {**any_rows.read(sync)})
    await engine.dispose()
    return found


async def filled(store: Store) -> None:
    """A row a table, whatever table there is, and a call with a transcript that is found by its words."""
    async with store.unit_of_work() as uow:
        await uow.connection.run_sync(any_rows.fill, range(7, 10))
        await uow.calls.upsert(samples.call())
        await uow.transcripts.append(
            samples.line(1), TranscriptLine("c-n1-1", 2, samples.at(2), "caller", "我的电话是13812345678")
        )


async def found_by(url: str, words: str) -> list[str]:

    async with await Store.open(url) as store:
        page = await TranscriptService(store).search(Wanted(words), hide=frozenset(), by="test")
    return [hit.call_id for hit in page.hits]


@pytest.fixture
async def url(store: Store, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """An empty database of the other kind than `store`."""
    if store.dialect == "postgresql":
        yield f"sqlite+aiosqlite:///{tmp_path / 'other.db'}"
        return
    cluster: PrivatePostgres = request.getfixturevalue("postgres")
    name = await cluster.create()
    yield cluster.url(name)
    await cluster.drop(name)


@pytest.mark.real
async def test_restored_into_an_empty_place_everything_is_the_same(
    store: Store, url: str, tmp_path: Path
) -> None:
    """From SQLite into Postgres, and from Postgres into SQLite."""
    await filled(store)
    backup, source = tmp_path / "made" / "hotline.backup", tmp_path / "source"
    backup.parent.mkdir()
    made = await make(store, places(source, FILES | NOT_KEPT), backup)
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert [path.name for path in backup.parent.iterdir()] == ["hotline.backup"]
    assert made.files == len(FILES)

    target = tmp_path / "target"
    done = await restore(backup, url, places(target))
    assert (done.rows, done.files) == (made.rows, made.files)
    assert files_in(target) == FILES
    assert {stat.S_IMODE(path.stat().st_mode) for path in target.rglob("*") if path.is_file()} == {0o600}

    async with await Store.open(url) as restored, restored.reading() as uow:
        assert await uow.calls.get("c-n1-1") == samples.call()
        assert [line.text for line in await uow.transcripts.of("c-n1-1")] == [
            "路灯坏了",
            "我的电话是13812345678",
        ]
    before, after = await all_rows(str_of(store)), await all_rows(url)
    assert set(before) == set(metadata.tables)
    assert {name: len(rows) for name, rows in after.items()} == {
        name: len(rows) for name, rows in before.items()
    }
    # Times have zones on one only, and words to search by are written otherwise: they are looked for.
    assert plain(after) == plain(before)
    assert await found_by(url, "路灯") == ["c-n1-1"]
    assert await found_by(url, "13812345678") == ["c-n1-1"]
    # Numbers that the database gives out go on after those that came in.
    async with await Store.open(url) as restored, restored.unit_of_work() as uow:
        await uow.transcripts.append(samples.line(3))


def plain(tables: dict[str, Any]) -> dict[str, list[str]]:
    return {
        name: sorted(
            json.dumps(
                {
                    column: str(value).partition("+")[0] if isinstance(value, dt.datetime) else value
                    for column, value in row.items()
                    if not column.endswith("_words")
                },
                sort_keys=True,
                default=str,
            )
            for row in rows.values()
        )
        for name, rows in tables.items()
    }


def str_of(store: Store) -> str:
    return store.url.render_as_string(hide_password=False)


async def test_what_is_there_is_given_up_only_where_that_is_said(migrated_file: Path, tmp_path: Path) -> None:
    shutil.copy(migrated_file, tmp_path / "full.db")
    full = f"sqlite+aiosqlite:///{tmp_path / 'full.db'}"
    backup = tmp_path / "hotline.backup"
    async with await Store.open(full) as store:
        async with store.unit_of_work() as uow:
            await uow.calls.upsert(samples.call())
        await make(store, places(tmp_path / "a", FILES), backup)
        async with store.unit_of_work() as uow:
            await uow.calls.upsert(samples.call("c-n1-2"))
    with pytest.raises(BackupError, match="rows in calls"):
        await restore(backup, full, places(tmp_path / "b"))
    assert files_in(tmp_path / "b") == {}
    empty = f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
    with pytest.raises(BackupError, match="a file"):
        await restore(backup, empty, places(tmp_path / "c", {"state/caller-key": b"another"}))
    await restore(backup, full, places(tmp_path / "c"), replace=True)
    async with await Store.open(full) as store, store.reading() as uow:
        assert [call.id for call in await uow.calls.recent()] == ["c-n1-1"]
    assert files_in(tmp_path / "c") == FILES


async def test_what_was_on_its_way_into_the_database_of_before_is_set_aside(
    migrated_file: Path, tmp_path: Path
) -> None:
    """Else the next start would bring it into the one that was put back. It is not lost either."""
    shutil.copy(migrated_file, tmp_path / "full.db")
    url, state = f"sqlite+aiosqlite:///{tmp_path / 'full.db'}", tmp_path / "a" / "state"
    backup = tmp_path / "hotline.backup"
    async with await Store.open(url) as store:
        await make(store, places(tmp_path / "a", FILES), backup)
    spool = Spool(state / "spool")
    spool.open()
    spool.append(spool_codec.encode(samples.call("c-n1-9")))
    spool.close()
    (state / "last-known").mkdir()
    (state / "last-known" / "00000001.facts").write_bytes(b"known of another database")
    (left,) = (state / "spool").glob("run-*")
    written = files_in(left)

    done = await restore(backup, url, places(tmp_path / "a"), replace=True)
    assert done.set_aside is not None and done.set_aside.parent == state / "before-restore"
    assert files_in(done.set_aside / left.name) == written
    assert (done.set_aside / "last-known" / "00000001.facts").exists()
    assert not left.exists() and not (state / "last-known").exists()
    async with await Store.open(url) as store, FactWriter(store, spool=Spool(state / "spool")) as writer:
        assert writer.figures.recovered == 0
        async with store.reading() as uow:
            assert await uow.calls.get("c-n1-9") is None
    again = await restore(backup, url, places(tmp_path / "a"), replace=True)
    assert again.set_aside is None, "there is nothing to be set aside"


async def test_a_damaged_backup_changes_nothing(migrated_file: Path, tmp_path: Path) -> None:
    backup = tmp_path / "hotline.backup"
    shutil.copy(migrated_file, tmp_path / "full.db")
    url = f"sqlite+aiosqlite:///{tmp_path / 'full.db'}"
    async with await Store.open(url) as store:
        async with store.unit_of_work() as uow:
            await uow.calls.upsert(samples.call())
        await make(store, places(tmp_path / "a", FILES), backup)
    whole = backup.read_bytes()
    place = whole.index(bytes(range(256)))
    for damaged in (whole[: place + 3] + b"?" + whole[place + 4 :], whole[:-20_000], b"no tar", b""):
        backup.write_bytes(damaged)
        with pytest.raises(BackupError, match=r"damaged|no whole backup"):
            await restore(backup, url, places(tmp_path / "b"), replace=True)
    async with await Store.open(url) as store, store.reading() as uow:
        assert await uow.calls.get("c-n1-1") is not None
    assert files_in(tmp_path / "b") == {}


def test_a_file_that_leads_out_of_the_folders_is_refused(tmp_path: Path) -> None:
    for name in ("files/state/../../evil", "files/elsewhere/x", "files/state//etc/evil"):
        with pytest.raises(BackupError, match="belongs nowhere"):
            places(tmp_path).target(name)


async def test_the_view_is_one_of_the_moment_while_others_write(store: Store, tmp_path: Path) -> None:
    """What is written after the first table was read is in none of the others."""
    async with store.unit_of_work() as uow:
        await uow.calls.upsert(samples.call())
    told: list[str] = []
    begun = asyncio.Event()

    def say(table: str) -> None:
        told.append(table)
        if len(told) == 2:
            begun.set()

    backup = tmp_path / "hotline.backup"
    making = asyncio.ensure_future(make(store, places(tmp_path / "a"), backup, say))
    await begun.wait()
    async with store.unit_of_work() as uow:
        await uow.journal.append(*(samples.event(seq) for seq in range(1, 50)))
        await uow.calls.upsert(samples.call("c-n1-9"))
    await making
    rows = {name: table.rows for name, table in looked_through(backup).tables.items()}
    assert (rows["journal"], rows["calls"]) == (0, 1)


def test_the_commands(tmp_path: Path) -> None:
    state = tmp_path / "var"
    url = f"sqlite+aiosqlite:///{state / 'hotline.db'}"
    asyncio.run(upgrade(url))
    (state / "caller-key").write_bytes(b"k" * 32)
    file, runner = tmp_path / "hotline.backup", CliRunner()
    env = {"IVR_STATE_DIR": str(state)}

    def run(*words: str) -> Any:
        return runner.invoke(app, [*words, "--format", "json"], env=env)

    made = run("backup", str(file))
    assert made.exit_code == 0, made.output
    assert json.loads(made.output)["files"] == 1
    assert run("restore", str(file), "--check").exit_code == 0
    refused = run("restore", str(file))
    assert refused.exit_code == 1
    assert "--yes" in json.loads(refused.output)["mend"]
    with one_at_a_time(load_settings(None, state_dir=state), takeover=False):
        running = run("restore", str(file), "--yes")
    assert running.exit_code == 1
    assert "another controller runs" in running.output
    assert run("restore", str(file), "--yes").exit_code == 0
    with tarfile.open(file) as tar:
        assert tar.getnames()[-1] == "manifest.json"
    for place, cause in (
        ("nowhere/x", "nowhere is not there"),
        ("hotline.backup/x", "is no folder"),
        ("var", "is a folder"),
    ):
        refused = run("backup", str(tmp_path / place))
        assert refused.exit_code == 1
        told = json.loads(refused.output)
        assert cause in told["error"] and "name a file in" in told["mend"]
