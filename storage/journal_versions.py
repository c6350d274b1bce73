"""Which shape the data of each kind of journal event has, and how that of an older version is read. Pure.

| kind | version | data |
|---|---|---|
| `arrived` | 1 | entry, version |
| | 2 | and caller, called, language, endpoint, agent ("" of a citizen's call) |
| `ended` | 1 | outcome, by, cause |
| | 2 | and hung_up_at, language, topic, queue, agent, agents, again (hung up when in line once more after a talk) |

All other kinds have version 1. A value that an older version did not know is None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from storage.records import JournalEvent

VERSIONS: Final[Mapping[str, int]] = {"arrived": 2, "ended": 2}
_ARRIVED_2: Final = ("caller", "called", "language", "endpoint", "agent")
_ENDED_2: Final = ("hung_up_at", "language", "topic", "queue", "agent", "agents", "again")


def version_of(kind: str) -> int:
    """That of what is written now."""
    return VERSIONS.get(kind, 1)


def current(event: JournalEvent) -> JournalEvent:
    """As if it had been written today. One that is newer than this code is left as it is."""
    while (upcast := _UPCASTERS.get((event.kind, event.version))) is not None:
        event = replace(event, data=upcast(event.data), version=event.version + 1)
    return event


def _arrived_2(data: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**dict.fromkeys(_ARRIVED_2), **data}


def _ended_2(data: Mapping[str, Any]) -> Mapping[str, Any]:
    # The dialogue notes where it `ended`, too; that is another thing, and has no outcome.
    return {**dict.fromkeys(_ENDED_2), **data} if "outcome" in data else data


_UPCASTERS: Final[Mapping[tuple[str, int], Callable[[Mapping[str, Any]], Mapping[str, Any]]]] = {
    ("arrived", 1): _arrived_2,
    ("ended", 1): _ended_2,
}
