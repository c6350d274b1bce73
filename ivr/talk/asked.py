"""What others ask of a talk that goes on, and how they look at it: agents' acts, keys, telephones, who goes on with it.

What is asked goes into the talk's inbox, and `talking.py` takes it from there, one message at a time.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Iterator, Mapping
from typing import Final, Literal

from ivr.ari.generated.events import ChannelTransfer
from ivr.errors import AriError
from ivr.ids import ChannelId
from ivr.talk.begun import Begun
from ivr.talk.events import (
    CameIn,
    Command,
    Event,
    FlowEnded,
    Leave,
    PickUp,
    ThirdGone,
)
from ivr.talk.ground import Ground
from ivr.talk.party import Message
from ivr.talk.people import (
    Company,
    Room,
    Talk,
    company,
    rooms,
)
from ivr.talk.preparing import dialled
from ivr.talk.reaching import Reached
from ivr.talk.results import Done, Refused, Result
from ivr.talk.saved import SavedTalk
from ivr.talk.targets import Target
from ivr.talk.telephones import Telephones

log = logging.getLogger(__name__)

BETWEEN_KEYS_MS: Final = 150


class Asked:
    """begun: how the talk began. It is over when the inbox is not taken from any more (`_over`)."""

    def __init__(self, ground: Ground, begun: Begun) -> None:
        self._ground = ground
        self.call = ground.call
        self.state: Talk = begun.state
        self._mover = begun.mover
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._telephones = Telephones(
            ground, begun.parties, lambda: self.state, self._inbox.put_nowait, self.do, self.referred_by
        )
        self._over = False
        self._times = begun.times
        self._longest_at: float | None = None
        """When the longest time is over (the ground's clock)."""
        self._watching: list[asyncio.Queue[Talk]] = []
        self.agents: list[str] = begun.agents
        """All who had the citizen, in order."""
        self.sent_to = begun.sent_to
        """The flow that the agent sent the citizen to, for good."""

    # --- acts

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

    async def give(self, now: dt.datetime) -> bool:
        """`run` returns, and everybody is left where they are, for whoever goes on with `given`. False: as the talk
        stands it cannot be given."""
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        if self._over:
            return False
        self._inbox.put_nowait(Message(None, done, give=now))
        return isinstance(await done, Done)

    # --- looking, and what happens

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

    def together(self) -> Iterator[tuple[str, frozenset[str]]]:
        """Bridges, each with the channels that are to be in it now."""
        legs, where = self._telephones.legs, rooms(self.state)
        bridges: Mapping[Room, str] = {
            "main": self._mover.main,
            "aside": self._telephones.bridge(self.state.other),
        }
        for room, bridge in bridges.items():
            inside = (self._mover.channel(who, room, legs) for who, there in where.items() if there == room)
            found = frozenset(one for one in inside if one is not None)
            if bridge and len(found) > 1:
                yield bridge, found

    @property
    def alone(self) -> frozenset[str]:
        """Channels that are to be in no bridge: who waits hears what is played, and is heard by nobody."""
        legs, where = self._telephones.legs, rooms(self.state).items()
        waiting = (
            self._mover.channel(who, room, legs) for who, room in where if room in ("music", "ringing")
        )
        return frozenset(one for one in waiting if one is not None)

    # --- for whoever goes on with it

    @property
    def channels(self) -> list[str]:
        """Of the telephones in it, without the citizen's."""
        return [leg.channel for leg in self._telephones.legs.values()]

    @property
    def claims(self) -> list[str]:
        """Channels and bridges that whoever goes on with the call takes over."""
        legs = self._telephones.legs.values()
        return [self._mover.main, *(part for leg in legs for part in (leg.channel, leg.bridge))]

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
            self._slot(),
            self._mover.aside is not None,
            talked_s,
            held_s,
            left_s,
            self.sent_to,
        )

    # --- within

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

    @property
    def _owner(self) -> str:
        return self.state.owner.name if self.state.owner is not None else ""

    @property
    def _owner_id(self) -> str:
        return self.state.owner.id if self.state.owner is not None else ""

    def _slot(self) -> str:
        """Where it is parked, "" = nowhere."""
        raise NotImplementedError
