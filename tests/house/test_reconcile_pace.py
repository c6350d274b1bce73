"""How soon the reconciler looks again: after an Asterisk that was slow or failed at once, not less often."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from ivr.ari.interface import Ari
from ivr.errors import AriUnavailable
from ivr.reconcile import reconciler as module
from ivr.reconcile.reconciler import EVERY_S, LONGEST_S, Reconciler
from ivr.reconcile.repairs import Repairs
from tests.support.virtual_time import VirtualClock, run_virtual


class Slow(Reconciler):
    """A look takes so long, and fails or not; the moments at which one began are kept."""

    def __init__(self, clock: VirtualClock, take_s: float, *, fails: bool) -> None:
        super().__init__(cast(Ari, None), clock, cast(Any, None), cast(Any, None), Repairs())
        self.began: list[float] = []
        self._take_s = take_s
        self._fails = fails

    async def reconcile(self) -> tuple[module.Finding, ...]:
        self.began.append(self._clock.monotonic())
        await asyncio.sleep(self._take_s)
        if self._fails:
            raise AriUnavailable("500")
        return ()


@pytest.mark.parametrize(
    ("take_s", "fails", "pause_s"),
    [(0.001, False, EVERY_S), (0.06, False, 3.0), (10.0, False, LONGEST_S), (10.0, True, EVERY_S)],
)
def test_the_pause_after_a_look(take_s: float, fails: bool, pause_s: float) -> None:
    async def watched() -> None:
        reconciler = Slow(VirtualClock(), take_s, fails=fails)
        looking = asyncio.create_task(reconciler.run())
        await asyncio.sleep(EVERY_S + 3 * (take_s + pause_s) + 0.01)
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        first, second, *_ = reconciler.began
        assert second - first == pytest.approx(take_s + pause_s, abs=0.01)

    run_virtual(watched)
