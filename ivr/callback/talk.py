"""Agent and citizen of a callback talk: all that can be done in a queue's talk can be done in this one.

The line that a talk gives the citizen back to is the promise's own: nobody takes the citizen, or an agent sends them
into a queue, and they wait with music for the next agent, in the old place. Only for a dialogue the citizen needs a
call of their own: the talk goes on in it, and the promise is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal

from ivr.call.leg import Leg
from ivr.call.onward_port import Citizen, Lines
from ivr.call.ports import Speaker
from ivr.call.racing import unless
from ivr.call.transcribing import Transcripts
from ivr.callback.citizen import CitizenLeg
from ivr.callback.place import PlaceInLine
from ivr.callback.services import CallbackServices
from ivr.ids import CallId, child_id
from ivr.talk.conversations import Conversation
from ivr.talk.events import ToFlow
from ivr.talk.ground import Ground
from ivr.talk.onward import OnwardTalking
from ivr.talk.people import LINE, Person, Talk
from ivr.talk.reaching import Reached
from ivr.talk.saved import SavedTalk
from ivr.talk.talking import Talking
from ivr.talk.targets import ToQueue
from routing.ids import AgentId, EntryId


@dataclass(frozen=True, slots=True)
class Talked:
    """How it ended. line: the citizen waits for the next agent. gone: somebody hung up. talked_s: heard each other.

    onward: it goes on in `call`, which has both telephones, and `place` if that is the agent's.
    """

    how: Literal["line", "gone", "cut_off", "onward"]
    talked_s: float
    call: str = ""
    place: bool = False


@dataclass(slots=True)
class CallbackTalk:
    """agent: joined with the citizen in the bridge of its own leg. note: into the promise's journal. promise: its id.
    lines: of the transcript, under the call's id.

    The end of the agent's call on the board is told by whoever asked for the attempt, after the promise is ended on
    record: or a controller killed in between would let the citizen be called twice. Implements `ivr.talk.ground.Line`.
    """

    house: CallbackServices
    call: CallId
    number: str
    language: str
    queue: str
    note: Callable[[str, Mapping[str, Any]], None]
    place: PlaceInLine
    citizen: CitizenLeg
    agent: Reached
    promise: str = ""
    lines: Lines = field(default_factory=Lines)
    _talking: Talking | None = None
    _transcripts: Transcripts | None = None

    async def run(self, gone: asyncio.Future[None], *, adopted: bool = False) -> Talked:
        """gone: done when the citizen has hung up. adopted: another controller had them, who knows in which room."""
        house, leg = self.house, self.agent.leg
        async with house.onward.written(
            self.call, self.citizen.channel, self.note, self.lines
        ) as transcripts:
            self._transcripts = transcripts
            talking = self._talking = OnwardTalking(
                self._ground(), self.agent, (ToFlow,), house.onward.there_is, house.clock.now
            )
            onward: tuple[CallId, bool] | None = None
            try:
                ended = await self._run(talking, gone, adopted=adopted)
            finally:
                if talking.given is not None:
                    # At once, or whoever hangs up in this moment would leave the others to nobody.
                    onward = self._move(talking, talking.given)
        if onward is not None:
            return Talked("onward", talking.talked_s, *onward)
        if leg.cut_off or self.citizen.cut_off:
            return Talked("cut_off", talking.talked_s)
        line = ended is not None and ended.outcome == LINE
        return Talked("line" if line else "gone", talking.talked_s)

    async def _run(self, talking: Talking, gone: asyncio.Future[None], *, adopted: bool) -> Talk | None:
        if adopted:
            # Perhaps one was on hold.
            self.house.queues.tell(AgentId(self.agent.agent), "resume")
            talking.tidy()
        # Whoever has hung up in this very moment was watched by somebody else until now.
        self.house.ari.bus.doubt(self.agent.leg.channel)
        return await unless(gone, talking.run())

    def _move(self, talking: OnwardTalking, given: SavedTalk) -> tuple[CallId, bool] | None:
        agent = given.state.owner.name if given.state.owner is not None else ""
        # Who was handed the call has it by an entry of their own; the promise's place is not theirs.
        own_place = self.place.is_of(AgentId(agent))
        citizen = Citizen(
            self.citizen.channel,
            self.number,
            self.language,
            agent,
            self.promise or self.call,
            self.queue,
            self.place.entry if own_place else None,
            self.place.since(),
        )
        call = self.house.onward.begin(citizen, given, self.house.in_talk, talking.went)
        if call is None:
            return None
        self.citizen.give_away()
        self.note("handed_on", {"agent": agent, "call": call})
        return call, own_place

    # --- the line

    def sent_back(self, entry: EntryId | None, agent: AgentId, to: ToQueue) -> None:
        if entry is not None and entry != self.place.entry:
            # To whom the call was handed before.
            self.house.queues.finished(entry, agent, wrap_up_as=self.queue)
        self.place.wait(agent, "transfer", to.queue, to.skills)

    def into_line(self, why: str, missed_by: str) -> None:
        self.place.wait(missed_by, why)

    # --- the ground

    def _finished(self, entry: EntryId, agent: AgentId) -> None:
        if entry != self.place.entry:
            self.house.queues.finished(entry, agent, wrap_up_as=self.queue)
        elif self._talking is not None and self._goes_on(self._talking, agent):
            self.place.keep(agent)

    def _goes_on(self, talking: Talking, agent: AgentId) -> bool:
        cut_off = self.agent.leg.cut_off or self.citizen.cut_off
        return talking.state.stage != "ended" and agent not in talking.state.agents and not cut_off

    @contextmanager
    def _together(self, person: Person, leg: Leg, bridge: str) -> Iterator[None]:
        if person.kind == "number":
            with self._written(leg, "party", ""):
                yield
            return
        first = person.id == "p1"
        conversation = Conversation(
            child_id(self.call, "conversation"),
            self.call,
            "callback" if first else "transfer",
            AgentId(person.name),
            self.citizen.channel,
            leg.channel,
            bridge,
            self.house.clock.now(),
            self.place.entry if first else None,
            self.queue,
            self.language,
            self.note,
        )
        with self.house.talks.during(conversation), self._written(leg, "agent", person.name):
            yield

    def _written(self, leg: Leg, side: Speaker, party: str) -> AbstractContextManager[None]:
        if self._transcripts is None:
            return nullcontext()
        return self._transcripts.during(leg.channel, side, party, self.language)

    def _flowing(self, on: bool) -> None:
        if self._transcripts is not None:
            self._transcripts.flow(on=on)

    def _ground(self) -> Ground:
        house = self.house

        async def rejoining(early: bool) -> None:
            """The citizen is with no dialogue here."""

        return Ground(
            ari=house.ari,
            call=self.call,
            citizen=self.citizen.channel,
            queues=house.queues,
            outbound=house.outbound,
            talks=house.in_talk,
            caller=self.number,
            language=self.language,
            queue=self.queue,
            line=self,
            note=self.note,
            number_of=house.number_of,
            together=self._together,
            flowing=self._flowing,
            owner_is=lambda agent: None,
            has_flow=None,
            run_flow=lambda flow: None,
            rejoining=rejoining,
            changed=house.changed,
            lines=house.lines,
            monotonic=house.clock.monotonic,
            finished=self._finished,
        )
