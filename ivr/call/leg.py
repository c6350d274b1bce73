"""A telephone that the hotline rings: an agent's, an outside number's. Owns the channel and the bridge it makes.

Order: create -> listen -> bridge -> dial, so that nothing that happens to the channel is missed and the talk begins
with the other side's first word. A channel is dialled once: a second dial crashes Asterisk.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from ivr.ari.bus import BRIDGED, Mailbox
from ivr.ari.ending import end_all
from ivr.ari.generated.events import (
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelHangupRequest,
    ChannelStateChange,
    Dial,
    PlaybackFinished,
    StasisEnd,
    StasisStart,
)
from ivr.ari.interface import Ari
from ivr.ari.parse import AnyEvent, Gap
from ivr.ari.results import Gone
from ivr.ari.unhurried import unhurried
from ivr.call.rung import ANSWERED, OUTCOME_OF_DIAL, Rung, RungOutcome, not_taken, said_at_once
from ivr.errors import AriError, AriRejected
from ivr.ids import CallId, ChannelId, child_id

log = logging.getLogger(__name__)

TALK_BRIDGE = "mixing,dtmf_events"
SETUP_TIMEOUT_S = 15.0
"""Three requests, each of which an Asterisk in trouble may take seconds for."""
RING_MARGIN_S = 3.0
CAUSE_S = 1.0
"""After `Dial` said that it was in vain, so long for the event that says why."""
LOOK_EVERY_S = 15.0
PLAY_MARGIN_S = 5.0
KEYS_AFTER_MS = 500
"""Whoever has just answered needs a moment before keys are listened for."""
ANSWER_S = 10.0
"""So long after the end of what it heard the other party may still press the key by which it takes the call."""

_GOING = (ChannelHangupRequest, ChannelDestroyed, StasisEnd)
"""The first comes with the telephone's BYE, some milliseconds before Asterisk has taken the channel out of its bridge:
the agent is free from then on."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Whom to ring. endpoint: of ARI (`PJSIP/1001`). name, number: shown there as who calls."""

    endpoint: str
    ring_s: float
    name: str = ""
    number: str = ""

    def shown(self) -> dict[str, str]:
        """Channel variables that make the telephone show it; what is empty stays as Asterisk has it."""
        both = {"CONNECTEDLINE(name,i)": self.name, "CONNECTEDLINE(num,i)": self.number}
        return {variable: value for variable, value in both.items() if value}


