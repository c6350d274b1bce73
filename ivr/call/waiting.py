"""The caller's place in a queue: waiting, being offered an agent, the talk, and leaving it for a callback.

The dispatcher decides, the call rings (docs/decisions/0003): an offer becomes a child task that rings the agent, joins
the two and ends with the talk. The place may be open while the dialogue is elsewhere (the caller types a number for a
callback): an agent who answers meanwhile has the caller all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from ivr.ari.unhurried import unhurried
from ivr.call.leg import Destination, Leg
from ivr.call.ports import Offer
from ivr.call.services import LegLost, Offered, OpenCall, Withdrawn
from ivr.call.transcribing import Transcripts
from ivr.call.whisper import sounds_of
from ivr.flow.actions import Callback, Enqueue, Prompt
from ivr.flow.inputs import AgentJoined, CallbackPlaced, OpId, QueueEnded, QueueProgress
from ivr.ids import child_id
from ivr.talk.conversations import Conversation
from routing.ids import EntryId


@dataclass(slots=True)
class Place:
    """The open `Enqueue`. promised: it is becoming a callback, and is not the caller's any more."""

    op: OpId
    entry: EntryId
    queue: str
    since: float
    music: str = ""
    whisper: tuple[Prompt, ...] = ()
    language: str = ""
    serving: asyncio.Task[None] | None = None
    offer: Offer | None = None
    joined_at: float | None = None
    agent: str = ""
    promised: bool = False


