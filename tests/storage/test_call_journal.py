"""Ended calls page by page, the same on SQLite and Postgres."""

from __future__ import annotations

from storage.call_journal import EndedCalls
from storage.store import Store
from tests.storage import samples as s


async def test_pages_give_every_ended_call_once_youngest_first(store: Store) -> None:
    at = {"a": 10.0, "b": 20.0, "c": 20.0, "d": 30.0, "e": 40.0}
    async with store.unit_of_work() as uow:
        await uow.calls.upsert(
            *(s.call(id, started_at=s.at(when), state="ended") for id, when in at.items()),
            s.call("live", started_at=s.at(35.0), state="live"),
        )
    async with store.reading() as uow:
        ended = EndedCalls(uow.connection)
        found, page = [], await ended.page(size=2)
        while page:
            found += [record.id for record in page]
            page = await ended.page(page[-1], size=2)
        assert found == ["e", "d", "c", "b", "a"]
        since = await ended.page(since=s.at(20.0))
        assert [record.id for record in since] == ["e", "d", "c", "b"]
        assert await ended.page(since=s.at(41.0)) == []
