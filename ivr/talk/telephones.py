"""The telephones in a talk, all but the citizen's: rung, followed until they are gone, let go. What they do is told to
the talk as a message; what the talk wants of them is asked here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ivr.ari.generated.events import ChannelHold, ChannelTransfer, ChannelUnhold
from ivr.ari.parse import AnyEvent
from ivr.ari.unhurried import unhurried
from ivr.call.leg import Leg
from ivr.ids import ChannelId
from ivr.talk.events import (
    Answered,
    Command,
    Event,
    Hold,
    NotAnswered,
    OtherGone,
    OwnerGone,
    Resume,
    ThirdGone,
)
from ivr.talk.ground import Ground
from ivr.talk.party import Message, Party
from ivr.talk.people import Person, Talk
from ivr.talk.reaching import Reach, Reached
from ivr.talk.results import Refused, Result
from ivr.talk.transfer_key import asked_by, is_request, tell_telephone
from routing.ids import AgentId, EntryId


class Telephones:
    """Each is owned from `Reached` until it is let go, whatever happens; with it ends the person's call on the board.

    parties: by person. talk: as it stands. tell: into the talk's inbox. do: an act of that agent. referred: told of the
    owner's transfer key.
    """

    def __init__(
        self,
        ground: Ground,
        parties: dict[str, Party],
        talk: Callable[[], Talk],
        tell: Callable[[Message], None],
        do: Callable[[str, Command], Awaitable[Result]],
        referred: Callable[[ChannelTransfer], None],
    ) -> None:
        self._ground = ground
        self.parties = parties
        self._talk = talk
        self._tell = tell
        self._do = do
        self._referred_by = referred
        self._ringing: dict[str, asyncio.Task[None]] = {}
        self._late: list[Party] = []
        self._group: asyncio.TaskGroup | None = None

    # --- what there is

    @property
    def legs(self) -> dict[str, Leg]:
        return {person: party.reached.leg for person, party in self.parties.items()}

    def channel(self, person: Person) -> ChannelId:
        return self.parties[person.id].reached.leg.channel

    def bridge(self, person: Person | None) -> str:
        """The telephone's own; "": there is none."""
        party = None if person is None else self.parties.get(person.id)
        return "" if party is None else party.reached.leg.bridge

    # --- while the talk goes on

    def begin(self, group: asyncio.TaskGroup) -> None:
        """From now on they are followed, by tasks of the group."""
        self._group = group
        for person in list(self.parties):
            self._follow(person)

    def stop(self) -> None:
        """Nobody is rung or followed any more. `close` or `part` afterwards."""
        self._group = None
        followers = (party.follower for party in self.parties.values())
        for task in (*self._ringing.values(), *followers):
            if task is not None:
                task.cancel()

    def ring(self, person: Person, reach: Reach | None) -> None:
        if reach is None:
            self._tell(Message(NotAnswered("unavailable"), person=person.id))
            return
        assert self._group is not None
        task = self._group.create_task(
            self._reach(person, reach), name=f"{self._ground.call} rings {person.id}"
        )
        self._ringing[person.id] = task

    async def _reach(self, person: Person, reach: Reach) -> None:
        reached = await reach.ring()
        del self._ringing[person.id]
        if isinstance(reached, Reached):
            self._tell(Message(Answered(reached.agent), reached=reached, person=person.id))
        else:
            self._tell(Message(reached, person=person.id))

    def came(self, person: str, reached: Reached) -> None:
        self.parties[person] = Party(reached)
        self._follow(person)

    def came_late(self, reached: Reached) -> None:
        """When nothing more is taken: it is ended with the others."""
        self._late.append(Party(reached))

    def _follow(self, person: str) -> None:
        assert self._group is not None
        party = self.parties[person]
        party.follower = self._group.create_task(
            self._until_gone(person, party), name=f"{self._ground.call} follows {person}"
        )

    async def _until_gone(self, person: str, party: Party) -> None:
        def heard(event: AnyEvent) -> None:
            owner = self._talk().owner
            if owner is None or person != owner.id:
                return
            if isinstance(event, (ChannelHold, ChannelUnhold)):
                held = isinstance(event, ChannelHold)
                self._tell(Message(Hold() if held else Resume(), person=person))
            elif (
                isinstance(event, ChannelTransfer)
                and is_request(event)
                and event.referred_by.source_channel.id == channel
            ):
                self._referred_by(event)

        channel = party.reached.leg.channel

        await party.reached.leg.until_over(hear=heard)
        talk = self._talk()
        event: Event = ThirdGone(person)
        if talk.owner is not None and talk.owner.id == person:
            event = OwnerGone()
        elif talk.other is not None and talk.other.id == person:
            event = OtherGone()
        self._tell(Message(event, person=person))

    def referred_by(self, event: ChannelTransfer) -> None:
        """The transfer key of the owner's telephone: to whoever it dialled, or (attended) to whom it consults."""
        if self._group is None:
            return
        owner = self._talk().owner
        party = None if owner is None else self.parties.get(owner.id)
        if party is None or party.referred:
            return
        command = asked_by(event, self._ground)
        party.referred = event.referred_by.source_channel.id
        self._group.create_task(
            self._referred(command, party), name=f"{self._ground.call} transfer by telephone"
        )

    async def _referred(self, command: Command, party: Party) -> None:
        """The telephone is told what came of it, before it is let go."""
        owner = self._talk().owner
        result = await self._do("" if owner is None else owner.name, command)
        if isinstance(result, Refused):
            await self._told(party, done=False)
            party.referred, party.telling = "", None

    async def _told(self, party: Party, *, done: bool) -> None:
        """Once: whoever comes second waits until the telephone has heard what the first had to say."""
        if party.telling is None:
            telling = tell_telephone(self._ground.ari, party.referred, done=done)
            party.telling = asyncio.create_task(telling, name=f"{self._ground.call} tells a telephone")
        await asyncio.shield(party.telling)

    def share(self, main: str) -> None:
        """Transcript and recording of those who share the call with the citizen, from now on. main: their bridge."""
        talk = self._talk()
        for person in (talk.owner, *talk.joined):
            party = None if person is None else self.parties.get(person.id)
            if person is not None and party is not None and not party.with_citizen:
                party.with_citizen = True
                party.together.enter_context(self._ground.together(person, party.reached.leg, main))

    # --- let go

    async def let_go(self, person: Person) -> None:
        ringing = self._ringing.pop(person.id, None)
        if ringing is not None:
            ringing.cancel()
            await asyncio.wait([ringing])
        party = self.parties.pop(person.id, None)
        if party is not None:
            await self._end(party)

    async def refuse(self, reached: Reached) -> None:
        """Who has answered is not wanted any more."""
        await self._end(Party(reached))

    async def close(self) -> None:
        """Whoever is still there is let go."""
        for party in self._all():
            await self._end(party)

    async def part(self) -> None:
        """They are somebody else's, as they stand."""
        for party in self._all():
            if party.follower is not None:
                party.follower.cancel()
            party.together.close()
            party.reached.leg.give_away()
            await party.reached.keep.aclose()

    def let_loose(self) -> None:
        """After `close` or `part`: the talk is forgotten, so that both are freed at once."""
        del self._talk, self._do, self._referred_by

    def _all(self) -> list[Party]:
        """For the last time."""
        self.stop()
        parties = [*self.parties.values(), *self._late]
        self.parties.clear()
        self._late.clear()
        return parties

    async def _end(self, party: Party) -> None:
        """The board first: the agent is free for wrap-up before the telephone's BYE is out."""
        if party.follower is not None:
            party.follower.cancel()
        reached = party.reached
        if reached.entry is not None and party.on_board:
            party.on_board = False
            self._finished(reached.entry, AgentId(reached.agent))
        party.together.close()
        try:
            if party.referred:
                await unhurried(self._told(party, done=True))
        finally:
            # Also where the citizen hangs up meanwhile: nobody else knows of this telephone any more.
            await reached.keep.aclose()

    def _finished(self, entry: EntryId, agent: AgentId) -> None:
        if self._ground.finished is not None:
            self._ground.finished(entry, agent)
        else:
            self._ground.queues.finished(entry, agent, wrap_up_as=self._ground.queue)
