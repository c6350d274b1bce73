"""What a live call uses of the house, and what its own parts share."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from asr.protocol import Ears
from ivr.ari.interface import Ari
from ivr.call.desk_port import AtDesk
from ivr.call.history import CallHistory
from ivr.call.media_path import MediaSource, RtpMedia
from ivr.call.onward_port import Onward
from ivr.call.outbound import NOWHERE, Outbound
from ivr.call.ports import (
    Callbacks,
    CallerFacts,
    Offer,
    Outside,
    PromptAudio,
    Queues,
    Records,
    TalksWrittenDown,
)
from ivr.call.telephones import Lines
from ivr.clock import Clock
from ivr.flow.actions import Action, JsonValue
from ivr.flow.inputs import Digit, HungUp, Input, SpeechPartial
from ivr.ids import CallId, ChannelId
from ivr.talk.conversations import Conversations
from ivr.talk.registry import Talks

log = logging.getLogger(__name__)

INBOX_MOST: Final = 1000
"""Unread messages of a call, from which on keys and partial results of recognition are left out. All else answers
something that the call itself began, so there is an end to it."""


async def _at_once() -> None:
    pass


@dataclass(frozen=True, slots=True)
class CallServices:
    """The concrete parts that every session uses; made by the composition root.

    outside, callbacks: None = there are none, and the dialogue is told so. outbound: who may be called.
    """

    ari: Ari
    audio: PromptAudio
    ears: Ears
    queues: Queues
    records: Records
    clock: Clock
    changed: Callable[[], None] = lambda: None
    """Told whenever a call may look different from outside."""
    outside: Outside | None = None
    callbacks: Callbacks | None = None
    outbound: Outbound = NOWHERE
    media: MediaSource = field(default_factory=RtpMedia)
    """How the callers' voices get to the recogniser."""
    written_down: TalksWrittenDown = "off"
    """Which talks get a transcript while they last."""
    desk: AtDesk | None = None
    """Where agents' telephones log in and out, pause and call somebody."""
    talks: Conversations = field(default_factory=Conversations)
    """Who talks with whom now."""
    in_talk: Talks = field(default_factory=Talks)
    """The same as what can be done with them (`ivr/talk/service.py`)."""
    lines: Lines = field(default_factory=Lines)
    """Agents' telephones that ring now."""
    onward: Onward = field(default_factory=Onward)
    """Gives a citizen whom an agent called a call of their own."""
    begun: Callable[[CallId, Action], None] | None = None
    """Told of every action that is begun, where somebody wants to know (ivr/tracing)."""
    hours: Callable[[], Mapping[str, bool]] = dict
    """Calendars of which somebody said that they are open, or closed, today."""
    may_record: Callable[[], bool] = lambda: True
    """Whether there is room for what a caller says (ivr/disk.py)."""
    settled: Callable[[], Awaitable[None]] = _at_once
    """Returns when what was recorded so far outlives a power cut; soon, and never raises."""
    together: AbstractContextManager[object] = field(default_factory=nullcontext)
    """What is recorded within it is written at its end, in one go. Nothing may be waited for within it, and nothing
    asked of Asterisk. It can be entered again and again, also within itself."""


@dataclass(frozen=True, slots=True)
class Offered:
    """The dispatcher reserved an agent for this caller."""

    offer: Offer


@dataclass(frozen=True, slots=True)
class Withdrawn:
    offer: Offer


@dataclass(frozen=True, slots=True)
class LegLost:
    """The agent answered but the two could not be joined; the caller still waits."""


@dataclass(frozen=True, slots=True)
class GapSeen:
    """Events may be missing: look whether the channel is still there. cut_off: it cannot be, Asterisk itself ended."""

    cut_off: bool = False


Message = Input | Offered | Withdrawn | LegLost | GapSeen
"""What a session's inbox takes."""
_NOT_FOR_THE_DIALOGUE: Final = (Offered, Withdrawn, LegLost, GapSeen)


