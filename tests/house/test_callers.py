"""A caller's earlier calls while the call arrives: soon, or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from ivr.callers import CallerHistories
from ivr.clock import SystemClock
from ivr.flow.state import HISTORY
from storage.callers import CallerHistory
from storage.errors import StorageAway
from storage.store import Store
from tests.support.virtual_time import run_virtual

FOUND = CallerHistory(True, 3, 1, "2026-11-20T08:00:00+00:00", "complaint", "completed", "a1", "zh")


class SlowStore:
    """A database that takes `takes_s`, or is away."""

    def __init__(self, takes_s: float = 0.0, *, away: bool = False) -> None:
        self.takes_s = takes_s
        self.away = away
        self.answered = 0

    @contextlib.asynccontextmanager
    async def reading(self, limit_s: float | None = None) -> AsyncIterator[SlowStore]:
        if self.away:
            raise StorageAway("no database")
        yield self

    @property
    def callers(self) -> SlowStore:
        return self

    async def history(self, number: str, before: dt.datetime, days: int) -> CallerHistory | None:
        await asyncio.sleep(self.takes_s)
        self.answered += 1
        return FOUND if number == "13812345678" else None


def histories(store: SlowStore) -> CallerHistories:
    return CallerHistories(cast(Store, store), SystemClock(), limit_s=0.15)


def test_what_is_known_has_the_fields_that_dialogues_read() -> None:
    async def main() -> None:
        found = histories(SlowStore())
        known = await found.of("13812345678")
        assert known.keys() == HISTORY.keys() and known["last_topic"] == "complaint"
        assert await found.of("13900000000") == {}
        assert await found.of("") == {}

    run_virtual(main)


def test_a_slow_database_delays_nobody_by_more_than_the_limit(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        store = SlowStore(takes_s=3.0)
        found = histories(store)
        began = asyncio.get_running_loop().time()
        for _ in range(3):
            assert await found.of("13812345678") == {}
        assert asyncio.get_running_loop().time() - began == pytest.approx(0.45)
        assert caplog.text.count("the dialogue does without") == 1
        await found.close()
        assert store.answered == 3

    run_virtual(main)


def test_without_a_database_nothing_is_known(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        found: Any = histories(SlowStore(away=True))
        assert await found.of("13812345678") == {}
        assert "cannot be read: no database" in caplog.text

    run_virtual(main)
