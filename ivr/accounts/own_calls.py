"""A telephone that is in a call which routing knows nothing of: its agent is offered nothing until it is over.

Such a call is one that the agent placed, or one from somebody who reaches the telephone past the queues. It is told to
routing as a call of the agent's own (`CallOut`), and the state that the agent had comes back with its end. Not meant:
the short call of a feature code, and what a device shows for a moment around the end of a talk of ours.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ivr.accounts.book import AccountBook
from ivr.ari.generated.events import StasisStart
from ivr.ari.parse import AnyEvent
from routing import agents as ag
from routing.agents import Agent, IllegalTransition
from routing.board_events import AgentActed, BoardEvent, Result
from routing.ids import AgentId

log = logging.getLogger(__name__)

FEATURE: Final = "feature"
LOOK_AFTER_S: Final = 0.5
"""An event that explains the call (ours, a feature code's) may come a little after the device's."""
FREE_STATES: Final = frozenset({"available", "paused", "wrap_up"})
"""Of an agent whom no call of ours keeps."""


class OwnCalls:
    """`in_use`, `on_event` and `agent_changed`: for every change of a device, every event, every change of an agent."""

    def __init__(
        self,
        book: AccountBook,
        agents: Callable[[], Mapping[AgentId, Agent]],
        apply: Callable[[BoardEvent], Sequence[Result]],
        *,
        look_after_s: float = LOOK_AFTER_S,
    ) -> None:
        self._book = book
        self._agents = agents
        self._apply = apply
        self._look_after_s = look_after_s
        self._in_use: set[str] = set()
        self._codes: set[str] = set()
        """Telephones that dial a feature code."""
        self._looks: dict[str, asyncio.TimerHandle] = {}

    def close(self) -> None:
        for look in self._looks.values():
            look.cancel()

    def in_use(self, username: str, busy: bool) -> None:
        if busy:
            self._in_use.add(username)
            self._look_soon(username)
            return
        self._in_use.discard(username)
        self._codes.discard(username)
        look = self._looks.pop(username, None)
        if look is not None:
            look.cancel()
        agent = self._agent(username)
        if agent is not None and agent.own_call == _call(username):
            self._tell(agent, ag.CallOutEnded(0.0))

    def on_event(self, event: AnyEvent) -> None:
        if isinstance(event, StasisStart) and event.args[:1] == [FEATURE]:
            self._codes.add(event.args[-1])

    def agent_changed(self, agent: Agent) -> None:
        """One who has become free may have a telephone that is not."""
        if agent.state == "available":
            for username in self._book.usernames_of(agent.id):
                if username in self._in_use:
                    self._look_soon(username)

    def _look_soon(self, username: str) -> None:
        if username not in self._looks:
            loop = asyncio.get_running_loop()
            self._looks[username] = loop.call_later(self._look_after_s, self._look, username)

    def _look(self, username: str) -> None:
        self._looks.pop(username, None)
        agent = self._agent(username)
        if agent is None or username not in self._in_use or username in self._codes:
            return
        if agent.state in FREE_STATES and not agent.own_call:
            log.info("telephone %s is in a call of its own: agent %s is offered nothing", username, agent.id)
            self._tell(agent, ag.CallOut(_call(username)))

    def _agent(self, username: str) -> Agent | None:
        return self._agents().get(AgentId(self._book.agent_of(username)))

    def _tell(self, agent: Agent, act: ag.AgentAct) -> None:
        try:
            self._apply(AgentActed(agent.id, act))
        except IllegalTransition as illegal:
            log.debug("%s", illegal)


def _call(username: str) -> str:
    return f"PJSIP/{username}"
