"""The caller's place in a queue: waiting, being offered an agent, the talk, and leaving it for a callback.

The dispatcher decides, the call rings (docs/decisions/0003): an offer becomes a child task that rings the agent, joins
the two and ends with the talk. The place may be open while the dialogue is elsewhere (the caller types a number for a
callback): an agent who answers meanwhile has the caller all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, Final, Literal

from ivr.ari.unhurried import unhurried
from ivr.call.grounds import Occasion, ground_of
from ivr.call.leg import Leg
from ivr.call.place import Place as Place
from ivr.call.place import place_from_json, place_to_json
from ivr.call.ports import Offer
from ivr.call.services import LegLost, Offered, OpenCall, Withdrawn
from ivr.call.telephones import legs_of, ring
from ivr.call.transcribing import Transcripts
from ivr.call.whisper import facts_told
from ivr.flow import codec
from ivr.flow.actions import Callback, Enqueue, JsonValue
from ivr.flow.inputs import (
    AgentJoined,
    CallbackPlaced,
    OpId,
    QueueEnded,
    QueueProgress,
    SentToFlow,
    WaitsAgain,
)
from ivr.flow.model import FlowLibrary
from ivr.ids import child_id
from ivr.talk.adopting import adopted, claim, let_go
from ivr.talk.ground import Ground
from ivr.talk.people import LINE
from ivr.talk.reaching import Reached
from ivr.talk.saved import SavedTalk, from_json, to_json
from ivr.talk.talking import Talking
from ivr.talk.targets import ToQueue
from routing.entries import Entry
from routing.ids import AgentId, EntryId

QueueOutcome = Literal["served", "timeout", "full", "closed", "unstaffed", "left", "failed"]
ENDS: Final[Mapping[str, QueueOutcome]] = {
    "served": "served",
    "timeout": "timeout",
    "full": "full",
    "closed": "closed",
    "unstaffed": "unstaffed",
    "left": "left",
}
"""What the dialogue is told, by the outcome of the entry."""

NOTED_S: Final = 0.05
"""What passes between an agent's answer and the join, for the agent to be told who it is or for whoever was rung before
to be let go, is on record from there on."""


class Waiting:
    """fall_silent: ends whatever the caller hears or is heard by, and other parties' ringing, before an agent is. hush:
    the same without the last.

    busy: True while the caller talks to somebody else, and no agent may cut in. library: of the call's
    dialogue. Implements `ports.Seat`.
    """

    def __init__(
        self,
        here: OpenCall,
        fall_silent: Callable[[], Awaitable[None]],
        busy: Callable[[], bool],
        transcripts: Transcripts,
        library: FlowLibrary,
        hush: Callable[[], Awaitable[None]],
    ) -> None:
        self._here = here
        self._queues = here.services.queues
        self._fall_silent = fall_silent
        self._busy = busy
        self._transcripts = transcripts
        self._library = library
        self._hush = hush
        self.place: Place | None = None
        self._calling_back: dict[OpId, Callback] = {}
        self.talk: Talking | None = None
        """While an agent has the caller, or somebody whom an agent handed the caller to."""

    @property
    def joined(self) -> bool:
        """An agent has the caller, or is about to."""
        if self.talk is not None:
            return self.talk.state.stage != "away"
        return self.place is not None and self.place.joined_at is not None

    @property
    def ringing(self) -> bool:
        place = self.place
        if place is None or self.talk is not None:
            return False
        return any(not task.done() for task in place.tasks())

    rings_several: Final = True

    # --- what the dispatcher tells (`Seat`; on the loop, never waits)

    def offered(self, offer: Offer) -> None:
        self._here.tell(Offered(offer))

    def withdrawn(self, offer: Offer) -> None:
        if not self._stopped(offer):
            # Not looked at yet: it comes after the offer itself.
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
        entry = EntryId(f"{self._here.call}.entry-{action.op}")
        self.place = Place(
            action.op,
            entry,
            action.queue,
            self._here.monotonic(),
            action.music,
            action.whisper,
            action.language,
            wanted=action,
            enqueued_at=self._here.services.clock.now(),
            began_at=self._here.services.clock.now(),
        )
        self._here.history.queued(action.queue)
        if self._here.catching_up and self._known(self.place):
            return
        lost = self._queues.enqueue(entry, self._here.call, action, self._here.facts.caller, self)
        if lost is not None:
            self.place.enqueued_at = lost.enqueued_at
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

    def _known(self, place: Place) -> bool:
        """Whether an earlier controller got so far as to put it on the board."""
        entry = self._queues.resume(place.entry, self._here.facts.caller, self)
        if entry is not None and entry.state == "ended":
            self._told_of_the_end(place, entry)
        return entry is not None

    def _told_of_the_end(self, place: Place, entry: Entry) -> None:
        """The wait was over, and nobody was there to tell the dialogue."""
        over = ENDS.get(entry.outcome or "", "failed")
        self._here.tell(QueueEnded(place.op, over, waited_s=self._waited_s(place)))

    def told(self, place: int, wait_s: tuple[float, float] | None) -> None:
        """The dialogue tells the caller this place, and this wait (s)."""
        if self.place is not None and not self.place.promised:
            self._queues.told(self.place.entry, place, wait_s)

    def leave(self, op: OpId) -> None:
        place = self.place
        if place is None or place.op != op or place.promised:
            return
        for task in place.tasks():
            task.cancel()
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
        for task in place.tasks():
            task.cancel()
        self._queues.leave(place.entry, why)

    def call_back(self, action: Callback) -> Coroutine[Any, Any, None]:
        """Carries out `Callback`. A caller who hangs up meanwhile gets the promise all the same."""
        self._calling_back[action.op] = action
        return self._call_back(action)

    async def _call_back(self, action: Callback) -> None:
        held = self.place if action.held and self.place and self.place.op == action.held else None
        if held is not None and (held.joined_at is not None or held.promised):
            # An agent has the caller in this very moment; or it has been promised already.
            self._calling_back.pop(action.op, None)
            self._here.tell(CallbackPlaced(action.op, "refused"))
            return
        if held is not None:
            held.promised = True
            for task in held.tasks():
                task.cancel()
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
        self._calling_back.pop(action.op, None)
        here.tell(placed)
        here.keep()

    # --- for whoever goes on with the call

    def saved(self) -> dict[str, JsonValue]:
        saved: dict[str, JsonValue] = {}
        if self._calling_back:
            saved["callbacks"] = [codec.action_to_json(one) for one in self._calling_back.values()]
        if self.place is not None:
            saved["place"] = place_to_json(self.place)
        if self.talk is not None:
            saved["talk"] = to_json(self.talk.saved(self._here.services.clock.now()))
        return saved

    @property
    def claims(self) -> list[str]:
        """Channels and bridges that whoever goes on with the call takes over."""
        return [] if self.talk is None else self.talk.claims

    def resume(
        self, saved: Mapping[str, Any], promised: Collection[str], parted_s: float | None = None
    ) -> None:
        """The old place again. promised: entries that are promises to call back now. parted_s: the talk is over, and
        lasted so long."""
        if "place" in saved:
            place = place_from_json(saved["place"], self._here)
            talk = from_json(saved["talk"]) if "talk" in saved else None
            if parted_s is None:
                self._place_again(place, talk)
            else:
                self._parted(place, parted_s)
        for kept in saved.get("callbacks", ()):
            action = codec.action_from_json(kept)
            if not isinstance(action, Callback):
                continue
            if self.place is not None and action.held == self.place.op and self.place.entry in promised:
                # It was made, and nobody was there to hear so.
                self.place = None
                self._here.history.left_queue("callback")
                self._here.tell(CallbackPlaced(action.op, "placed"))
            else:
                self._here.spawn(self.call_back(action), f"callback {action.op}")

    def _parted(self, place: Place, talked_s: float) -> None:
        self.place = place
        place.talked_s += talked_s
        entry = self._queues.resume(place.entry, self._here.facts.caller, self)
        if entry is not None and entry.state in ("waiting", "offered"):
            self._in_line_again(place)
            return
        waited_s, talked_s = round(place.waited_s or 0.0, 3), round(place.talked_s, 3)
        self._here.tell(QueueEnded(place.op, "served", self._here.history.agent, waited_s, talked_s))

    def _in_line_again(self, place: Place) -> None:
        place.joined_at, place.agent = None, ""
        self._here.history.in_line_again()
        self._here.tell(WaitsAgain(place.op, place.queue))
        self._queues.tell_anew(place.entry)

    def _place_again(self, place: Place, talk: SavedTalk | None) -> None:
        """The entry is on the board since the start (ivr/adoption/board.py)."""
        was_joined = place.joined_at is not None
        self.place = place
        entry = self._queues.resume(place.entry, self._here.facts.caller, self)
        if talk is not None and (entry is None or entry.state in ("joined", "ended")):
            claim(self._queues, self._here.facts.caller, talk, place.entry)
            place.serving = self._here.spawn(self._talk_on(place, talk), "talk")
            return
        if talk is not None:
            # The caller was about to be in line again.
            self._here.spawn(let_go(self._here.ari, talk), "who talked")
        if entry is None and self._here.gone:
            return
        if entry is None:
            self.again(place, "restart", "")
        elif entry.state == "ended":
            self._told_of_the_end(place, entry)
            return
        elif entry.state == "joined":
            self._queues.sent_back(place.entry, AgentId(entry.agent or ""), "restart")
        if was_joined:
            self._in_line_again(place)
        else:
            place.joined_at, place.agent = None, ""

    # --- an offer

    def serve(self, offer: Offer) -> None:
        place = self.place
        if place is None or place.entry != offer.entry or place.promised:
            self._queues.not_answered(offer.entry, offer.agent, "caller_left")
            return
        if self._busy():
            self._queues.not_answered(offer.entry, offer.agent, "failed")
            return
        work = self._served_by(offer, place)
        place.ringing[offer.agent] = offer, self._here.spawn(work, f"agent {offer.agent}")

    def stop_serving(self, offer: Offer) -> None:
        self._stopped(offer)

    def _stopped(self, offer: Offer) -> bool:
        """At once, whatever the call is busy with. False: that agent is not being rung."""
        place = self.place
        if place is None or place.ringing.get(offer.agent, (None,))[0] is not offer:
            return False
        _, task = place.ringing[offer.agent]
        if task is not place.serving or not place.joined_at:
            task.cancel()
        return True

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
            if not queues.answered(offer.entry, offer.agent):
                return
            answered_at = here.monotonic()
            # Whoever served the caller until now, and is perhaps still at it.
            before, place.serving = place.serving, asyncio.current_task()
            if place.whisper and not await leg.hear(*await self._whispered(place, offer)):
                # The caller still waits, and hears the music on.
                queues.sent_back(offer.entry, offer.agent, "hung up on the announcement")
                return
            if before is not None and not before.done():
                await asyncio.wait([before])
            place.joined_at, place.agent = here.monotonic(), offer.agent
            waited_s = place.joined_at - place.since
            await self._fall_silent()
            if not await leg.join(here.channel):
                place.joined_at, place.agent = None, ""
                queues.sent_back(offer.entry, offer.agent, "leg lost")
                here.tell(LegLost())
                return
            between_s = place.joined_at - answered_at
            told_s = between_s if between_s >= NOTED_S else 0.0
            here.history.joined(place.queue, offer.agent, waited_s, here.services.clock.now(), told_s)
            if place.waited_s is None:
                place.waited_s = waited_s
            place.enqueued_at = queues.since(place.entry) or place.enqueued_at
            here.services.changed()
            here.tell(AgentJoined(place.op, offer.agent))
            owner = Reached(leg, mine.pop_all(), offer.agent, offer.entry)
        await self._talk(place, Talking(self._ground(place), owner, place.music))

    async def _talk_on(self, place: Place, saved: SavedTalk) -> None:
        """A talk that another controller had, or another call."""
        occasion, first = self._occasion(place), saved.parties.get("p1")
        if first is not None and first.entry is None:
            occasion = replace(occasion, kind="outbound", entry=None)
        ground = ground_of(self._here, self._transcripts, self._library, occasion)
        await self._talk(place, await adopted(ground, saved, self._here.services.clock.now()))

    def _ground(self, place: Place) -> Ground:
        return ground_of(self._here, self._transcripts, self._library, self._occasion(place))

    async def _talk(self, place: Place, talking: Talking) -> None:
        here = self._here
        self.talk = talking
        here.keep()
        try:
            ended = await talking.run()
        finally:
            self.talk = None
            self._transcripts.flow(on=True)
            here.history.parted(talking.talked_s, talking.held_s, here.services.clock.now())
            place.talked_s += talking.talked_s
        last, talked_s = talking.agents[-1], round(place.talked_s, 3)
        waited_s = round(place.waited_s or 0.0, 3)
        if ended.outcome == LINE:
            here.history.in_line_again()
            here.tell(WaitsAgain(place.op, place.queue))
            self._queues.tell_anew(place.entry)
        elif talking.sent_to:
            self.place = None
            here.history.left_queue("served")
            here.tell(SentToFlow(place.op, talking.sent_to, False, last, waited_s, talked_s))
        else:
            here.tell(QueueEnded(place.op, "served", last, waited_s, talked_s))

    # --- what a talk does with the place

    def _occasion(self, place: Place) -> Occasion:
        def owner_is(agent: str) -> None:
            place.agent = agent

        def run_flow(flow: str) -> None:
            self._here.tell(SentToFlow(place.op, flow, True, place.agent))

        async def rejoining(early: bool) -> None:
            if not early:
                await self._hush()
            else:
                await self._fall_silent()
                # What the dialogue was doing is over: it is back in its queue.
                self._here.tell(AgentJoined(place.op, place.agent))

        return Occasion(
            "queue",
            place.entry,
            place.queue,
            place.language,
            owner_is=owner_is,
            line=_Line(self, place),
            run_flow=run_flow,
            rejoining=rejoining,
        )

    def back_in_talk(self, op: OpId) -> None:
        """The flow that the agent sent the caller to is through."""
        if self.talk is not None and self.place is not None and self.place.op == op:
            self.talk.flow_ended()

    def back_into(self, place: Place, to: ToQueue, entry: EntryId | None, agent: AgentId) -> None:
        """The agent sends the caller to a queue; the place has the age of before. entry None: there is none yet."""
        place.joined_at, place.agent = None, ""
        place.queue = to.queue
        place.wanted = replace(place.wanted, queue=to.queue, skills=to.skills)
        if entry is None:
            self.again(place, "transfer", "")
            return
        self._here.history.queued(to.queue)
        self._queues.sent_back(entry, agent, "transfer", queue=to.queue, skills=to.skills)

    def again(self, place: Place, why: str, missed_by: str) -> None:
        """Nobody has the caller after all: the old place."""
        here = self._here
        place.joined_at, place.agent = None, ""
        place.entry = EntryId(child_id(here.call, "entry"))
        here.history.queued(place.queue)
        here.note(
            "place_returned", {"queue": place.queue, "since": place.enqueued_at.isoformat(), "why": why}
        )
        self._queues.again(
            place.entry, here.call, place.wanted, here.facts.caller, self, place.enqueued_at, missed_by
        )

    def _waited_s(self, place: Place) -> float:
        return round(self._here.monotonic() - place.since, 3)


class _Line:
    """`ground.Line` of one place."""

    def __init__(self, waiting: Waiting, place: Place) -> None:
        self._waiting = waiting
        self._place = place

    def sent_back(self, entry: EntryId | None, agent: AgentId, to: ToQueue) -> None:
        self._waiting.back_into(self._place, to, entry, agent)

    def into_line(self, why: str, missed_by: str) -> None:
        self._waiting.again(self._place, why, missed_by)
