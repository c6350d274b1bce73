"""The talk of a citizen whom the hotline has called, and who has no call of their own: dialogue, journal, record.

What can be done without one is done here. For the rest the talk moves as it stands into a call of the citizen's own
(`ivr/call/onward.py`), in which all can be done that can be done in any talk; nobody in it hears anything of that.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable

from ivr.ari.generated.events import ChannelTransfer
from ivr.talk.events import Add, Blind, Command, Consult, ToFlow
from ivr.talk.ground import Ground
from ivr.talk.reaching import Reached
from ivr.talk.results import RefusalCode, Refused, Result
from ivr.talk.state import NotNow, step
from ivr.talk.talking import Talking
from ivr.talk.targets import Target, ToAgent, ToNumber, ToQueue
from ivr.talk.transfer_key import asked_by


class OnwardTalking(Talking):
    """beyond: acts that need a call of the citizen's own. there_is: whether there can be one, and a flow of that name
    in it ("" = any). now: the time. Whoever runs it sees to `given` when `run` is over, and then calls `went`."""

    def __init__(
        self,
        ground: Ground,
        owner: Reached,
        beyond: tuple[type[Command], ...],
        there_is: Callable[[str], bool],
        now: Callable[[], dt.datetime],
    ) -> None:
        super().__init__(ground, owner)
        self._beyond = beyond
        self._there_is = there_is
        self._now = now
        self._moved: asyncio.Future[Talking | None] | None = None
        self._by_key: set[asyncio.Task[None]] = set()

    async def do(self, who: str, command: Command) -> Result:
        if not isinstance(command, self._beyond) or who not in (self.call, self._owner):
            return await super().do(who, command)
        if (refused := self._refusal(command)) is not None:
            return Refused(refused)
        by_call = who == self.call
        talking = await self.elsewhere(type(command))
        if talking is None:
            return Refused("gone")
        if talking is self:
            return await super().do(who, command)
        return await talking.do(talking.call if by_call else who, command)

    async def elsewhere(self, act: type[Command]) -> Talking | None:
        """The same talk in a call of the citizen's own. Itself where that is not needed, or as it stands cannot be."""
        if not issubclass(act, self._beyond) or not self._there_is(""):
            return self
        if self._moved is None:
            self._moved = asyncio.get_running_loop().create_future()
            if not await self.give(self._now()):
                moved, self._moved = self._moved, None
                here = None if self._over else self
                moved.set_result(here)
                return here
        return await asyncio.shield(self._moved)

    def went(self, to: Talking | None) -> None:
        """Where it goes on now; None: nowhere."""
        if self._moved is not None and not self._moved.done():
            self._moved.set_result(to)

    def referred_by(self, event: ChannelTransfer) -> None:
        """By the transfer key: told to the talk in which it can be done, which answers the telephone."""
        wanted = asked_by(event, self._ground)
        if not isinstance(wanted, self._beyond) or self._refusal(wanted) is not None:
            super().referred_by(event)
            return
        task = asyncio.create_task(
            self._refer(event, type(wanted)), name=f"{self.call} transfer by telephone"
        )
        self._by_key.add(task)
        task.add_done_callback(self._by_key.discard)

    async def _refer(self, event: ChannelTransfer, act: type[Command]) -> None:
        talking = await self.elsewhere(act)
        if talking is self:
            super().referred_by(event)
        elif talking is not None:
            talking.referred_by(event)

    def _refusal(self, command: Command) -> RefusalCode | None:
        """What is impossible in any case does not make a call."""
        try:
            step(self.state, command)
        except NotNow:
            return "not_now"
        match command:
            case Blind(to) | Consult(to) | Add(to):
                return self._unknown(to)
            case ToFlow(flow) if self._there_is("") and not self._there_is(flow):
                return "unknown_flow"
            case _:
                return None

    def _unknown(self, to: Target) -> RefusalCode | None:
        ground = self._ground
        match to:
            case ToAgent(agent):
                return None if ground.queues.knows_agent(agent) else "unknown_target"
            case ToQueue(queue):
                return None if ground.queues.now(queue, "") is not None else "unknown_target"
            case ToNumber(number):
                if ground.outbound.endpoint_of(ground.number_of(number) or number) is not None:
                    return None
                return "forbidden" if any(sign.isdigit() for sign in number) else "unknown_target"