class Inbox:
    """What has happened in a call and was not looked at yet, oldest first. For one reader."""

    def __init__(self) -> None:
        self.unread: deque[Message] = deque()
        self._reader: asyncio.Future[None] | None = None

    @property
    def read_now(self) -> bool:
        """Somebody waits for the next message."""
        return self._reader is not None

    def put(self, message: Message) -> None:
        self.unread.append(message)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def get(self) -> Message:
        """The next one."""
        while not self.unread:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        return self.unread.popleft()

    @property
    def inputs(self) -> list[Input]:
        """What of it the dialogue will be told."""
        return [one for one in self.unread if not isinstance(one, _NOT_FOR_THE_DIALOGUE)]


class OpenCall:
    """One call as its parts see it: its channel, its inbox, its child tasks. `gone`: the caller is not there any more.

    Child tasks run in the call's own TaskGroup: they end with the call, and a failure of one ends the call.
    """

    def __init__(
        self,
        services: CallServices,
        call: CallId,
        channel: ChannelId,
        facts: CallerFacts,
        arrived_at: dt.datetime | None = None,
        keep: Callable[[], None] = lambda: None,
    ) -> None:
        """keep: writes down how the call stands, for whoever may have to go on with it; cheap when nothing changed."""
        self.services = services
        self.ari: Ari = services.ari
        self.call = call
        self.channel = channel
        self.facts = facts
        self.history = CallHistory(services.records, call, facts, arrived_at or services.clock.now())
        self.keep = keep
        self.inbox = Inbox()
        self.left_out = 0
        """Messages for which the inbox had no room."""
        self.gone = False
        self.resuming = False
        """What an earlier controller had open is being opened again: that one's word of it holds until all of it is."""
        self.catching_up = False
        """What an earlier controller wrote down, and did not live to keep, is being done again."""
        self.ending = False
        """We hang up: what is heard of the channel's end is our own doing."""
        self.cut_off = False
        """Asterisk ended, and the caller's line with it."""
        self.holding: asyncio.Timeout | None = None
        """While the call waits for Asterisk to be back."""
        self.to_end = False
        """The call is over, and its channel could not be hung up: somebody else has to."""
        self._group: asyncio.TaskGroup | None = None
        self._children: set[asyncio.Task[None]] = set()

    def tell(self, message: Message) -> None:
        """Into the inbox; never waits. What a caller can send without end is left out where too much is unread."""
        if len(self.inbox.unread) >= INBOX_MOST and isinstance(message, Digit | SpeechPartial):
            if not self.left_out:
                log.warning("%d messages of a call are unread: keys are left out", INBOX_MOST)
            self.left_out += 1
            return
        self.inbox.put(message)

    def note(self, kind: str, data: Mapping[str, JsonValue]) -> None:
        """Into the call's journal."""
        self.history.note(kind, data, self.services.clock.now())

    def gap(self, *, cut_off: bool) -> None:
        """Events may be missing. cut_off: the caller's line has gone with Asterisk itself."""
        self.cut_off = self.cut_off or cut_off
        if cut_off and self.holding is not None:
            self.holding.reschedule(asyncio.get_running_loop().time())
        self.tell(GapSeen(cut_off))

    def nothing_heard(self) -> None:
        """For long: if the call is not busy, it looks what is still there."""
        if self.inbox.read_now:
            self.tell(GapSeen())

    def monotonic(self) -> float:
        return self.services.clock.monotonic()

    def hung_up(self, by: Literal["caller", "system"], cause: int = 16) -> None:
        """The channel's end, of which Asterisk tells in several ways; the dialogue is told once."""
        self.gone = True
        if self.history.hung_up(by, cause, self.services.clock.now()):
            self.tell(HungUp(by, cause))

    def begin(self, group: asyncio.TaskGroup) -> None:
        self._group = group

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        if self._group is None:
            raise RuntimeError("the session is not running")
        task = self._group.create_task(work, name=f"{self.call} {name}")
        self._children.add(task)
        task.add_done_callback(self._children.discard)
        return task

    def stop_children(self) -> None:
        for task in list(self._children):
            task.cancel()
