"""One supervisor at one talk, for as long as it lasts: the telephone, and what connects it to the talk just now.

Owns the supervisor's leg. While the supervisor is within the talk, the leg is lent to it (`Talking.come_in`), and the
talk tells the citizen's side of it; whoever hangs up is seen here by a mailbox of its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from ivr.ari.bus import Mailbox
from ivr.ari.generated.events import ChannelDestroyed, StasisEnd
from ivr.ari.interface import Ari
from ivr.ari.parse import Gap
from ivr.ari.results import Gone
from ivr.ari.unhurried import unhurried
from ivr.call.leg import Leg
from ivr.errors import AriError
from ivr.ids import CallId
from ivr.talk.events import Leave
from ivr.talk.people import Company
from ivr.talk.reaching import Reached
from ivr.talk.registry import Talks
from ivr.talk.results import Done
from ivr.talk.snooping import Snoops
from ivr.talk.supervising_state import (
    NOWHERE,
    BeginWhisper,
    ComeIn,
    EndWhisper,
    Hear,
    Mode,
    NotSupervised,
    Outcome,
    Place,
    Step,
    StepOut,
    Supervised,
    Unhear,
    Way,
    may_change,
    place,
    stepped,
    steps,
    way_to,
)

log = logging.getLogger(__name__)


class Supervision:
    """company: of the agent who has the citizen now; None: nobody has. over: done when it is to end."""

    def __init__(
        self,
        ari: Ari,
        talks: Talks,
        call: CallId,
        supervisor: str,
        company: Callable[[], Company | None],
        *,
        tell_agent: bool,
    ) -> None:
        self._ari = ari
        self._talks = talks
        self.call = call
        self.supervisor = supervisor
        self._company_now = company
        self._tell_agent = tell_agent
        self.mode: Mode | None = None
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.gone = asyncio.Event()
        """Everything of it has been let go."""
        self._place: Place = NOWHERE
        self._leg: Leg | None = None
        self._snoops_made: Snoops | None = None
        self._drain: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()

    def end(self) -> None:
        if not self.over.done():
            self.over.set_result(None)

    async def hold(self, leg: Leg, mode: Mode, began: Callable[[Outcome], None]) -> None:
        """From the answer to the end. began: told once how the first mode came about. Raises nothing but
        CancelledError; the leg is whoever opened it's to end."""
        self._leg = leg
        self._snoops_made = Snoops(self._ari, self.call, leg)
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
                return NotSupervised("gone" if self._company() is None else "not_now")
            if mode == "take_over" and before != "take_over" and not await self._take_over():
                await self._go(before or "listen")
                return NotSupervised("not_now")
            self.mode = mode
            return Supervised(self.call, mode)

    @property
    def settled(self) -> bool:
        """Who is to be heard now is heard, and nobody else."""
        return self.mode is not None and self._place == place(self.mode, self._company())

    async def follow(self) -> None:
        """Somebody is with the agent who was not, or is no more, or somebody else has the citizen, or nobody has: what
        connects us is made anew where need be."""
        async with self._lock:
            if self.mode is not None and not self.over.done() and not self._place.within:
                await self._go(self.mode)

    async def make_way(self) -> None:
        """People in the talk are about to move: a whisper that would be heard by somebody else then ends first.

        Without the lock: a supervisor who comes in holds it while the talk waits for this.
        """
        way = self._place.whispers
        if way is not None and way.into == "in" and place("whisper", self._company()).whispers != way:
            await self._snoops.end_whisper()
            self._place = stepped(self._place, EndWhisper())

    # --- where the supervisor is

    async def _go(self, mode: Mode) -> bool:
        """False: it is not as wanted. Whom the agent hears and who has just gone is left out."""
        company = self._company()
        wanted = place(mode, company)
        for step in steps(self._place, wanted):
            done = await self._carry_out(step)
            if done:
                self._place = stepped(self._place, step)
            elif done is False or company is None or step == Hear(company.telephone):
                return False
        if self._tell_agent and self.mode is None and wanted.hears and company is not None:
            await self._snoops.tell(way_to(company) or Way(company.telephone, "out"))
        return True

    async def _carry_out(self, step: Step) -> bool | None:
        """None: whom it is about has gone."""
        match step:
            case EndWhisper():
                await self._snoops.end_whisper()
                return True
            case Unhear(channel):
                await self._snoops.unhear(channel)
                return True
            case StepOut():
                return await self._step_out()
            case Hear(channel):
                heard = await self._snoops.hear(channel)
                return None if heard == "gone" else heard == "heard"
            case BeginWhisper(way):
                return await self._snoops.whisper(way)
            case ComeIn():
                return await self._come_in()

    def _company(self) -> Company | None:
        """As if the supervisor were not in the talk."""
        company = self._company_now()
        if company is None or self._leg is None:
            return company
        return Company(company.telephone, company.others - {self._leg.channel})

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

    # --- the telephone

    @property
    def _the_leg(self) -> Leg:
        if self._leg is None:
            raise RuntimeError("the supervisor's telephone is not there")
        return self._leg

    @property
    def _snoops(self) -> Snoops:
        if self._snoops_made is None:
            raise RuntimeError("the supervisor's telephone is not there")
        return self._snoops_made

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
            for step in steps(self._place, NOWHERE):
                await self._carry_out(step)
            await self._snoops.close()
            await self._stop_draining()

    @staticmethod
    async def _try_to(command: Awaitable[object]) -> None:
        try:
            await command
        except AriError as error:
            log.warning("left to the reconciler: %s", error)
