"""A promise outlives the controller and its Asterisk: the next start puts it back into line, and it is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.main import RunningHotline
from tests.calls.test_callbacks import NUMBER, promised, record
from tests.support import parts_house
from tests.support.citizens import Scene

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


async def test_a_promise_is_kept_after_a_restart(tmp_path: Path) -> None:
    port = parts_house.free_port()
    settings = parts_house.settings(tmp_path / "state", parts_house.copy_flows(tmp_path / "flows"), port)
    first = RunningHotline(settings)
    hotline = await first.start()
    try:
        async with Scene(hotline) as stage:
            call = await promised(stage)
    finally:
        await first.stop()

    second = RunningHotline(settings)
    hotline = await second.start()
    try:
        assert hotline.rendered is not None
        trunk = parts_house.trunk_of(hotline.rendered, port)
        async with Scene(hotline) as stage, trunk.phone(NUMBER) as citizen:
            await stage.until(lambda: len(hotline.callbacks.lines()) == 1, "the promise is back in line")
            (shown,) = hotline.callbacks.lines()
            assert (shown.number, shown.place, shown.queue) == (NUMBER, 1, "general")
            agent = await stage.agent("a1001")
            await citizen.events.next("established", timeout=20)
            await citizen.hangup()
            await agent.events.next("closed", timeout=10)
            await stage.until(lambda: not hotline.callbacks.lines(), "the promise is kept")
            assert (await record(stage, call)).state == "done"
            async with hotline.store.reading() as uow:
                (entry,) = await uow.entries.of_call(call)
            assert (entry.state, entry.outcome, entry.agent) == ("ended", "served", "a1001")
            assert hotline.asterisk is not None
            assert (await hotline.asterisk.wait_empty(8.0)).is_empty
    finally:
        await second.stop()
