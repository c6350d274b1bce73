"""Brings another party in: an outside number through the allow-list, or an agent through the dispatcher.

Each `Transfer` is a child task: it rings the party while the caller hears ringing, tells an announced party first who
comes, and lets the two talk (`party_talk.py`). Whatever it made ends with it: by itself, by `CancelTransfer`, or with
the call.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final, Literal

from ivr.call.leg import Destination, Leg
from ivr.call.party_talk import PartyTalk
from ivr.call.ports import Offer
from ivr.call.racing import unless
from ivr.call.ring_all import first_to_answer
from ivr.call.rung import Rung
from ivr.call.services import OpenCall
from ivr.call.telephones import legs_of, ring
from ivr.call.up import Up
from ivr.call.waiting import Waiting
from ivr.call.whisper import sounds_of
from ivr.flow import codec
from ivr.flow.actions import JsonValue, Transfer
from ivr.flow.inputs import OpId, PartyJoined, TransferEnded
from ivr.ids import child_id
from ivr.talk.events import Add
from ivr.talk.results import RefusalCode, Refused
from ivr.talk.saved import from_json
from ivr.talk.talking import Talking
from ivr.talk.targets import ToAgent, ToNumber
from routing.ids import EntryId

log = logging.getLogger(__name__)


class Transfers:
    """party: the caller's talk with whoever is reached. waiting: the agent of the call, for a conference."""

    def __init__(self, here: OpenCall, party: PartyTalk) -> None:
        self._here = here
        self._party = party
        self._running: dict[OpId, tuple[Transfer, asyncio.Task[None]]] = {}
        self.waiting: Waiting

    @property
    def joined(self) -> bool:
        """A party and the caller talk."""
        return self._party.joined

    @property
    def up(self) -> Up | None:
        """The telephone of the party, where the two are in a bridge and in no talk."""
        return self._party.up

    @property
    def ringing(self) -> bool:
        """A party is being called, and the caller hears so."""
        return bool(self._running) and not self.joined

    def start(self, action: Transfer) -> None:
        """Refused at once, or begun."""
        self.cancel(action.op)
        audio = self._here.services.audio
        if action.announce and not audio.ready(action.announce, action.language):
            # Spoken while it rings.
            self._here.spawn(audio.prepare(action.announce, action.language), f"announcement {action.op}")
        talk = self.waiting.talk
        if action.mode == "conference" and talk is not None:
            work = self._into_talk(action, talk)
        elif action.to == "agent":
            seat = _SeatForOne()
            entry = EntryId(child_id(self._here.call, "entry"))
            caller = self._here.facts.caller
            answer = self._here.services.queues.call_agent(entry, self._here.call, action, caller, seat)
            if answer != "offered" or seat.offer is None:
                self._here.tell(TransferEnded(action.op, "unavailable" if answer == "offered" else answer))
                return
            work = self._to_agent(action, entry, seat.offer, seat.over)
        else:
            named = map(self._here.services.outbound.endpoint_of, (action.target, *action.others))
            endpoints = [endpoint for endpoint in named if endpoint is not None]
            if not endpoints:
                log.warning("a transfer to an outside number is not allowed by the settings")
                self._here.tell(TransferEnded(action.op, "forbidden"))
                return
            work = self._to_numbers(action, endpoints)
        self._begin(action, work)

    def _begin(self, action: Transfer, work: Coroutine[Any, Any, TransferEnded]) -> None:
        task = self._here.spawn(self._run(action.op, work), f"transfer {action.op}")
        self._running[action.op] = (action, task)

    # --- for whoever goes on with the call

    def saved(self) -> list[JsonValue]:
        if not self._running:
            return []
        talk = self._party.saved()
        return [{"action": codec.action_to_json(action), **talk} for action, _ in self._running.values()]

    @property
    def claims(self) -> list[str]:
        return self._party.claims

    def resume(self, saved: Iterable[Mapping[str, Any]]) -> None:
        """Who talks with somebody goes on talking. Who was being rung is rung once more: that telephone has been let
        go. Any other is over, as far as the dialogue knows."""
        for one in saved:
            action = codec.action_from_json(one["action"])
            if not isinstance(action, Transfer):
                continue
            if one["up"] is not None:
                self._begin(action, self._party.still_up(Up(**one["up"]), action))
            elif one.get("talk") is not None and action.mode != "conference":
                self._begin(action, self._party.talk_on(from_json(one["talk"]), action))
            elif action.mode != "conference":
                self.start(action)
            else:
                self._here.tell(TransferEnded(action.op, "failed"))

    def cancel(self, op: OpId) -> None:
        _, task = self._running.pop(op, (None, None))
        if task is not None:
            task.cancel()

    def cancel_all(self) -> None:
        for op in list(self._running):
            self.cancel(op)

    async def _run(self, op: OpId, work: Coroutine[Any, Any, TransferEnded]) -> None:
        try:
            ended = await work
        finally:
            self._party.joined = False
        self._running.pop(op, None)
        self._here.tell(ended)

    async def _to_numbers(self, action: Transfer, endpoints: Sequence[str]) -> TransferEnded:
        """All are rung; whoever answers first is the party, and no other rings any more when the talk begins."""
        caller_id = self._here.services.outbound.caller_id
        legs = [self._leg(Destination(endpoint, action.ring_s, "", caller_id)) for endpoint in endpoints]
        async with first_to_answer(legs) as (leg, rung):
            if leg is None:
                return _not_reached(action.op, rung)
            if not await self._announced(leg, action):
                return TransferEnded(action.op, "refused")
            return await self._party.through(leg, action)

    async def _announced(self, leg: Leg, action: Transfer) -> bool:
        """What the party hears, and the keys that it gets, before the caller is there. False: it does not want to."""
        if action.mode == "announced":
            media, seconds = await sounds_of(self._here.services.audio, action.announce, action.language)
            if not await leg.hear(media, seconds, action.accept):
                return False
        if action.keys:
            await leg.press(action.keys)
        return True

    async def _to_agent(
        self, action: Transfer, entry: EntryId, offer: Offer, over: asyncio.Future[None]
    ) -> TransferEnded:
        """over: the dispatcher took the offer back."""
        queues = self._here.services.queues
        try:
            async with AsyncExitStack() as stack:
                legs = legs_of(offer, self._leg)
                queues.ringing(entry, offer.agent)
                ringing = ring(stack, legs, self._here.services.lines)
                leg, rung = await unless(over, ringing) or (legs[0], Rung("no_answer"))
                if rung.outcome != "answered":
                    queues.not_answered(entry, offer.agent, rung.of_agent)
                    return _not_reached(action.op, rung)
                if not queues.answered(entry, offer.agent):
                    return TransferEnded(action.op, "unavailable")
                try:
                    if not await self._announced(leg, action):
                        return TransferEnded(action.op, "refused")
                    if action.leave:
                        return await self._party.through(leg, action, offer.agent)
                    return await self._party.with_agent(leg, stack, offer.agent, entry, action)
                finally:
                    queues.finished(entry, offer.agent)
        finally:
            # Nothing is left to leave when it ended by itself.
            queues.leave(entry, "left")

    async def _into_talk(self, action: Transfer, talk: Talking) -> TransferEnded:
        """An agent has the caller: the party comes into their talk, and the agent stays."""
        to = ToAgent(action.target) if action.to == "agent" else ToNumber(action.target)
        states = talk.states()
        added = await talk.do(self._here.call, Add(to))
        if isinstance(added, Refused):
            return TransferEnded(action.op, _OUTCOMES.get(added.code, "failed"))
        person = added.person
        began: float | None = None
        while True:
            state = await states.get()
            if began is None and any(one.id == person for one in state.joined):
                began = self._here.monotonic()
                self._party.joined = True
                self._here.tell(PartyJoined(action.op))
            if person not in state.persons:
                break
        if began is None:
            return TransferEnded(action.op, talk.outcomes.get(person, "no_answer"))
        return TransferEnded(action.op, "completed", round(self._here.monotonic() - began, 3), 16)

    def _leg(self, destination: Destination) -> Leg:
        here = self._here
        return Leg(here.ari, here.call, destination, kind="party", originator=here.channel)


_OUTCOMES: Final[Mapping[RefusalCode, Literal["unavailable", "unknown", "forbidden"]]] = {
    "unavailable": "unavailable",
    "unknown_target": "unknown",
    "forbidden": "forbidden",
}


class _SeatForOne:
    """A `ports.Seat` for an entry that is for one agent only. over: the offer is not, any more."""

    rings_several: Final = False

    def __init__(self) -> None:
        self.offer: Offer | None = None
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def offered(self, offer: Offer) -> None:
        self.offer = offer

    def withdrawn(self, offer: Offer) -> None:
        self._end()

    def progressed(self, place: int, waiting: int, wait_s: tuple[float, float] | None) -> None:
        pass

    def rejected(self, outcome: Literal["timeout", "full", "closed", "unstaffed", "failed"]) -> None:
        self._end()

    def _end(self) -> None:
        if not self.over.done():
            self.over.set_result(None)


def _not_reached(op: OpId, rung: Rung) -> TransferEnded:
    if rung.outcome == "answered":
        raise ValueError("it was answered")
    return TransferEnded(op, rung.outcome, cause=rung.cause)
