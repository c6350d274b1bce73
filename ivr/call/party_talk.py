"""The caller and the party that a transfer has brought in talk: from when it has answered until the caller is back.

An outsider, and an agent whom the caller may leave by a key, is a telephone in a bridge (`Up`). With any other agent it
is a talk as with the agent of a queue, but with no place to give back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from ivr.call.grounds import Grounds, Occasion
from ivr.call.leg import Leg
from ivr.call.up import Up
from ivr.flow.actions import JsonValue, Transfer
from ivr.flow.inputs import PartyJoined, TransferEnded
from ivr.talk.adopting import adopted, claim
from ivr.talk.ground import Ground
from ivr.talk.reaching import Reached
from ivr.talk.saved import SavedTalk, to_json
from ivr.talk.talking import Talking
from routing.ids import EntryId

log = logging.getLogger(__name__)


class PartyTalk:
    def __init__(self, grounds: Grounds) -> None:
        self._here = grounds.here
        self._grounds = grounds
        self._up: Up | None = None
        self._talking: Talking | None = None
        self._coming: SavedTalk | None = None
        """One that another controller had, until it goes on: if this controller dies, the next one goes on with it."""
        self.joined = False
        """A party and the caller talk."""

    def saved(self) -> dict[str, JsonValue]:
        talk = self._coming if self._talking is None else self._talking.saved(self._here.services.clock.now())
        return {
            "up": None if self._up is None else self._up.to_json(),
            "talk": None if talk is None else to_json(talk),
        }

    @property
    def up(self) -> Up | None:
        """The telephone with which the caller is, in a bridge and in no talk."""
        return self._up

    @property
    def claims(self) -> list[str]:
        if (talk := self._talking or self._coming) is not None:
            return talk.claims
        return [] if self._up is None else [self._up.channel, self._up.bridge]

    # --- with a telephone in a bridge

    async def through(self, leg: Leg, action: Transfer, agent: str = "") -> TransferEnded:
        """The party has answered: join, talk, take the caller back. agent: who it is, "" = an outsider."""
        here = self._here
        self.joined = True
        await self._grounds.hush()
        if not await leg.join(here.channel):
            return TransferEnded(action.op, "failed")
        here.services.changed()
        here.tell(PartyJoined(action.op))
        up = Up(leg.channel, leg.bridge, here.services.clock.now().timestamp(), agent)
        return await self._during(leg, action, up)

    def still_up(self, up: Up, action: Transfer) -> Coroutine[Any, Any, TransferEnded]:
        """A telephone with which another controller let the caller talk. Known from now on, not only when it is run."""
        self._up = up
        return self._still_up(up, action)

    async def _still_up(self, up: Up, action: Transfer) -> TransferEnded:
        self.joined = True
        leg = Leg.up(self._here.ari, self._here.call, up.channel, up.bridge, kind="party")
        async with leg:
            return await self._during(leg, action, up)

    async def _during(self, leg: Leg, action: Transfer, up: Up) -> TransferEnded:
        here, transcripts, agent = self._here, self._grounds.transcripts, up.agent
        self._up = up
        here.keep()
        talked_s = here.services.clock.now().timestamp() - up.began_at
        began = here.monotonic() - talked_s
        left_s = None if action.longest_s is None else max(0.0, action.longest_s - talked_s)
        try:
            with transcripts.during(leg.channel, "agent" if agent else "party", agent, action.language):
                async with asyncio.timeout(left_s):
                    await leg.until_over(here.channel, action.leave)
        except TimeoutError:
            log.info("the talk with the other party is over: its longest time")
        finally:
            self._up = None
        talked_s = round(here.monotonic() - began, 3)
        await leg.release(here.channel)
        return TransferEnded(action.op, "completed", talked_s, 16)

    # --- with an agent, as in a queue

    async def with_agent(
        self, leg: Leg, stack: AsyncExitStack, agent: str, entry: EntryId, action: Transfer
    ) -> TransferEnded:
        """stack: what ends with the agent's telephone; the talk has it once the two are joined."""
        here = self._here
        self.joined = True
        await self._grounds.hush()
        if not await leg.join(here.channel):
            return TransferEnded(action.op, "failed")
        ground = self._ground(entry, action)
        here.history.has(agent)
        here.tell(PartyJoined(action.op))
        reached = Reached(leg, stack.pop_all(), agent, entry)
        return await self._during_talk(Talking(ground, reached, longest_s=action.longest_s), action)

    def talk_on(self, saved: SavedTalk, action: Transfer) -> Coroutine[Any, Any, TransferEnded]:
        """A talk that another controller had. Known from now on, not only when it is run."""
        claim(self._here.services.queues, self._here.facts.caller, saved)
        self._coming = saved
        return self._talk_on(saved, action)

    async def _talk_on(self, saved: SavedTalk, action: Transfer) -> TransferEnded:
        here = self._here
        self.joined = True
        first = saved.parties.get("p1")
        entry = None if first is None or first.entry is None else EntryId(first.entry)
        now = here.services.clock.now()
        ground = self._ground(entry, action)
        talking = await adopted(ground, saved, now, partial(here.history.parted, at=now))
        self._coming = None
        return await self._during_talk(talking, action)

    async def _during_talk(self, talking: Talking, action: Transfer) -> TransferEnded:
        here = self._here
        self._talking = talking
        here.keep()
        try:
            await talking.run()
        finally:
            self._talking = None
            self._grounds.transcripts.flow(on=True)
            here.history.parted(talking.talked_s, talking.held_s, here.services.clock.now())
        return TransferEnded(action.op, "completed", round(talking.talked_s, 3), 16)

    def _ground(self, entry: EntryId | None, action: Transfer) -> Ground:
        return self._grounds.of(Occasion("transfer", entry, "", action.language))
