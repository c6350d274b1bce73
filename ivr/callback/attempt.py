"""One attempt to call a citizen back: the agent is rung first, then the citizen, and the two are joined.

The agent hears ringing until the citizen answers. Whatever is made here ends here.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final, Literal

from ivr.ari.interface import Ari
from ivr.call.leg import Destination, Leg
from ivr.call.outbound import Outbound
from ivr.call.ports import Offer, Queues
from ivr.call.racing import unless
from ivr.call.rung import Rung
from ivr.clock import Clock
from ivr.errors import AriError
from ivr.ids import CallId, ChannelId

log = logging.getLogger(__name__)

CITIZEN_RING_S: Final = 40.0

AttemptOutcome = Literal[
    "talked", "agent_left", "not_taken", "busy", "no_answer", "refused", "unavailable", "failed"
]


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """talked: the two talked. not_taken: the agent did not answer. agent_left: before the citizen answered.

    The rest: what became of the citizen's telephone. cause: Q.850. joined: the agent has the entry, and whoever asked
    for the attempt says what becomes of it.
    """

    outcome: AttemptOutcome
    joined: bool
    talked_s: float = 0.0
    cause: int = 0


@dataclass(slots=True)
class Attempt:
    """call: an id of its own, under which everything is made. withdrawn: the dispatcher took the offer back."""

    ari: Ari
    queues: Queues
    outbound: Outbound
    clock: Clock
    call: CallId
    number: str
    offer: Offer
    withdrawn: asyncio.Future[None]

    async def run(self) -> AttemptEnded:
        offer = self.offer
        there = Destination(offer.endpoint, offer.ring_s, offer.display, self.number)
        async with Leg(self.ari, self.call, there, kind="agent") as agent:
            self.queues.ringing(offer.entry)
            rung = await unless(self.withdrawn, agent.ring()) or Rung("no_answer")
            if rung.outcome != "answered":
                self.queues.not_answered(offer.entry, offer.agent, rung.of_agent)
                return AttemptEnded("not_taken", False)
            if not self.queues.answered(offer.entry, offer.agent):
                return AttemptEnded("not_taken", False)
            gone = asyncio.ensure_future(agent.until_over())
            try:
                return await self._call_citizen(agent, gone)
            finally:
                gone.cancel()
                await asyncio.wait({gone})

    async def _call_citizen(self, agent: Leg, gone: asyncio.Future[None]) -> AttemptEnded:
        """gone: done when the agent has hung up."""
        endpoint = self.outbound.endpoint_of(self.number)
        if endpoint is None:
            log.error("a promised number may not be called any more: see the settings' outbound numbers")
            return AttemptEnded("failed", True)
        there = Destination(endpoint, CITIZEN_RING_S, "", self.outbound.caller_id)
        async with Leg(
            self.ari, self.call, there, kind="citizen", originator=agent.channel, bridge=agent.bridge
        ) as citizen:
            await self._ringing(agent.channel, on=True)
            rung = await unless(gone, citizen.ring())
            if rung is None:
                return AttemptEnded("agent_left", True)
            await self._ringing(agent.channel, on=False)
            if rung.outcome != "answered":
                return AttemptEnded(rung.outcome, True, cause=rung.cause)
            began = self.clock.monotonic()
            # Both at once may end it; which one does not matter.
            await unless(gone, citizen.until_over())
            return AttemptEnded("talked", True, round(self.clock.monotonic() - began, 3))

    async def _ringing(self, channel: ChannelId, *, on: bool) -> None:
        try:
            if on:
                await self.ari.channels.ring(channel_id=channel)
            else:
                await self.ari.channels.ring_stop(channel_id=channel)
        except AriError as error:
            log.warning("the agent does not hear the citizen's telephone ring: %s", error)
