"""Where a `lookup` looks: the hotline's `sources`, compiled. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ivr.flow.actions import JsonValue

if TYPE_CHECKING:
    from ivr.flow.tables import Table


@dataclass(frozen=True, slots=True)
class LookupSource:
    """One source. kind: table: rows that came with the flows. history: the caller's earlier calls. queues: how a
    queue is doing now, for a language that its agents must speak. http: a web service.

    url: with `{argument}` places, escaped when filled in; headers as in `actions.Request`. pick: "" = the whole answer,
    else the path of the value within it (`data.items`).
    """

    name: str
    kind: Literal["table", "history", "queues", "http"]
    table: Table | None = None
    arguments: tuple[str, ...] = ()
    url: str = ""
    headers: Mapping[str, JsonValue] = field(default_factory=dict)
    pick: str = ""
