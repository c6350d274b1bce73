"""The talk of an agent who has called a citizen: all that is done in a queue's talk is done in this one.

Here the agent's telephone is the call's own channel, and the call ends with it. So the talk is here for as long as it
is between the two; whoever is to be brought in, or to have the citizen, is so in a call of the citizen's own, into
which the talk moves first (`ivr/talk/onward.py`).
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from ivr.call.grounds import Grounds, Occasion
from ivr.call.leg import Leg
from ivr.call.onward_port import Citizen
from ivr.call.racing import unless
from ivr.call.up import Up
from ivr.errors import AriError
from ivr.ids import CallId, child_id
from ivr.talk.conversations import Conversation
from ivr.talk.events import Add, Blind, Consult, Park, ToFlow
from ivr.talk.ground import Ground
from ivr.talk.onward import OnwardTalking
from ivr.talk.people import Person
from ivr.talk.reaching import Reached
from ivr.talk.saved import SavedTalk
from routing.ids import AgentId

BEYOND: Final = (Blind, Consult, Add, Park, ToFlow)


class OwnTelephone(Leg):
    """The telephone from which the call came: watched, and let go by its session only."""

    def _ending(self) -> Coroutine[Any, Any, object] | None:
        """It is back with the dialogue, which may have something to say."""
        return self._silence() if self._is_ours else None

    async def _silence(self) -> None:
        try:
            await self._ari.channels.ring_stop(channel_id=self.channel)
        except AriError:
            # Gone: then it hears nothing either.
            return


@dataclass(frozen=True, slots=True)
class OwnTalk:
    """citizen: joined with the agent in that leg's own bridge. up: the same, for whoever goes on with the call.

    number: the citizen's. queue_of_agent: whose line a citizen waits in whom nobody takes, "" = none is known.
    """

    grounds: Grounds
    citizen: Leg
    up: Up
    language: str
    number: str
    queue_of_agent: Callable[[], str]

    async def run(self, *, adopted: bool = False) -> CallId | None:
        """Until either hangs up; None then. Or until the talk goes on in a call of the citizen's own: that one, whose
        both telephones are. adopted: another controller had it, who knows in which room."""
        here, agent = self.grounds.here, self.up.agent
        began = dt.datetime.fromtimestamp(self.up.began_at, dt.UTC)
        before_s = max(0.0, (here.services.clock.now() - began).total_seconds()) if adopted else 0.0
        async with AsyncExitStack() as keep:
            own = OwnTelephone.up(here.ari, here.call, here.channel, self.citizen.give_bridge())
            await keep.enter_async_context(own)
            talking = OnwardTalking(
                self._ground(),
                Reached(own, keep.pop_all(), agent),
                BEYOND,
                here.services.onward.there_is,
                here.services.clock.now,
            )
            moved: CallId | None = None
            if adopted:
                here.services.queues.tell(AgentId(agent), "resume")
                talking.tidy()
            gone = asyncio.ensure_future(self.citizen.until_over())
            try:
                await unless(gone, talking.run())
            finally:
                if talking.given is not None:
                    # At once, or whoever hangs up in this moment would leave the others to nobody.
                    moved = self._move(talking, talking.given)
                gone.cancel()
                self.grounds.transcripts.flow(on=True)
                here.history.parted(before_s + talking.talked_s, talking.held_s, here.services.clock.now())
            await asyncio.wait({gone})
            return moved

    def _move(self, talking: OnwardTalking, given: SavedTalk) -> CallId | None:
        here, agent = self.grounds.here, self.up.agent
        citizen = Citizen(
            self.citizen.channel, self.number, self.language, agent, here.call, self.queue_of_agent()
        )
        call = here.services.onward.begin(citizen, given, here.services.in_talk, talking.went)
        if call is not None:
            self.citizen.give_away()
            now, act = here.services.clock.now(), {"act": "handed_on", "agent": agent, "call": call}
            if here.history.note("talk", act, now):
                here.history.acted(act, now)
        return call

    def _ground(self) -> Ground:
        occasion = Occasion("outbound", None, "", self.language)
        return replace(
            self.grounds.of(occasion),
            citizen=self.citizen.channel,
            together=self._together,
            has_flow=None,
            owner_stays=True,
        )

    @contextmanager
    def _together(self, person: Person, leg: Leg, bridge: str) -> Iterator[None]:
        here, transcripts = self.grounds.here, self.grounds.transcripts
        first = person.id == "p1"
        if person.kind == "number":
            with transcripts.during(leg.channel, "party", "", self.language):
                yield
            return
        conversation = Conversation(
            child_id(here.call, "conversation"),
            here.call,
            "outbound" if first else "transfer",
            AgentId(person.name),
            self.citizen.channel,
            leg.channel,
            bridge,
            dt.datetime.fromtimestamp(self.up.began_at, dt.UTC) if first else here.services.clock.now(),
            language=self.language,
            note=here.note,
        )
        written: Any = (
            transcripts.during(self.citizen.channel, "caller", "", self.language, own=person.name)
            if first
            else transcripts.during(leg.channel, "agent", person.name, self.language)
        )
        with here.services.talks.during(conversation), written:
            yield
