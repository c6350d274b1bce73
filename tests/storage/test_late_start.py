"""A start whose Postgres does not answer: refused where nothing is known of it, else begun from what is."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import cast

import pytest

from ivr import late_start
from ivr.adoption.lock import ControllerLock
from ivr.config import Settings, load_settings
from ivr.late_start import open_database
from storage.errors import StorageAway
from storage.last_known import LastKnown
from storage.late_store import LateStore
from storage.store import Store
from tests.storage import samples
from tests.storage.test_last_known import CALL, event, left_in_spool, live

NOBODY = "postgresql+asyncpg://ivr@127.0.0.1:9/hotline"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(late_start, "WAIT_S", 0.1)
    return load_settings(state_dir=tmp_path, database_url=NOBODY)


async def test_without_anything_known_it_says_what_to_do(settings: Settings) -> None:
    async with AsyncExitStack() as stack:
        with pytest.raises(StorageAway, match=r"no Postgres at 127\.0\.0\.1:9") as refused:
            await open_database(stack, settings)
    assert "start it" in refused.value.mend


async def test_a_hand_over_meanwhile_brings_what_the_other_one_had(store: Store, settings: Settings) -> None:
    """Its spool is its own until its end: only then is the rest known."""
    async with store.unit_of_work() as uow:
        await uow.write([samples.call(CALL), live(1), event(1)])
    known = LastKnown(settings.state_dir / "last-known", NOBODY, settings.node, settings.hotline)
    await known.renew(store)
    known.close()
    ended = list[bool]()

    class Lock:
        async def until_ours(self) -> None:
            ended.append(True)

    async with AsyncExitStack() as stack:
        opened = await open_database(stack, settings)
        assert isinstance(opened.store, LateStore) and opened.late is opened.store
        async with opened.store.reading(last_known=True) as uow:
            assert await uow.live_calls.all_live("n1") == [live(1)]
        left_in_spool(settings.state_dir / "spool", event(2), live(2))
        await opened.know_again(cast(ControllerLock, Lock()))
        assert ended == [True]
        async with opened.store.reading(last_known=True) as uow:
            assert await uow.live_calls.all_live("n1") == [live(2)]
            assert [one.seq for one in await uow.journal.of(CALL)] == [1, 2]
        assert opened.writer.away
