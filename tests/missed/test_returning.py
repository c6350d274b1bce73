"""What outlives a controller: places that were lost with it, and who served whom last."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.callers_known import KEY_FILE, CallerKeys, ReturningCallers
from ivr.errors import ConfigError
from routing.entries import Ended, Joined, Offered, apply, enter
from routing.ids import AgentId, EntryId, QueueName
from storage.migrate import upgrade
from storage.records import EntryRecord
from storage.store import Store
from tests.missed.test_judging import NUMBER, at

GENERAL = QueueName("general")
KEYS = CallerKeys(bytes(32))


class Now:
    """The clock of the second run."""

    def now(self) -> object:
        return at(100)

    def monotonic(self) -> float:
        return 0.0


async def test_a_place_lost_with_the_controller_is_given_back_by_the_next_one(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.db'}"
    await upgrade(url)
    key = KEYS.of(NUMBER)
    waited = enter(EntryId("e1"), GENERAL, "c1", at(0), caller_key=key)
    cut_off = apply(replace(waited, announced=2), Ended("failed"), at(80))
    served = apply(
        enter(EntryId("e0"), GENERAL, "c0", at(-900), caller_key=key), Offered(AgentId("a1")), at(-890)
    )
    served = apply(apply(served, Joined(), at(-880)), Ended("served"), at(-800))
    promised = replace(cut_off, id=EntryId("e2"), callback="cb-1", caller_key=KEYS.of("13800000002"))
    async with await Store.open(url) as store:
        async with store.unit_of_work() as uow:
            await uow.entries.upsert(*map(EntryRecord.of, (cut_off, served, promised)))
        known = ReturningCallers(KEYS, Now(), store)  # type: ignore[arg-type]
        await known.begin(600.0)
        known.arrived("+86 " + NUMBER)
        await known.close()
        assert known.last_agent(key) == "a1"
        assert known.lost_place(KEYS.of("13800000002"), GENERAL, 600.0) is None, "it is a promise's"
        lost = known.lost_place(key, GENERAL, 600.0)
        assert lost is not None
        assert (lost.enqueued_at, lost.lost_at, lost.announced, lost.call) == (at(0), at(80), 2, "c1")
        assert known.lost_place(key, GENERAL, 600.0) is None
        late = ReturningCallers(KEYS, Now(), store)  # type: ignore[arg-type]
        await late.begin(10.0)
        assert late.lost_place(key, GENERAL, 10.0) is None


def test_the_secret_is_made_once_and_is_its_owners_only(tmp_path: Path) -> None:
    first = CallerKeys.kept_in(tmp_path / "state").of(NUMBER)
    assert CallerKeys.kept_in(tmp_path / "state").of(NUMBER) == first
    path = tmp_path / "state" / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_bytes(b"short")
    with pytest.raises(ConfigError, match="damaged"):
        CallerKeys.kept_in(tmp_path / "state")
