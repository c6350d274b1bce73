"""The nuisance list on both databases: what is in force, who did what, and that a running server sees a change."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Iterable

import pytest

from ivr.admission.gate import Gate
from ivr.admission.nuisance import NuisanceService, keep_current
from ivr.admission.rules import AdmissionRules, Nuisance, Refuse
from ivr.clock import Clock
from ivr.errors import AdmissionError
from storage.store import Store
from tests.storage import samples as s
from tests.support.virtual_time import VirtualClock


class Turned:
    """A clock for records that a test turns."""

    def __init__(self) -> None:
        self.at = s.at(0)

    def __call__(self) -> dt.datetime:
        return self.at


class TellingGate(Gate):
    """Says when it was given a list."""

    def __init__(self, rules: AdmissionRules, clock: Clock) -> None:
        super().__init__(rules, clock)
        self.used = asyncio.Event()

    def use(self, listed: Iterable[Nuisance]) -> None:
        super().use(listed)
        self.used.set()


async def test_what_is_listed_is_in_force_until_its_time_or_until_taken_off(store: Store) -> None:
    now = Turned()
    service = NuisanceService(store, now)
    first = await service.add("13800138000", reason="silent", by="sue", lasts=dt.timedelta(days=1))
    second = await service.add("1390013XXXX", reason="sells", by="tom", treatment="reject")
    assert [one.id for one in await service.listed()] in ([second.id, first.id], [first.id, second.id])
    assert first.in_force(now())
    now.at += dt.timedelta(days=2)
    assert not first.in_force(now())
    removed = await service.remove(second.id, by="sue", why="a mistake")
    assert not removed.in_force(now())
    assert [one.id for one in await service.listed()] == [first.id]
    assert {one.id for one in await service.listed(removed=True)} == {first.id, second.id}
    async with store.reading() as uow:
        acts = await uow.acts.listed(kind="nuisance")
    told = {(act.author, act.act, act.subject, act.why) for act in acts}
    assert told == {
        ("sue", "added", first.id, "silent"),
        ("tom", "added", second.id, "sells"),
        ("sue", "removed", second.id, "a mistake"),
    }
    assert "138" not in str(acts), "no number in the acts"
    assert "13800138000" not in repr(first)


async def test_what_cannot_be_is_refused_with_what_to_do(store: Store) -> None:
    service = NuisanceService(store, Turned())
    for pattern, reason in [("abc", "x"), ("", "x"), ("13800138000", " "), ("1" * 65, "x")]:
        with pytest.raises(AdmissionError) as refused:
            await service.add(pattern, reason=reason, by="sue")
        assert refused.value.mend
    await service.add("13800138000", reason="silent", by="sue")
    with pytest.raises(AdmissionError, match="already"):
        await service.add("13800138000", reason="silent", by="sue")
    with pytest.raises(AdmissionError, match="not on the list"):
        await service.remove("nuisance-0", by="sue")


async def test_a_running_server_refuses_who_was_listed_by_another_process(store: Store) -> None:
    now = Turned()
    service = NuisanceService(store, now)
    gate = TellingGate(AdmissionRules(10), VirtualClock())

    async def until_refused(expected: Refuse | None) -> None:
        while gate.refusal("13800138000", "12345", "trunk", 0) != expected:
            await gate.used.wait()
            gate.used.clear()

    keeping = asyncio.create_task(keep_current(service, gate, now, every_s=0.001))
    try:
        async with asyncio.timeout(20):
            record = await service.add("138.", reason="x", by="sue", lasts=dt.timedelta(hours=1))
            await until_refused(Refuse("nuisance"))
            now.at += dt.timedelta(hours=1)
            await until_refused(None)
            other = await service.add("13800138000", reason="x", by="sue", treatment="reject")
            await until_refused(Refuse("nuisance", "reject"))
            await service.remove(other.id, by="sue")
            await until_refused(None)
            assert record.until is not None
    finally:
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping
