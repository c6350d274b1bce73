"""Events to whom they concern. No I/O: the client's reader calls `dispatch`, which only looks up and enqueues.

What is enqueued may be `Sealed`: the reader of the queue opens it, so the websocket's reader need not.

- A `Mailbox` watches object ids: channels, bridges, playbacks, recordings. An event goes to every mailbox that watches
  one of the ids it names (a playback's and a recording's target too), once per mailbox, in the order received.
- The front door is the one consumer of what nobody watches yet: `StasisStart` of new channels, and events of the
  application itself (`FRONT_DOOR`). From its `StasisStart` on, an unwatched channel's events are HELD and
  handed to the first mailbox that watches it: a caller who hangs up while the session is being set up is not missed.
  `pass_over` says that nobody will: a caller who is sent away.
- A full mailbox ends: its reader gets `MailboxOverflow` at once. Nothing is dropped silently. An event that concerns
  nobody (late, for a closed session) is counted in `unwatched` and leaves a debug line.
- `Gap` goes to all. `fail` ends every reader with an error: the client's last word (a wrong password).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Self

from ivr.ari.parse import AnyEvent, Gap, Sealed, UnknownEvent
from ivr.errors import AriError, MailboxOverflow

log = logging.getLogger(__name__)

CAPACITY: Final = 512
FRONT_DOOR_CAPACITY: Final = 65_536
HELD_MOST: Final = CAPACITY + 1
"""Of one channel. One more than a mailbox takes: whoever watches it then is told of the overflow."""
HELD_S: Final = 30.0
"""How long an arrived channel that nobody watches is held. The front door's consumer must have looked by then."""

ARRIVALS: Final = frozenset({"StasisStart", "CallBroadcast"})
"""To the front door when nobody watches the channel."""
FRONT_DOOR: Final = frozenset(
    {
        "ApplicationMoveFailed",
        "ApplicationRegistered",
        "ApplicationReplaced",
        "ApplicationUnregistered",
        "CallClaimed",
        "ContactStatusChange",
        "DeviceStateChanged",
        "MissingParams",
        "PeerStatusChange",
        "TextMessageReceived",
    }
)
"""To the front door always, and to mailboxes that watch an object they name."""
SPECIAL: Final = ARRIVALS | FRONT_DOOR
BRIDGED: Final = frozenset({"ChannelEnteredBridge", "ChannelLeftBridge"})
"""They say nothing new to whoever put the channel there: `unwanted` of most mailboxes."""


class Queue:
    """A bounded queue with one reader: the front door, and the base of a mailbox. Not thread-safe."""

    __slots__ = ("_bus", "_capacity", "_error", "_events", "_waiter", "owner")

    def __init__(self, bus: Bus, owner: str, capacity: int) -> None:
        self.owner = owner
        self._bus = bus
        self._capacity = capacity
        self._events: deque[AnyEvent | Sealed] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._error: BaseException | None = None

    def __len__(self) -> int:
        return len(self._events)

    @property
    def ended(self) -> bool:
        return self._error is not None

    async def get(self) -> AnyEvent:
        """The next event. Raises `MailboxOverflow` once full, the client's error once that has failed, and
        `MailboxClosed` once closed. One reader at a time.
        """
        while True:
            if self._error is not None:
                raise self._error
            if self._events:
                return self._opened(self._events.popleft())
            if self._waiter is not None:
                raise RuntimeError(f"{self.owner}: a second reader")
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    def get_nowait(self) -> AnyEvent | None:
        """The next event if there is one. Raises as `get`."""
        if self._error is not None:
            raise self._error
        return self._opened(self._events.popleft()) if self._events else None

    def holds(self, kind: str, object_id: str) -> bool:
        """An event of this type about that object waits to be read."""
        return any(
            not isinstance(event, Gap) and event.type == kind and object_id in event.object_ids()
            for event in self._events
        )

    @property
    def holds_restart(self) -> bool:
        """A `Gap` that waits to be read says that Asterisk was started anew."""
        return any(isinstance(event, Gap) and event.restarted for event in self._events)

    def _opened(self, event: AnyEvent | Sealed) -> AnyEvent:
        if not isinstance(event, Sealed):
            return event
        known_before = event.opened
        opened = event.open()
        if isinstance(opened, UnknownEvent) and not known_before:
            self._bus._note_unknown(opened)
        return opened

    def __aiter__(self) -> Self:
        """All events until the queue is closed; raises on overflow and failure."""
        return self

    async def __anext__(self) -> AnyEvent:
        try:
            return await self.get()
        except MailboxClosed:
            raise StopAsyncIteration from None

    def put(self, event: AnyEvent | Sealed) -> bool:
        """False when the queue is full: it has ended then."""
        if self._error is not None:
            return False
        if len(self._events) >= self._capacity:
            self.end(
                MailboxOverflow(f"{self.owner}: {self._capacity} events are waiting and none is being read")
            )
            return False
        self._events.append(event)
        self._wake()
        return True

    def end(self, error: BaseException) -> None:
        """The reader gets this error from now on; what is waiting is not delivered any more. The first one counts."""
        if self._error is None:
            self._error = error
            self._events.clear()
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class MailboxClosed(AriError):
    """`get` on a mailbox that its owner has closed."""


class Mailbox(Queue):
    """One session's events. Made by `Bus.mailbox`."""

    __slots__ = ("_unwanted", "_watched")

    def __init__(self, bus: Bus, owner: str, capacity: int, unwanted: frozenset[str] = frozenset()) -> None:
        super().__init__(bus, owner, capacity)
        self._unwanted = unwanted
        self._watched: set[str] = set()

    def put(self, event: AnyEvent | Sealed) -> bool:
        if type(event) is Sealed and event.type in self._unwanted:
            return True
        return super().put(event)

    @property
    def watched(self) -> frozenset[str]:
        return frozenset(self._watched)

    def watch(self, *object_ids: str) -> None:
        """Before the command that makes the object: its first event may come before the command's own answer."""
        if self.ended:
            return
        for object_id in object_ids:
            if object_id not in self._watched:
                self._watched.add(object_id)
                self._bus._watch(object_id, self)

    def unwatch(self, *object_ids: str) -> None:
        for object_id in object_ids:
            if object_id in self._watched:
                self._watched.discard(object_id)
                self._bus._unwatch(object_id, self)

    def close(self) -> None:
        self.end(MailboxClosed(f"{self.owner}: closed"))

    def end(self, error: BaseException) -> None:
        super().end(error)
        self.unwatch(*self._watched)
        self._bus._mailboxes.discard(self)


@dataclass(slots=True)
class _Held:
    """Events of a channel that has arrived and that nobody watches yet."""

    since: float
    events: list[AnyEvent | Sealed] = field(default_factory=list)


