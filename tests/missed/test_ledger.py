"""The ledger in a database: merged, made good by a repeat call, a callback or by hand, and never lost."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.__main__ import app
from ivr.callers_known import CallerKeys
from ivr.missed.ledger import MissedLedger
from ivr.missed.service import MissedCalls, MissedError
from ivr.missed.settings import MissedSettings
from storage.errors import StorageAway
from storage.migrate import upgrade
from storage.missed_records import MissedCallRecord
from storage.promises import CallbackRecord
from storage.records import CallRecord, Fact, JournalEvent
from storage.store import Store, UnitOfWork
from tests.missed.test_judging import NUMBER, T0, at, over, waits
from tests.support.virtual_time import VirtualClock

KEYS = CallerKeys(bytes(32))
OTHER = "13800000002"


class Ledger:
    """A ledger over an empty database, and what it told."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.told: list[MissedCallRecord] = []
        self.ledger = MissedLedger(
            store, VirtualClock(), KEYS.of, MissedSettings().policy(), self.told.append
        )
        self.service = MissedCalls(store, lambda: at(7200), self._promise, self.told.append)
        self.promised: list[str] = []

    async def _promise(self, record: MissedCallRecord, by: str) -> str:
        self.promised.append(f"{record.number} by {by}")
        return "cb-9"

    async def see(self, *facts: Fact) -> None:
        for fact in facts:
            self.ledger.see(fact)
        await self.ledger.finish()

    async def missed(
        self, number: str = NUMBER, call: str = "c-1", reason: str = "lost", after: float = 30
    ) -> None:
        """A call of that number in vain."""
        ended = over(after, "failed" if reason == "lost" else "completed")
        live = CallRecord(call, T0, caller=number, language="zh")
        await self.see(live, CallRecord(**{**_fields(ended), "id": call, "caller": number}))

    async def open(self) -> list[MissedCallRecord]:
        return await self.service.listed()


