"""A Postgres database of a hotline that has run for long, made in seconds by the database itself: `fill`.

Of each call 20 events in the journal, an entry in four of five, six changes of an agent's state, two utterances. Used
by `bench.plans` and by the test that the hot queries keep to indexes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

STATEMENTS: Final = Path(__file__).with_suffix(".sql")
EVENTS: Final = 20
"""Of a call in the journal."""
PART: Final = 10_000
"""Calls at a time: a statement may not take long."""
BIG: Final = frozenset(
    {
        "calls",
        "journal",
        "queue_entries",
        "entry_changes",
        "decisions",
        "agent_states",
        "transcripts",
        "missed_calls",
        "recordings",
        "notifications",
        "callbacks",
        "acts",
        "wrap_ups",
        "wait_estimates",
    }
)
"""Tables that grow with every call."""


async def fill(connection: AsyncConnection, events: int) -> int:
    """So many events of the journal, and what goes with them; then statistics are taken. How many calls that is."""
    calls = events // EVENTS
    await connection.exec_driver_sql("SET LOCAL work_mem = '64MB'")
    statements = [one for one in STATEMENTS.read_text(encoding="utf-8").split(";\n") if one.strip()]
    for first in range(1, calls + 1, PART):
        numbers = {":calls": calls, ":first": first, ":last": min(first + PART - 1, calls)}
        for statement in statements:
            for name, number in numbers.items():
                statement = statement.replace(name, str(number))
            await connection.exec_driver_sql(statement)
    await connection.exec_driver_sql("ANALYZE")
    return calls
