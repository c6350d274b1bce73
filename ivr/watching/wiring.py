"""Joins watching into the running hotline: the meters from the start, the rest once everything is there."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final, Literal

from prometheus_client import CollectorRegistry, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from prometheus_client.process_collector import ProcessCollector

from ivr.ari.client import AriClient
from ivr.disk import MB
from ivr.dispatch import Dispatcher
from ivr.watching.collecting import Collector, Parts
from ivr.watching.event_lag import EventLag
from ivr.watching.health import Limits, judge
from ivr.watching.journal_lag import JournalLag
from ivr.watching.levels import Levels
from ivr.watching.logged import counting
from ivr.watching.loop import LoopLag
from ivr.watching.meters import Meters
from web.api.health import HealthReport
from web.api.status import Unwell

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 1.0


class Watching:
    """meters: what is counted as it happens. `metrics` and `health` are for the page; `unwell` for its status."""

    def __init__(self, collector: Collector, meters: Meters, limits: Limits) -> None:
        self.meters = meters
        self._collector = collector
        self._limits = limits
        self._last = HealthReport(())
        self._begun = False
        """It was ready once: what is not there before that is still being started."""

    def metrics(self, accept: str) -> tuple[bytes, str]:
        """`web.api.metrics.MetricsSource`."""
        encode, content_type = choose_encoder(accept)
        return encode(self.meters.registry), content_type

    def health(self) -> HealthReport:
        """As it is now."""
        return judge(self._collector.read(), self._limits)

    def watched_by(self, pages: Callable[[], int]) -> None:
        """pages: how many show the live status."""
        self._collector.page_watchers = pages

    def ends(self) -> None:
        """No more calls are taken: who asks is told so, and what is unwell from now on is our own doing."""
        self._collector.ending = True

    def unwell(self) -> tuple[Unwell, ...]:
        """As it was at the last look, at most `LOOK_EVERY_S` ago."""
        return tuple(Unwell(one.name, _level(one.level), one.zh, one.en) for one in self._last.unwell)

    def look(self) -> bool:
        """Look at the health and say what has changed; True when something has."""
        if self._collector.ending:
            return False
        before = {part.name: part.level for part in self._last.parts}
        now = self.health()
        self._begun = self._begun or now.ready
        if not self._begun:
            return False
        self._last, changed = now, False
        for part in self._last.parts:
            was = before.get(part.name, "ok")
            if part.level == was:
                continue
            changed = True
            if part.level == "ok":
                log.warning("%s is well again", part.name)
            else:
                level = logging.ERROR if part.level == "down" else logging.WARNING
                log.log(level, "%s is %s: %s", part.name, part.level, part.en)
        return changed


def _level(level: str) -> Literal["degraded", "down"]:
    return "down" if level == "down" else "degraded"


@contextmanager
def metering() -> Iterator[Meters]:
    """Counts what the log says while in the block."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # each counter twice over, for nothing that is shown anywhere
    meters = Meters(CollectorRegistry())
    ProcessCollector(registry=meters.registry)
    with counting(meters):
        yield meters


@asynccontextmanager
async def watching(
    meters: Meters,
    parts: Parts,
    dispatcher: Dispatcher,
    changed: Callable[[], None],
    limits: Limits | None = None,
) -> AsyncIterator[Watching]:
    """Watches while in the block. changed: told when a part is well or unwell that was not before."""
    disk = parts.settings.disk
    if limits is None:
        limits = Limits(
            disk_low_bytes=round(disk.warn_mb * MB), disk_full_bytes=round(disk.transcripts_mb * MB)
        )
    loop_lag, journal_lag = LoopLag(meters.loop_lag.observe), JournalLag()
    # Asterisk stamps by the machine's clock, which the hotline's own follows slowly after a jump.
    event_lag = EventLag(meters.event_lag.observe, time.time, asyncio.get_running_loop().time)
    collector = Collector(parts, event_lag, loop_lag, journal_lag)
    meters.registry.register(Levels(collector.read, limits))
    found = Watching(collector, meters, limits)
    dispatcher.watch(meters.see_routing)
    ari: AriClient = parts.ari
    ari.observed.watchers.append(meters.see_command)
    parts.writer.watchers.append(meters.see_batch)
    ari.see_message = event_lag.see

    async def look() -> None:
        while True:
            collector.tick(asyncio.get_running_loop().time())
            if found.look():
                changed()
            await asyncio.sleep(LOOK_EVERY_S)

    tasks = [
        asyncio.create_task(loop_lag.run(), name="loop watched"),
        asyncio.create_task(look(), name="health watched"),
    ]
    try:
        yield found
    finally:
        ari.observed.watchers.remove(meters.see_command)
        ari.see_message = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
