"""What every store must do with what outlives its call, the same on SQLite and Postgres."""

from __future__ import annotations

from storage.store import Store
from storage.writer import FactWriter
from tests.storage import samples as s


async def test_callbacks_come_back_by_their_place(store: Store) -> None:
    late = s.callback("b0", enqueued_at=s.at(9), not_before=None, call_id="c-n1-2")
    done = s.callback("b2", state="done")
    async with store.unit_of_work() as uow:
        await uow.callbacks.upsert(late, s.callback(), done)
    async with store.reading() as uow:
        assert await uow.callbacks.get("b1") == s.callback()
        assert await uow.callbacks.get("nobody") is None
        assert await uow.callbacks.waiting() == [s.callback(), late]
        assert await uow.callbacks.waiting(due_at=s.at(599)) == [late]
        assert await uow.callbacks.waiting(due_at=s.at(600)) == [s.callback(), late]
        assert await uow.callbacks.of_call("c-n1-1") == [s.callback(), done]


async def test_a_promise_that_is_old_does_not_replace_a_newer_one(store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.callbacks.upsert(s.callback(revision=4, state="cancelled"))
        await uow.callbacks.upsert(s.callback(revision=3))
        assert await uow.callbacks.waiting() == []


async def test_recordings_come_back_with_their_call(store: Store) -> None:
    later = s.recording("r2", created_at=s.at(31), call_id="c-n1-2")
    async with store.unit_of_work() as uow:
        await uow.recordings.upsert(later, s.recording())
    async with store.reading() as uow:
        assert await uow.recordings.get("r1") == s.recording()
        assert await uow.recordings.of_call("c-n1-1") == [s.recording()]
        assert await uow.recordings.recent(1) == [later]


async def test_kept_recordings_are_looked_through_oldest_first_in_pages(store: Store) -> None:
    names = ("r1", "r2", "r3", "r4")
    async with store.unit_of_work() as uow:
        # Two of the same moment, one too old, one that was not kept.
        await uow.recordings.upsert(
            *(s.recording(name, created_at=s.at(30 + index // 2)) for index, name in enumerate(names)),
            s.recording("old", created_at=s.at(10)),
            s.recording("empty", created_at=s.at(31), state="deleted"),
        )
    async with store.reading() as uow:
        found = await uow.recordings.kept(s.at(30), None, limit=3)
        rest = await uow.recordings.kept(s.at(30), found[-1], limit=3)
    assert [one.id for one in (*found, *rest)] == list(names)


async def test_the_outbox_gives_what_is_due_and_nothing_else(store: Store) -> None:
    sent = s.notification("m2", state="sent", sent_at=s.at(11), error="")
    soon = s.notification("m3", next_at=s.at(8))
    async with store.unit_of_work() as uow:
        assert await uow.notifications.next_at() is None
        await uow.notifications.upsert(sent, s.notification(), soon)
    async with store.reading() as uow:
        assert await uow.notifications.due(s.at(7)) == []
        assert await uow.notifications.due(s.at(10)) == [soon, s.notification()]
        assert await uow.notifications.due(s.at(10), limit=1) == [soon]
        assert await uow.notifications.next_at() == s.at(8)
        assert await uow.notifications.get("m2") == sent
        assert {each.id for each in await uow.notifications.of_call("c-n1-1")} == {"m1", "m2", "m3"}


async def test_the_writer_takes_them_off_the_call_path(store: Store) -> None:
    async with FactWriter(store) as writer:
        for fact in (s.callback(), s.recording(), s.notification()):
            writer.put(fact)
        await writer.drain()
    async with store.reading() as uow:
        assert await uow.callbacks.get("b1") == s.callback()
        assert await uow.recordings.get("r1") == s.recording()
        assert await uow.notifications.get("m1") == s.notification()
