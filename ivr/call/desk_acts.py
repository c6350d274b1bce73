"""What the dialogue behind a code does for the agent whose telephone this is; and the calls that the agent makes.

A call of an agent's own: the agent's channel is the call's, the citizen is rung through the allow-list. It has a record
of its own, the agent is in the state `talking` from the first ring to the end, and the talk is written down as any.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ivr.call.desk_port import DONE
from ivr.call.grounds import Grounds
from ivr.call.held_records import HeldRecords
from ivr.call.leg import Destination, Leg
from ivr.call.own_talk import OwnTalk
from ivr.call.up import Up
from ivr.flow import codec
from ivr.flow.actions import DeskAct, JsonValue
from ivr.flow.inputs import DeskAnswered, OpId, PartyJoined
from ivr.ids import CallId


class DeskActs:
    def __init__(self, grounds: Grounds) -> None:
        self._here = grounds.here
        self._grounds = grounds
        self._calls: dict[OpId, tuple[DeskAct, asyncio.Task[None]]] = {}
        self._up: Up | None = None
        self._beyond: CallId | None = None
        """The call in which the talk goes on, with this telephone in it."""
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
        self._calls[action.op] = (action, here.spawn(work, f"call of {agent}"))

    # --- for whoever goes on with the call

    def saved(self) -> list[JsonValue]:
        if not self._calls:
            return []
        return [
            {
                "action": codec.action_to_json(action),
                "up": None if self._up is None else self._up.to_json(),
                **({"beyond": self._beyond} if self._beyond is not None else {}),
            }
            for action, _ in self._calls.values()
        ]

    @property
    def claims(self) -> list[str]:
        return [] if self._up is None else [self._up.channel, self._up.bridge]

    def resume(self, saved: Iterable[Mapping[str, Any]]) -> None:
        """A talk goes on. Whoever was being rung is not any more, and the agent hears so."""
        here = self._here
        for one in saved:
            action = codec.action_from_json(one["action"])
            if not isinstance(action, DeskAct):
                continue
            if one.get("beyond"):
                self._beyond = CallId(one["beyond"])
                work = self._still_beyond(action, here.facts.agent)
            elif one["up"] is None:
                work = self._rung_no_more(action, here.facts.agent)
            else:
                # At once: if this controller dies before the task has begun, the next one goes on with it.
                self._up = Up(**one["up"])
                work = self._still_up(self._up, action, here.facts.agent)
            self._calls[action.op] = (action, here.spawn(work, f"call of {here.facts.agent}"))

    async def _rung_no_more(self, action: DeskAct, agent: str) -> None:
        self._over(action, agent, "failed")

    async def _still_beyond(self, action: DeskAct, agent: str) -> None:
        self.joined = True
        try:
            await self._until_let_go()
        finally:
            self.joined = False
            self._over(action, agent, DONE)

    async def _still_up(self, up: Up, action: DeskAct, agent: str) -> None:
        self.joined = True
        try:
            leg = Leg.up(self._here.ari, self._here.call, up.channel, up.bridge, kind="party")
            async with leg:
                await self._during(leg, action, up, adopted=True)
            if self._beyond is not None:
                await self._until_let_go()
        finally:
            self.joined = False
            self._over(action, agent, DONE)

    def _over(self, action: DeskAct, agent: str, outcome: str) -> None:
        desk = self._here.services.desk
        now = None if desk is None else desk.call_out_ended(agent, self._here.call)
        if self._calls.pop(action.op, None) is not None:
            self._here.tell(DeskAnswered(action.op, outcome, now))

    def cancel(self, op: OpId) -> None:
        _, task = self._calls.pop(op, (None, None))
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
            if self._beyond is not None:
                await self._until_let_go()
        finally:
            self.joined = False
            now = desk.call_out_ended(agent, here.call)
        self._calls.pop(action.op, None)
        here.tell(DeskAnswered(action.op, outcome, now))

    async def _talk(self, leg: Leg, action: DeskAct, agent: str) -> bool:
        """False: the two could not be joined."""
        here = self._here
        self.joined = True
        await self._grounds.hush()
        if not await leg.join(here.channel):
            return False
        here.services.changed()
        here.tell(PartyJoined(action.op))
        await self._during(
            leg, action, Up(leg.channel, leg.bridge, here.services.clock.now().timestamp(), agent)
        )
        return True

    async def _during(self, leg: Leg, action: DeskAct, up: Up, *, adopted: bool = False) -> None:
        here = self._here
        self._up = up
        here.keep()
        talk = OwnTalk(
            self._grounds,
            leg,
            up,
            action.language,
            action.number,
            lambda: self._queue_of(up.agent, action),
        )
        try:
            self._beyond = await talk.run(adopted=adopted)
        finally:
            self._up = None
        here.keep()

    async def _until_let_go(self) -> None:
        """The telephone is in the citizen's own call now, which hangs it up. Ends by being cancelled."""
        await asyncio.get_running_loop().create_future()

    def _queue_of(self, agent: str, action: DeskAct) -> str:
        """The first of the agent's queues."""
        desk = self._here.services.desk
        if desk is None:
            return ""
        _, now = desk.act(agent, replace(action, do="look"), self._here.call)
        queues = now.get("queues") if isinstance(now, Mapping) else None
        return str(queues[0]) if isinstance(queues, list) and queues else ""
