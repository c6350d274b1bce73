"""What the board is told of rules, hours and agents, and what calls ask of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final, Literal

from ivr.dispatch.driving import Driving
from routing import agents as ag
from routing.agents import Agent, IllegalTransition
from routing.board_events import AgentActed, AgentKnown, HoursChanged, RulesChanged
from routing.ids import AgentId, EntryId, QueueName
from routing.rules import Rules

log = logging.getLogger(__name__)

_ACTS: Final[Mapping[str, ag.AgentAct]] = {
    "hold": ag.Hold(),
    "resume": ag.Resume(),
    "consult": ag.Consult(),
}


class Staffed(Driving):
    def use_rules(self, rules: Rules) -> None:
        """In force at once, for those who wait too. Nobody is logged out."""
        self.apply(RulesChanged(rules))
        self._on_change()

    def know(self, agent: Agent) -> None:
        """A new agent, or one whose name, skills, queues ... are others now; the state of a known one stays."""
        self.apply(AgentKnown(agent))

    def use_hours(self, closed: frozenset[QueueName]) -> None:
        """These queues are closed from now on, and no others."""
        self.apply(HoursChanged(closed))

    def phone_seen(self, agent: str, registered: bool) -> None:
        """The agent's telephone registered or went away. Others' telephones change nothing."""
        if AgentId(agent) not in self.board.agents:
            return
        try:
            self.apply(
                AgentActed(AgentId(agent), ag.PhoneRegistered() if registered else ag.PhoneUnregistered())
            )
        except IllegalTransition as illegal:
            log.debug("%s", illegal)

    def knows_agent(self, name: str) -> bool:
        """By id or extension."""
        agents = self.board.agents
        return name in agents or any(one.extension == name for one in agents.values())

    def has(self, agent: AgentId, entry: EntryId) -> bool:
        found = self.board.entry(entry)
        return found is not None and found.state == "joined" and found.agent == agent

    def tell(self, agent: AgentId, act: Literal["hold", "resume", "consult"]) -> None:
        """What the agent does in a talk. An agent whom somebody forced out of it is told nothing."""
        try:
            self.apply(AgentActed(agent, _ACTS[act]))
        except (IllegalTransition, KeyError) as error:
            log.info("not told to the board: %s", error)
