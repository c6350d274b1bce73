"""A talk that goes on: takes acts and what telephones do one at a time, asks `state.py`, and carries out what follows.

It owns every telephone in it but the citizen's (`telephones.py`). The citizen's channel is the session's, and is given
back at the end, alone and in no bridge. `run` lasts as long as the talk; cancelling it is the citizen's hanging up.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from dataclasses import replace

from ivr.ari.unhurried import unhurried
from ivr.talk.asked import Asked
from ivr.talk.begun import Begun, joined
from ivr.talk.events import (
    Add,
    Blind,
    Command,
    Consult,
    Event,
    GoBack,
    LongEnough,
    NotAnswered,
    NotReached,
    ParkedTooLong,
    Resume,
)
from ivr.talk.ground import Ground
from ivr.talk.missing import missing
from ivr.talk.parking import LONGEST_S
from ivr.talk.party import Message
from ivr.talk.people import (
    CITIZEN,
    Action,
    IntoLine,
    LetGo,
    Move,
    Note,
    Ring,
    RunFlow,
    SendBack,
    Talk,
    Tell,
    Unhear,
    rooms,
)
from ivr.talk.preparing import prepare
from ivr.talk.reaching import Reach, Reached
from ivr.talk.results import Done, Refused
from ivr.talk.saved import SavedTalk
from ivr.talk.state import NotNow, step
from ivr.talk.targets import ToAgent
from routing.ids import AgentId

log = logging.getLogger(__name__)


class Talking(Asked):
    """owner: the agent, joined with the citizen in the bridge of its own leg, which the talk takes over. Or the talk
    that another controller had (`adopting.py`)."""

    def __init__(
        self, ground: Ground, owner: Reached | Begun, music: str = "", longest_s: float | None = None
    ) -> None:
        self._begun = owner if isinstance(owner, Begun) else joined(ground, owner, music, longest_s)
        super().__init__(ground, self._begun)
        self.given: SavedTalk | None = None
        """How it stood when it was given: somebody else has everybody in it."""
        self._taking: Message | None = None
        self._parked: asyncio.TimerHandle | None = None
        self._longest: asyncio.TimerHandle | None = None
        self.outcomes: dict[str, NotReached] = {}
        """Of those who were rung in vain, by person."""

    async def elsewhere(self, act: type[Command]) -> Talking | None:
        """The talk in which that can be done: this one. None: it is over."""
        return self

    async def run(self) -> Talk:
        """Until it is over. The citizen is alone then, and there unless cancelled."""
        self._ground.talks.add(self)
        try:
            self._telephones.share(self._mover.main)
            self._ground.changed()
            async with asyncio.TaskGroup() as group:
                self._telephones.begin(group)
                self._limit(self._begun.longest_s)
                await self._catch_up()
                while self.state.stage != "ended" and self.given is None:
                    self._taking = await self._inbox.get()
                    await self._take(self._taking)
                self._refuse_rest()
                self._telephones.stop()
        finally:
            self._refuse_rest()
            self._ground.talks.remove(self)
            self._times.flowing(True)
            for timer in (self._parked, self._longest):
                if timer is not None:
                    timer.cancel()
            await unhurried(self._close())
        return self.state

    def _limit(self, longest_s: float | None) -> None:
        if longest_s is not None:
            self._longest_at = self._ground.monotonic() + longest_s
            self._longest = asyncio.get_running_loop().call_later(longest_s, self.tell, LongEnough())

    async def _catch_up(self) -> None:
        """What happened while no controller watched, as if it happened now."""
        begun = self._begun
        if begun.slot:
            self._ground.talks.slots.put(begun.slot, self)
        self._tend_parking()
        self._ground.flowing(rooms(self.state).get(CITIZEN, "main") == "main")
        while (event := missing(self.state, begun.there, second_gone=begun.second_gone)) is not None:
            await self._take(Message(event))

    async def close(self) -> None:
        """Instead of `run`: whoever is in it is let go."""
        self._over = True
        await self._close()

    def _refuse_rest(self) -> None:
        """Nothing more is taken; a telephone that has just answered is ended with the others."""
        self._over = True
        if self._taking is not None:
            self._taking.answer(Refused("gone"))
        while not self._inbox.empty():
            message = self._inbox.get_nowait()
            message.answer(Refused("gone"))
            if message.reached is not None and message.done is None:
                self._telephones.came_late(message.reached)

    async def _take(self, message: Message) -> None:
        if message.give is not None:
            self._give(message, message.give)
            return
        if message.event is None:
            await self._mover.settle(rooms(self.state), self._telephones.legs, self._aside())
            return
        if message.person and message.person not in self.state.persons:
            if message.reached is not None:
                await self._telephones.refuse(message.reached)
            return
        try:
            step(self.state, message.event)
        except NotNow as not_now:
            log.debug("%s", not_now)
            message.answer(Refused("not_now"))
            return
        prepared = prepare(
            self._ground, self.state, message.event, lambda: self._ground.talks.slots.take(self)
        )
        if isinstance(prepared, Refused) and message.done is not None:
            message.answer(prepared)
            return
        event, reach = message.event, prepared if isinstance(prepared, Reach) else None
        if isinstance(event, (Blind, Consult, Add)) and reach is not None and reach.agent:
            # Named by extension, perhaps.
            event = replace(event, to=ToAgent(reach.agent))
        if isinstance(event, NotAnswered):
            self.outcomes[message.person] = event.outcome
        if message.reached is not None:
            # Who comes in is no person before the step.
            person = message.person or f"p{self.state.people + 1}"
            self._mover.came(message.reached.leg.channel, message.reached.leg.bridge)
            self._telephones.came(person, message.reached)
        slot = self._slot()
        await self._go(event, reach)
        rung = self.state.other if reach is not None else None
        message.answer(Done(self.state.stage, slot, rung.id if rung is not None else ""))

    def _give(self, message: Message, now: dt.datetime) -> None:
        """Whoever is with a citizen who has nobody else, or has the citizen on hold."""
        if self.state.stage not in ("talking", "held") or self.state.joined:
            message.answer(Refused("not_now"))
            return
        self.given = self.saved(now)
        message.answer(Done(self.state.stage))

    async def _go(self, event: Event, reach: Reach | None) -> None:
        aside = self._aside()
        before, (self.state, actions) = self.state, step(self.state, event)
        if self.state.owner != before.owner:
            self._ground.owner_is(self._owner)
            if self._owner and self._owner not in self.agents:
                self.agents.append(self._owner)
        flowing = rooms(self.state).get(CITIZEN, "main") == "main"
        self._times.flowing(flowing)
        self._ground.flowing(flowing)
        if before.stage == "away" and self.state.stage not in ("away", "ended"):
            await self._ground.rejoining(isinstance(event, (Resume, GoBack)))
        moves = [action for action in actions if isinstance(action, Move)]
        self._telephones.share(self._mover.main)
        if moves:
            await self._ground.talks.moving(self.call)
            await self._mover.carry_out(moves, self._telephones.legs, self._aside() or aside)
        # Before it is noted, and kept, that the talk is over: whoever goes on with the call has to know.
        self.sent_to = next(
            (one.flow for one in actions if isinstance(one, RunFlow) and not one.come_back), ""
        )
        for action in actions:
            await self._carry_out(action, reach)
        self._tend_parking()
        self._show()
        if self.state.stage != "ended":
            # Else it was kept as over before anybody was let go, and what follows for the call comes at once.
            self._ground.changed()

    def _show(self) -> None:
        for queue in self._watching:
            queue.put_nowait(self.state)
        self._ground.talks.moved(self.call)

    def _tend_parking(self) -> None:
        """The time of a parked call; its slot is free when it is parked no longer."""
        if self.state.stage == "parked" and self._parked is None:
            self._parked = asyncio.get_running_loop().call_later(LONGEST_S, self.tell, ParkedTooLong())
        elif self.state.stage != "parked" and self._parked is not None:
            self._parked.cancel()
            self._parked = None
            self._ground.talks.slots.free(self)

    async def _carry_out(self, action: Action, reach: Reach | None) -> None:
        ground = self._ground
        match action:
            case Move():
                pass  # all at once, before
            case Ring(person):
                self._telephones.ring(person, reach)
            case Unhear(person, muted):
                await self._mover.mute(self._telephones.legs[person].channel, muted=muted)
            case LetGo(person):
                await self._telephones.let_go(person)
            case Tell(person, act):
                ground.queues.tell(AgentId(person.name), act)
            case SendBack(person, to):
                party = self._telephones.parties[person.id]
                assert ground.line is not None
                party.on_board = False
                ground.line.sent_back(party.reached.entry, AgentId(person.name), to)
            case IntoLine(why, missed_by):
                if ground.line is not None:
                    ground.line.into_line(why, missed_by)
            case RunFlow(flow, come_back):
                if come_back:
                    ground.run_flow(flow)
            case Note(kind, data):
                ground.note(kind, data)

    async def _close(self) -> None:
        """Whoever is still there, then the room."""
        if self.given is not None:
            await self._telephones.part()
        else:
            await self._telephones.close()
            await self._mover.release()
            await self._mover.destroy()
        self._telephones.let_loose()

    def _aside(self) -> str:
        """The bridge of the consulted one."""
        return self._telephones.bridge(self.state.other)

    def _slot(self) -> str:
        return self._ground.talks.slots.of(self)
