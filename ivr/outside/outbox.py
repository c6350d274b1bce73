"""The outbox: notifications are stored first and delivered then, at least once, whatever is restarted meanwhile.

Theory of operation. `notify` makes a record, gives it to the writer of facts and to its channel's lane; it never waits.
A lane delivers what is due, a few at once, and puts each record's new state. What was stored and not yet sent when the
process ended is read back at the next start; since the end may have come between delivery and its record, a message may
then go out twice, under the same id. A lane holds MOST_HELD records at most: beyond, they are left to the database and
read back when the lane has room.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import heapq
import itertools
import logging
import random
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from ivr.clock import Clock
from ivr.errors import StorageError
from ivr.flow.actions import Notify
from ivr.ids import CallId
from ivr.outside.channels import Channel
from ivr.outside.messages import (
    DEFAULT_POLICY,
    MAX_TEXT,
    DeliveryPolicy,
    Undelivered,
    after_attempt,
    recipient,
)
from storage.masking import mask
from storage.promises import NotificationRecord

log = logging.getLogger(__name__)

MOST_HELD: Final = 5000
READ_AGAIN_S: Final = 30.0
"""Between attempts to read the database while it is away."""


class Pending(Protocol):
    async def __call__(self, limit: int) -> Iterable[NotificationRecord]:
        """Stored and not yet sent, the longest due first; all that was put before is seen. Raises StorageError."""
        ...


@dataclass(frozen=True, slots=True)
class Route:
    """A channel with its rules (`settings.ChannelSettings`). at_once: deliveries under way."""

    channel: Channel
    rules: tuple[str, ...] = ("caller",)
    address: str = ""
    at_once: int = 4


class Outbox:
    """put: keeps a record durably, soon; never waits. `run` delivers until it is cancelled."""

    def __init__(
        self,
        routes: Mapping[str, Route],
        put: Callable[[NotificationRecord], None],
        pending: Pending,
        clock: Clock,
        policy: DeliveryPolicy = DEFAULT_POLICY,
        most_held: int = MOST_HELD,
        spread: Callable[[], float] = random.random,
    ) -> None:
        self._routes = routes
        self._put = put
        self._pending = pending
        self._clock = clock
        self._policy = policy
        self._most_held = most_held
        self._spread = spread
        self._lanes = {
            name: _Lane(name, route, self._attempt, clock, most_held) for name, route in routes.items()
        }
        self._room = asyncio.Event()
        self._left_behind = False
        self._reading = False
        self._done: set[str] = set()
        """Finished while the database was being read: what it says of them is old."""

    @property
    def waiting(self) -> int:
        """Records in memory that are not sent yet."""
        return sum(lane.held for lane in self._lanes.values())

    @property
    def fullest(self) -> int:
        """Of the lane that has the most of them."""
        return max((lane.held for lane in self._lanes.values()), default=0)

    def notify(self, call: CallId, wanted: Notify, caller: str, at: dt.datetime) -> NotificationRecord:
        """The record as it was kept: `pending`, or `failed` with the reason when it can go to nobody."""
        route = self._routes.get(wanted.channel)
        to = recipient(wanted.to, caller, route.address, route.rules) if route is not None else None
        error = ""
        if route is None:
            known = ", ".join(sorted(self._routes)) or "none"
            error = f"there is no channel `{wanted.channel}` in outside.channels (there are: {known})"
        elif to is None and wanted.to:
            error = f"the channel `{wanted.channel}` may not write to {mask(wanted.to)}: see its `to`"
        elif to is None:
            error = f"the channel `{wanted.channel}` has no address of its own, and the dialogue names none"
        record = NotificationRecord(
            id=f"{call}.notify-{secrets.token_hex(4)}",
            call_id=call,
            channel=wanted.channel,
            recipient=to or wanted.to,
            text=wanted.text[:MAX_TEXT],
            next_at=at,
            created_at=at,
            language=wanted.language,
            data=dict(wanted.data),
            state="failed" if error else "pending",
            error=error,
        )
        self._put(record)
        if error:
            log.error("notification %s is not sent: %s", record.id, error)
        else:
            self._hold(record)
        return record

    async def run(self) -> None:
        """Returns never. Cancelled, it leaves what is under way to the next start."""
        async with asyncio.TaskGroup() as group:
            for name, lane in self._lanes.items():
                group.create_task(lane.run(), name=f"notifications by {name}")
            while True:
                self._room.clear()
                await self._read_back()
                await self._room.wait()

    # --- what the lanes and the database do ---

    async def _read_back(self) -> None:
        """Takes what is stored and pending; tries until the database answers."""
        self._left_behind = False
        self._reading = True
        while True:
            try:
                records = list(await self._pending(self._most_held))
                break
            except StorageError as error:
                log.warning("pending notifications not read, again in %g s: %s", READ_AGAIN_S, error)
                await asyncio.sleep(READ_AGAIN_S)
        # As many as were asked for: there may be more.
        self._left_behind = self._left_behind or len(records) >= self._most_held
        records = [record for record in records if record.id not in self._done]
        self._reading = False
        self._done.clear()
        for record in records:
            if record.channel in self._lanes:
                self._hold(record)
            else:
                gone = Undelivered(f"there is no channel `{record.channel}` any more", permanent=True)
                self._put(after_attempt(record, gone, self._clock.now(), 0.0, self._policy))
        if records:
            log.info("%d notifications of before are to be delivered", len(records))
        self._look_for_room()

    def _hold(self, record: NotificationRecord) -> None:
        if not self._lanes[record.channel].take(record):
            self._left_behind = True

    async def _attempt(self, route: Route, record: NotificationRecord) -> NotificationRecord:
        try:
            delivery = await route.channel.deliver(record)
        except Exception:
            log.exception("notification %s", record.id)
            delivery = Undelivered("an error of ours")
        after = after_attempt(record, delivery, self._clock.now(), self._spread(), self._policy)
        self._put(after)
        if self._reading and after.state != "pending":
            self._done.add(after.id)
        if after.state == "failed":
            log.error("notification %s is given up: %s", after.id, after.error)
        elif after.state == "pending":
            log.warning("notification %s, attempt %d: %s", after.id, after.attempts, after.error)
        self._look_for_room()
        return after

    def _look_for_room(self) -> None:
        if self._left_behind and self.waiting <= self._most_held // 2:
            self._room.set()


class _Lane:
    """The notifications of one channel, by when they are due; a slow gateway holds up no other channel."""

    def __init__(
        self,
        name: str,
        route: Route,
        attempt: Callable[[Route, NotificationRecord], Awaitable[NotificationRecord]],
        clock: Clock,
        most: int,
    ) -> None:
        self._name = name
        self._route = route
        self._attempt = attempt
        self._clock = clock
        self._most = most
        self._due: list[tuple[dt.datetime, int, NotificationRecord]] = []
        self._order = itertools.count()
        self._known: set[str] = set()
        self._under_way = 0
        self._changed = asyncio.Event()

    @property
    def held(self) -> int:
        return len(self._known)

    def take(self, record: NotificationRecord) -> bool:
        """False: there is no room. One that is held already is not taken twice."""
        if record.id in self._known:
            return True
        if len(self._known) >= self._most:
            return False
        self._known.add(record.id)
        self._push(record)
        return True

    def _push(self, record: NotificationRecord) -> None:
        heapq.heappush(self._due, (record.next_at, next(self._order), record))
        self._changed.set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                self._changed.clear()
                wait_s = self._until_next()
                if wait_s is not None and wait_s <= 0:
                    record = heapq.heappop(self._due)[2]
                    self._under_way += 1
                    group.create_task(self._deliver(record), name=f"notification {record.id}")
                    continue
                try:
                    async with asyncio.timeout(wait_s):
                        await self._changed.wait()
                except TimeoutError:
                    continue

    def _until_next(self) -> float | None:
        """Seconds; None: not before something changes."""
        if not self._due or self._under_way >= self._route.at_once:
            return None
        return (self._due[0][0] - self._clock.now()).total_seconds()

    async def _deliver(self, record: NotificationRecord) -> None:
        try:
            after = await self._attempt(self._route, record)
        finally:
            self._under_way -= 1
            self._changed.set()
        if after.state == "pending":
            self._push(after)
        else:
            self._known.discard(after.id)
