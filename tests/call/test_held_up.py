"""The process is held up (no processor, a slow disk) as it tells the board: the caller's wait on record and that of the
entry stay one, or what lies between them is on record."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from routing.entries import Entry
from tests.call.scenes import play
from tests.support.call_house import House
from tests.support.fake_ari_objects import Phone
from tests.support.virtual_time import VirtualTimeLoop

HELD_UP_S = 3.0


@pytest.mark.parametrize("moment", ["enqueue", "answered"])
def test_held_up_on_the_way_to_the_board_or_back(moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(here: House) -> None:
        told = getattr(here.dispatcher, moment)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)

        def slowly(*args: Any, **how: Any) -> Any:
            # The board is told late of who comes, and goes on late after an answer.
            if moment == "enqueue":
                loop._advance(HELD_UP_S)
            said = told(*args, **how)
            if moment == "answered":
                loop._advance(HELD_UP_S)
            return said

        monkeypatch.setattr(here.dispatcher, moment, slowly)
        here.ari.world.phones["PJSIP/a1"] = Phone(rings_s=1.0)
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(5)
        here.log_in("a1")
        await here.until(8)
        (entry,) = here.dispatcher.board.entries()
        (join,) = [data for _, _, kind, data in here.memory.events if "waited_s" in data and kind == "joined"]
        assert join["waited_s"] == pytest.approx(_wait_of(entry) + join.get("told_s", 0.0), abs=0.1)
        here.ari.world.hang_up(caller)

    play(scene, entry="whispered")


def _wait_of(entry: Entry) -> float:
    assert entry.joined_at is not None
    return (entry.joined_at - entry.enqueued_at).total_seconds()