def _fields(record: CallRecord) -> dict[str, object]:
    return {name: getattr(record, name) for name in CallRecord.__dataclass_fields__}


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("missed") / "hotline.db"
    asyncio.run(upgrade(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
async def ledger(migrated: Path, tmp_path: Path) -> AsyncIterator[Ledger]:
    shutil.copy(migrated, tmp_path / "hotline.db")
    async with await Store.open(f"sqlite+aiosqlite:///{tmp_path / 'hotline.db'}") as store:
        yield Ledger(store)


async def test_calls_in_vain_of_one_caller_are_one_obligation(ledger: Ledger) -> None:
    await ledger.missed(after=10)
    await ledger.missed("+86" + NUMBER, "c-2", reason="dead_air", after=600)
    await ledger.missed(OTHER, "c-3")
    first, second = sorted(await ledger.open(), key=lambda one: -one.count)
    assert (first.count, first.reasons, first.reason) == (2, {"lost": 1, "dead_air": 1}, "dead_air")
    assert (first.first_at, first.last_at, first.due_at) == (at(10), at(600), at(10) + dt.timedelta(hours=24))
    assert (first.call_id, second.count, second.number) == ("c-2", 1, OTHER)
    assert NUMBER not in first.caller_key
    assert NUMBER not in repr(first)


async def test_a_repeat_call_that_is_answered_makes_it_good(ledger: Ledger) -> None:
    await ledger.missed()
    live = CallRecord("c-2", at(60), caller=NUMBER)
    joined = waits("joined", agent="a1", call_id="c-2")
    await ledger.see(live, joined)
    assert await ledger.open() == []
    closed = await ledger.service.get(ledger.told[0].id)
    assert (closed.closed_how, closed.closed_by, closed.closing_call) == ("repeat_call", "a1", "c-2")
    # The next call in vain is owed anew.
    await ledger.missed(call="c-3")
    (again,) = await ledger.open()
    assert (again.id != closed.id, again.count) == (True, 1)


async def test_answered_calls_are_looked_at_together_and_only_what_is_owed_is_made_good(
    ledger: Ledger,
) -> None:
    await ledger.missed(OTHER)
    await ledger.missed()
    later = Ledger(ledger.store)
    for number, caller in enumerate((OTHER, "13800000003", NUMBER, ""), 2):
        call = f"c-{number}"
        later.ledger.see(CallRecord(call, at(60), caller=caller))
        later.ledger.see(waits("joined", agent=f"a{number}", call_id=call))
    later.ledger.see(CallRecord("c-9", at(90), caller=OTHER))
    later.ledger.see(replace(over(100), id="c-9", caller=OTHER))
    running = asyncio.create_task(later.ledger.run())
    await later.ledger.drain()
    running.cancel()
    closed = [one for one in later.told if one.state == "closed"]
    assert [(one.closing_call, one.closed_by) for one in closed] == [("c-2", "a2"), ("c-4", "a4")]
    (again,) = await ledger.open()
    assert (again.number, again.call_id) == (OTHER, "c-9"), "a call in vain after that is owed anew"


@pytest.mark.parametrize("written", [False, True])
async def test_what_was_being_written_when_the_ledger_ended_is_neither_lost_nor_counted_twice(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, written: bool
) -> None:
    reached, real = asyncio.Event(), Store.unit_of_work

    @asynccontextmanager
    async def held_up(store: Store) -> AsyncIterator[UnitOfWork]:
        if written:
            async with real(store) as uow:
                yield uow
        reached.set()
        await asyncio.Event().wait()

    await ledger.missed()
    with monkeypatch.context() as patched:
        patched.setattr(Store, "unit_of_work", held_up)
        running = asyncio.create_task(ledger.ledger.run())
        for fact in (CallRecord("c-2", at(50), caller=NUMBER), replace(over(70), id="c-2", caller=NUMBER)):
            ledger.ledger.see(fact)
        await reached.wait()
        running.cancel()
        await asyncio.wait([running])
    await ledger.ledger.finish()
    (owed,) = await ledger.open()
    assert (owed.count, owed.call_id) == (2, "c-2")


async def test_a_callback_makes_it_good_and_one_in_vain_does_not(ledger: Ledger) -> None:
    await ledger.missed()
    (owed,) = await ledger.open()
    promised = await ledger.service.call_back(owed.id, by="Wang")
    assert (promised.callback_id, ledger.promised) == ("cb-9", [f"{NUMBER} by Wang"])
    with pytest.raises(MissedError, match="promised a call already"):
        await ledger.service.call_back(owed.id, by="Li")
    in_vain = CallbackRecord("cb-9", "c-1", "e-1", "general", NUMBER, T0, T0, state="failed")
    await ledger.see(in_vain)
    (owed,) = await ledger.open()
    assert owed.callback_id == ""
    await ledger.service.call_back(owed.id, by="Wang")
    talked = CallbackRecord(
        "cb-9", "c-1", "e-1", "general", NUMBER, T0, T0, state="done", data={"agent": "a2"}, revision=3
    )
    await ledger.see(talked)
    closed = await ledger.service.get(owed.id)
    assert (closed.state, closed.closed_how, closed.closed_by) == ("closed", "callback", "a2")


async def test_a_promise_of_a_later_call_takes_the_obligation_over(ledger: Ledger) -> None:
    await ledger.missed()
    await ledger.see(CallRecord("c-2", at(60), caller=NUMBER), waits(call_id="c-2", callback="cb-2"))
    (owed,) = await ledger.open()
    assert owed.callback_id == "cb-2"
    refused = CallbackRecord(
        "cb-2", "c-2", "e-1", "general", NUMBER, T0, T0, state="cancelled", data={"by": "caller"}
    )
    await ledger.see(refused)
    closed = await ledger.service.get(owed.id)
    assert (closed.closed_how, closed.closed_by) == ("callback", "caller")


async def test_by_hand_only_with_who_and_why(ledger: Ledger) -> None:
    await ledger.missed()
    (owed,) = await ledger.open()
    with pytest.raises(MissedError, match="who and why"):
        await ledger.service.close(owed.id, by="Wang", why=" ")
    closed = await ledger.service.close(owed.id, by="Wang", why="came in person")
    assert (closed.closed_how, closed.closed_by, closed.closed_why) == ("hand", "Wang", "came in person")
    with pytest.raises(MissedError, match="closed already"):
        await ledger.service.close(owed.id, by="Li", why="again")
    with pytest.raises(MissedError, match="there is no missed call"):
        await ledger.service.get("m-0")


async def test_nobody_can_be_called_at_a_withheld_number(ledger: Ledger) -> None:
    await ledger.missed("", "c-1")
    await ledger.missed("", "c-2")
    assert await ledger.open() == []
    both = await ledger.service.listed(state=None)
    assert [one.closed_how for one in both] == ["withheld", "withheld"]
    counts = await ledger.service.counts(T0, at(3600))
    assert (counts.obligations, counts.open, counts.closed) == (2, 0, {"withheld": 2})


@pytest.mark.parametrize(
    ("outcome", "spoke", "joined", "reason"),
    [
        ("failed", True, True, "lost"),
        ("completed", True, False, ""),
        ("completed", False, False, "dead_air"),
        ("completed", False, True, ""),
    ],
)
async def test_a_call_of_an_earlier_controller_is_judged_as_a_whole_when_it_is_over(
    ledger: Ledger, outcome: str, spoke: bool, joined: bool, reason: str
) -> None:
    """Whoever ended it: what happened before this controller had it counts too."""
    live = CallRecord("c-n1-1", T0, caller=NUMBER)
    elsewhere = CallRecord("c-n2-1", T0, node="n2", caller=OTHER)
    its_end = replace(live, state="ended", ended_at=at(60), data={"outcome": outcome}, revision=1)
    async with ledger.store.unit_of_work() as uow:
        await uow.calls.upsert(live, elsewhere)
        if spoke:
            await uow.journal.append(JournalEvent(live.id, 1, at(2), "input", {"type": "digit"}))
        if joined:
            await uow.entries.upsert(replace(waits("joined"), call_id=live.id, joined_at=at(20)))
    assert await ledger.ledger.begin("n1") == 1
    ledger.ledger.see(its_end)
    async with ledger.store.unit_of_work() as uow:
        await uow.calls.upsert(its_end)
    await ledger.ledger.finish()
    assert [(owed.number, owed.reason) for owed in await ledger.open()] == (
        [(NUMBER, reason)] if reason else []
    )


async def test_what_a_killed_controller_had_not_judged_is_judged_once(ledger: Ledger) -> None:
    """Of its calls some are in the ledger, some in its spool only, some just in the database."""
    await ledger.missed(call="c-n1-1", after=10)
    now = VirtualClock().now()
    ended = {
        number: CallRecord(
            f"c-n1-{number}",
            min(now, over_at) - dt.timedelta(hours=1),
            caller=caller,
            state="ended",
            ended_at=over_at,
            data={"outcome": "failed"},
            revision=1,
        )
        for number, caller, over_at in (
            (2, NUMBER, at(20)),
            (3, OTHER, now - dt.timedelta(seconds=30)),
            (4, "13800000009", now - dt.timedelta(minutes=9)),
        )
    }
    async with ledger.store.unit_of_work() as uow:
        await uow.calls.upsert(*ended.values())
    for _ in range(2):  # killed again while it judges, or after
        await ledger.ledger.begin("n1", [ended[2]])
        await ledger.ledger.finish()
    owed = {one.number: (one.count, one.call_id) for one in await ledger.open()}
    assert owed == {NUMBER: (2, "c-n1-2"), OTHER: (1, "c-n1-3")}


async def test_why_a_call_failed_is_told(ledger: Ledger) -> None:
    await ledger.missed(call="c-9")
    (owed,) = await ledger.open()
    assert await ledger.service.cause(owed) == ""
    async with ledger.store.unit_of_work() as uow:
        await uow.journal.append(JournalEvent("c-9", 1, at(2), "failed", {"why": "cut off"}))
    assert await ledger.service.cause(owed) == "cut off"


async def test_of_an_obligation_every_call_in_vain_is_told(ledger: Ledger) -> None:
    """Who was cut off, and hung up in line the next time, has said the most in the first of the two."""
    before, first, second, other = (
        replace(over(after), id=call, caller=number)
        for call, number, after in (
            ("c-0", NUMBER, 5),
            ("c-1", NUMBER, 30),
            ("c-2", NUMBER, 600),
            ("c-3", OTHER, 60),
        )
    )
    await ledger.missed(call="c-1", after=30)
    await ledger.missed(call="c-2", reason="dead_air", after=600)
    async with ledger.store.unit_of_work() as uow:
        await uow.calls.upsert(before, first, second, other)
    (owed,) = await ledger.open()
    assert (owed.call_id, owed.reasons) == ("c-2", {"lost": 1, "dead_air": 1})
    assert await ledger.service.calls(owed) == ["c-1", "c-2"]


async def test_what_was_written_and_not_confirmed_is_counted_once(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection broke between the database's commit and its answer."""
    await ledger.missed(after=10)
    whole, broken = ledger.store.unit_of_work, [False, True]

    @asynccontextmanager
    async def unit_of_work(limit_s: float | None = None) -> AsyncIterator[object]:
        async with whole() as uow:
            yield uow
        if broken.pop():
            raise StorageAway("no answer")

    monkeypatch.setattr(ledger.store, "unit_of_work", unit_of_work)
    await ledger.missed(call="c-2", after=600)
    assert broken == []
    (owed,) = await ledger.open()
    assert (owed.count, owed.call_id, owed.reasons) == (2, "c-2", {"lost": 2})
    assert ledger.told[-1] == owed, "it is told all the same"


async def test_what_is_owed_waits_for_a_database_that_is_away(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = asyncio.Event()
    whole = ledger.store.unit_of_work

    @asynccontextmanager
    async def gone() -> AsyncIterator[object]:
        if not away.is_set():
            away.set()
            raise StorageAway("away")
        async with whole() as uow:
            yield uow

    monkeypatch.setattr(ledger.store, "unit_of_work", gone)
    await ledger.missed()
    assert away.is_set()
    assert len(await ledger.open()) == 1


def test_the_command_masks_numbers_and_closes(tmp_path: Path, migrated: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.db'}"
    shutil.copy(migrated, tmp_path / "hotline.db")

    async def fill() -> str:
        async with await Store.open(url) as store:
            ledger = Ledger(store)
            await ledger.missed()
            return ledger.told[0].id

    id = asyncio.run(fill())
    run = CliRunner().invoke
    listed = run(app, ["missed", "list", "--database-url", url, "--format", "json"])
    assert listed.exit_code == 0, listed.output
    told = json.loads(listed.output)
    assert [(one["id"], one["number"]) for one in told["missed"]] == [(id, "138******01")]
    shown = run(app, ["missed", "show", id, "--database-url", url, "--clear", "--by", "Wang"])
    assert NUMBER in shown.output
    text = run(app, ["missed", "list", "--database-url", url])
    assert NUMBER not in text.output
    closed = run(app, ["missed", "close", id, "--why", "called by hand", "--by", "Li", "--database-url", url])
    assert closed.exit_code == 0, closed.output
    assert (
        json.loads(run(app, ["missed", "list", "--database-url", url, "--format", "json"]).output)["missed"]
        == []
    )

    async def acts() -> list[tuple[str, str, str]]:
        async with await Store.open(url) as store, store.reading() as uow:
            return [(one.author, one.act, one.subject) for one in await uow.acts.listed()]

    assert asyncio.run(acts()) == [("Wang", "number_shown", id)]


async def test_a_controller_that_was_replaced_writes_no_obligation_any_more(ledger: Ledger) -> None:
    """The next one judges what is left, and would count it twice."""
    ended = over(30, "failed")
    ledger.ledger.see(replace(ended, id="c-1", state="live", revision=0))
    ledger.ledger.see(replace(ended, id="c-1"))
    assert ledger.ledger.waiting == 1
    ledger.ledger.shut()
    await ledger.ledger.finish()
    assert await ledger.open() == []
    ledger.ledger.see(replace(ended, id="c-2", state="live", revision=0))
    ledger.ledger.see(replace(ended, id="c-2"))
    assert ledger.ledger.waiting == 0
