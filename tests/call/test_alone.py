"""A fault of ours in one caller's matter ends no other call: not at the door, not in a call's last moments."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import pytest

from ivr.ari.generated.models import Channel
from ivr.call.session import CallSession
from tests.support.call_house import House, house
from tests.support.virtual_time import run_virtual

BAD = "666"


class Fault(Exception):
    pass


def play(scene: Any) -> None:
    async def main() -> None:
        async with house() as here:
            await scene(here)

    run_virtual(main)


async def goes_on(here: House, caller: str) -> None:
    """The call of before takes its next step, and a new one is let in."""
    here.ari.world.press(caller, "2")
    await here.until(4)
    assert here.dispatcher.board.entries(), "the call of before goes on"
    here.ari.world.call("call")
    await here.until(3)
    assert len(here.front_door.registry) == 2
    assert here.front_door.failed >= 1


def test_a_call_that_fails_at_its_very_end_is_nobody_elses_matter(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    close = CallSession._close

    async def broken(session: CallSession, parts: Any) -> None:
        await close(session, parts)
        if session.facts.called == BAD:
            raise Fault

    async def scene(here: House) -> None:
        monkeypatch.setattr(CallSession, "_close", broken)
        caller = here.ari.world.call("call")
        bad = here.ari.world.call("call", dialled=BAD)
        await here.until(3)
        here.ari.world.hang_up(bad)
        await here.until(3)
        await goes_on(here, caller)

    play(scene)
    assert "call c-n1-" in caplog.text
    assert "Fault" in caplog.text


@pytest.mark.parametrize("later", [False, True])
def test_who_cannot_be_judged_at_the_door_is_nobody_elses_matter(later: bool) -> None:
    """later: in the task of the refusal."""

    async def refuse() -> None:
        raise Fault

    def judge(channel: Channel, live: int) -> Coroutine[Any, Any, None] | None:
        if channel.dialplan.exten != BAD:
            return None
        if not later:
            raise Fault
        return refuse()

    async def scene(here: House) -> None:
        here.front_door.refusal = judge
        caller = here.ari.world.call("call")
        await here.until(3)
        here.ari.world.call("call", dialled=BAD)
        await here.until(1)
        await goes_on(here, caller)

    play(scene)
