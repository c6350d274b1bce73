"""Reaching somebody for a talk: an agent or a queue's next one through the dispatcher, a number through the allow-list.

`reserve` answers at once, so that an agent who asks for somebody unavailable still has the citizen; `ring` rings.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final, Literal

from ivr.call.leg import Destination, Leg
from ivr.call.ports import Offer
from ivr.call.racing import unless
from ivr.call.rung import Rung
from ivr.call.telephones import legs_of, ring
from ivr.flow.actions import Enqueue, Transfer
from ivr.flow.inputs import OpId
from ivr.ids import child_id
from ivr.talk.events import NotAnswered
from ivr.talk.ground import Ground
from ivr.talk.results import RefusalCode
from ivr.talk.targets import Target, ToAgent, ToNumber, ToQueue
from routing.ids import AgentId, EntryId

log = logging.getLogger(__name__)

RING_S: Final = 20.0
NUMBER_RING_S: Final = 40.0


class Offers:
    """A `ports.Seat` for somebody whom a talk wants to reach. over: nobody comes, any more."""

    rings_several: Final = False

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.agent = ""
        self.over: asyncio.Future[None] = loop.create_future()
        self._next: asyncio.Queue[Offer] = asyncio.Queue()
        self._taken_back: asyncio.Future[None] = loop.create_future()

    def offered(self, offer: Offer) -> None:
        self.agent = offer.agent
        self._taken_back = asyncio.get_running_loop().create_future()
        self._next.put_nowait(offer)

    def withdrawn(self, offer: Offer) -> None:
        if not self._taken_back.done():
            self._taken_back.set_result(None)

    def progressed(self, place: int, waiting: int, wait_s: tuple[float, float] | None) -> None:
        pass

    def rejected(self, outcome: Literal["timeout", "full", "closed", "unstaffed", "failed"]) -> None:
        if not self.over.done():
            self.over.set_result(None)
        if not self._taken_back.done():
            self._taken_back.set_result(None)

    async def next(self) -> tuple[Offer, asyncio.Future[None]] | None:
        """The next offer, and when it is taken back; None: there will be none."""
        offer = await unless(self.over, self._next.get())
        return None if offer is None else (offer, self._taken_back)


@dataclass(frozen=True, slots=True)
class Reached:
    """Whoever answered. keep: closing it ends the telephone. agent, entry: "" and None of an outsider."""

    leg: Leg
    keep: AsyncExitStack
    agent: str = ""
    entry: EntryId | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """Somebody who is reserved. `ring` or `give_up`, once."""

    ground: Ground
    agent: str = ""
    entry: EntryId | None = None
    offers: Offers | None = None
    destination: Destination | None = None

    def give_up(self) -> None:
        if self.entry is not None:
            self.ground.queues.leave(self.entry, "left")

    async def ring(self) -> Reached | NotAnswered:
        """Until somebody answers or nobody will. Cancelled: nobody is rung any more."""
        if self.destination is not None:
            return await self._ring_number(self.destination)
        reached: Reached | None = None
        try:
            reached = await self._ring_agents()
        finally:
            if reached is None:
                self.give_up()
        return reached or NotAnswered("no_answer")

    async def _ring_number(self, destination: Destination) -> Reached | NotAnswered:
        async with AsyncExitStack() as stack:
            leg = await stack.enter_async_context(self._leg(destination, "party"))
            rung = await leg.ring()
            if rung.outcome == "answered":
                return Reached(leg, stack.pop_all())
        return NotAnswered(rung.outcome)

    async def _ring_agents(self) -> Reached | None:
        assert self.offers is not None
        assert self.entry is not None
        queues, entry = self.ground.queues, self.entry
        while (coming := await self.offers.next()) is not None:
            offer, taken_back = coming
            async with AsyncExitStack() as stack:
                legs = legs_of(offer, lambda whom: self._leg(whom, "agent"))
                queues.ringing(entry, offer.agent)
                ringing = ring(stack, legs, self.ground.lines)
                leg, rung = await unless(taken_back, ringing) or (legs[0], Rung("no_answer"))
                if rung.outcome != "answered":
                    queues.not_answered(entry, offer.agent, rung.of_agent)
                elif queues.answered(entry, offer.agent):
                    return Reached(leg, stack.pop_all(), offer.agent, entry)
        return None

    def _leg(self, destination: Destination, kind: str) -> Leg:
        ground = self.ground
        return Leg(ground.ari, ground.call, destination, kind=kind, originator=ground.citizen)


def reserve(ground: Ground, to: Target, reason: str) -> Reach | RefusalCode:
    """At once. Nobody is rung yet."""
    match to:
        case ToAgent(agent):
            offers, entry = Offers(), EntryId(child_id(ground.call, "entry"))
            wanted = Transfer(OpId(""), "agent", agent, ground.language, ring_s=RING_S, reason=reason)
            answer = ground.queues.call_agent(entry, ground.call, wanted, ground.caller, offers)
            if answer == "unknown":
                return "unknown_target"
            if answer != "offered" or not offers.agent:
                return "unavailable"
            return Reach(ground, AgentId(offers.agent), entry, offers)
        case ToQueue(queue, skills):
            if ground.queues.now(queue, "") is None:
                return "unknown_target"
            offers, entry = Offers(), EntryId(child_id(ground.call, "entry"))
            wait = Enqueue(OpId(""), queue, ground.language, skills, reason=reason)
            ground.queues.enqueue(entry, ground.call, wait, ground.caller, offers)
            return "unavailable" if offers.over.done() else Reach(ground, "", entry, offers)
        case ToNumber(number):
            endpoint = ground.outbound.endpoint_of(ground.number_of(number) or number)
            if endpoint is None:
                return "forbidden" if any(sign.isdigit() for sign in number) else "unknown_target"
            return Reach(
                ground, destination=Destination(endpoint, NUMBER_RING_S, "", ground.outbound.caller_id)
            )