class Leg:
    """`async with Leg(...) as leg:` then `ring()`, `join()`, `until_over()`; leaving ends channel and own bridge.

    kind: part of the ids ("agent", "party"). originator: the channel whose codecs are preferred. bridge: one that is
    there already, to ring into; None = a bridge of its own.
    """

    def __init__(
        self,
        ari: Ari,
        call: CallId,
        destination: Destination,
        *,
        kind: str = "agent",
        originator: ChannelId | None = None,
        bridge: str | None = None,
    ) -> None:
        self._ari = ari
        self._call = call
        self._to = destination
        self._kind = kind
        self._originator = originator
        self.channel = ChannelId(child_id(call, kind))
        self.bridge = bridge or child_id(call, "talk")
        self._own_bridge = bridge is None
        self._bridged = False
        self._given_away = False
        self.cut_off = False
        """It ended because Asterisk did."""
        self._doubtful = False
        """Nobody has looked yet whether the channel is there."""
        self.endpoint = destination.endpoint
        self._destroyed = False
        """Asterisk said so."""
        self._mailbox_context = ari.bus.mailbox(f"{call}/{kind}", unwanted=BRIDGED)
        self._mailbox: Mailbox | None = None

    @classmethod
    def up(cls, ari: Ari, call: CallId, channel: str, bridge: str, *, kind: str = "agent") -> Self:
        """One that an earlier controller rang and that was answered, in the bridge that was made for it. It is ours
        from the `async with` on, and may have gone meanwhile."""
        leg = cls(ari, call, Destination("", 0.0), kind=kind, bridge=bridge)
        leg.channel = ChannelId(channel)
        leg._bridged = leg._doubtful = True
        return leg

    async def __aenter__(self) -> Self:
        self._mailbox = self._mailbox_context.__enter__()
        self._mailbox.watch(self.channel)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            ending = self._ending()
            if ending is not None:
                # The call may end while this leg is ending by itself: that must not cut the cleaning up short.
                await unhurried(ending)
        finally:
            self._mailbox_context.__exit__(kind, error, trace)

    async def ring(self) -> Rung:
        """Ring until answered, refused or `ring_s` is over. Never raises for what the telephone does."""
        rung = await self._rung()
        if rung.outcome == "answered" or self._destroyed:
            return rung
        return Rung("failed") if await self.ended_with_asterisk() else rung

    async def ended_with_asterisk(self) -> bool:
        """Whether Asterisk itself ended, and with it what was there. What says so may be unread yet, or be still to
        come: returns when Asterisk answers."""
        await self._ari.answering()
        self.cut_off = self.cut_off or self._events().holds_restart
        return self.cut_off

    async def _rung(self) -> Rung:
        try:
            async with asyncio.timeout(SETUP_TIMEOUT_S):
                refused = await self._set_up()
        except TimeoutError:
            # No telephone has rung yet: nothing that anybody missed.
            log.warning("%s: the channel to %s was not set up in time", self._kind, self._to.endpoint)
            return Rung("failed")
        except AriError as error:
            return self._trouble(error)
        if refused is not None:
            return refused
        try:
            return await self._until_answered()
        except AriError as error:
            return self._trouble(error)

    def _trouble(self, error: AriError) -> Rung:
        if isinstance(error, AriRejected):
            # Asterisk cannot dial this endpoint: no phone is registered there, no trunk leads there.
            log.info("%s %s cannot be rung: %s", self._kind, self._to.endpoint, error)
            return Rung("unavailable")
        log.warning("ringing %s %s failed: %s", self._kind, self._to.endpoint, error)
        return Rung("failed")

    async def hear(self, media: Sequence[str], seconds: float, key: str = "") -> bool:
        """Play this to the telephone alone. False: it has gone meanwhile. What cannot be played is passed over.

        key: it has to be pressed there, at latest ANSWER_S after the end; else False.
        """
        if not media and not key:
            return True
        playback = child_id(self._call, "whisper")
        events = self._events()
        events.watch(playback)
        try:
            async with asyncio.timeout(seconds + (ANSWER_S if key else PLAY_MARGIN_S)):
                if media:
                    played = await self._ari.channels.play_with_id(
                        channel_id=self.channel, playback_id=playback, media=media
                    )
                    if isinstance(played, Gone):
                        return False
                async for event in events:
                    # A hang-up also ends the playback, and Asterisk says so before it says that the channel has gone.
                    if isinstance(event, (ChannelHangupRequest, ChannelDestroyed, StasisEnd)):
                        return False
                    if isinstance(event, ChannelDtmfReceived) and event.digit == key:
                        await self._ari.playbacks.stop(playback_id=playback)
                        return True
                    if isinstance(event, PlaybackFinished) and event.playback.id == playback and not key:
                        return True
        except TimeoutError:
            if key:
                log.info("%s did not press the key that takes the call", self._kind)
                return False
            log.warning("no end reported of what %s was to hear; going on", self._kind)
        except AriError as error:
            log.warning("%s was not told anything: %s", self._kind, error)
            if key:
                return False
        finally:
            events.unwatch(playback)
        return await self._alive()

    async def press(self, keys: str) -> None:
        """Press keys for the telephone's side to hear. Never raises: the talk goes on without them."""
        try:
            await self._ari.channels.send_dtmf(channel_id=self.channel, dtmf=keys, before=KEYS_AFTER_MS)
        except AriError as error:
            log.warning("no keys were pressed for %s: %s", self._kind, error)

    async def join(self, *channels: ChannelId) -> bool:
        """Put these with the telephone. False: one of them has gone."""
        try:
            result = await self._ari.bridges.add_channel(bridge_id=self.bridge, channel=list(channels))
        except AriError as error:
            log.error("not joined: %s", error)
            return False
        return not isinstance(result, Gone)

    def give_bridge(self) -> str:
        """The bridge outlives this telephone: whoever asks for it ends it."""
        self._bridged = False
        return self.bridge

    def give_away(self) -> None:
        """The telephone outlives this leg: whoever has it from now on ends it."""
        self._given_away = True

    async def until_over(
        self,
        caller: ChannelId | None = None,
        key: str = "",
        hear: Callable[[AnyEvent], None] = lambda event: None,
    ) -> None:
        """Returns when the telephone's channel has gone (the caller's is the session's own concern), or when the caller
        has pressed that key. hear: told of whatever else happens to the telephone.

        A lost event must not keep two people apart for ever: the channel is also asked for now and then.
        """
        events = self._events()
        if caller is not None and key:
            events.watch(caller)
        while True:
            event: AnyEvent | None = None
            if not self._doubtful and (event := events.get_nowait()) is None:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY_S):
                        event = await events.get()
            self._doubtful = False
            if isinstance(event, _GOING) and event.channel.id == self.channel:
                self._destroyed = isinstance(event, ChannelDestroyed)
                return
            if isinstance(event, ChannelDtmfReceived) and (event.channel.id, event.digit) == (caller, key):
                return
            if isinstance(event, Gap) and event.restarted:
                self.cut_off = True
                return
            if (event is None or isinstance(event, Gap)) and not await self._alive():
                return
            if event is not None:
                hear(event)

    async def release(self, channel: ChannelId) -> None:
        """Take that channel out of the bridge, back into our hands."""
        try:
            await self._ari.bridges.remove_channel(bridge_id=self.bridge, channel=[channel])
        except AriError as error:
            log.info("already out of the bridge: %s", error)

    async def _set_up(self) -> Rung | None:
        """Two requests in a row until the telephone rings: what does not need the other's answer goes beside it."""
        created = await unhurried(self._made())
        if isinstance(created, Gone):
            return Rung("unavailable")
        async for event in self._events():
            if isinstance(event, StasisStart):
                break
            if isinstance(event, ChannelDestroyed):
                self._destroyed = True
                return not_taken(event.cause, "unavailable")
            if isinstance(event, Gap) and not await self._alive():
                self.cut_off = self.cut_off or event.restarted
                return Rung("unavailable")
        added, dialled = await _both(
            self._ari.bridges.add_channel(bridge_id=self.bridge, channel=[self.channel]),
            self._ari.channels.dial(channel_id=self.channel, timeout=round(self._to.ring_s)),
        )
        gone = isinstance(added, Gone) or isinstance(dialled, Gone)
        return Rung("unavailable") if gone else None

    async def _made(self) -> object:
        """The channel, and the bridge where there is none yet."""
        channel = self._ari.channels.create(
            channel_id=self.channel,
            endpoint=self._to.endpoint,
            app=self._ari.app,
            originator=self._originator,
            variables=self._to.shown(),
        )
        if not self._own_bridge:
            return await channel
        self._bridged = True
        bridge = self._ari.bridges.create_with_id(bridge_id=self.bridge, type=TALK_BRIDGE, name=self.bridge)
        created, _ = await _both(channel, bridge)
        return created

    async def _until_answered(self) -> Rung:
        loop = asyncio.get_running_loop()
        outcome: RungOutcome = "no_answer"
        rang, since = False, loop.time()
        try:
            async with asyncio.timeout(self._to.ring_s + RING_MARGIN_S) as limit:
                async for event in self._events():
                    match event:
                        case ChannelStateChange() if event.channel.state == "Up":
                            return ANSWERED
                        case Dial(dialstatus="ANSWER"):
                            return ANSWERED
                        case Dial() if event.dialstatus in OUTCOME_OF_DIAL:
                            outcome = OUTCOME_OF_DIAL[event.dialstatus]
                            limit.reschedule(loop.time() + CAUSE_S)
                        case ChannelStateChange() if event.channel.state == "Ringing":
                            rang = True
                        case ChannelDestroyed():
                            self._destroyed = True
                            taken = not_taken(event.cause, outcome)
                            return said_at_once(taken, rang=rang, after_s=loop.time() - since)
                        case Gap(restarted=True):
                            self.cut_off = True
                            return Rung("failed")
                        case Gap():
                            state = await self._state_now()
                            if state == "":
                                return Rung("unavailable")
                            if state == "Up":
                                return ANSWERED
                        case _:
                            pass
        except TimeoutError:
            if self._ari.condition != "answers":
                return await self._once_back()
            return Rung(outcome)
        return Rung("failed")

    async def _once_back(self) -> Rung:
        """What became of the ringing while Asterisk was away: nobody is said to have missed what nobody heard of."""
        await self._ari.answering()
        return ANSWERED if await self._state_now() == "Up" else Rung("failed")

    async def _state_now(self) -> str | None:
        """Of the telephone's channel, in Asterisk's words; "" = it has gone, None = not known."""
        try:
            found = await self._ari.channels.get(channel_id=self.channel)
        except AriError:
            return None
        return "" if isinstance(found, Gone) else found.value.state

    async def _alive(self) -> bool:
        """Not: `cut_off` says whether it went with Asterisk."""
        if await self._state_now() != "":
            return True
        await self.ended_with_asterisk()
        return False

    def _events(self) -> Mailbox:
        if self._mailbox is None:
            raise RuntimeError("Leg used outside `async with`")
        return self._mailbox

    @property
    def _is_ours(self) -> bool:
        """As far as is known the telephone is there, and nobody else has it."""
        destroyed = self._destroyed or self._events().holds("ChannelDestroyed", self.channel)
        return not self._given_away and not destroyed

    def _ending(self) -> Coroutine[Any, Any, object] | None:
        """What is ours and still there has to be ended. None: nothing is."""
        channels = (self.channel,) if self._is_ours else ()
        bridges = (self.bridge,) if self._bridged else ()
        return end_all(self._ari, channels, bridges) if channels or bridges else None


async def _both(first: Awaitable[object], second: Awaitable[object]) -> tuple[object, object]:
    """Side by side, to both their ends; raises what the first raised, else the second."""
    results = await asyncio.gather(first, second, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results[0], results[1]
