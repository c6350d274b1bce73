"""What every store must do with dialogues, the same on SQLite and Postgres."""

from __future__ import annotations

import pytest

from storage.errors import StorageRefused
from storage.store import Store
from tests.storage import samples as s


async def test_the_same_content_is_stored_once_and_history_is_newest_first(store: Store) -> None:
    newer = s.flow_version("ef" * 32, created_at=s.at(60))
    async with store.unit_of_work() as uow:
        await uow.flow_versions.put(s.flow_version())
        await uow.flow_versions.put(s.flow_version(author="someone else"))
        await uow.flow_versions.put(newer)
    async with store.reading() as uow:
        assert await uow.flow_versions.history("12345") == [newer, s.flow_version()]
        assert await uow.flow_versions.history("211") == []
        assert await uow.flow_versions.get("cd" * 32) == s.flow_version()
        assert await uow.flow_versions.starting_with("c") == [s.flow_version()]
        assert await uow.flow_versions.starting_with("cde") == []


async def test_files_are_kept_to_the_byte(store: Store) -> None:
    odd = s.flow_file(b"\xef\xbb\xbfflow: main\r\n\x00\xff")
    async with store.unit_of_work() as uow:
        await uow.flow_files.put(odd, s.flow_file())
        await uow.flow_files.put(odd)
        await uow.flow_files.put()
    async with store.reading() as uow:
        found = await uow.flow_files.contents([odd.hash, s.flow_file().hash, "00" * 32])
    assert found == {odd.hash: odd.content, s.flow_file().hash: b"flow: main\n"}


async def test_the_highest_release_is_live(store: Store) -> None:
    async with store.unit_of_work() as uow:
        assert await uow.flow_releases.live("12345") is None
        assert await uow.flow_releases.last_seq("12345") == 0
        await uow.flow_releases.add(s.release(1))
        await uow.flow_releases.add(s.release(2, "ef" * 32, kind="rollback"))
        await uow.flow_releases.add(s.release(7, name="211"))
    async with store.reading() as uow:
        assert await uow.flow_releases.live("12345") == s.release(2, "ef" * 32, kind="rollback")
        assert await uow.flow_releases.last_seq("12345") == 2
        assert [each.seq for each in await uow.flow_releases.history("12345")] == [2, 1]
        assert [each.seq for each in await uow.flow_releases.after("12345", 1)] == [2]


async def test_two_who_publish_at_once_do_not_overwrite_each_other(store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.flow_releases.add(s.release(1))
    with pytest.raises(StorageRefused, match="somebody else published") as caught:
        async with store.unit_of_work() as uow:
            await uow.flow_versions.put(s.flow_version("ef" * 32))
            await uow.flow_releases.add(s.release(1, "ef" * 32))
    assert "ivr versions" in caught.value.mend
    async with store.reading() as uow:
        assert await uow.flow_releases.live("12345") == s.release(1)
        assert await uow.flow_versions.get("ef" * 32) is None
