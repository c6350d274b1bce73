"""The rules of the queues that are in force in a running server, and their opening hours.

They are those of the version that new calls get (`ivr.versions.live`). They hold for everybody at once, also for those
who wait already and for calls of older versions; nobody is logged out by them. A queue that they no longer have stays,
with the rules that it had, as long as calls run a version that has it, or somebody waits in it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Mapping

from ivr.call.dialogue import Dialogue
from ivr.clock import Clock
from ivr.dispatch import Dispatcher
from ivr.errors import FlowError
from ivr.flow.calendars.calendar import Calendar
from ivr.opening_hours import OpeningHours
from ivr.versions.live import LiveFlows
from ivr.versions.routing_rules import rules_of
from ivr.versions.service import Versions
from routing.board_events import EntryChanged, Fact
from routing.ids import QueueName
from routing.rules import Rules
from routing.rules_keep import keep, only

log = logging.getLogger(__name__)


class LiveRules:
    """`begin()` for what the board begins with, `drive()` from then on, `close()` at the end."""

    def __init__(self, flows: LiveFlows, versions: Versions, clock: Clock) -> None:
        self._flows = flows
        self._versions = versions
        self._dispatcher: Dispatcher | None = None
        self.in_force = Rules({})
        self._promised: frozenset[QueueName] = frozenset()
        """Queues that were gone at the start, in which stored entries wait that come back into line after it."""
        self.hours = OpeningHours(clock, self._closed)

    async def begin(self) -> Rules:
        """Those of the current version, and what they lack of the queues in which stored entries wait."""
        self.in_force = self._flows.current.rules
        async with self._versions.store.reading(last_known=True) as uow:
            waiting = {QueueName(entry.queue) for entry in await uow.entries.live() if entry.queue}
        missing = self._promised = frozenset(waiting - self.in_force.queues.keys())
        if missing:
            self.in_force = keep(self.in_force, await self._of_earlier_versions(missing))
            for name in sorted(missing):
                how = "as it was last" if name in self.in_force.queues else "without any rules"
                log.warning("somebody waits in the queue %s, which is gone: it is kept, %s", name, how)
        return self.in_force

    def drive(self, dispatcher: Dispatcher) -> None:
        """Give the dispatcher's board, which began with these rules, their hours, and every change from now on."""
        self._dispatcher = dispatcher
        self._flows.on_change = self._changed
        dispatcher.watch(self._see)
        self._changed()

    def close(self) -> None:
        self.hours.close()

    def _changed(self) -> None:
        """Another version is the current one, or an older one has no calls any more."""
        assert self._dispatcher is not None
        now, *older = self._flows.dialogues()
        waiting = self._promised.union(entry.queue for entry in self._dispatcher.board.entries())
        rules = keep(now.rules, [*(one.rules for one in older), only(self.in_force, waiting)])
        calendars = _calendars([now, *older])
        queues = {
            name: calendars[queue.hours] for name, queue in rules.queues.items() if queue.hours in calendars
        }
        if rules != self.in_force:
            self._tell(now, rules)
            # What opens with the new rules opens before them, what closes closes after them: between the two steps
            # nobody is sent away for hours that are not those of the rules.
            staying = self.hours.closed & self.hours.will_be(queues)
            if staying != self.hours.closed:
                self._closed(staying)
            self.in_force = rules
            self._dispatcher.use_rules(rules)
        self.hours.use(queues, calendars)

    def _see(self, fact: Fact, _at: dt.datetime) -> None:
        """Whoever leaves a queue that is gone from the rules may have been the last to need it."""
        before = fact.before if isinstance(fact, EntryChanged) else None
        if before is None or not before.queue or before.queue in self._flows.current.rules.queues:
            return
        if self._dispatcher is not None and not self._dispatcher.board.length(before.queue):
            asyncio.get_running_loop().call_soon(self._changed)

    def _closed(self, queues: frozenset[QueueName]) -> None:
        if self._dispatcher is not None:
            self._dispatcher.use_hours(queues)

    def _tell(self, now: Dialogue, rules: Rules) -> None:
        log.info(
            "the rules of version %s are in force: %d queues", now.library.version[:12], len(now.rules.queues)
        )
        for name in sorted(rules.queues.keys() - now.rules.queues.keys()):
            log.info("queue %s is gone from the rules, and kept for calls that still need it", name)

    async def _of_earlier_versions(self, names: frozenset[QueueName]) -> list[Rules]:
        """Each of these queues as the latest version that had it."""
        found: list[Rules] = []
        seen = {self._flows.library.version}
        left = set(names)
        for release in reversed(await self._versions.releases()):
            if not left:
                break
            if release.version in seen:
                continue
            seen.add(release.version)
            try:
                rules = rules_of(await self._versions.sources(release.version))
            except FlowError as error:
                log.debug("version %s gives no rules: %s", release.version[:12], error)
                continue
            found.append(only(rules, left))
            left -= rules.queues.keys()
        return found


def _calendars(dialogues: list[Dialogue]) -> Mapping[str, Calendar]:
    """Of the first that has it; queues of older versions go by theirs."""
    found: dict[str, Calendar] = {}
    for dialogue in dialogues:
        for name, calendar in dialogue.library.calendars.items():
            found.setdefault(name, calendar)
    return found
