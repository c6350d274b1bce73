"""What live calls need to be gone on with: kept as a state, found by node, erased once it is over for a while."""

from __future__ import annotations

from typing import Any

from storage.live_records import LiveCallRecord
from storage.store import Store
from tests.storage import samples as s


def live(id: str = "c-n1-1", **changes: Any) -> LiveCallRecord:
    values: dict[str, Any] = {
        "node": "n1",
        "channel": "asterisk-1.7",
        "at": s.at(1),
        "data": {"state": {"node": "menu", "variables": {"ticket": "4711"}}},
        "revision": 3,
    }
    return LiveCallRecord(id, **(values | changes))


async def test_live_calls_of_a_node_come_back_as_they_stood(store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.write([live(), live(revision=4, data={"state": {"node": "queue"}}), live("c-n1-0")])
        await uow.live_calls.upsert(live("c-n2-1", node="n2"), live(revision=2, data={}))
        await uow.live_calls.upsert(live("c-n1-2", state="over", data={}))
    async with store.reading() as uow:
        found = await uow.live_calls.all_live("n1")
    assert found == [live("c-n1-0"), live(revision=4, data={"state": {"node": "queue"}})]


async def test_a_state_that_comes_late_does_not_bring_a_call_back(store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.live_calls.upsert(live(state="over", data={}, revision=9))
        await uow.live_calls.upsert(live(revision=8))
    async with store.reading() as uow:
        assert await uow.live_calls.all_live("n1") == []


async def test_only_what_is_over_since_a_while_is_erased(store: Store) -> None:
    over = {"state": "over", "data": {}}
    async with store.unit_of_work() as uow:
        await uow.live_calls.upsert(live("a", at=s.at(1), **over), live("b", at=s.at(9), **over))
        await uow.live_calls.upsert(live("c", at=s.at(1)), live("d", at=s.at(1), node="n2", **over))
        assert await uow.live_calls.erase_over("n1", s.at(5)) == 1
    async with store.reading() as uow:
        assert await uow.live_calls.get("a") is None
        assert [await uow.live_calls.get(each) is None for each in "bcd"] == [False] * 3


async def test_what_a_caller_pressed_is_not_in_the_repr() -> None:
    assert "4711" not in repr(live())
