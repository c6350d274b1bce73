"""The agents to begin with: the seed in `flows/agents.yaml`, and what the database knows of them, which goes before."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

from ivr.adoption.board import restored
from ivr.clock import Clock
from ivr.dispatch import Dispatcher
from ivr.errors import ConfigError, FlowError, HotlineError
from ivr.flow.findings import FlowLoadError
from ivr.flow.folder import AGENTS, QUEUES
from ivr.versions.routing_rules import rules_of, text_of
from routing.agents import Agent
from routing.ids import AgentId
from routing.restoring import Restored
from routing.rules import Rules
from routing.rules_keep import keep
from routing.rules_load import RulesError, load_agents
from storage.store import Store

log = logging.getLogger(__name__)


async def first_floor(folder: Path, rules: Rules, store: Store, clock: Clock, node: str) -> Restored:
    """The agents that the board begins with, and who waits or talks. rules: those in force.

    Raises ConfigError when the seed cannot be read and the database knows nobody.
    """
    async with store.reading(last_known=True) as uow:
        known = bool(await uow.agents.all())
    try:
        seed = seed_of(_files(folder), rules, clock)
    except ConfigError as error:
        if not known:
            raise
        log.error("%s", error)
        log.error("%s adds nobody: the agents are those of the database", AGENTS)
        seed = ()
    return await restored(store, seed, rules, clock, node)


def seed_of(sources: Mapping[str, bytes], rules: Rules, clock: Clock) -> tuple[Agent, ...]:
    """sources: the files of the folder. An agent may be in a queue that is in the folder and not published yet.

    Raises ConfigError.
    """
    try:
        known = keep(rules, [rules_of(sources)])
    except FlowError:
        known = rules
    try:
        return load_agents(text_of(AGENTS, sources[AGENTS]), known, clock.now())
    except KeyError:
        raise ConfigError(f"there is no {AGENTS}", mend="look at IVR_FLOWS_DIR") from None
    except RulesError as error:
        raise ConfigError(str(error), mend="correct the file; `ivr check` shows every fault") from error
    except FlowLoadError as error:
        raise ConfigError(str(error), mend="correct the file; `ivr check` shows every fault") from error


class SavedSeed:
    """In development: what is saved in `agents.yaml` reaches the floor at once. Called with the folder's files.

    Only what changed in the file since it was read last is taken over, so that it takes back nothing that was done to
    other agents since; who is left out of it stays. A seed with faults changes nobody. joined: told who is new, for a
    telephone account.
    """

    def __init__(
        self,
        folder: Path,
        dispatcher: Dispatcher,
        clock: Clock,
        joined: Callable[[AgentId], Awaitable[None]],
    ) -> None:
        self._folder = folder
        self._dispatcher = dispatcher
        self._clock = clock
        self._joined = joined
        self._read, self._seed = self._begin()

    async def __call__(self, sources: Mapping[str, bytes]) -> None:
        read = sources.get(AGENTS)
        if read is None or read == self._read:
            return
        self._read = read
        try:
            seed = self._by_id(sources)
        except ConfigError as error:
            log.error("%s/%s", self._folder, error)
            log.error("nobody has changed")
            return
        new = [id for id in seed if id not in self._dispatcher.board.agents]
        for id, agent in seed.items():
            known = self._seed.get(id)
            if known is None or replace(known, since=agent.since, idle_since=agent.idle_since) != agent:
                self._dispatcher.know(agent)
                log.info("agent %s is as saved in %s/%s", id, self._folder, AGENTS)
        self._seed = {**self._seed, **seed}
        for id in new:
            try:
                await self._joined(id)
            except HotlineError as error:
                log.error("agent %s has no telephone account: %s", id, error)
            else:
                log.info("`ivr accounts rotate %s` gives the new agent's telephone a secret", id)

    def _begin(self) -> tuple[bytes | None, dict[AgentId, Agent]]:
        try:
            sources = _files(self._folder)
            return sources.get(AGENTS), self._by_id(sources)
        except ConfigError:
            return None, {}  # told at the start already

    def _by_id(self, sources: Mapping[str, bytes]) -> dict[AgentId, Agent]:
        return {agent.id: agent for agent in seed_of(sources, self._dispatcher.board.rules, self._clock)}


def _files(folder: Path) -> dict[str, bytes]:
    """Raises ConfigError."""
    try:
        return {name: (folder / name).read_bytes() for name in (QUEUES, AGENTS) if (folder / name).exists()}
    except OSError as error:
        raise ConfigError(f"queues or agents not readable: {error}", mend="look at IVR_FLOWS_DIR") from error
