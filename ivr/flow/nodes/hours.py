"""hours: open or closed, by a calendar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, get_args

from pydantic import Field

from ivr.flow.actions import JsonValue
from ivr.flow.calendars.calendar import Answer
from ivr.flow.calendars.day import Reason
from ivr.flow.expressions.types import ANY, BOOL, TEXT, map_of, one_of, open_map
from ivr.flow.nodes.base import Node, NodeKind
from ivr.flow.schema import Name, NodeModel, Target
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder

BEFORE: Mapping[str, JsonValue] = {
    "open": False,
    "reason": "",
    "why": "",
    "name": "",
    "names": {},
    "opens_at": None,
    "opens_in_days": None,
    "closes_at": None,
}
"""The variable of `into` until the node is reached."""
RESULT = map_of(
    open=BOOL,
    reason=one_of(*get_args(Reason)),
    why=TEXT,
    name=TEXT,
    names=open_map(TEXT),
    opens_at=ANY,
    opens_in_days=ANY,
    closes_at=ANY,
)
"""Its type. What may be null can be compared with anything."""


class HoursModel(NodeModel):
    calendar: Name = Field(description="one of the hotline's `calendars`")
    open: Target = Field(description="go there when it is open")
    closed: Target = Field(description="go there when it is closed")
    holiday: Target | None = Field(
        None, description="when it is closed because of a public holiday (default: as `closed`)"
    )
    date: Target | None = Field(
        None, description="when it is closed because of one of the calendar's `dates` (default: as `closed`)"
    )
    override: Target | None = Field(
        None, description="when it is closed by the supervisor's word (default: as `closed`)"
    )
    into: Name | None = Field(
        None,
        description="variable that gets the answer: `open`, `reason` (`weekly`, `holiday`, `makeup`, `date` or "
        "`override`), `why` (in English), `name` (of the holiday or date, in the caller's language), `names` "
        "(by language), `opens_at` and `opens_in_days` (0 = today; null when open or not known), `closes_at` "
        "(null when closed or not known)",
    )


class Hours(Node):
    kind: ClassVar[str] = "hours"
    silent: ClassVar[bool] = True

    __slots__ = ("calendar", "closed", "into", "open")

    def __init__(self, build: NodeBuilder, model: HoursModel) -> None:
        super().__init__(build, model)
        self.calendar = build.calendar(model.calendar, ("calendar",))
        self.into = build.assigns(model.into, ("into",), dict(BEFORE), RESULT)
        self.open = build.target(model.open, ("open",), "open")
        self.closed = {"": build.target(model.closed, ("closed",), "closed")}
        """Reason -> where to; "" for those that have no exit of their own."""
        for reason, target in (
            ("holiday", model.holiday),
            ("date", model.date),
            ("override", model.override),
        ):
            if target is not None:
                self.closed[reason] = build.target(target, (reason,), reason)

    def enter(self, turn: Turn) -> None:
        calendar = turn.library.calendars[self.calendar]
        said = turn.call.hours.get(self.calendar)
        answer = calendar.at(turn.now) if said is None else calendar.overridden(turn.now, said)
        turn.note(
            "hours",
            {
                "calendar": self.calendar,
                "open": answer.open,
                "reason": answer.reason,
                "why": answer.why,
                "by": "calendar" if said is None else "supervisor",
            },
        )
        if self.into:
            turn.assign(self.into, _told(answer, turn))
        turn.go(self.open if answer.open else self.closed.get(answer.reason, self.closed[""]))


def _told(answer: Answer, turn: Turn) -> dict[str, JsonValue]:
    """The answer as a variable holds it: times are ISO texts in the calendar's zone."""
    opens_at, closes_at = answer.opens_at, answer.closes_at
    days = (opens_at.date() - turn.now.astimezone(opens_at.tzinfo).date()).days if opens_at else None
    return {
        "open": answer.open,
        "reason": answer.reason,
        "why": answer.why,
        "name": answer.named(turn.language),
        "names": dict(answer.name),
        "opens_at": opens_at.isoformat() if opens_at else None,
        "opens_in_days": days,
        "closes_at": closes_at.isoformat() if closes_at else None,
    }


KIND = NodeKind(
    "hours",
    HoursModel,
    Hours,
    "Asks a calendar of `hotline.yaml` whether somebody is there, and notes the reason (`closed: National "
    "Day`). A supervisor's word for today goes before the calendar. With `into: desk` a prompt can say "
    "`{desk.name}` and `{desk.opens_at:time}`, and a branch can look at `desk.opens_in_days == 1`.",
    """\
desk:
  kind: hours
  calendar: desk
  into: desk
  open: queue
  holiday: holiday_greeting
  closed: night
""",
)
