"""lookup: find something in one of the hotline's sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from ivr.flow.actions import Lookup
from ivr.flow.inputs import LookupEnded
from ivr.flow.nodes.base import NodeKind
from ivr.flow.nodes.outside import OutsideModel, OutsideNode
from ivr.flow.schema import Name, Target
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


class LookupModel(OutsideModel):
    source: Name = Field(description="one of the hotline's `sources`")
    by: dict[Name, Any] = Field(
        default_factory=dict, description="column or argument -> value: `{number: = ticket}`"
    )
    timeout_s: float = Field(3.0, gt=0, le=60)
    into: Name = Field("found", description="variable that gets what was found (a table's row), or null")
    none: Target | None = Field(None, description="where nothing found leads (default: `next`)")


class LookupNode(OutsideNode):
    kind: ClassVar[str] = "lookup"
    purpose: ClassVar[str] = "lookup"

    __slots__ = ("by", "into", "none", "source", "timeout_s")

    def __init__(self, build: NodeBuilder, model: LookupModel) -> None:
        self.into = build.assigns(model.into, ("into",), None)
        super().__init__(build, model)
        self.source = build.lookup_source(model.source, ("source",), model.by)
        self.by = build.sources(model.by, ("by",))
        self.timeout_s = model.timeout_s
        self.none = self.next
        if model.none is not None:
            self.none = build.target(model.none, ("none",), "none")

    def ask(self, turn: Turn) -> None:
        by = {name: source.value(turn) for name, source in self.by.items()}
        turn.actions.append(Lookup(turn.open("lookup"), self.source, by, self.timeout_s))

    def lookup_ended(self, turn: Turn, event: LookupEnded) -> None:
        turn.note("lookup", {"node": self.id, "source": self.source, "outcome": event.outcome})
        turn.assign(self.into, event.value if event.outcome == "found" else None)
        turn.data["none"] = event.outcome == "none"
        failed = event.outcome in ("timeout", "failed")
        self.answered(turn, "error.lookup." + event.outcome if failed else "")

    def way_on(self, turn: Turn) -> str:
        return self.none if turn.data.get("none") else self.next


KIND = NodeKind(
    "lookup",
    LookupModel,
    LookupNode,
    "Looks something up in one of the hotline's `sources`: a table that comes with the flows, the caller's "
    "earlier calls, a web service. Events: `error.lookup.timeout`, `error.lookup.failed`.",
    """\
search:
  kind: lookup
  source: tickets
  by: {number: = ticket}
  into: found
  next: tell
  none: not_found
""",
    ("error.lookup", "error.lookup.timeout", "error.lookup.failed"),
)
