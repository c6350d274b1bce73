"""A promise's place in line while its citizen is on the telephone."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ivr.call.ports import Offer
from ivr.dispatch import Dispatcher
from ivr.dispatch.arrival import skills_for
from routing.board_events import EntryMoved
from routing.ids import AgentId, EntryId, QueueName

FAR: Final = dt.timedelta(days=30)

Offers = asyncio.Queue[tuple[Offer, asyncio.Future[None]]]


@dataclass(frozen=True, slots=True)
class PlaceInLine:
    """take: offers come to whoever has the citizen on the line, from now on. now: the time.

    The place is the agent's while the agent is in the talk. While somebody else has the citizen, or is rung, it stands
    in line and is offered to nobody.
    """

    dispatcher: Dispatcher
    entry: EntryId
    take: Callable[[], Offers]
    now: Callable[[], dt.datetime]

    def keep(self, agent: AgentId) -> None:
        """The agent is out of the talk, which goes on: wrap-up for the agent, and the place is kept."""
        if self._has(agent):
            self.dispatcher.sent_back(self.entry, agent, "transfer", self.now() + FAR)

    def wait(self, agent: str, why: str, queue: str = "", skills: Mapping[str, int] | None = None) -> None:
        """Agents are offered it, with the age of before. agent: who sent the citizen, "" = nobody. queue, skills: in
        that queue, asking for these; else as before."""
        dispatcher, entry = self.dispatcher, self.dispatcher.board.entry(self.entry)
        self.take()
        if entry is None:
            return
        if self._has(entry.agent):
            assert entry.agent is not None
            dispatcher.sent_back(self.entry, entry.agent, why, None, queue, skills)
            return
        if queue:
            asked = None if skills is None else skills_for(dispatcher.board.rules, entry.language, skills)
            dispatcher.apply(EntryMoved(self.entry, agent, why, QueueName(queue), skills=asked))
        dispatcher.time_callback(self.entry, None)

    def is_of(self, agent: AgentId) -> bool:
        """The agent has it, for having answered."""
        return self._has(agent)

    def since(self) -> dt.datetime | None:
        """What its age is counted from."""
        entry = self.dispatcher.board.entry(self.entry)
        return None if entry is None else entry.enqueued_at

    def _has(self, agent: AgentId | None) -> bool:
        return agent is not None and self.dispatcher.has(agent, self.entry)
