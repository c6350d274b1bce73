"""Rows of every revision, in every table, go up to today's tables and back down, and none is lost where there is a
place for it. The file of the release before this one comes up too."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection

from storage.engine import create_engine
from storage.migrate import downgrade, revisions, upgrade
from storage.store import Store
from tests.support import any_rows

Result = TypeVar("Result")
Rows = dict[str, dict[tuple[Any, ...], any_rows.Row]]
RELEASE: Final = Path(__file__).with_name("release_0009.db.gz")
"""Made by `python -m scripts.generate_release_dump 0009`."""
CHANGED_UP: Final = {
    # Its text becomes files of their own, which a test of its own compares.
    "flow_versions",
    "flow_files",
}
MADE_ANEW: Final = {("transcripts", "number"), ("transcripts", "open_words"), ("transcripts", "secret_words")}
"""Columns that a way down and up again gives other values."""


async def inside(url: str, work: Callable[[Connection], Result]) -> Result:
    engine = create_engine(url)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def lost(before: Rows, after: Rows, but: set[str] = CHANGED_UP) -> list[str]:
    """What of `before` is not in `after`, though that has the table and the column."""
    found: list[str] = []
    for table, rows in before.items():
        if table not in after or table in but:
            continue
        columns = {column for row in after[table].values() for column in row}
        compared = [
            {name: value for name, value in row.items() if name in columns and (table, name) not in MADE_ANEW}
            for row in rows.values()
        ]
        there = list(after[table].values())
        found += [
            f"{table}: {row}"
            for row in compared
            if not any(all(other[name] == value for name, value in row.items()) for other in there)
        ]
    return found


async def test_rows_of_every_revision_go_up_and_down(url: str) -> None:
    known = revisions()
    written: list[tuple[str, Rows]] = []
    for number, revision in enumerate(known):
        await upgrade(url, revision)
        numbers = range(10 * number + 1, 10 * number + 3)
        mine = await inside(url, lambda connection, some=numbers: any_rows.fill(connection, some))
        assert all(len(rows) == len(numbers) for rows in mine.values())
        written.append((revision, mine))
    now = await inside(url, any_rows.read)
    for revision, rows in written:
        assert lost(rows, now) == [], f"rows of {revision} are lost on the way up"
        assert len(now["flow_versions"]) == 2 * len(known)

    # Every third revision is looked at on the way down, and the first.
    for revision, rows in [*written[:0:-3], written[0]]:
        await downgrade(url, revision)
        now = await inside(url, any_rows.read)
        # Those that were written at this revision or before: what is newer may have no place in it.
        assert lost(rows, now, set() if revision != known[0] else {"flow_versions"}) == []
        assert set(now) == set(rows)
    await upgrade(url)
    async with await Store.open(url) as store:
        await store.ping()


async def test_the_file_of_the_release_before_comes_up_whole(tmp_path: Path) -> None:
    path = tmp_path / "hotline.db"

    path.write_bytes(gzip.decompress(RELEASE.read_bytes()))
    url = f"sqlite+aiosqlite:///{path}"
    before = await inside(url, any_rows.read)
    assert len(before) >= 18
    assert all(rows for rows in before.values()), "every table of that release has rows"
    found = await upgrade(url)
    assert found[0] == "0009"
    assert lost(before, await inside(url, any_rows.read), set()) == []
    async with await Store.open(url) as store, store.reading() as uow:
        call = await uow.calls.get("c-n1-67f3a2b0-0badcafe")
        assert call is not None
        assert call.data["outcome"] == "completed"
        assert [event.version for event in await uow.journal.of(call.id)] == [1, 1, 1, 1, 1]
        assert [line.text for line in await uow.transcripts.of(call.id)] == ["路灯坏了"]