class Waiting:
    """fall_silent: ends whatever the caller hears or is heard by, before an agent is.

    busy: True while the caller talks to somebody else, and no agent may cut in. Implements `ports.Seat`.
    """

    def __init__(
        self,
        here: OpenCall,
        fall_silent: Callable[[], Awaitable[None]],
        busy: Callable[[], bool],
        transcripts: Transcripts,
    ) -> None:
        self._here = here
        self._queues = here.services.queues
        self._fall_silent = fall_silent
        self._busy = busy
        self._transcripts = transcripts
        self.place: Place | None = None
        self.talk: Leg | None = None
        """The agent's telephone while the two talk."""

    @property
    def joined(self) -> bool:
        """An agent has the caller, or is about to."""
        return self.place is not None and self.place.joined_at is not None

    @property
    def ringing(self) -> bool:
        place = self.place
        return place is not None and place.serving is not None and not place.serving.done()

    # --- what the dispatcher tells (`Seat`; on the loop, never waits)

    def offered(self, offer: Offer) -> None:
        self._here.tell(Offered(offer))

    def withdrawn(self, offer: Offer) -> None:
        self._here.tell(Withdrawn(offer))

    def progressed(self, place: int, waiting: int, wait_s: tuple[float, float] | None) -> None:
        if self.place is not None:
            low, high = wait_s if wait_s is not None else (None, None)
            self._here.tell(QueueProgress(self.place.op, place, waiting, low, high))

    def rejected(self, outcome: Literal["timeout", "full", "closed", "unstaffed", "failed"]) -> None:
        if self.place is not None:
            self._here.tell(QueueEnded(self.place.op, outcome, waited_s=self._waited_s(self.place)))

    # --- what the dialogue wants

    def enqueue(self, action: Enqueue) -> None:
        entry = EntryId(child_id(self._here.call, "entry"))
        now = self._here.monotonic()
        self.place = Place(action.op, entry, action.queue, now, action.music, action.whisper, action.language)
        self._here.history.queued(action.queue)
        lost = self._queues.enqueue(entry, self._here.call, action, self._here.facts.caller, self)
        if lost is not None:
            away_s = (self._here.services.clock.now() - lost.lost_at).total_seconds()
            self._here.note(
                "place_returned",
                {
                    "queue": action.queue,
                    "since": lost.enqueued_at.isoformat(),
                    "lost_in": lost.call,
                    "away_s": round(away_s, 1),
                    "why": "called again after hanging up or being cut off",
                },
            )

    def told(self, place: int, wait_s: tuple[float, float] | None) -> None:
        """The dialogue tells the caller this place, and this wait (s)."""
        if self.place is not None and not self.place.promised:
            self._queues.told(self.place.entry, place, wait_s)

    def leave(self, op: OpId) -> None:
        place = self.place
        if place is None or place.op != op or place.promised:
            return
        if place.serving is not None:
            place.serving.cancel()
        self._queues.leave(place.entry, "left")
        self._here.tell(QueueEnded(op, "left", waited_s=self._waited_s(place)))

    def ended(self, event: QueueEnded) -> bool:
        """Whether this end is that of the present place, which is given up then. False: a stale one."""
        if self.place is None or self.place.op != event.op:
            return False
        self.place = None
        self._here.history.left_queue(event.outcome)
        return True

    def abandon(self, why: Literal["abandoned", "failed"]) -> None:
        """The caller has gone, or the dialogue broke: nobody is to be rung any more."""
        place = self.place
        if place is None or place.promised:
            return
        self.place = None
        if place.serving is not None:
            place.serving.cancel()
        self._queues.leave(place.entry, why)

    async def call_back(self, action: Callback) -> None:
        """Carry out `Callback`. A caller who hangs up meanwhile gets the promise all the same."""
        held = self.place if action.held and self.place and self.place.op == action.held else None
        if held is not None and (held.joined_at is not None or held.promised):
            # An agent has the caller in this very moment; or it has been promised already.
            self._here.tell(CallbackPlaced(action.op, "refused"))
            return
        if held is not None:
            held.promised = True
            if held.serving is not None:
                held.serving.cancel()
        await unhurried(self._promise(action, held))

    async def _promise(self, action: Callback, held: Place | None) -> None:
        here = self._here
        if here.services.callbacks is None:
            placed = CallbackPlaced(action.op, "failed")
        else:
            entry = None if held is None else held.entry
            placed = await here.services.callbacks.promise(here.call, action, here.facts.caller, entry, self)
        if held is not None:
            held.promised = False
            if placed.outcome == "placed":
                self.place = None
                here.history.left_queue("callback")
        here.tell(placed)

    # --- an offer

    def serve(self, offer: Offer) -> None:
        place = self.place
        if place is None or place.entry != offer.entry or place.promised:
            self._queues.not_answered(offer.entry, offer.agent, "caller_left")
            return
        if self._busy():
            self._queues.not_answered(offer.entry, offer.agent, "failed")
            return
        place.offer = offer
        place.serving = self._here.spawn(self._served_by(offer, place), f"agent {offer.agent}")

    def stop_serving(self, offer: Offer) -> None:
        place = self.place
        if place is not None and place.offer == offer and place.serving is not None and not place.joined_at:
            place.serving.cancel()

    async def _served_by(self, offer: Offer, place: Place) -> None:
        here, queues = self._here, self._queues
        destination = Destination(offer.endpoint, offer.ring_s, offer.display, offer.caller)
        async with Leg(here.ari, here.call, destination, originator=here.channel) as leg:
            queues.ringing(offer.entry)
            rung = await leg.ring()
            if rung.outcome != "answered":
                queues.not_answered(offer.entry, offer.agent, rung.of_agent)
                return
            if not queues.answered(offer.entry, offer.agent):
                return
            if place.whisper and not await leg.hear(*await sounds_of(here, place.whisper, place.language)):
                # The caller still waits, and hears the music on.
                queues.sent_back(offer.entry, offer.agent, "hung up on the announcement")
                return
            place.joined_at, place.agent = here.monotonic(), offer.agent
            waited_s = place.joined_at - place.since
            await self._fall_silent()
            if not await leg.join(here.channel):
                place.joined_at, place.agent = None, ""
                queues.sent_back(offer.entry, offer.agent, "leg lost")
                here.tell(LegLost())
                return
            here.history.joined(place.queue, offer.agent, waited_s, here.services.clock.now())
            here.services.changed()
            here.tell(AgentJoined(place.op, offer.agent))
            self.talk = leg
            talking = Conversation(
                child_id(here.call, "conversation"),
                here.call,
                "queue",
                offer.agent,
                here.channel,
                leg.channel,
                leg.bridge,
                here.services.clock.now(),
                offer.entry,
                place.queue,
                place.language,
                here.note,
            )
            try:
                with (
                    here.services.talks.during(talking),
                    self._transcripts.during(leg.channel, "agent", offer.agent, place.language),
                ):
                    await leg.until_over()
            finally:
                self.talk = None
                talked_s = here.monotonic() - place.joined_at
                queues.finished(offer.entry, offer.agent)
                here.history.parted(talked_s)
            await leg.release(here.channel)
        here.tell(QueueEnded(place.op, "served", offer.agent, round(waited_s, 3), round(talked_s, 3)))

    def _waited_s(self, place: Place) -> float:
        return round(self._here.monotonic() - place.since, 3)