class Bus:
    """Routes events. monotonic: seconds, for how long arrivals are held."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._watchers: dict[str, list[Mailbox]] = {}
        self._mailboxes: set[Mailbox] = set()
        self._held: dict[str, _Held] = {}
        self._everything: list[tuple[AnyEvent | Sealed, tuple[str, ...], set[Mailbox]]] | None = None
        """Events that concerned nobody, and who has had them since."""
        self._door = Queue(self, "front door", FRONT_DOOR_CAPACITY)
        self._failure: BaseException | None = None
        self.received = 0
        """Events dispatched."""
        self.unwatched = 0
        """Events that concerned nobody."""
        self.unknown = 0
        """Events that could not be read."""

    @property
    def fullest(self) -> int:
        """Events that wait in the mailbox with the most of them."""
        return max(map(len, self._mailboxes), default=0)

    @property
    def held(self) -> int:
        """Events of the channel with the most of them that has arrived and that nobody watches yet."""
        return max((len(held.events) for held in self._held.values()), default=0)

    @contextmanager
    def mailbox(
        self, owner: str, capacity: int = CAPACITY, unwanted: frozenset[str] = frozenset()
    ) -> Iterator[Mailbox]:
        """A mailbox that is closed at the end of the block. owner: for messages (a call id). unwanted: types of events
        that its reader would pass over: it is not woken for them."""
        mailbox = Mailbox(self, owner, capacity, unwanted)
        if self._failure is not None:
            mailbox.end(self._failure)
        else:
            self._mailboxes.add(mailbox)
        try:
            yield mailbox
        finally:
            mailbox.close()

    def front_door(self) -> Queue:
        """The one queue of arrivals and application events. For one reader."""
        return self._door

    def hold_all(self) -> None:
        """Until `let_go`: events that concern nobody wait for whoever watches one of the ids that they name. For a
        start, while it is not known yet which objects are there and who will have them."""
        self._everything = []

    def let_go(self) -> None:
        """Whoever was to come is there."""
        held, self._everything = self._everything or [], None
        self.unwatched += sum(1 for _, _, had in held if not had)

    def dispatch(self, event: AnyEvent | Sealed) -> None:
        """Enqueue the event where it belongs."""
        self.received += 1
        if isinstance(event, Gap):
            for mailbox in list(self._mailboxes):
                mailbox.put(event)
            self._door.put(event)
            return
        ids = event.ids if type(event) is Sealed else event.object_ids()
        delivered = self._deliver(ids, event)
        kind = event.type
        if kind in SPECIAL:
            arrival = kind in ARRIVALS
            if not (arrival and delivered):
                self._door.put(event)
                if arrival and ids:
                    self._hold(ids[0])
            delivered = True
        if isinstance(event, UnknownEvent):
            self._note_unknown(event)
            if not delivered and not self._keep(ids, event):
                self._door.put(event)
        elif not delivered and not self._keep(ids, event):
            self.unwatched += 1
            log.debug("%s concerns nobody: %s", kind, ids)

    def _note_unknown(self, event: UnknownEvent) -> None:
        self.unknown += 1
        log.warning("unreadable event %r: %s", event.type, event.error)

    def pass_over(self, channel_id: str) -> None:
        """Nobody will watch this channel that has arrived: what it does is held no longer."""
        held = self._held.pop(channel_id, None)
        if held is not None:
            self.unwatched += len(held.events)

    def doubt(self, object_id: str) -> None:
        """An event about this may be missing: whoever watches it looks whether it is still there."""
        for mailbox in list(self._watchers.get(object_id, ())):
            mailbox.put(Gap(first=False, away_s=0.0))

    def fail(self, error: BaseException) -> None:
        """Ends the front door and every mailbox, also those made later, with this error."""
        self._failure = error
        for mailbox in list(self._mailboxes):
            mailbox.end(error)
        self._door.end(error)

    def _deliver(self, ids: tuple[str, ...], event: AnyEvent | Sealed) -> bool:
        watchers = self._watchers
        if len(ids) == 1:
            boxes = watchers.get(ids[0])
            if boxes is None:
                return False
            if len(boxes) == 1:
                boxes[0].put(event)
                return True
        found: dict[Mailbox, None] = {}
        for object_id in ids:
            found.update(dict.fromkeys(watchers.get(object_id, ())))
        for mailbox in found:
            mailbox.put(event)
        return bool(found)

    def _hold(self, channel_id: str) -> None:
        now = self._monotonic()
        for old, held in list(self._held.items()):  # in the order of arrival, so the first young one ends it
            if now - held.since < HELD_S:
                break
            del self._held[old]
            self.unwatched += len(held.events)
            log.warning("%s: arrived %.0f s ago and nobody watches it", old, now - held.since)
        self._held.setdefault(channel_id, _Held(now))

    def _keep(self, ids: tuple[str, ...], event: AnyEvent | Sealed) -> bool:
        kept = False
        for object_id in ids:
            held = self._held.get(object_id)
            if held is not None and len(held.events) < HELD_MOST:
                held.events.append(event)
                kept = True
        if not kept and self._everything is not None and len(self._everything) < FRONT_DOOR_CAPACITY:
            self._everything.append((event, ids, set()))
            kept = True
        return kept

    def _watch(self, object_id: str, mailbox: Mailbox) -> None:
        self._watchers.setdefault(object_id, []).append(mailbox)
        held = self._held.pop(object_id, None)
        if held is not None:
            for event in held.events:
                mailbox.put(event)
        for event, ids, had in self._everything or ():
            if object_id in ids and mailbox not in had:
                had.add(mailbox)
                mailbox.put(event)

    def _unwatch(self, object_id: str, mailbox: Mailbox) -> None:
        boxes = self._watchers.get(object_id)
        if boxes is not None and mailbox in boxes:
            boxes.remove(mailbox)
            if not boxes:
                del self._watchers[object_id]
