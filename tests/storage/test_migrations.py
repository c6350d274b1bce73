"""Forward, back, forward with data in it, and no difference between the tables in the code and those migrated to."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from storage.engine import create_engine
from storage.errors import SchemaMismatch
from storage.migrate import downgrade, head_revision, revisions, status, upgrade
from storage.records import EntryRecord
from storage.store import Store
from storage.tables import TRANSCRIPT_INDEXES, metadata
from tests.storage import samples as s


async def _inspected(url: str) -> tuple[set[str], list[object]]:
    """(the tables there are, what Alembic would have to change to make them those of the code)"""

    def look(connection: Connection) -> tuple[set[str], list[object]]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": ours})
        tables = inspect(connection).get_table_names()
        return {name for name in tables if ours(name)}, list(compare_metadata(context, metadata))

    def ours(name: str | None, *_: object) -> bool:
        return not str(name).startswith(TRANSCRIPT_INDEXES)

    engine = create_engine(url)
    async with engine.connect() as connection:
        found = await connection.run_sync(look)
    await engine.dispose()
    return found


async def test_the_migrations_make_the_tables_of_the_code(url: str) -> None:
    assert await upgrade(url) == (None, head_revision())
    tables, differences = await _inspected(url)
    assert differences == []
    assert tables == {*metadata.tables, "alembic_version"}


def test_the_newest_revision_is_told_by_the_names_of_the_files() -> None:
    assert revisions()[-1] == head_revision()


async def test_a_second_upgrade_changes_nothing_and_keeps_the_data(url: str) -> None:
    await upgrade(url)
    async with await Store.open(url) as store, store.unit_of_work() as uow:
        await uow.calls.upsert(s.call())
    assert await upgrade(url) == (head_revision(), head_revision())
    async with await Store.open(url) as store, store.reading() as uow:
        assert await uow.calls.get("c-n1-1") == s.call()


async def test_down_takes_everything_away_and_up_again_works(url: str) -> None:
    await upgrade(url)
    async with await Store.open(url) as store, store.unit_of_work() as uow:
        await uow.calls.upsert(s.call())
        await uow.journal.append(s.event(1))
    assert await downgrade(url) == (head_revision(), None)
    tables, _ = await _inspected(url)
    assert tables == {"alembic_version"}
    await upgrade(url)
    async with await Store.open(url) as store, store.reading() as uow:
        assert await uow.calls.recent() == []


async def test_two_that_start_at_once_migrate_one_after_the_other(url: str) -> None:
    results = await asyncio.gather(upgrade(url), upgrade(url))
    assert sorted(before or "" for before, _ in results) == ["", head_revision()]
    assert await status(url) == (head_revision(), head_revision())


async def test_a_database_that_was_never_migrated_is_refused_with_the_cure(url: str) -> None:
    with pytest.raises(SchemaMismatch, match="is empty") as caught:
        await Store.open(url)
    assert "ivr migrate" in caught.value.mend


async def test_versions_kept_as_one_text_become_files_and_text_again(url: str) -> None:
    await upgrade(url, "0001")
    source = "# file: main.yaml\nflow: main\n\n# file: prompts/zh.yaml\nhello: 您好\n"
    await _execute(
        url,
        "INSERT INTO flow_versions (hash, name, source, loaded_at, by) "
        "VALUES (:hash, 'main', :source, '2026-11-22 08:00:00.123456+00:00', 'start')",
        hash="cd" * 32,
        source=source,
    )
    await upgrade(url)
    async with await Store.open(url) as store, store.reading() as uow:
        found = await uow.flow_versions.get("cd" * 32)
        assert found is not None
        assert (found.name, found.author, found.created_at) == ("main", "start", s.T0)
        contents = await uow.flow_files.contents(found.files.values())
    files = {name: contents[hash] for name, hash in found.files.items()}
    assert files == {"main.yaml": b"flow: main\n", "prompts/zh.yaml": "hello: 您好\n".encode()}
    await downgrade(url, "0001")
    assert await _execute(url, "SELECT source, by FROM flow_versions") == [(source, "start")]


async def test_entries_of_an_older_version_are_those_of_callers_on_the_line(url: str) -> None:
    await upgrade(url)
    plain = replace(EntryRecord.of(s.entry()), only=None, ring_s=None, callback="", not_before=None)
    async with await Store.open(url) as store, store.unit_of_work() as uow:
        await uow.entries.upsert(plain)
    await downgrade(url, "0002")
    await upgrade(url)
    async with await Store.open(url) as store, store.reading() as uow:
        assert await uow.entries.get("e1") == plain


async def test_lines_of_an_older_version_are_those_of_callers(url: str) -> None:
    await upgrade(url, "0003")
    await _execute(
        url,
        "INSERT INTO transcripts (call_id, seq, at, speaker, language, text, engine, words) "
        "VALUES ('c1', 1, '2026-11-22 08:00:00.123456+00:00', 'caller', 'zh', '路灯', 'vosk', '[]')",
    )
    await upgrade(url)
    async with await Store.open(url) as store, store.unit_of_work() as uow:
        (line,) = await uow.transcripts.of("c1")
        assert (line.at, line.shown, line.source, line.party, line.revision) == (
            s.T0,
            "路灯",
            "dialogue",
            "",
            0,
        )
        await uow.transcripts.append(replace(s.line(1, "c1"), party="a1", speaker="agent"))
    await downgrade(url, "0003")
    assert await _execute(url, "SELECT call_id, seq, text FROM transcripts") == [("c1", 1, "路灯")]
    await upgrade(url)


async def _execute(url: str, statement: str, **values: object) -> list[tuple[object, ...]]:
    """The rows that it gives, if any."""
    engine = create_engine(url)
    async with engine.begin() as connection:
        result = await connection.execute(text(statement), values)
        rows = [tuple(row) for row in result.all()] if result.returns_rows else []
    await engine.dispose()
    return rows
