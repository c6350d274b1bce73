"""A talk that goes on: takes acts and what telephones do one at a time, asks `state.py`, and carries out what follows.

It owns every telephone in it but the citizen's (`telephones.py`). The citizen's channel is the session's, and is given
back at the end, alone and in no bridge. `run` lasts as long as the talk; cancelling it is the citizen's hanging up.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from dataclasses import replace
from typing import Final, Literal

from ivr.ari.generated.events import ChannelTransfer
from ivr.ari.unhurried import unhurried
from ivr.errors import AriError
from ivr.ids import ChannelId
from ivr.talk.begun import Begun, joined
from ivr.talk.events import (
    Add,
    Blind,
    CameIn,
    Command,
    Consult,
    Event,
    FlowEnded,
    GoBack,
    Leave,
    LongEnough,
    NotAnswered,
    NotReached,
    ParkedTooLong,
    PickUp,
    Resume,
    ThirdGone,
)
from ivr.talk.ground import Ground
from ivr.talk.missing import missing
from ivr.talk.parking import LONGEST_S
from ivr.talk.party import Message
from ivr.talk.people import (
    CITIZEN,
    Action,
    Company,
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
    company,
    rooms,
)
from ivr.talk.preparing import dialled, prepare
from ivr.talk.reaching import Reach, Reached
from ivr.talk.results import Done, Refused, Result
from ivr.talk.saved import SavedTalk
from ivr.talk.state import NotNow, step
from ivr.talk.targets import Target, ToAgent
from ivr.talk.telephones import Telephones
from routing.ids import AgentId

log = logging.getLogger(__name__)

BETWEEN_KEYS_MS: Final = 150


class Talking:
    """owner: the agent, joined with the citizen in the bridge of its own leg, which the talk takes over. Or the talk
    that another controller had (`adopting.py`)."""

    def __init__(
        self, ground: Ground, owner: Reached | Begun, music: str = "", longest_s: float | None = None
    ) -> None:
        begun = owner if isinstance(owner, Begun) else joined(ground, owner, music, longest_s)
        self._ground = ground
        self._begun = begun
        self.call = ground.call
        self.state: Talk = begun.state
        self._mover = begun.mover
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._telephones = Telephones(
            ground, begun.parties, lambda: self.state, self._inbox.put_nowait, self.do, self.referred_by
        )
        self._over = False
        self.given: SavedTalk | None = None
        """How it stood when it was given: somebody else has everybody in it."""
        self._taking: Message | None = None
        self._parked: asyncio.TimerHandle | None = None
        self._longest: asyncio.TimerHandle | None = None
        self._times = begun.times
        self._longest_at: float | None = None
        """When the longest time is over (the ground's clock)."""
        self.outcomes: dict[str, NotReached] = {}
        """Of those who were rung in vain, by person."""
        self._watching: list[asyncio.Queue[Talk]] = []
        self.sent_to = ""
        """The flow that the agent sent the citizen to, for good."""
        self.agents: list[str] = begun.agents
        """All who had the citizen, in order."""

    # --- from outside

    async def do(self, who: str, command: Command) -> Result:
        """An act of that agent, or of the house in the name of the owner (who = the call's id)."""
        if who not in (self.call, self._owner):
            if isinstance(command, Leave):
                return await self._step_out(who)
            return Refused("not_yours")
        return await self._ask(command)

    async def pick_up(self, agent: str) -> Result:
        return await self._ask(PickUp(agent))

    async def come_in(self, lent: Reached, name: str, kind: Literal["agent", "number"]) -> Result:
        """Somebody whose telephone is up already is with the citizen from now on. It is lent: letting go of it ends
        what `lent.keep` holds and takes it out of no bridge. Until then nobody else reads what the leg tells."""
        return await self._ask(CameIn(name, kind), lent)

    async def press(self, who: str, keys: str, *, to_citizen: bool) -> Result:
        """For the citizen, or for whoever else is in the talk."""
        if who not in (self.call, *self.state.agents):
            return Refused("not_yours")
        talk, parties = self.state, self._telephones.parties
        others = [one for one in (talk.other, *talk.joined) if one is not None and one.id in parties]
        channels = [self._ground.citizen] if to_citizen else [self._telephones.channel(one) for one in others]
        if not channels:
            return Refused("not_now")
        for channel in channels:
            try:
                await self._ground.ari.channels.send_dtmf(
                    channel_id=channel, dtmf=keys.upper(), between=BETWEEN_KEYS_MS
                )
            except AriError as error:
                log.warning("keys were not pressed: %s", error)
                return Refused("gone")
        self._ground.note("talk", {"act": "keys", "agent": who, "keys": "*" * len(keys)})
        return Done(talk.stage)

    async def elsewhere(self, act: type[Command]) -> Talking | None:
        """The talk in which that can be done: this one. None: it is over."""
        return self

    async def give(self, now: dt.datetime) -> bool:
        """`run` returns, and everybody is left where they are, for whoever goes on with `given`. False: as the talk
        stands it cannot be given."""
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        if self._over:
            return False
        self._inbox.put_nowait(Message(None, done, give=now))
        return isinstance(await done, Done)

    def states(self) -> asyncio.Queue[Talk]:
        """Gets the talk after each step from now on; the last one is `ended`."""
        queue: asyncio.Queue[Talk] = asyncio.Queue()
        self._watching.append(queue)
        return queue

    def tell(self, event: Event) -> None:
        """Something happened; never waits."""
        self._inbox.put_nowait(Message(event))

    def tidy(self) -> None:
        """Somebody is not where they should be: that is mended; never waits."""
        self._inbox.put_nowait(Message(None))

    def aside_by(self, channel: ChannelId | None) -> None:
        """The owner consults with this second channel (`second.py`), or no more."""
        self._mover.aside = None if channel is None else (self._owner_id, channel)

    def company_of(self, agent: str) -> Company | None:
        """None: the agent's telephone is not in it."""
        where, legs = rooms(self.state), self._telephones.legs
        for person in self.state.persons.values():
            if (person.kind, person.name) == ("agent", agent) and person.id in where:
                telephone = self._mover.channel(person.id, where[person.id], legs)
                if telephone is not None:
                    others = (
                        self._mover.channel(one, where[one], legs) for one in company(self.state, person.id)
                    )
                    return Company(telephone, frozenset(one for one in others if one is not None))
        return None

    @property
    def talked_s(self) -> float:
        """Citizen and others heard each other; right when the talk is over."""
        return self._times.talked_s

    @property
    def held_s(self) -> float:
        """The citizen waited in the talk: music or ringing."""
        return self._times.held_s

    def flow_ended(self) -> None:
        self.tell(FlowEnded())

    def referred_by(self, event: ChannelTransfer) -> None:
        """The transfer key of the owner's telephone."""
        self._telephones.referred_by(event)

    def dialled(self, number: str) -> Target:
        """What the agent's telephone means by it."""
        return dialled(self._ground, number)

    async def _ask(self, command: Event, reached: Reached | None = None) -> Result:
        if self._over:
            return Refused("gone")
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._inbox.put_nowait(Message(command, done, reached))
        return await done

    async def _step_out(self, agent: str) -> Result:
        """One of the joined, who is not the owner, leaves by command."""
        third = next((one for one in self.state.joined if one.name == agent), None)
        return Refused("not_now") if third is None else await self._ask(ThirdGone(third.id))

    # --- the talk

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

    @property
    def channels(self) -> list[str]:
        """Of the telephones in it, without the citizen's."""
        return [leg.channel for leg in self._telephones.legs.values()]

    @property
    def claims(self) -> list[str]:
        """Channels and bridges that whoever goes on with the call takes over."""
        legs = self._telephones.legs.values()
        return [self._mover.main, *(part for leg in legs for part in (leg.channel, leg.bridge))]

    async def close(self) -> None:
        """Instead of `run`: whoever is in it is let go."""
        self._over = True
        await self._close()

    def saved(self, now: dt.datetime) -> SavedTalk:
        """As it stands, for whoever goes on with the call."""
        talked_s, held_s = self._times.so_far()
        left_s = None if self._longest_at is None else max(0.0, self._longest_at - self._ground.monotonic())
        return SavedTalk(
            self.state,
            now,
            self._mover.main,
            {person: party.saved() for person, party in self._telephones.parties.items()},
            self._mover.music,
            tuple(self.agents),
            self._ground.talks.slots.of(self),
            self._mover.aside is not None,
            talked_s,
            held_s,
            left_s,
        )

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
        slot = self._ground.talks.slots.of(self)
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
        for action in actions:
            await self._carry_out(action, reach)
        self._tend_parking()
        self._show()
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
                else:
                    self.sent_to = flow
            case Note(kind, data):
                ground.note(kind, data)

    async def _close(self) -> None:
        """Whoever is still there, then the room."""
        if self.given is not None:
            await self._telephones.part()
            return
        await self._telephones.close()
        await self._mover.release()
        await self._mover.destroy()

    # --- helpers

    @property
    def _owner(self) -> str:
        return self.state.owner.name if self.state.owner is not None else ""

    @property
    def _owner_id(self) -> str:
        return self.state.owner.id if self.state.owner is not None else ""

    def _aside(self) -> str:
        """The bridge of the consulted one."""
        return self._telephones.bridge(self.state.other)
