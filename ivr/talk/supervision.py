"""One supervisor at one talk, for as long as it lasts: the telephone, and what connects it to the talk just now.

Owns the supervisor's leg. While the supervisor is within the talk, the leg is lent to it (`Talking.come_in`), and the
talk tells the citizen's side of it; whoever hangs up is seen here by a mailbox of its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final, Literal

from ivr.ari.bus import Mailbox
from ivr.ari.generated.events import ChannelDestroyed, StasisEnd, StasisStart
from ivr.ari.interface import Ari
from ivr.ari.parse import Gap
from ivr.ari.results import Gone
from ivr.ari.unhurried import unhurried
from ivr.call.leg import Leg
from ivr.errors import AriError
from ivr.ids import CallId, ChannelId, child_id
from ivr.talk.events import Leave
from ivr.talk.reaching import Reached
from ivr.talk.registry import Talks
from ivr.talk.results import Done
from ivr.talk.supervising_state import (
    Aside,
    BeginSnoop,
    ComeIn,
    EndSnoop,
    Mode,
    NotSupervised,
    Outcome,
    Place,
    Step,
    StepOut,
    Supervised,
    Within,
    may_change,
    place,
    steps,
)

log = logging.getLogger(__name__)

ATTACH_S: Final = 4.0
TONE: Final = "tone:!1400/200"
TONE_S: Final = 0.6
"""How long a tone's channel stays: the tone and some."""


