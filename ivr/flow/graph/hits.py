"""What a test run reached, as `ivr test --coverage` writes it. Pure."""

from __future__ import annotations

from typing import Annotated

import pydantic

from ivr.errors import FlowError
from ivr.flow.scenarios.coverage import way

Count = Annotated[int, pydantic.Field(ge=0)]


class CoverageError(FlowError):
    """The text is no coverage of flows."""


class Hits(pydantic.BaseModel):
    """`{"nodes": {"flow.node": hits}, "edges": {"source -> target [label]": hits}}`; what else is there is ignored.

    Ways that are written once for many nodes have the source `*` (`scenarios.coverage`).
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="ignore")

    nodes: dict[str, Count]
    edges: dict[str, Count]

    def edge(self, source: str, target: str, label: str) -> int:
        return self.edges.get(way(source, target, label), 0)


def parse_hits(text: str | bytes) -> Hits:
    """Raises CoverageError."""
    try:
        return Hits.model_validate_json(text, strict=True)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CoverageError(
            f"no coverage of flows: {where}{': ' if where else ''}{first['msg'][:1].lower()}{first['msg'][1:]}",
            mend="give the file that `ivr test --coverage` wrote",
        ) from error
