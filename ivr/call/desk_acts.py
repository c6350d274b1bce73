"""What the dialogue behind a code does for the agent whose telephone this is; and the calls that the agent makes.

A call of an agent's own: the agent's channel is the call's, the citizen is rung through the allow-list. It has a record
of its own, the agent is in the state `talking` from the first ring to the end, and the talk is written down as any.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ivr.call.desk_port import DONE
from ivr.call.held_records import HeldRecords
from ivr.call.leg import Destination, Leg
from ivr.call.services import OpenCall
from ivr.call.transcribing import Transcripts
from ivr.flow.actions import DeskAct
from ivr.flow.inputs import DeskAnswered, OpId, PartyJoined
from ivr.ids import child_id
from ivr.talk.conversations import Conversation
from routing.ids import AgentId


class DeskActs:
    """fall_silent: as of `Waiting`."""

    def __init__(
        self, here: OpenCall, fall_silent: Callable[[], Awaitable[None]], transcripts: Transcripts
    ) -> None:
        self._here = here
        self._fall_silent = fall_silent
        self._transcripts = transcripts
        self._calls: dict[OpId, asyncio.Task[None]] = {}
        self.joined = False
        """The agent and whoever was called talk."""

    @property
    def ringing(self) -> bool:
        return bool(self._calls) and not self.joined

    def start(self, action: DeskAct) -> None:
        """Done at once, but for a call: that goes on until either hangs up."""
        here, agent = self._here, self._here.facts.agent
        desk = here.services.desk
        if desk is None or not agent:
            here.tell(DeskAnswered(action.op, "no_agent"))
            return
        if action.do != "call":
            here.tell(DeskAnswered(action.op, *desk.act(agent, action, here.call)))
            return
        endpoint = here.services.outbound.endpoint_of(action.number)
        if endpoint is None:
            here.tell(DeskAnswered(action.op, "forbidden", desk.act(agent, action, here.call)[1]))
            return
        outcome, now = desk.call_out(agent, here.call)
        if outcome != DONE:
            here.tell(DeskAnswered(action.op, outcome, now))
            return
        if isinstance(here.services.records, HeldRecords):
            here.services.records.keep()
        here.note("called_out", {"agent": agent, "number": f"...{action.number[-4:]}"})
        here.history.has(agent)
        work = self._call(action, endpoint, agent)
        self._calls[action.op] = here.spawn(work, f"call of {agent}")

    def cancel(self, op: OpId) -> None:
        task = self._calls.pop(op, None)
        if task is not None:
            task.cancel()

    def cancel_all(self) -> None:
        for op in list(self._calls):
            self.cancel(op)

    async def _call(self, action: DeskAct, endpoint: str, agent: str) -> None:
        here = self._here
        desk = here.services.desk
        assert desk is not None
        now = None
        try:
            destination = Destination(endpoint, action.ring_s, "", here.services.outbound.caller_id)
            async with Leg(here.ari, here.call, destination, kind="party", originator=here.channel) as leg:
                rung = await leg.ring()
                outcome: str = rung.outcome
                if rung.outcome == "answered":
                    outcome = DONE if await self._talk(leg, action, agent) else "failed"
        finally:
            self.joined = False
            now = desk.call_out_ended(agent, here.call)
        self._calls.pop(action.op, None)
        here.tell(DeskAnswered(action.op, outcome, now))

    async def _talk(self, leg: Leg, action: DeskAct, agent: str) -> bool:
        """False: the two could not be joined."""
        here = self._here
        self.joined = True
        await self._fall_silent()
        if not await leg.join(here.channel):
            return False
        began = here.monotonic()
        here.services.changed()
        here.tell(PartyJoined(action.op))
        talking = Conversation(
            child_id(here.call, "conversation"),
            here.call,
            "outbound",
            AgentId(agent),
            leg.channel,
            here.channel,
            leg.bridge,
            here.services.clock.now(),
            language=action.language,
            note=here.note,
        )
        written = self._transcripts.during(leg.channel, "caller", "", action.language, own=agent)
        try:
            with here.services.talks.during(talking), written:
                await leg.until_over()
        finally:
            here.history.parted(here.monotonic() - began, 0.0, here.services.clock.now())
        await leg.release(here.channel)
        return True
