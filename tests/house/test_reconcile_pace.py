"""How soon the reconciler looks again: after an Asterisk that was slow or failed at once, not less often, and not
without end after a repair that fails."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ivr.ari.interface import Ari
from ivr.errors import AriUnavailable
from ivr.reconcile.compare import Finding
from ivr.reconcile.reconciler import EVERY_S, LONGEST_S, Look, Reconciler
from ivr.reconcile.repairs import Repairs
from tests.support.virtual_time import VirtualClock, run_virtual


class Slow(Reconciler):
    """A look takes so long, and fails or not; the moments at which one began are kept."""

    def __init__(self, clock: VirtualClock, take_s: float, *, fails: bool) -> None:
        super().__init__(cast(Ari, None), clock, cast(Any, None), cast(Any, None), Repairs())
        self.began: list[float] = []
        self._take_s = take_s
        self._fails = fails

    async def reconcile(self) -> tuple[Finding, ...]:
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


class Failing(Reconciler):
    """Finds the same three things at each look; the first cannot be repaired."""

    def __init__(self, clock: VirtualClock, error: Exception) -> None:
        super().__init__(
            cast(Ari, None), clock, cast(Any, SimpleNamespace(registry={})), cast(Any, self), Repairs()
        )
        self._error = error
        self.mended: list[str] = []

    async def look(self, *, thorough: bool = False) -> Look | None:
        self.looks += 1
        left = [one for one in ("a", "b", "c") if one not in self.mended]
        findings = tuple(Finding("channel_without_owner", one, "nobody has it") for one in left)
        return Look(findings, {}, cast(Any, None), ())

    async def mend(self, finding: Finding, channels: Any) -> None:
        if finding.subject == "a":
            raise self._error
        self.mended.append(finding.subject)


@pytest.mark.parametrize("error", [AriUnavailable("500"), KeyError("a fault of ours")])
def test_what_cannot_be_repaired_holds_up_nothing_and_is_not_tried_without_end(error: Exception) -> None:
    async def watched() -> None:
        reconciler = Failing(VirtualClock(), error)
        looking = asyncio.create_task(reconciler.run())
        await asyncio.sleep(60)
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        assert reconciler.mended == ["b", "c"]
        assert 30 < reconciler.looks <= 60 / EVERY_S + 2
        assert reconciler.repairs.failed >= 30

    run_virtual(watched)
