"""The keeper's part: when Asterisk is brought in step, and what happens when that fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from ivr.accounts.asterisk import Provisioner
from ivr.accounts.book import AccountBook
from ivr.accounts.keeper import AccountKeeper
from ivr.accounts.plan import Plan
from ivr.accounts.service import Accounts
from ivr.ari.parse import Gap
from ivr.errors import AccountError, AriUnavailable, StorageError


@dataclass
class House:
    """Stands for the accounts' table and for Asterisk; `fails` is raised by the next attempts, one each."""

    serial: int = 1
    fails: list[Exception] = field(default_factory=list)
    away: bool = False
    missed: asyncio.Event = field(default_factory=asyncio.Event)
    tried: asyncio.Queue[int] = field(default_factory=asyncio.Queue)
    in_step: asyncio.Queue[int] = field(default_factory=asyncio.Queue)
    restarted: list[bool] = field(default_factory=list)

    async def last_serial(self) -> int:
        if self.away:
            self.missed.set()
            raise StorageError("the database is away")
        return self.serial

    async def all(self) -> dict[str, Any]:
        return {}

    async def reconcile(self, accounts: dict[str, Any]) -> Plan:
        self.tried.put_nowait(self.serial)
        if self.fails:
            raise self.fails.pop(0)
        return Plan((), (), ())

    async def after(self, restarted: bool) -> None:
        self.in_step.put_nowait(self.serial)
        self.restarted.append(restarted)


@asynccontextmanager
async def kept(house: House) -> AsyncIterator[AccountKeeper]:
    keeper = AccountKeeper(
        cast(Accounts, house), cast(Provisioner, house), AccountBook(), house.after, ask_every_s=0.01
    )
    await keeper.begin()
    task = asyncio.create_task(keeper.run())
    try:
        async with asyncio.timeout(20):
            yield keeper
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_in_step_at_the_start_after_a_gap_and_after_a_change_from_anywhere() -> None:
    house = House()
    async with kept(house) as keeper:
        assert await house.in_step.get() == 1
        keeper.on_event(Gap(False, 1.0))
        assert await house.in_step.get() == 1
        house.serial = 2
        assert await house.in_step.get() == 2
        keeper.changed()
        assert await house.in_step.get() == 2
        keeper.on_event(Gap(False, 1.0, restarted=True))
        assert await house.in_step.get() == 2
    assert house.tried.qsize() == 5, "nothing is told when nothing has changed"
    assert house.restarted == [False, False, False, False, True]


@pytest.mark.parametrize("error", [AriUnavailable("no answer"), StorageError("away")])
async def test_what_fails_is_tried_again(error: Exception) -> None:
    house = House(fails=[error, error])
    async with kept(house):
        assert await house.in_step.get() == 1
    assert house.tried.qsize() == 3


async def test_an_asterisk_that_takes_no_accounts_does_not_stop_the_hotline() -> None:
    house = House(fails=[AccountError("takes none", mend="sorcery.conf")])
    async with kept(house) as keeper:
        assert await house.in_step.get() == 1, "its own endpoints are asked for all the same"
        keeper.on_event(Gap(False, 1.0))
        assert await house.in_step.get() == 1


async def test_a_database_that_is_away_is_asked_again() -> None:
    house = House()
    async with kept(house):
        await house.in_step.get()
        house.away = True
        await house.missed.wait()
        house.serial, house.away = 2, False
        assert await house.in_step.get() == 2
