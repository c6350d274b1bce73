"""One citizen's call: runs the dialogue's pure machine and carries out what it wants on the real channel.

Theory of operation: everything that can happen (events of Asterisk, timers, recognition, the dispatcher) becomes a
message in one inbox. The session takes one message at a time, steps the machine and carries out its actions. Legs that
take long (listening, an agent's telephone) are child tasks of the call's own TaskGroup, which ends with the call.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal, assert_never

from asr.protocol import Ears
from ivr.ari.bus import Mailbox
from ivr.ari.generated.events import (
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelHangupRequest,
    PlaybackFinished,
    StasisEnd,
)
from ivr.ari.interface import Ari
from ivr.ari.parse import Gap
from ivr.ari.results import Gone
from ivr.call.agent_leg import AgentLeg
from ivr.call.history import CallHistory
from ivr.call.listening import listen
from ivr.call.player import Player
from ivr.call.ports import CallerFacts, Offer, PromptAudio, Queues, Records
from ivr.clock import Clock
from ivr.errors import AriError, first_of
from ivr.flow import machine
from ivr.flow.actions import (
    Action,
    CancelTimer,
    Enqueue,
    Hangup,
    LeaveQueue,
    Listen,
    Note,
    Play,
    StartTimer,
    StopListen,
    StopPlay,
)
from ivr.flow.inputs import (
    AgentJoined,
    Digit,
    HungUp,
    Input,
    OpId,
    PromptEnded,
    QueueEnded,
    QueueProgress,
    TimerFired,
)
from ivr.flow.model import FlowLibrary
from ivr.flow.state import CallFacts, FlowState
from ivr.ids import CallId, ChannelId, child_id
from ivr.log import call_context
from routing.ids import EntryId

log = logging.getLogger(__name__)

QUIET_CHECK_S = 60.0
"""After so long without any message the channel is asked for: a lost hang-up must not leave a call for ever."""
FALLBACK_CONTEXT = "fallback"
"""In asterisk-config/extensions.conf.j2: a plain queue of phones, then voicemail."""
CLEAN_UP_S = 5.0


@dataclass(frozen=True, slots=True)
class CallServices:
    """The concrete parts that every session uses; made by the composition root."""

    ari: Ari
    audio: PromptAudio
    ears: Ears
    queues: Queues
    records: Records
    clock: Clock
    changed: Callable[[], None] = lambda: None
    """Told whenever a call may look different from outside."""


@dataclass(frozen=True, slots=True)
class _Offered:
    offer: Offer


@dataclass(frozen=True, slots=True)
class _Withdrawn:
    offer: Offer


@dataclass(frozen=True, slots=True)
class _LegLost:
    """The agent answered but the two could not be joined; the caller still waits."""


@dataclass(frozen=True, slots=True)
class _GapSeen:
    """Events may be missing: look whether the channel is still there."""


_Message = Input | _Offered | _Withdrawn | _LegLost | _GapSeen


@dataclass(slots=True)
class _Waiting:
    """The open `Enqueue`."""

    op: OpId
    entry: EntryId
    queue: str
    since: float
    serving: asyncio.Task[None] | None = None
    offer: Offer | None = None
    joined_at: float | None = None
    agent: str = ""


class CallSession:
    """`run()` takes the call from its arrival to its end. One instance, one call."""

    def __init__(
        self,
        services: CallServices,
        library: FlowLibrary,
        call: CallId,
        channel: ChannelId,
        facts: CallerFacts,
    ) -> None:
        self._services = services
        self._ari = services.ari
        self._library = library
        self.call = call
        self.channel = channel
        self.facts = facts
        self.arrived_at = services.clock.now()
        self._inbox: asyncio.Queue[_Message] = asyncio.Queue()
        self._history = CallHistory(services.records, call, facts, self.arrived_at)
        self._player: Player
        self._timers: dict[OpId, asyncio.TimerHandle] = {}
        self._listening: dict[OpId, asyncio.Task[None]] = {}
        self._children: set[asyncio.Task[None]] = set()
        self._group: asyncio.TaskGroup | None = None
        self._state: FlowState | None = None
        self._waiting: _Waiting | None = None
        self._music = False
        self._gone = False
        self._hanging_up = False

    # --- what others see ---

    @property
    def node(self) -> str:
        return self._state.node if self._state is not None else ""

    @property
    def language(self) -> str:
        return self._state.language if self._state is not None else self.facts.language

    @property
    def stage(self) -> Literal["arriving", "menu", "queue", "ringing", "talking"]:
        if self._state is None:
            return "arriving"
        if self._waiting is None:
            return "menu"
        if self._waiting.joined_at is not None:
            return "talking"
        return (
            "ringing" if self._waiting.serving is not None and not self._waiting.serving.done() else "queue"
        )

    @property
    def stage_since(self) -> dt.datetime:
        """When the waiting or the talk began; before and after that, the call's arrival."""
        if self._waiting is None:
            return self.arrived_at
        begun = self._waiting.since if self._waiting.joined_at is None else self._waiting.joined_at
        return self._services.clock.now() - dt.timedelta(seconds=self._services.clock.monotonic() - begun)

    @property
    def last_heard(self) -> str:
        return self._history.last_heard

    @property
    def queue(self) -> str:
        return self._waiting.queue if self._waiting is not None else ""

    @property
    def agent(self) -> str:
        return self._waiting.agent if self._waiting is not None else ""

    # --- Seat: what the dispatcher tells (on the loop, never waits) ---

    def offered(self, offer: Offer) -> None:
        self._inbox.put_nowait(_Offered(offer))

    def withdrawn(self, offer: Offer) -> None:
        self._inbox.put_nowait(_Withdrawn(offer))

    def progressed(self, place: int, waiting: int, wait_s: tuple[float, float] | None) -> None:
        if self._waiting is not None:
            low, high = wait_s if wait_s is not None else (None, None)
            self._inbox.put_nowait(QueueProgress(self._waiting.op, place, waiting, low, high))

    def rejected(self, outcome: Literal["timeout", "full", "closed", "unstaffed", "failed"]) -> None:
        if self._waiting is not None:
            waited = self._services.clock.monotonic() - self._waiting.since
            self._inbox.put_nowait(QueueEnded(self._waiting.op, outcome, waited_s=round(waited, 3)))

    def look(self) -> None:
        """Asterisk does not list the caller's channel any more: make sure."""
        self._inbox.put_nowait(_GapSeen())

    # --- the call ---

    async def run(self) -> None:
        """Returns when the call is over and nothing of it is left. Raises only CancelledError."""
        call_context.set(self.call)
        with self._ari.bus.mailbox(self.call) as mailbox:
            mailbox.watch(self.channel)
            self._player = Player(
                self._ari, mailbox, self._services.audio, self.call, self.channel, self._inbox.put_nowait
            )
            self._history.arrived()
            try:
                async with asyncio.TaskGroup() as group:
                    self._group = group
                    self._spawn(self._read_events(mailbox), "events")
                    try:
                        await self._converse()
                    except asyncio.CancelledError:
                        # The controller stops; or a child failed, and then its error is written over this.
                        self._history.failed("shutdown")
                        raise
                    finally:
                        self._stop_children()
            except* AriError as errors:
                log.error("the call's session lost Asterisk: %s", "; ".join(map(str, errors.exceptions)))
                self._history.failed(str(first_of(errors)))
            except* Exception as errors:
                log.error("the call's session failed; it goes on in the dialplan", exc_info=errors)
                self._history.failed(repr(first_of(errors)))
            finally:
                await self._close()

    async def _converse(self) -> None:
        if not self.facts.answered and isinstance(
            await self._ari.channels.answer(channel_id=self.channel), Gone
        ):
            self._gone = True
        now = self._services.clock.now()
        facts = CallFacts(
            call_id=self.call,
            caller=self.facts.caller,
            number=self.facts.called,
            language=self.facts.language,
            speech=tuple(sorted(self._services.ears.languages() & set(self._library.languages))),
        )
        step = machine.start(self._library, self.facts.entry_flow, facts, now)
        self._state = step.state
        await self._carry_out(step.actions)
        if self._gone:
            self._hung_up(by="caller")
        while not self._state.ended:
            try:
                async with asyncio.timeout(QUIET_CHECK_S):
                    message = await self._inbox.get()
            except TimeoutError:
                message = _GapSeen()
            await self._take(message)

    async def _take(self, message: _Message) -> None:
        match message:
            case _Offered(offer):
                self._serve(offer)
            case _Withdrawn(offer):
                self._stop_serving(offer)
            case _LegLost() | _GapSeen():
                await self._check_alive()
            case _:
                await self._step(message)
        await self._tend_music()
        self._services.changed()

    async def _step(self, event: Input) -> None:
        if self._state is None:
            raise RuntimeError("an input before the dialogue began")
        if isinstance(event, TimerFired):
            self._timers.pop(event.op, None)
        if isinstance(event, QueueEnded):
            if self._waiting is None or self._waiting.op != event.op:
                return
            self._waiting = None
            self._history.left_queue(event.outcome)
        now = self._services.clock.now()
        self._history.input(event, now, masked=self._masked())
        step = machine.step(self._library, self._state, event, now)
        self._state = step.state
        await self._carry_out(step.actions)

    def _masked(self) -> bool:
        """What is pressed at this node is personal (a ticket, an identity card): it stays out of the journal."""
        node = self._library.nodes.get(self._state.node) if self._state is not None else None
        return node is not None and node.masked

    # --- actions ---

    async def _carry_out(self, actions: tuple[Action, ...]) -> None:
        """All actions of one step. Requests to Asterisk run side by side: a `StopPlay` and the `Play` after it may
        arrive in either order, since Asterisk queues playbacks per channel."""
        requests: list[Coroutine[Any, Any, None]] = []
        for action in actions:
            match action:
                case Play():
                    requests.append(self._play(action))
                case StopPlay(op):
                    requests.append(self._player.stop(op))
                case Listen():
                    self._listening[action.op] = self._spawn(self._listen(action), f"listen {action.op}")
                case StopListen(op):
                    self._stop_listening(op)
                case StartTimer(op, after_s):
                    self._start_timer(op, after_s)
                case CancelTimer(op):
                    self._cancel_timer(op)
                case Enqueue():
                    self._enqueue(action)
                case LeaveQueue(op):
                    self._leave_queue(op)
                case Note(kind, data):
                    self._history.note(kind, data, self._services.clock.now())
                case Hangup(cause):
                    requests.append(self._hang_up(cause))
                case _:
                    assert_never(action)
        if len(requests) == 1:
            await requests[0]
        elif requests:
            await asyncio.gather(*requests)

    async def _play(self, action: Play) -> None:
        if self._waiting is not None and self._waiting.joined_at is not None:
            # The agent has answered and the machine does not know yet: a prompt now would hold up the joining.
            self._inbox.put_nowait(PromptEnded(action.op, "stopped"))
            return
        if self._music:
            await self._stop_music()
        await self._player.play(action)

    async def _listen(self, action: Listen) -> None:
        try:
            await listen(
                self._ari, self._services.ears, self.call, self.channel, action, self._inbox.put_nowait
            )
        finally:
            self._listening.pop(action.op, None)

    def _stop_listening(self, op: OpId) -> None:
        task = self._listening.pop(op, None)
        if task is not None:
            task.cancel()

    def _start_timer(self, op: OpId, after_s: float) -> None:
        self._cancel_timer(op)
        self._timers[op] = asyncio.get_running_loop().call_later(
            after_s, self._inbox.put_nowait, TimerFired(op)
        )

    def _cancel_timer(self, op: OpId) -> None:
        timer = self._timers.pop(op, None)
        if timer is not None:
            timer.cancel()

    async def _hang_up(self, reason: Literal["normal", "busy", "congestion"]) -> None:
        self._hanging_up = True
        await self._ari.channels.hangup(channel_id=self.channel, reason=reason)
        self._hung_up(by="system")

    # --- waiting and talking ---

    def _enqueue(self, action: Enqueue) -> None:
        entry = EntryId(child_id(self.call, "entry"))
        self._waiting = _Waiting(action.op, entry, action.queue, self._services.clock.monotonic())
        self._history.queued(action.queue)
        self._services.queues.enqueue(entry, self.call, action, self.facts.caller, self)

    def _leave_queue(self, op: OpId) -> None:
        waiting = self._waiting
        if waiting is None or waiting.op != op:
            return
        if waiting.serving is not None:
            waiting.serving.cancel()
        self._services.queues.leave(waiting.entry, "left")
        waited = self._services.clock.monotonic() - waiting.since
        self._inbox.put_nowait(QueueEnded(op, "left", waited_s=round(waited, 3)))

    def _serve(self, offer: Offer) -> None:
        waiting = self._waiting
        if waiting is None or waiting.entry != offer.entry:
            self._services.queues.not_answered(offer.entry, offer.agent, "caller_left")
            return
        waiting.offer = offer
        waiting.serving = self._spawn(self._served_by(offer, waiting), f"agent {offer.agent}")

    def _stop_serving(self, offer: Offer) -> None:
        waiting = self._waiting
        if (
            waiting is not None
            and waiting.offer == offer
            and waiting.serving is not None
            and not waiting.joined_at
        ):
            waiting.serving.cancel()

    async def _served_by(self, offer: Offer, waiting: _Waiting) -> None:
        queues, clock = self._services.queues, self._services.clock
        async with AgentLeg(self._ari, self.call, self.channel, offer) as leg:
            queues.ringing(offer.entry)
            outcome = await leg.ring()
            if outcome != "answered":
                queues.not_answered(offer.entry, offer.agent, outcome)
                return
            if not queues.answered(offer.entry, offer.agent):
                return
            waiting.joined_at, waiting.agent = clock.monotonic(), offer.agent
            waited_s = waiting.joined_at - waiting.since
            await self._fall_silent()
            if not await leg.join():
                waiting.joined_at, waiting.agent = None, ""
                queues.sent_back(offer.entry, offer.agent, "leg lost")
                self._inbox.put_nowait(_LegLost())
                return
            self._history.joined(waiting.queue, offer.agent, waited_s, clock.now())
            self._services.changed()
            self._inbox.put_nowait(AgentJoined(waiting.op, offer.agent))
            try:
                await leg.until_over()
            finally:
                talked_s = clock.monotonic() - waiting.joined_at
                queues.finished(offer.entry, offer.agent)
                self._history.parted(talked_s)
            await leg.release_caller()
        self._inbox.put_nowait(
            QueueEnded(waiting.op, "served", offer.agent, round(waited_s, 3), round(talked_s, 3))
        )

    async def _fall_silent(self) -> None:
        """Before the agent is heard: no prompt, no music, nobody listening."""
        for op in list(self._listening):
            self._stop_listening(op)
        await self._player.stop_all()
        if self._music:
            await self._stop_music()

    async def _tend_music(self) -> None:
        """Music while the caller waits and nothing else is heard."""
        waiting = self._waiting
        wanted = (
            waiting is not None and waiting.joined_at is None and not self._player.busy and not self._gone
        )
        if wanted and not self._music:
            self._music = True
            try:
                await self._ari.channels.start_moh(channel_id=self.channel)
            except AriError as error:
                log.warning("no music: %s", error)
        elif self._music and waiting is None:
            await self._stop_music()

    async def _stop_music(self) -> None:
        self._music = False
        try:
            await self._ari.channels.stop_moh(channel_id=self.channel)
        except AriError as error:
            log.warning("music not stopped: %s", error)

    # --- events of the caller's channel ---

    async def _read_events(self, mailbox: Mailbox) -> None:
        """Never waits for anything but the next event; raises MailboxOverflow when events were too many."""
        async for event in mailbox:
            match event:
                case ChannelDtmfReceived():
                    self._inbox.put_nowait(Digit(event.digit))
                case PlaybackFinished():
                    self._player.on_finished(event.playback.id, event.playback.state)
                case ChannelHangupRequest() | StasisEnd() | ChannelDestroyed():
                    self._hung_up(
                        "system" if self._hanging_up else "caller", getattr(event, "cause", None) or 16
                    )
                case Gap():
                    self._inbox.put_nowait(_GapSeen())
                case _:
                    pass

    def _hung_up(self, by: Literal["caller", "system"], cause: int = 16) -> None:
        if self._gone and self._history.over:
            return
        self._gone = True
        if self._history.hung_up(by, cause):
            self._inbox.put_nowait(HungUp(by, cause))

    async def _check_alive(self) -> None:
        try:
            channel = await self._ari.channels.get(channel_id=self.channel)
        except AriError as error:
            log.warning("cannot ask for the channel: %s", error)
            return
        if isinstance(channel, Gone):
            log.warning("the caller's channel had gone without a word")
            self._hung_up(by="caller")

    # --- the end ---

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        if self._group is None:
            raise RuntimeError("the session is not running")
        task = self._group.create_task(work, name=f"{self.call} {name}")
        self._children.add(task)
        task.add_done_callback(self._children.discard)
        return task

    def _stop_children(self) -> None:
        for task in list(self._children):
            task.cancel()

    async def _close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._player.close()
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self._services.queues.leave(waiting.entry, "abandoned" if self._gone else "failed")
        try:
            if not self._gone:
                async with asyncio.timeout(CLEAN_UP_S):
                    await self._let_go()
        except (AriError, TimeoutError) as error:
            log.error("channel left to the reconciler: %s", error or "no answer")
        finally:
            self._history.ended(self.language, self._services.clock.now())

    async def _let_go(self) -> None:
        """The caller is still there: a finished dialogue hangs up, a broken one goes on in the dialplan."""
        if self._state is not None and self._state.ended:
            await self._ari.channels.hangup(channel_id=self.channel, reason="normal")
            return
        result = await self._ari.channels.continue_in_dialplan(
            channel_id=self.channel, context=FALLBACK_CONTEXT, extension="s", priority=1
        )
        log.error(
            "caller handed to the dialplan's fallback (%s)", "gone" if isinstance(result, Gone) else "sent"
        )
