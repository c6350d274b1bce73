"""An agent who is offered the caller: rung, told who it is, joined. The talk follows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final, Literal

from ivr.call.in_line import InLine
from ivr.call.leg import Leg
from ivr.call.place import Place
from ivr.call.place_talk import PlaceTalk
from ivr.call.ports import Offer
from ivr.call.services import LegLost, OpenCall
from ivr.call.telephones import legs_of, ring
from ivr.call.whisper import facts_told
from ivr.flow.inputs import AgentJoined
from ivr.talk.reaching import Reached

NOTED_S: Final = 0.05
"""What passes between an agent's answer and the join, for the agent to be told who it is or for whoever was rung before
to be let go, is on record from there on."""


class Serving:
    """The other parameters are those of `Waiting`."""

    def __init__(
        self,
        here: OpenCall,
        line: InLine,
        talk: PlaceTalk,
        agent_comes: Callable[[], Awaitable[None]],
        busy: Callable[[], bool],
    ) -> None:
        self._here = here
        self._queues = here.services.queues
        self._line = line
        self._talk = talk
        self._agent_comes = agent_comes
        self._busy = busy
        self._alone = ""
        """The agent who has answered and is not with the caller yet."""

    def begin(self, offer: Offer) -> None:
        place = self._line.place
        if place is None or place.entry != offer.entry or place.promised:
            self._queues.not_answered(offer.entry, offer.agent, "caller_left")
            return
        if self._busy():
            self._queues.not_answered(offer.entry, offer.agent, "failed")
            return
        work = self._served_by(offer, place)
        place.ringing[offer.agent] = offer, self._here.spawn(work, f"agent {offer.agent}")

    def stop(self, offer: Offer) -> bool:
        """At once, whatever the call is busy with. False: that agent is not being rung."""
        place = self._line.place
        if place is None or place.ringing.get(offer.agent, (None,))[0] is not offer:
            return False
        _, task = place.ringing[offer.agent]
        if task is not place.serving or not place.joined_at:
            task.cancel()
        return True

    def abandon(self, why: Literal["abandoned", "failed"]) -> None:
        """The caller has gone, or the dialogue broke. An agent who answered, and was not joined yet, had nobody."""
        place = self._line.place
        if place is not None and not place.promised and self._alone:
            self._not_joined(self._alone, why)
            self._line.abandon(why, heard=False)
        else:
            self._line.abandon(why)

    def _not_joined(self, agent: str, why: str) -> None:
        self._alone = ""
        self._here.note("not_joined", {"agent": agent, "why": why})

    async def _whispered(self, place: Place, offer: Offer) -> tuple[list[str], float]:
        """In the agent's language, where that is known, else in the hotline's."""
        here = self._here
        waited_s = here.monotonic() - place.since
        language = offer.language or here.facts.language
        return await facts_told(here, place.whisper, place.queue, place.language, waited_s, language)

    async def _served_by(self, offer: Offer, place: Place) -> None:
        here, queues = self._here, self._queues
        async with AsyncExitStack() as mine:
            legs = legs_of(offer, lambda whom: Leg(here.ari, here.call, whom, originator=here.channel))
            queues.ringing(offer.entry, offer.agent)
            leg, rung = await ring(mine, legs, here.services.lines)
            if rung.outcome != "answered":
                queues.not_answered(offer.entry, offer.agent, rung.of_agent)
                return
            # Before the board is told, whose time of the answer it is: what the process is held up there counts too.
            answered_at = here.monotonic()
            if not queues.answered(offer.entry, offer.agent):
                return
            self._alone = offer.agent
            # Whoever served the caller until now, and is perhaps still at it.
            before, place.serving = place.serving, asyncio.current_task()
            if place.whisper and not await leg.hear(*await self._whispered(place, offer)):
                # The caller still waits, and hears the music on.
                self._not_joined(offer.agent, "hung up on the announcement")
                queues.sent_back(offer.entry, offer.agent, "hung up on the announcement")
                return
            if before is not None and not before.done():
                await asyncio.wait([before])
            place.joined_at, place.agent = here.monotonic(), offer.agent
            waited_s = place.joined_at - place.since
            await self._agent_comes()
            if not await leg.join(here.channel):
                place.joined_at, place.agent = None, ""
                self._not_joined(offer.agent, "leg lost")
                queues.sent_back(offer.entry, offer.agent, "leg lost")
                here.tell(LegLost())
                return
            self._alone = ""
            between_s = place.joined_at - answered_at
            told_s = between_s if between_s >= NOTED_S else 0.0
            here.history.joined(place.queue, offer.agent, waited_s, here.services.clock.now(), told_s)
            if place.waited_s is None:
                place.waited_s = waited_s
            place.enqueued_at = queues.since(place.entry) or place.enqueued_at
            here.services.changed()
            here.tell(AgentJoined(place.op, offer.agent))
            owner = Reached(leg, mine.pop_all(), offer.agent, offer.entry)
        await self._talk.begin(place, owner)
