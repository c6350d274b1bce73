"""Keeps the private Asterisk running: one that ended by itself, or is frozen, is started again, on the same ports.

`after_end` decides, pure; `AsteriskKeeper` carries out. An Asterisk that ends again and again is tried more and more
seldom, and that is said loudly; it is never given up, since a hotline without one serves nobody.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from ivr.asterisk.process import PrivateAsterisk
from ivr.errors import AsteriskError

log = logging.getLogger(__name__)

LINES_KEPT: Final = 200
REPORTS_KEPT: Final = 10


@dataclass(frozen=True, slots=True)
class Patience:
    """How an Asterisk that ends is started again. Times in s.

    The first time at once; then after `first_s`, growing by `factor` to `most_s`. So many ends within `within_s` are a
    crash loop, which is tried every `loop_s`.
    """

    first_s: float = 0.5
    factor: float = 2.0
    most_s: float = 10.0
    loop: int = 5
    within_s: float = 120.0
    loop_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Again:
    """Start it after so long. crash_loop: it has ended too often for anything but a fault that somebody must mend."""

    after_s: float
    crash_loop: bool = False


def after_end(ends: Sequence[float], now: float, patience: Patience) -> tuple[Again, tuple[float, ...]]:
    """ends: when it ended before (s), the latest last; now: it has ended. The second: `ends` for the next time."""
    recent = (*(at for at in ends if now - at < patience.within_s), now)
    if len(recent) >= patience.loop:
        return Again(patience.loop_s, crash_loop=True), recent[-patience.loop :]
    times = len(recent) - 1
    after_s = 0.0 if times == 0 else min(patience.most_s, patience.first_s * patience.factor ** (times - 1))
    return Again(after_s), recent


@dataclass(frozen=True, slots=True)
class Kept:
    """For the status. restarts: since this controller started. trouble: why it was started last, "" never."""

    state: Literal["runs", "starting", "crash_loop"] = "runs"
    restarts: int = 0
    trouble: str = ""


class AsteriskKeeper:
    """`run()` as a task beside the calls. started: told when a new one answers (s since the end of the one before)."""

    def __init__(
        self,
        asterisk: PrivateAsterisk,
        started: Callable[[], None],
        changed: Callable[[], None] = lambda: None,
        *,
        patience: Patience | None = None,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._asterisk = asterisk
        self._started = started
        self._changed = changed
        self._patience = Patience() if patience is None else patience
        self._now = now
        self._ends: tuple[float, ...] = ()
        self._ending: str = ""
        self.kept = Kept()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            status = await self._asterisk.wait_ended()
            why, self._ending = self._ending or f"Asterisk ended by itself ({_told(status)})", ""
            await self._again(why)

    async def run_frozen(self, frozen: Callable[[], Awaitable[str]]) -> None:
        """Until cancelled. frozen: returns why, once it has answered nobody for so long that it never will."""
        while True:
            why = await frozen()
            log.error("Asterisk is ended: %s", why)
            self._ending = why
            await self._asterisk.kill()

    async def _again(self, why: str) -> None:
        loop = asyncio.get_running_loop()
        ended_at = loop.time()
        try:
            report = await asyncio.to_thread(self._report, why)
        except OSError as error:
            # A full disk is no reason to be without an Asterisk, still less to end.
            report = self._asterisk.rendered.log
            log.error("its last words are kept nowhere: %s", error)
        log.error("%s; its last words are in %s", why, report)
        while True:
            again, self._ends = after_end(self._ends, loop.time(), self._patience)
            self._tell(Kept("crash_loop" if again.crash_loop else "starting", self.kept.restarts, why))
            if again.crash_loop:
                log.critical(
                    "Asterisk has ended %d times within %.0f s: no calls are taken; tried again in %.0f s; %s",
                    len(self._ends),
                    self._patience.within_s,
                    again.after_s,
                    f"look at {report} and at {self._asterisk.rendered.etc}",
                )
            await asyncio.sleep(again.after_s)
            try:
                await self._asterisk.start()
            except AsteriskError as error:
                why = str(error)
                log.error("Asterisk does not start: %s (%s)", error, error.mend)
                continue
            except OSError as error:
                why = str(error)
                log.error("Asterisk does not start: %s (is there room on the disk?)", error)
                continue
            log.warning("Asterisk is back %.1f s after it had ended", loop.time() - ended_at)
            self._tell(Kept("runs", self.kept.restarts + 1, why))
            self._started()
            return

    def _tell(self, kept: Kept) -> None:
        self.kept = kept
        self._changed()

    def _report(self, why: str) -> Path:
        """Its last lines, kept: the next run writes on in the same log."""
        folder = self._asterisk.rendered.log
        path = folder / f"ended-{self._now():%Y%m%dT%H%M%S.%fZ}.txt"
        path.touch(mode=0o600)
        path.write_text(f"{why}\n\n{self._asterisk.last_lines(LINES_KEPT)}\n", errors="replace")
        for old in sorted(folder.glob("ended-*.txt"))[:-REPORTS_KEPT]:
            old.unlink(missing_ok=True)
        return path


def _told(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"status {status}"
