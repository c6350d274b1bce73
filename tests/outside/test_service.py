"""The whole part on a real database (SQLite): as a call session and the composition root use it."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from ivr.call.ports import Outside
from ivr.clock import SystemClock
from ivr.errors import ConfigError
from ivr.flow.actions import Lookup, Notify, Request
from ivr.flow.inputs import LookupEnded, OpId
from ivr.flow.model import FlowLibrary
from ivr.flow.sources import LookupSource
from ivr.flow.tables import parse_table
from ivr.ids import CallId
from ivr.outside.service import OutsideService, open_outside
from ivr.outside.settings import OutsideSettings, WebhookChannel
from ivr.outside.stored import stored_history, stored_pending
from storage.migrate import upgrade
from storage.promises import NotificationRecord
from storage.records import CallRecord
from storage.store import Store
from storage.writer import FactWriter
from tests.outside.conftest import City

NOW = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
CALL, CALLER, OP = CallId("c-n1-5f-01"), "13812345678", OpId("4")


class House:
    """Storage, and the part over it; `open` again is a restart."""

    def __init__(self, store: Store, writer: FactWriter, city: City) -> None:
        self.store = store
        self.writer = writer
        self.finished = asyncio.Event()
        """Set when a notification was sent or given up."""
        sms = WebhookChannel(kind="webhook", url=city.url("/sms"), to=("caller",))
        self.settings = OutsideSettings(private_hosts=("127.0.0.1",), channels={"sms": sms})
        self.library = FlowLibrary(
            version="v", languages=("zh",), entry="main", fallback="", flows={}, nodes={}, prompts={}, handlers={},
            variables={}, calendars={}, hosts=(city.host,),
            sources={
                "offices": LookupSource("offices", "table", parse_table("t.csv", "区,号\n武昌,1\n".encode())),
                "calls": LookupSource("calls", "history"),
                "tickets": LookupSource("tickets", "http", url=city.url("/tickets/{number}"), pick="ticket"),
            },
        )  # fmt: skip

    async def open(self, stack: AsyncExitStack) -> OutsideService:
        clock = SystemClock()
        pending = stored_pending(self.store, self.writer, "n1", clock)
        history = stored_history(self.store, clock)
        return await stack.enter_async_context(
            open_outside(self.settings, clock, self._put, pending, history)
        )

    def _put(self, record: NotificationRecord) -> None:
        self.writer.put(record)
        if record.state != "pending":
            self.finished.set()


@pytest.fixture
async def house(tmp_path: Path, city: City) -> AsyncIterator[House]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.db'}"
    await upgrade(url)
    async with await Store.open(url) as store, FactWriter(store) as writer:
        yield House(store, writer, city)


async def test_a_session_asks_through_one_protocol(house: House, city: City) -> None:
    city.on("/x", {"a": 1})
    city.on("/tickets/7", {"ticket": {"due": "2026-12-01"}})
    async with AsyncExitStack() as stack:
        outside: Outside = await house.open(stack)
        ended = await outside.request(CALL, Request(OP, "GET", city.url("/x")), house.library)
        assert (ended.outcome, ended.body) == ("ok", {"a": 1})

        async def look(source: str, **by: str) -> LookupEnded:
            return await outside.lookup(CALL, Lookup(OP, source, by), CALLER, house.library)

        assert await look("offices", 区="武昌") == LookupEnded(OP, "found", {"区": "武昌", "号": "1"})
        assert (await look("tickets", number="7")).value == {"due": "2026-12-01"}
        assert (await look("tickets", number="../8")).outcome == "failed"
        assert (await look("tickets")).detail == "`number` is neither text nor number"
        assert (await look("nothing")).detail == "there is no source `nothing`"


async def test_the_history_is_of_the_calls_before_this_one(house: House) -> None:
    before = NOW - dt.timedelta(days=2)
    house.writer.put(
        CallRecord(
            id="c-n1-5e-00", started_at=before, state="ended", caller=CALLER, language="zh", ended_at=before,
            data={"outcome": "completed", "topic": "heating"},
        )
    )  # fmt: skip
    house.writer.put(CallRecord(id=CALL, started_at=NOW, caller=CALLER))
    await house.writer.drain()
    async with AsyncExitStack() as stack:
        outside = await house.open(stack)
        ended = await outside.lookup(CALL, Lookup(OP, "calls"), CALLER, house.library)
        assert ended.outcome == "found"
        assert isinstance(ended.value, dict)
        assert (ended.value["calls"], ended.value["last_topic"]) == (1, "heating")
        for stranger in ("13900000000", ""):
            ended = await outside.lookup(CALL, Lookup(OP, "calls"), stranger, house.library)
            assert ended.outcome == "none"


async def test_a_notification_survives_the_death_of_the_process(house: House, city: City) -> None:
    """Killed while the gateway had not answered: the next process sends it again, under the same id, and once."""
    began = asyncio.Event()

    async def never(_: object) -> None:
        began.set()
        await asyncio.Event().wait()

    city.on("/sms", never)
    async with AsyncExitStack() as stack:
        outside = await house.open(stack)
        delivering = asyncio.create_task(outside.run(), name="notifications")
        outside.notify(CALL, Notify("sms", CALLER, "工单已受理", "zh"), CALLER, NOW)
        await asyncio.wait_for(began.wait(), 10)
        delivering.cancel()
        await asyncio.wait([delivering])
    await house.writer.drain()
    async with house.store.reading() as uow:
        (kept,) = await uow.notifications.of_call(CALL)
    assert (kept.state, kept.attempts) == ("pending", 0)

    city.on("/sms", {})
    async with AsyncExitStack() as stack:
        outside = await house.open(stack)
        delivering = asyncio.create_task(outside.run(), name="notifications")
        await asyncio.wait_for(house.finished.wait(), 10)
        delivering.cancel()
        await asyncio.wait([delivering])
    await house.writer.drain()
    async with house.store.reading() as uow:
        (kept,) = await uow.notifications.of_call(CALL)
    assert (kept.state, kept.attempts, kept.error) == ("sent", 1, "")
    assert [request.headers["Idempotency-Key"] for request in city.seen] == [kept.id, kept.id]


async def test_what_another_controller_has_under_way_is_left_to_it(house: House, city: City) -> None:
    async with AsyncExitStack() as stack:
        outside = await house.open(stack)
        outside.notify(CallId("c-n2-5f-01"), Notify("sms", CALLER, "x", "zh"), CALLER, NOW)
    pending = stored_pending(house.store, house.writer, "n1", SystemClock())
    assert list(await pending(10)) == []
    assert len(list(await stored_pending(house.store, house.writer, "n2", SystemClock())(10))) == 1


async def test_the_supervisors_can_always_be_told(house: House) -> None:
    async with AsyncExitStack() as stack:
        outside = await house.open(stack)
        delivering = asyncio.create_task(outside.run(), name="notifications")
        outside.notify(CALL, Notify("supervisor", "", "a caller in danger", "en"), "", NOW)
        await asyncio.wait_for(house.finished.wait(), 10)
        delivering.cancel()
        await asyncio.wait([delivering])
    await house.writer.drain()
    async with house.store.reading() as uow:
        (kept,) = await uow.notifications.of_call(CALL)
    assert (kept.state, kept.recipient) == ("sent", "supervisor")


async def test_a_file_of_authorities_that_cannot_be_read_ends_the_start(house: House, tmp_path: Path) -> None:
    house.settings = OutsideSettings(ca_file=str(tmp_path / "none.pem"))
    async with AsyncExitStack() as stack:
        with pytest.raises(ConfigError, match=r"none\.pem"):
            await house.open(stack)