class Supervision:
    """telephone_of: of the agent who has the citizen now; None: nobody has. over: done when it is to end."""

    def __init__(
        self,
        ari: Ari,
        talks: Talks,
        call: CallId,
        supervisor: str,
        telephone_of: Callable[[], ChannelId | None],
        *,
        tell_agent: bool,
    ) -> None:
        self._ari = ari
        self._talks = talks
        self.call = call
        self.supervisor = supervisor
        self._telephone_of = telephone_of
        self._tell_agent = tell_agent
        self.mode: Mode | None = None
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.gone = asyncio.Event()
        """Everything of it has been let go."""
        self._place: Place = None
        self._leg: Leg | None = None
        self._snoop: str | None = None
        self._drain: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()

    def end(self) -> None:
        if not self.over.done():
            self.over.set_result(None)

    async def hold(self, leg: Leg, mode: Mode, began: Callable[[Outcome], None]) -> None:
        """From the answer to the end. began: told once how the first mode came about. Raises nothing but
        CancelledError; the leg is whoever opened it's to end."""
        self._leg = leg
        with self._ari.bus.mailbox(f"{self.call}/supervisor") as mailbox:
            mailbox.watch(leg.channel)
            watch = asyncio.create_task(self._until_gone(mailbox), name=f"{self.call} supervisor followed")
            try:
                self._drain_leg()
                outcome = await self.change(mode)
                began(outcome)
                if isinstance(outcome, Supervised):
                    await asyncio.shield(self.over)
            finally:
                self.end()
                watch.cancel()
                await unhurried(self._leave())

    async def change(self, mode: Mode) -> Outcome:
        """Another mode, live. What cannot be now leaves everything as it is."""
        async with self._lock:
            if self.over.done():
                return NotSupervised("gone")
            if not may_change(self.mode, mode):
                return NotSupervised("not_now")
            before = self.mode
            if not await self._go(mode):
                if before is not None:
                    await self._go(before)
                return NotSupervised("gone" if self._telephone_of() is None else "not_now")
            if mode == "take_over" and before != "take_over" and not await self._take_over():
                await self._go(before or "listen")
                return NotSupervised("not_now")
            self.mode = mode
            return Supervised(self.call, mode)

    async def follow(self) -> None:
        """Somebody else has the citizen, or nobody has: what connects us is made anew where need be."""
        async with self._lock:
            if self.mode is not None and not self.over.done() and not isinstance(self._place, Within):
                await self._go(self.mode)

    # --- where the supervisor is

    async def _go(self, mode: Mode) -> bool:
        """False: it is not as wanted, and the supervisor is in no place."""
        wanted = place(mode, self._telephone_of())
        fresh = isinstance(wanted, Aside) and not isinstance(self._place, Aside)
        for step in steps(self._place, wanted):
            if not await self._carry_out(step):
                return False
        if fresh and isinstance(wanted, Aside) and self._tell_agent and self.mode is None:
            await self._tone(wanted.telephone)
        return True

    async def _carry_out(self, step: Step) -> bool:
        match step:
            case EndSnoop():
                self._place = None
                await self._end_snoop()
                return True
            case StepOut():
                self._place = None
                return await self._step_out()
            case BeginSnoop(telephone, whisper):
                if not await self._begin_snoop(telephone, whisper=whisper):
                    return False
                self._place = Aside(telephone, whisper)
                return True
            case ComeIn():
                if not await self._come_in():
                    return False
                self._place = Within()
                return True

    async def _begin_snoop(self, telephone: ChannelId, *, whisper: bool) -> bool:
        """A snoop that can be heard is made only for whispering: nothing that goes wrong makes a listener heard."""
        snoop = child_id(self.call, "snoop")
        self._snoop = snoop
        try:
            if await self._snooped(snoop, telephone, "out" if whisper else "none"):
                added = await self._ari.bridges.add_channel(bridge_id=self._the_leg.bridge, channel=[snoop])
                if not isinstance(added, Gone):
                    return True
        except (AriError, TimeoutError) as error:
            log.warning("a supervisor cannot listen: %s", error or "no answer")
        await self._end_snoop()
        return False

    async def _snooped(self, snoop: str, telephone: ChannelId, whisper: Literal["out", "none"]) -> bool:
        with self._ari.bus.mailbox(f"{self.call}/snoop") as mailbox:
            mailbox.watch(snoop)
            made = await unhurried(
                self._ari.channels.snoop_channel_with_id(
                    channel_id=telephone,
                    snoop_id=snoop,
                    spy="both",
                    whisper=whisper,
                    app=self._ari.app,
                )
            )
            if isinstance(made, Gone):
                return False
            async with asyncio.timeout(ATTACH_S):
                async for event in mailbox:
                    if isinstance(event, StasisStart):
                        return True
                    if isinstance(event, (ChannelDestroyed, StasisEnd)):
                        return False
        return False

    async def _end_snoop(self) -> None:
        snoop, self._snoop = self._snoop, None
        if snoop is not None:
            await self._try_to(self._ari.channels.hangup(channel_id=snoop))

    async def _come_in(self) -> bool:
        talking = self._talks.of_call(self.call)
        if talking is None:
            return False
        await self._stop_draining()
        result = await talking.come_in(Reached(self._the_leg, AsyncExitStack()), self.supervisor, "agent")
        if isinstance(result, Done):
            return True
        self._drain_leg()
        return False

    async def _step_out(self) -> bool:
        leg = self._the_leg
        await self._try_to(self._ari.bridges.add_channel(bridge_id=leg.bridge, channel=[leg.channel]))
        talking = self._talks.of_call(self.call)
        if talking is not None:
            await talking.do(self.supervisor, Leave())
        self._drain_leg()
        return True

    async def _take_over(self) -> bool:
        talking = self._talks.of_call(self.call)
        if talking is None:
            return False
        if talking.state.owner is not None and talking.state.owner.name == self.supervisor:
            return True
        return isinstance(await talking.do(talking.call, Leave()), Done)

    async def _tone(self, telephone: ChannelId) -> None:
        """The agent, and nobody else, hears that somebody listens."""
        snoop = child_id(self.call, "tell")
        try:
            if await self._snooped(snoop, telephone, "out"):
                await self._ari.channels.play(channel_id=ChannelId(snoop), media=[TONE])
                await asyncio.sleep(TONE_S)
        except (AriError, TimeoutError) as error:
            log.warning("an agent was not told that somebody listens: %s", error or "no answer")
        finally:
            await unhurried(self._try_to(self._ari.channels.hangup(channel_id=ChannelId(snoop))))

    # --- the telephone

    @property
    def _the_leg(self) -> Leg:
        if self._leg is None:
            raise RuntimeError("the supervisor's telephone is not there")
        return self._leg

    def _drain_leg(self) -> None:
        """What the leg tells is read by somebody at all times: by the talk while it is lent, else here."""
        if self._drain is None:
            self._drain = asyncio.create_task(
                self._the_leg.until_over(), name=f"{self.call} supervisor's leg"
            )

    async def _stop_draining(self) -> None:
        drain, self._drain = self._drain, None
        if drain is not None:
            drain.cancel()
            await asyncio.wait([drain])

    async def _until_gone(self, mailbox: Mailbox) -> None:
        try:
            async for event in mailbox:
                if isinstance(event, (ChannelDestroyed, StasisEnd)):
                    break
                if isinstance(event, Gap) and await self._has_gone():
                    break
        except AriError as error:
            log.warning("a supervisor's telephone is followed no more: %s", error)
        self.end()

    async def _has_gone(self) -> bool:
        """Events may be missing. Raises AriError."""
        return isinstance(await self._ari.channels.get(channel_id=self._the_leg.channel), Gone)

    async def _leave(self) -> None:
        async with self._lock:
            for step in steps(self._place, None):
                await self._carry_out(step)
            await self._stop_draining()

    @staticmethod
    async def _try_to(command: Awaitable[object]) -> None:
        try:
            await command
        except AriError as error:
            log.warning("left to the reconciler: %s", error)
