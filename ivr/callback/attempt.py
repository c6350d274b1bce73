"""One attempt to call a citizen back: two telephones are rung, the citizen's word is asked, and the two are joined.

Agent first: the agent hears ringing until the citizen has accepted. Citizen first: the citizen hears music until an
agent has answered, and no agent waits for a telephone. Whatever is made here ends here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from ivr.ari.results import Gone
from ivr.call.leg import Destination, Leg
from ivr.call.onward_port import Lines
from ivr.call.ports import Offer
from ivr.call.racing import unless
from ivr.call.rung import Rung
from ivr.call.whisper import sounds_of
from ivr.callback.citizen import CitizenLeg
from ivr.callback.place import Offers, PlaceInLine
from ivr.callback.plan import AttemptOutcome, Plan
from ivr.callback.services import CallbackServices
from ivr.callback.talk import CallbackTalk
from ivr.callback.up import Up
from ivr.errors import AriError
from ivr.flow.actions import Prompt
from ivr.ids import CallId, ChannelId, owner_of
from ivr.talk.reaching import Reached
from routing.ids import EntryId

log = logging.getLogger(__name__)

Note = Callable[[str, Mapping[str, Any]], None]
_OUTCOME_OF: Final[Mapping[str, AttemptOutcome]] = {
    "later": "later",
    "cancel": "cancelled",
    "no_key": "no_key",
    "gone": "no_key",
}


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """cause: Q.850, of the citizen's telephone. joined: an agent has the entry, and whoever asked for the attempt says
    what becomes of it. onward: the call in which the talk goes on, to which the entry belongs too if `place`."""

    outcome: AttemptOutcome
    joined: bool
    talked_s: float = 0.0
    cause: int = 0
    agent: str = ""
    onward: str = ""
    place: bool = False


@dataclass(slots=True)
class Attempt:
    """call: an id of its own, under which everything is made. note: into the promise's journal. promise: its id.
    lines: of the transcript, under the call's id.
    """

    house: CallbackServices
    call: CallId
    number: str
    language: str
    queue: str
    plan: Plan
    note: Note
    promise: str = ""
    lines: Lines = field(default_factory=Lines)
    talked_s: float = 0.0

    # --- agent first

    async def agent_first(
        self, offer: Offer, withdrawn: asyncio.Future[None], place: PlaceInLine
    ) -> AttemptEnded:
        """withdrawn: the dispatcher took the offer back."""
        queues = self.house.queues
        there = Destination(offer.endpoint, offer.ring_s, offer.display, self.number)
        async with AsyncExitStack() as stack:
            agent = await stack.enter_async_context(Leg(self.house.ari, self.call, there, kind="agent"))
            queues.ringing(offer.entry, offer.agent)
            rung = await unless(withdrawn, agent.ring()) or Rung("no_answer")
            if rung.outcome != "answered":
                queues.not_answered(offer.entry, offer.agent, rung.of_agent)
                return AttemptEnded("not_taken", False)
            if not queues.answered(offer.entry, offer.agent):
                return AttemptEnded("not_taken", False)
            return await self._call_citizen(agent, stack, offer, place)

    async def _call_citizen(
        self, agent: Leg, keep: AsyncExitStack, offer: Offer, place: PlaceInLine
    ) -> AttemptEnded:
        """keep: closing it ends the agent's telephone."""
        endpoint = self._endpoint()
        if endpoint is None:
            return AttemptEnded("failed", True)
        # Whoever is asked first is not heard by the agent meanwhile.
        bridge = agent.bridge if self.plan.question is None else None
        async with self._citizen(endpoint, agent.channel, bridge) as citizen:
            await self._ringing(agent, on=True)
            async with _until_over(agent) as hung_up:
                answered = await unless(hung_up, self._reached(citizen))
            if answered is None:
                return AttemptEnded("agent_left", True)
            await self._ringing(agent, on=False)
            if answered.outcome != "talked":
                return AttemptEnded(answered.outcome, True, cause=answered.cause)
            if bridge is None and not await agent.join(citizen.channel):
                cut_off = await citizen.ended_with_asterisk()
                return AttemptEnded("cut_off" if cut_off else "failed", True)
            async with _until_over(citizen) as gone:
                reached = Reached(agent, keep.pop_all(), offer.agent, offer.entry)
                return await self._talk_and_wait(reached, citizen, gone, place)

    async def _talk_and_wait(
        self,
        agent: Reached,
        citizen: CitizenLeg,
        gone: asyncio.Future[None],
        place: PlaceInLine,
        *,
        adopted: bool = False,
    ) -> AttemptEnded:
        ended = await self._talk(agent, citizen, gone, place, adopted=adopted)
        return ended or await self._wait(citizen, gone, place, place.take(), told=True)

    # --- citizen first

    async def citizen_first(
        self, place: PlaceInLine, waits: Callable[[], None], offers: Offers
    ) -> AttemptEnded:
        """waits: the citizen is on the line, an agent may be offered from now on. offers: what comes of that."""
        endpoint = self._endpoint()
        if endpoint is None:
            return AttemptEnded("failed", False)
        async with self._citizen(endpoint, None, None) as citizen:
            answered = await self._reached(citizen)
            if answered.outcome != "talked":
                return answered
            async with _until_over(citizen) as gone:
                waits()
                return await self._wait(citizen, gone, place, offers)

    # --- what another controller had begun

    async def talk_on(self, place: PlaceInLine, up: Up) -> AttemptEnded:
        """Agent and citizen are together, and stay so."""
        ari = self.house.ari
        await self._end_others(up)
        async with (
            AsyncExitStack() as keep,
            CitizenLeg.up(ari, self.call, up.citizen, up.apart or up.bridge, kind="citizen") as citizen,
        ):
            agent = Leg.up(ari, self.call, up.telephone, up.bridge, kind="agent")
            await keep.enter_async_context(agent)
            if not up.apart:
                citizen.give_bridge()
            async with _until_over(citizen) as gone:
                # Perhaps gone already, and nobody was there to hear so.
                ari.bus.doubt(citizen.channel)
                reached = Reached(agent, keep.pop_all(), up.agent, place.entry)
                return await self._talk_and_wait(reached, citizen, gone, place, adopted=True)

    async def wait_on(
        self, place: PlaceInLine, up: Up, waits: Callable[[], None], offers: Offers
    ) -> AttemptEnded:
        """The citizen waits on the line, and has heard what is said about that."""
        ari = self.house.ari
        await self._end_others(up)
        async with (
            CitizenLeg.up(ari, self.call, up.citizen, up.bridge, kind="citizen") as citizen,
            _until_over(citizen) as gone,
        ):
            ari.bus.doubt(citizen.channel)
            waits()
            return await self._wait(citizen, gone, place, offers, told=True)

    async def _end_others(self, up: Up) -> None:
        """Whoever else was rung is rung no more."""
        try:
            listed = await self.house.ari.channels.list()
            for one in () if isinstance(listed, Gone) else listed.value:
                if owner_of(one.id) == up.call and one.id not in (up.citizen, up.telephone):
                    await self.house.ari.channels.hangup(channel_id=ChannelId(one.id), reason_code="16")
        except AriError as error:
            log.warning("somebody may still be rung for a callback: %s", error)

    async def _wait(
        self,
        citizen: CitizenLeg,
        gone: asyncio.Future[None],
        place: PlaceInLine,
        offers: Offers,
        *,
        told: bool = False,
    ) -> AttemptEnded:
        """told: the citizen knows about the waiting, and hears the music at once."""
        while True:
            up = Up(self.call, citizen.channel, citizen.bridge)
            self.note("waits", {"queue": self.queue, **up.noted()})
            holding = asyncio.ensure_future(citizen.music(on=True) if told else self._hold(citizen))
            try:
                agent = None
                while agent is None:
                    offered = await unless(gone, offers.get())
                    agent = (
                        AttemptEnded(_left(citizen), False)
                        if offered is None
                        else await self._offered(place.entry, citizen, gone, holding, *offered)
                    )
            finally:
                holding.cancel()
                await asyncio.wait({holding})
            if isinstance(agent, AttemptEnded):
                return agent
            ended = await self._talk(agent, citizen, gone, place)
            if ended is not None:
                return ended
            told = True

    async def _offered(
        self,
        entry: EntryId,
        citizen: CitizenLeg,
        gone: asyncio.Future[None],
        holding: asyncio.Future[None],
        offer: Offer,
        withdrawn: asyncio.Future[None],
    ) -> Reached | AttemptEnded | None:
        """The agent, joined with the citizen. None: this one does not take it, and the citizen waits on."""
        queues = self.house.queues
        there = Destination(offer.endpoint, offer.ring_s, offer.display, self.number)
        async with AsyncExitStack() as keep:
            leg = Leg(self.house.ari, self.call, there, kind="agent", originator=citizen.channel)
            agent = await keep.enter_async_context(leg)
            queues.ringing(entry, offer.agent)
            rung = await unless(gone, _within(withdrawn, agent))
            if rung is None:
                return AttemptEnded(_left(citizen), False)
            if rung.outcome != "answered":
                queues.not_answered(entry, offer.agent, rung.of_agent)
                return None
            if not queues.answered(entry, offer.agent):
                return None
            holding.cancel()
            await asyncio.wait({holding})
            await citizen.music(on=False)
            if not await agent.join(citizen.channel):
                # Gone in this very moment: the agent has nobody to talk to.
                await citizen.ended_with_asterisk()
                return AttemptEnded(_left(citizen), True, agent=offer.agent)
            return Reached(agent, keep.pop_all(), offer.agent, entry)

    async def _hold(self, citizen: CitizenLeg) -> None:
        await citizen.begin(await self._sounds(self.plan.hold))
        await citizen.music(on=True)

    # --- both

    async def _reached(self, citizen: CitizenLeg) -> AttemptEnded:
        """`talked` stands for: the citizen is there and wants to."""
        self.note("citizen_rung", {"call": self.call})
        rung = await citizen.ring()
        if citizen.cut_off:
            return AttemptEnded("cut_off", False)
        if rung.outcome != "answered":
            return AttemptEnded(rung.outcome, False, cause=rung.cause)
        question = self.plan.question
        if question is None or self.house.audio is None:
            self.note("citizen_answered", {})
            return AttemptEnded("talked", False)
        answer = await citizen.asked(question, await self._sounds(question.prompts))
        if citizen.cut_off:
            return AttemptEnded("cut_off", False)
        self.note("citizen_answered", {"answer": answer})
        if answer == "accept":
            return AttemptEnded("talked", False)
        if answer in ("later", "cancel"):
            said = question.later_said if answer == "later" else question.cancelled_said
            await citizen.told(await self._sounds(said))
        return AttemptEnded(_OUTCOME_OF[answer], False)

    async def _talk(
        self,
        agent: Reached,
        citizen: CitizenLeg,
        gone: asyncio.Future[None],
        place: PlaceInLine,
        *,
        adopted: bool = False,
    ) -> AttemptEnded | None:
        """gone: done when the citizen has hung up. None: nobody took the citizen, who is in line again."""
        house, leg = self.house, agent.leg
        apart = "" if citizen.bridge == leg.bridge else citizen.bridge
        up = Up(self.call, citizen.channel, leg.bridge, leg.channel, agent.agent, apart)
        self.note("joined", up.noted())
        talk = CallbackTalk(
            house,
            self.call,
            self.number,
            self.language,
            self.queue,
            self.note,
            place,
            citizen,
            agent,
            self.promise,
            self.lines,
        )
        talked = await talk.run(gone, adopted=adopted)
        self.talked_s += talked.talked_s
        if talked.how == "line":
            return None
        talked_s = round(self.talked_s, 3)
        if talked.how == "onward":
            return AttemptEnded(
                "talked", True, talked_s, agent=agent.agent, onward=talked.call, place=talked.place
            )
        outcome: AttemptOutcome = "cut_off" if talked.how == "cut_off" else "talked"
        return AttemptEnded(outcome, True, talked_s, agent=agent.agent)

    def _endpoint(self) -> str | None:
        endpoint = self.house.outbound.endpoint_of(self.number)
        if endpoint is None:
            log.error("a promised number may not be called any more: see the settings' outbound numbers")
        return endpoint

    def _citizen(self, endpoint: str, originator: ChannelId | None, bridge: str | None) -> CitizenLeg:
        there = Destination(endpoint, self.plan.ring_s, "", self.house.outbound.caller_id)
        return CitizenLeg(
            self.house.ari, self.call, there, kind="citizen", originator=originator, bridge=bridge
        )

    async def _sounds(self, prompts: Sequence[Prompt]) -> tuple[list[str], float]:
        if self.house.audio is None or not prompts:
            return [], 0.0
        return await sounds_of(self.house.audio(), prompts, self.language)

    async def _ringing(self, agent: Leg, *, on: bool) -> None:
        """Out of the room meanwhile: whoever is in a mixed one hears the mix alone, and of nobody that is silence."""
        channels = self.house.ari.channels
        try:
            if on:
                await agent.release(agent.channel)
                await channels.ring(channel_id=agent.channel)
            else:
                await channels.ring_stop(channel_id=agent.channel)
        except AriError as error:
            log.warning("the agent does not hear the citizen's telephone ring: %s", error)
        if not on:
            await agent.join(agent.channel)


@asynccontextmanager
async def _until_over(leg: Leg) -> AsyncIterator[asyncio.Future[None]]:
    """Done when that telephone has gone. Nobody else reads meanwhile what is told of it."""
    gone = asyncio.ensure_future(leg.until_over())
    try:
        yield gone
    finally:
        gone.cancel()
        await asyncio.wait({gone})


def _left(citizen: CitizenLeg) -> AttemptOutcome:
    """It was not the citizen who ended it where Asterisk did."""
    return "cut_off" if citizen.cut_off else "citizen_left"


async def _within(withdrawn: asyncio.Future[None], agent: Leg) -> Rung:
    return await unless(withdrawn, agent.ring()) or Rung("no_answer")
