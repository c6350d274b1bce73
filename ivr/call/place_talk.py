"""The talk of a caller who had a place in a queue, and what it does with that place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any

from ivr.call.grounds import Grounds, Occasion
from ivr.call.in_line import InLine
from ivr.call.place import Place
from ivr.call.services import OpenCall
from ivr.flow.inputs import AgentJoined, OpId, QueueEnded, SentToFlow
from ivr.talk.adopting import adopted
from ivr.talk.people import LINE
from ivr.talk.reaching import Reached
from ivr.talk.saved import SavedTalk
from ivr.talk.talking import Talking
from ivr.talk.targets import ToQueue
from routing.ids import AgentId, EntryId


class PlaceTalk:
    """agent_comes: as of `Waiting`."""

    def __init__(self, grounds: Grounds, line: InLine, agent_comes: Callable[[], Awaitable[None]]) -> None:
        self._here = grounds.here
        self._grounds = grounds
        self._line = line
        self._agent_comes = agent_comes
        self.now: Talking | None = None
        """While an agent has the caller, or somebody whom an agent handed the caller to."""
        self.coming: SavedTalk | None = None
        """One that another controller had, until it is `now`: if this controller dies, the next one goes on with it."""

    async def begin(self, place: Place, owner: Reached) -> None:
        """owner: the agent who was joined to the caller. Returns when the talk is over."""
        ground = self._grounds.of(self._occasion(place))
        await self._talk(place, Talking(ground, owner, place.music))

    def go_on(self, place: Place, saved: SavedTalk) -> Coroutine[Any, Any, None]:
        """A talk that another controller had, or another call."""
        self.coming = saved
        return self._go_on(place, saved)

    async def _go_on(self, place: Place, saved: SavedTalk) -> None:
        occasion, first = self._occasion(place), saved.parties.get("p1")
        if first is not None and first.entry is None:
            occasion = replace(occasion, kind="outbound", entry=None)
        ground = self._grounds.of(occasion)
        now = self._here.services.clock.now()
        talking = await adopted(ground, saved, now, partial(self._here.history.parted, at=now))
        self.coming = None
        await self._talk(place, talking)

    def back_in(self, op: OpId) -> None:
        """The flow that the agent sent the caller to is through."""
        if self.now is not None and self._line.place is not None and self._line.place.op == op:
            self.now.flow_ended()

    async def _talk(self, place: Place, talking: Talking) -> None:
        here = self._here
        self.now = talking  # and kept as soon as it runs
        try:
            ended = await talking.run()
        finally:
            self.now = None
            self._grounds.transcripts.flow(on=True)
            here.history.parted(talking.talked_s, talking.held_s, here.services.clock.now())
            place.talked_s += talking.talked_s
        last, talked_s = talking.agents[-1], round(place.talked_s, 3)
        waited_s = round(place.waited_s or 0.0, 3)
        if ended.outcome == LINE:
            self._line.tell_in_line(place)
        elif talking.sent_to:
            self._line.place = None
            here.history.left_queue("served")
            here.tell(SentToFlow(place.op, talking.sent_to, False, last, waited_s, talked_s))
        else:
            here.tell(QueueEnded(place.op, "served", last, waited_s, talked_s))

    def _occasion(self, place: Place) -> Occasion:
        def owner_is(agent: str) -> None:
            place.agent = agent

        def run_flow(flow: str) -> None:
            self._here.tell(SentToFlow(place.op, flow, True, place.agent))

        async def rejoining(early: bool) -> None:
            if not early:
                await self._grounds.hush()
            else:
                await self._agent_comes()
                # What the dialogue was doing is over: it is back in its queue.
                self._here.tell(AgentJoined(place.op, place.agent))

        return Occasion(
            "queue",
            place.entry,
            place.queue,
            place.language,
            owner_is=owner_is,
            line=_Line(self._here, self._line, place),
            run_flow=run_flow,
            rejoining=rejoining,
        )


class _Line:
    """`ground.Line` of one place. Where the caller is in line from now on is kept at once: whoever is in the talk is
    let go before the dialogue hears of it, and a controller that dies meanwhile must not leave the caller without a
    place."""

    def __init__(self, here: OpenCall, line: InLine, place: Place) -> None:
        self._here = here
        self._line = line
        self._place = place

    def sent_back(self, entry: EntryId | None, agent: AgentId, to: ToQueue) -> None:
        with self._here.services.together:
            self._line.back_into(self._place, to, entry, agent)
            self._here.keep()

    def into_line(self, why: str, missed_by: str) -> None:
        with self._here.services.together:
            self._line.again(self._place, why, missed_by)
            self._here.keep()
