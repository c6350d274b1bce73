"""The figures of the service out of a database."""

from __future__ import annotations

import datetime as dt

from ivr.projections.kpi import WITHIN_S, By, Figures, figures, stays_of
from storage.projected import Waited
from storage.store import Store


async def service_figures(
    store: Store,
    since: dt.datetime,
    until: dt.datetime,
    *,
    by: By,
    zone: dt.tzinfo,
    within_s: float = WITHIN_S,
) -> list[Figures]:
    """Of the calls that entered a queue in [since, until), and of the agents' time then. Raises StorageError."""
    async with store.reading() as uow:
        waited = Waited(uow.connection)
        entries = await waited.between(since, until)
        joins = await waited.first_joins(since)
        before = await uow.agent_states.as_of(since)
        changes = await uow.agent_states.between(since, until)
    return figures(
        entries, joins, stays_of(before, changes, since, until), by=by, zone=zone, within_s=within_s
    )
