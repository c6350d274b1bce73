"""Which queues are open: their calendars, and an administrator's word for today before them.

Whoever routes is told which queues are closed: at once, at each moment when that changes, when the calendars are
others, and when somebody says otherwise. The one timer is set to the next such moment; nothing polls.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ivr.clock import Clock
from ivr.errors import HoursError
from ivr.flow.calendars.calendar import Calendar
from ivr.flow.calendars.timeline import first_instant
from ivr.flow.findings import did_you_mean
from routing.ids import QueueName

log = logging.getLogger(__name__)

Closed = frozenset[QueueName]
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Said:
    """An administrator's word about a calendar, until that day is over in its zone."""

    open: bool
    until: dt.datetime


def look(
    queues: Mapping[QueueName, Calendar], said: Mapping[str, Said], now: dt.datetime
) -> tuple[Closed, dt.datetime | None]:
    """The queues that are closed now, and when to look again: the next boundary of any; None when there is none
    within a year. said: by the calendar's name."""
    closed: set[QueueName] = set()
    changes: list[dt.datetime] = []
    for queue, calendar in queues.items():
        word = said.get(calendar.name)
        change: dt.datetime | None
        if word is not None and now < word.until:
            is_open, change = word.open, word.until
        else:
            answer = calendar.at(now)
            is_open, change = answer.open, answer.closes_at if answer.open else answer.opens_at
        if not is_open:
            closed.add(queue)
        if change is not None:
            changes.append(change)
    return frozenset(closed), min(changes, default=None)


class OpeningHours:
    """`use()` at the start and after each change of the rules; `close()` at the end. On the event loop.

    tell: which queues are closed from now on, these and no others; told when that differs from what was told last.
    """

    def __init__(self, clock: Clock, tell: Callable[[Closed], None]) -> None:
        self._clock = clock
        self._tell = tell
        self._queues: Mapping[QueueName, Calendar] = {}
        self._calendars: Mapping[str, Calendar] = {}
        self._said: dict[str, Said] = {}
        self._told: Closed = frozenset()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def closed(self) -> Closed:
        """As it was told last."""
        return self._told

    def use(self, queues: Mapping[QueueName, Calendar], calendars: Mapping[str, Calendar]) -> None:
        """queues: those that have hours. calendars: all by name, for `say`."""
        self._queues, self._calendars = queues, calendars
        self._look()

    def will_be(self, queues: Mapping[QueueName, Calendar]) -> Closed:
        """Which of these would be closed now."""
        return look(queues, self._said, self._clock.now())[0]

    def say(self, calendar: str, is_open: bool | None, *, by: str, why: str) -> None:
        """For today that calendar is open, or closed, whatever it says; None: as it says. Raises HoursError.

        It holds for the queues at once, and for the `hours` nodes of calls that begin after it. It is forgotten when
        the day is over in the calendar's zone, and at a restart.
        """
        known = self._calendars.get(calendar)
        if known is None:
            raise HoursError(
                f"there is no calendar `{calendar}`",
                mend=did_you_mean(calendar, self._calendars)
                or f"one of: {', '.join(sorted(self._calendars)) or 'none'}",
            )
        if is_open is None:
            self._said.pop(calendar, None)
        else:
            tomorrow = self._clock.now().astimezone(known.timezone).date() + _DAY
            self._said[calendar] = Said(is_open, first_instant(known.timezone, tomorrow))
        what = "goes by its hours" if is_open is None else "is open" if is_open else "is closed"
        log.warning("calendar %s %s today, says %s: %s", calendar, what, by, why)
        self._look()

    def said(self) -> dict[str, bool]:
        """Calendar -> whether somebody said that it is open today: for `CallFacts.hours`."""
        now = self._clock.now()
        return {name: word.open for name, word in self._said.items() if now < word.until}

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self.close()
        now = self._clock.now()
        self._said = {name: word for name, word in self._said.items() if now < word.until}
        closed, change = look(self._queues, self._said, now)
        if change is not None:
            delay_s = max(0.0, (change - now).total_seconds())
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._look)
        if closed != self._told:
            for queue in sorted(closed ^ self._told):
                log.info("queue %s is %s", queue, "closed" if queue in closed else "open")
            self._told = closed
            self._tell(closed)
