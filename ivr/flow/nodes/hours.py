"""hours: open or closed, by a calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from pydantic import Field

from ivr.flow.nodes.base import Node, NodeKind
from ivr.flow.schema import Name, NodeModel, Target
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


class HoursModel(NodeModel):
    calendar: Name = Field(description="one of the hotline's `calendars`")
    open: Target
    closed: Target


class Hours(Node):
    kind: ClassVar[str] = "hours"

    __slots__ = ("calendar", "closed", "open")

    def __init__(self, build: NodeBuilder, model: HoursModel) -> None:
        super().__init__(build, model)
        self.calendar = build.calendar(model.calendar, ("calendar",))
        self.open = build.target(model.open, ("open",), "open")
        self.closed = build.target(model.closed, ("closed",), "closed")

    def enter(self, turn: Turn) -> None:
        said = turn.call.hours.get(self.calendar)
        if said is not None:
            is_open, why = said, f"{'open' if said else 'closed'}: by the supervisor's word"
        else:
            is_open, why = turn.library.calendars[self.calendar].open_at(turn.now)
        turn.note("hours", {"calendar": self.calendar, "open": is_open, "why": why})
        turn.go(self.open if is_open else self.closed)


def _make(build: NodeBuilder, model: NodeModel) -> Node:
    return Hours(build, cast(HoursModel, model))


KIND = NodeKind(
    "hours",
    HoursModel,
    _make,
    "Asks a calendar of `hotline.yaml` whether somebody is there, and notes the reason. A supervisor's word for today "
    "goes before the calendar.",
    """\
desk:
  kind: hours
  calendar: desk
  open: queue
  closed: night
""",
)
