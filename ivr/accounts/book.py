"""Whose account is which, and which of an agent's telephones are rung. No I/O."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

from storage.accounts import SipAccountRecord

TECHNOLOGY = "PJSIP"


class AccountBook:
    """Kept by the keeper (`take`) and by the telephones' registrations (`set_online`)."""

    def __init__(self) -> None:
        self._agents: dict[str, str] = {}
        self._usernames: dict[str, list[str]] = {}
        """agent -> those of all its telephones."""
        self._accounts: list[SipAccountRecord] = []
        self._online: dict[str, int] = {}
        """Registered usernames, the latest to register with the highest number."""
        self._registrations = itertools.count()
        self.unasked: set[str] = set()
        """Registered before Asterisk was started anew, and not yet asked by it: it says offline, and rings them."""

    def take(self, accounts: Iterable[SipAccountRecord]) -> None:
        """These are all there are."""
        self._accounts = [account for account in accounts if account.active]
        self._agents = {account.username: account.agent for account in self._accounts}
        self._usernames = {}
        for username, agent in self._agents.items():
            self._usernames.setdefault(agent, []).append(username)
        for username in [name for name in self._online if name not in self._agents]:
            del self._online[username]

    @property
    def agents(self) -> Mapping[str, str]:
        """username -> agent."""
        return self._agents

    def usernames_of(self, agent: str) -> Sequence[str]:
        """Of all telephones that the agent has; an agent without accounts here is called by its own name."""
        return self._usernames.get(agent) or (agent,)

    def accounts_of(self, agent: str) -> list[SipAccountRecord]:
        return [account for account in self._accounts if account.agent == agent]

    @property
    def by_themselves(self) -> frozenset[str]:
        """Agents with a telephone that answers by itself."""
        return frozenset(account.agent for account in self._accounts if account.answering == "by_itself")

    def agent_of(self, username: str) -> str:
        """Whose account that is; an endpoint without an account here is called as its agent."""
        return self._agents.get(username, username)

    def set_online(self, username: str, online: bool) -> bool:
        """Whether any telephone of that agent is registered now."""
        self._online.pop(username, None)
        if online:
            self._online[username] = next(self._registrations)
        return bool(self._online_of(self.agent_of(username)))

    @property
    def online(self) -> frozenset[str]:
        """Agents with a registered telephone."""
        return frozenset(self.agent_of(name) for name in self._online)

    def is_online(self, username: str) -> bool:
        return username in self._online

    def endpoints_of(self, agent: str) -> list[str]:
        """The ARI endpoints to ring: all telephones that are registered, the latest to do so first, else the first that
        there is."""
        online = sorted(self._online_of(agent), key=self._online.__getitem__, reverse=True)
        return [f"{TECHNOLOGY}/{username}" for username in online or self.usernames_of(agent)[:1]]

    def endpoint_of(self, agent: str) -> str:
        """The first of them."""
        return self.endpoints_of(agent)[0]

    def _online_of(self, agent: str) -> list[str]:
        return [username for username in self.usernames_of(agent) if username in self._online]
