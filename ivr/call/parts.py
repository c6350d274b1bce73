"""Everything a call can do on its channel, and the carrying out of the dialogue's actions through it."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from functools import partial
from typing import Any, Literal, assert_never

from ivr.ari.bus import Mailbox
from ivr.call.background import Background, Sound
from ivr.call.desk_acts import DeskActs
from ivr.call.errands import Errands
from ivr.call.grounds import Grounds
from ivr.call.listening import Listener
from ivr.call.party_talk import PartyTalk
from ivr.call.player import Player
from ivr.call.recorder import Recorder
from ivr.call.services import OpenCall
from ivr.call.silently import refusal
from ivr.call.timers import Timers
from ivr.call.transcribing import Transcripts
from ivr.call.transfer import Transfers
from ivr.call.waiting import Waiting
from ivr.errors import AriError
from ivr.flow import codec
from ivr.flow.actions import (
    Action,
    BackInTalk,
    Callback,
    CancelDeskAct,
    CancelLookup,
    CancelRequest,
    CancelTimer,
    CancelTransfer,
    DeskAct,
    Enqueue,
    Hangup,
    JsonValue,
    LeaveQueue,
    Listen,
    Lookup,
    Note,
    Notify,
    Play,
    Record,
    Request,
    StartTimer,
    StopListen,
    StopPlay,
    StopRecord,
    Transfer,
)
from ivr.flow.held import PLACE_TOLD
from ivr.flow.inputs import OpId
from ivr.flow.model import FlowLibrary

log = logging.getLogger(__name__)

HangupReason = Literal["normal", "busy", "congestion"]
Requests = list[Coroutine[Any, Any, None]]
"""Each waits for Asterisk."""


class _Silence:
    """Before another party is heard: no prompt, no music, nobody listening."""

    def __init__(
        self, listener: Listener, recorder: Recorder, player: Player, hush: Callable[[], Awaitable[None]]
    ) -> None:
        self._listener = listener
        self._recorder = recorder
        self._player = player
        self._hush = hush

    async def __call__(self) -> None:
        self._listener.stop_all()
        await self._recorder.stop()
        await self._player.stop_all()
        await self._hush()


class Parts:
    """mailbox: where the ends of playbacks arrive. Each part tells the call's inbox how its doing ended."""

    def __init__(self, here: OpenCall, library: FlowLibrary, mailbox: Mailbox) -> None:
        self._here = here
        # None of the parts knows this object: they would keep each other until the next look for garbage.
        self.background = Background(here.ari, here.channel, here.spawn)
        self.timers = Timers(here.tell, here.services.clock.now)
        self.listener = Listener(here)
        self.recorder = Recorder(here)
        self._hush = partial(self.background.want, "")
        self.player = Player(here, mailbox, self.recorder.seconds_of, self._hush)
        self.errands = Errands(here, library)
        self.transcripts = Transcripts(here, here.services.written_down, library.names.hot_words)
        hush = _Silence(self.listener, self.recorder, self.player, self._hush)
        grounds = Grounds(here, hush, self.transcripts, library)
        transfers = self.transfers = Transfers(here, PartyTalk(grounds))

        async def agent_comes() -> None:
            transfers.cancel_all()
            await hush()

        self.waiting = Waiting(grounds, agent_comes, lambda: transfers.joined)
        self.transfers.waiting = self.waiting
        self._hanging_up: HangupReason | None = None
        self.desk = DeskActs(grounds)

    @property
    def stage(self) -> Literal["menu", "queue", "ringing", "talking"]:
        """Where the caller is, for those who look from outside."""
        if self._joined:
            return "talking"
        if self.waiting.ringing or self.transfers.ringing or self.desk.ringing:
            return "ringing"
        return "menu" if self.waiting.place is None else "queue"

    @property
    def _joined(self) -> bool:
        return self.waiting.joined or self.transfers.joined or self.desk.joined

    def begin(self, actions: tuple[Action, ...], now: dt.datetime) -> Requests:
        """All actions of the step that was made now. What is begun is kept before Asterisk is asked for it, so that
        whoever goes on with the call knows of it: what is to be asked is given back, for `ask`."""
        requests: Requests = []
        for action in actions:
            refused = refusal(action) if self._here.gone else None
            if refused is not None:
                self._here.tell(refused)
            else:
                requests.extend(self._begin(action, now))
                if self._here.services.begun is not None:
                    self._here.services.begun(self._here.call, action)
        self._here.keep()
        return requests

    async def ask(self, requests: Requests) -> None:
        """Requests to Asterisk run side by side: a `StopPlay` and the `Play` after it may arrive in either order, since
        Asterisk queues playbacks per channel."""
        if len(requests) == 1:
            await requests[0]
        elif requests:
            await asyncio.gather(*requests)

    def _begin(self, action: Action, now: dt.datetime) -> tuple[Coroutine[Any, Any, None], ...]:
        """Begin it; what is to be asked of Asterisk at once, and waited for, is given back."""
        match action:
            case Play():
                self.player.expect(action)
                return (self._play(action.op),)
            case StopPlay(op):
                return (self.player.stop(op),)
            case Listen():
                self.listener.start(action)
            case StopListen(op):
                self.listener.stop(op)
            case StartTimer(op, after_s):
                self.timers.start(op, after_s)
            case CancelTimer(op):
                self.timers.cancel(op)
            case Enqueue():
                self.waiting.line.enqueue(action)
            case BackInTalk(op):
                self.waiting.back_in_talk(op)
            case LeaveQueue(op):
                self.waiting.line.leave(op)
            case Callback():
                self._here.spawn(self.waiting.calling_back.promise(action), f"callback {action.op}")
            case Record():
                self.recorder.start(action, self._hush)
            case StopRecord(op):
                return (self.recorder.stop(op),)
            case Transfer():
                self.transfers.start(action)
            case CancelTransfer(op):
                self.transfers.cancel(op)
            case Request():
                self.errands.request(action)
            case Lookup():
                self.errands.lookup(action)
            case CancelRequest(op) | CancelLookup(op):
                self.errands.cancel(op)
            case DeskAct():
                self.desk.start(action)
            case CancelDeskAct(op):
                self.desk.cancel(op)
            case Notify():
                self.errands.notify(action)
            case Note(kind, data):
                self._here.history.note(kind, data, now)
                if kind == PLACE_TOLD:
                    self._told(data)
            case Hangup(cause):
                self._hanging_up = cause
                return (self._hang_up(cause),)
            case _:
                assert_never(action)
        return ()

    def _told(self, data: Mapping[str, JsonValue]) -> None:
        place, low, high = (data.get(name) for name in ("place", "low_s", "high_s"))
        if isinstance(place, int):
            figures = isinstance(low, int | float) and isinstance(high, int | float)
            self.waiting.line.told(place, (float(low), float(high)) if figures else None)  # type: ignore[arg-type]

    async def _play(self, op: OpId) -> None:
        if self.waiting.joined:
            # The agent has answered and the machine does not know yet: a prompt now would hold up the joining.
            self.player.dismiss(op)
            return
        await self.player.play(op)

    async def _hang_up(self, reason: HangupReason) -> None:
        here = self._here
        here.ending = True
        if not here.gone:
            try:
                await here.ari.channels.hangup(channel_id=here.channel, reason=reason)
            except AriError as error:
                log.warning("the caller is not hung up yet, left to the reconciler: %s", error)
                here.to_end = True
        here.hung_up("system")

    # --- what the caller hears besides prompts

    async def tend_background(self, *, asking: bool) -> None:
        """Ringing while a party is called; music while the caller waits. asking: the dialogue asks something beside
        the queue, and is not talked over."""
        if self._here.gone:
            return
        sound: Sound = ""
        music = ""
        if self.transfers.ringing or self.desk.ringing:
            sound = "ringing"
        elif (place := self.waiting.place) is not None and not asking:
            sound, music = "music", place.music
        if sound and (self.player.busy or self.recorder.busy or self._joined):
            sound = ""
        changes = sound != self.background.sound
        await self.background.want(sound, music)
        if changes:
            self._here.keep()

    # --- for whoever goes on with the call

    def saved(self) -> dict[str, JsonValue]:
        """What is open, each part's under its own name."""
        parts: dict[str, JsonValue] = {}
        if playing := self.player.saved():
            parts["player"] = playing
        if timers := self.timers.saved():
            parts["timers"] = timers
        if listening := self.listener.saved():
            parts["listener"] = listening
        if recordings := self.recorder.saved():
            parts["recorder"] = recordings
        if waiting := self.waiting.saved():
            parts["waiting"] = waiting
        if transfers := self.transfers.saved():
            parts["transfers"] = transfers
        if at_desk := self.desk.saved():
            parts["desk"] = at_desk
        if asked := self.errands.saved():
            parts["errands"] = asked
        if heard := self.background.saved():
            parts["background"] = heard
        if self._hanging_up:
            parts["hanging_up"] = self._hanging_up
        return parts

    @property
    def claims(self) -> list[str]:
        """Channels and bridges, besides the caller's channel, that whoever goes on with the call takes over."""
        return [*self.waiting.claims, *self.transfers.claims, *self.desk.claims]

    async def resume(
        self, saved: Mapping[str, Any], promised: Collection[str], parted_s: float | None = None
    ) -> None:
        """Go on with what an earlier controller had open. Raises CodecError for what is none of ours.

        promised: entries that are promises to call back by now. parted_s: the talk that was kept is over, and lasted so
        long.
        """
        here = self._here
        if sound := saved.get("background"):
            self.background.resume(*sound)
        self.recorder.resume(saved.get("recorder", {}))
        if not here.gone:
            await self.player.resume(saved.get("player", ()))
        self.waiting.resume(saved.get("waiting", {}), promised, parted_s)
        self.transfers.resume(saved.get("transfers", ()))
        # A talk that goes on has begun then: one that is cancelled before that would let nobody go.
        await asyncio.sleep(0)
        self.desk.resume(saved.get("desk", ()))
        self.errands.resume(map(codec.action_from_json, saved.get("errands", ())))
        for kept in saved.get("listener", ()):
            action = codec.action_from_json(kept)
            if isinstance(action, Listen) and not here.gone:
                self.listener.start(action)
        self.timers.resume(saved.get("timers", {}), saved.get("asked", ()))
        if (cause := saved.get("hanging_up")) is not None:
            self._hanging_up = cause
            await self._hang_up(cause)

    # --- the end

    def part(self) -> None:
        """The caller has gone: what needs the caller ends; what is asked of others goes on."""
        self.listener.stop_all()
        self.transfers.cancel_all()
        self.desk.cancel_all()
        self.waiting.serving.abandon(self._why)
        self.player.close()
        self._here.spawn(self.recorder.finish("hangup"), "recording kept")

    def close(self) -> None:
        """The call is over; its tasks have ended."""
        self.timers.close()
        self.player.close()
        self.waiting.serving.abandon(self._why if self._here.gone else "failed")

    def let_loose(self) -> None:
        """After `close`, and nothing is asked of them any more: what knows each other is freed at once."""
        self.waiting.let_loose()
        del self.transfers.waiting

    @property
    def _why(self) -> Literal["abandoned", "failed"]:
        """Whose doing it is that the caller has gone: who was cut off by us keeps the place."""
        return "failed" if self._here.cut_off else "abandoned"

    async def look(self) -> None:
        """Events may be missing: what has come to its end meanwhile is over."""
        await self.player.look()
        await self.recorder.look()
        self.waiting.look()
