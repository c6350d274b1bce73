"""Asterisk itself ends during a call, and the call notices by something else first."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.call.services import LegLost
from tests.call.scenes import play, summary_of
from tests.support.call_house import House


@pytest.mark.parametrize("cut_off", [True, False])
def test_who_is_found_gone_after_asterisk_ended_was_cut_off_and_did_not_hang_up(cut_off: bool) -> None:
    async def scene(here: House) -> None:
        here.ari.world.call("call", "12345", "trunk")
        await here.until(1)
        (session,) = here.front_door.registry
        inside: Any = session._here
        here.ari.world.vanish()
        inside.tell(LegLost())
        if cut_off:
            inside.gap(cut_off=True)
        await here.until(2)
        summary = summary_of(here)
        assert (summary.ended_by, summary.outcome == "failed") == (
            ("system", True) if cut_off else ("caller", False)
        )

    play(scene)
