"""Asterisk itself frozen for seconds, then killed, while calls are up; then frozen in part, for good.

The first costs nobody anything; after the second everybody who was cut off is owed a call, agents are free, and the
next call is served by the new one. The third is noticed, and ended.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ivr.asterisk.process import PrivateAsterisk
from ivr.call.callers_channel import CUT_OFF
from ivr.main import Hotline, RunningHotline
from tests.support import parts_house
from tests.support.citizens import Scene
from tests.support.softphone import citizen_phone

pytestmark = [pytest.mark.real, pytest.mark.timeout(200), pytest.mark.asyncio(loop_scope="module")]

FROZEN_S = 8.0
"""Much longer than a pause of some seconds, which is to be outlasted."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hotline]:
    flows = parts_house.copy_flows(tmp_path_factory.mktemp("lost") / "flows")
    state = tmp_path_factory.mktemp("lost-state")
    settings = parts_house.settings(state, flows, parts_house.free_port())
    impatient = settings.asterisk.model_copy(update={"frozen_s": FROZEN_S})
    running = RunningHotline(settings.model_copy(update={"asterisk": impatient}))
    yield await running.start()
    await running.stop()


async def test_frozen_then_killed(house: Hotline) -> None:
    asterisk = house.asterisk
    assert asterisk is not None
    async with Scene(house) as stage:
        await stage.agent("a1001")
        talking, waiting, listening = [await stage.citizen() for _ in range(3)]
        await talking.send_digits("5")
        await stage.until(lambda: stage.states()["a1001"] == "talking", "one talks")
        idle = await stage.agent("a1002")
        await waiting.send_digits("9")
        await stage.until(lambda: sorted(stage.stages()) == ["menu", "queue", "talking"], "each is somewhere")
        calls = {session.facts.caller: session.call for session in house.front_door.registry}

        # Frozen: nobody is declared dead, whatever they do is heard afterwards.
        os.kill(asterisk.pid, signal.SIGSTOP)
        try:
            await stage.until(lambda: house.ari.condition == "silent", "it is noticed")
        finally:
            os.kill(asterisk.pid, signal.SIGCONT)
        await stage.until(lambda: house.ari.condition == "answers", "it is back")
        await listening.send_digits("9")
        await stage.until(lambda: sorted(stage.stages()) == ["queue", "queue", "talking"], "all go on")
        assert stage.states()["a1001"] == "talking"
        assert {session.call for session in house.front_door.registry} == set(calls.values())
        assert house.status.snapshot().asterisk.restarts == 0

        # Killed.
        before = asterisk.pid
        os.kill(before, signal.SIGKILL)
        await stage.until(lambda: not stage.stages(), "nobody is on the line any more")
        await stage.until(lambda: house.status.snapshot().asterisk.restarts == 1, "another one is there")
        assert asterisk.pid != before
        await stage.until(lambda: stage.states()["a1001"] in ("available", "wrap_up", "paused"), "free")
        for number, call in calls.items():
            record = await stage.record(call)
            assert (record.state, record.data["outcome"], record.ended_by) == ("ended", "failed", "system")
            assert ("failed", {"why": CUT_OFF}) in await stage.journal(call)
            assert number == record.caller
        assert house.callers.ledger is not None
        await house.callers.ledger.drain()
        owed = await house.callers.missed.listed()
        assert {(one.call_id, one.reason, one.queue) for one in owed} == {
            (calls[talking.user], "lost", "general"),
            (calls[waiting.user], "lost", "again"),
            (calls[listening.user], "lost", "again"),
        }

        # Whoever calls again has the old place, and a telephone that registered before the failure rings.
        async with citizen_phone(house.rendered, waiting.user) as again:  # type: ignore[arg-type]
            await again.dial(stage.rendered.hotline_uri)
            await again.events.next("established", timeout=10)
            await again.send_digits("9")
            await stage.until(lambda: stage.stages() == ["queue"], "waits again")
            await stage.until_journalled(stage.live_call(), "place_returned")
            await again.hangup()
        await stage.until(lambda: not stage.stages(), "hung up")
        citizen = await stage.citizen()
        await citizen.send_digits("5")
        await idle.events.next("established", timeout=20)
        await citizen.hangup()
        await idle.events.next("closed", timeout=10)
        await stage.until(lambda: not stage.stages(), "over")


async def test_one_that_takes_no_connections_any_more_is_ended_though_all_else_of_it_lives(
    house: Hotline,
) -> None:
    """SIP, media, the event websocket and connections that are open go on: only who comes new waits for ever."""
    asterisk = house.asterisk
    assert asterisk is not None
    async with Scene(house) as stage:
        agent = await stage.agent("a1001")
        before = house.status.snapshot().asterisk.restarts
        await stage.citizen()
        _, hard = resource.prlimit(asterisk.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(asterisk.pid, resource.RLIMIT_NOFILE, (3, hard))
        await stage.until(
            lambda: house.status.snapshot().asterisk.restarts == before + 1, "another one is there"
        )
        assert "ARI over HTTP" in newest_report(asterisk)
        await stage.until(lambda: not stage.stages(), "whoever was on the line is cut off")
        # Until then the dialplan's fallback answers.
        await stage.until(lambda: house.ari.condition == "answers", "the controller is connected to it")
        again = await stage.citizen()
        await again.send_digits("5")
        await agent.events.next("established", timeout=20)
        await again.hangup()
        await agent.events.next("closed", timeout=10)
        await stage.until(lambda: not stage.stages(), "over")


def newest_report(asterisk: PrivateAsterisk) -> str:
    return max(asterisk.rendered.log.glob("ended-*.txt")).read_text().splitlines()[0]
