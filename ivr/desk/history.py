"""What agents did, what was done to them, and what their calls came to: read from storage, for those who may."""

from __future__ import annotations

import datetime as dt

from ivr.desk.errors import NotAllowed
from ivr.desk.people import Author, may
from storage.act_records import ActRecord
from storage.records import AgentStateChange
from storage.store import Store
from storage.wrap_up_records import WrapUpRecord


class DeskHistory:
    """Raises NotAllowed, and StorageError when the database does not answer."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def states(self, by: Author, agent: str, limit: int = 200) -> list[AgentStateChange]:
        """The newest `limit` changes of that agent's state, oldest first."""
        _allow(by, agent)
        async with self._store.reading() as uow:
            return await uow.agent_states.of(agent, limit)

    async def wrap_ups(self, by: Author, agent: str, limit: int = 100) -> list[WrapUpRecord]:
        """Youngest first."""
        _allow(by, agent)
        async with self._store.reading() as uow:
            return await uow.wrap_ups.of_agent(agent, limit)

    async def acts(
        self, by: Author, agent: str = "", *, since: dt.datetime | None = None, limit: int = 100
    ) -> list[ActRecord]:
        """Acts of power on that agent, or all of them; youngest first."""
        _allow(by, agent)
        async with self._store.reading() as uow:
            return await uow.acts.listed(subject=agent or None, since=since, limit=limit)


def _allow(by: Author, agent: str) -> None:
    if not may(by, "read_history", agent):
        raise NotAllowed(what=by.role)
