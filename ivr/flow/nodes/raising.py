"""raise: an event, for whoever handles it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from ivr.flow.nodes.base import Node, NodeKind
from ivr.flow.schema import NodeModel, Target
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


class RaiseModel(NodeModel):
    event: str = Field(
        max_length=60, description="one of the language's, or one that a flow declares under its `events`"
    )
    detail: Any = Field(
        None, description="what handlers see as `event.detail`; `= expression` at any place in it"
    )
    next: Target | None = Field(
        None, description="where it goes on when the handler leads nowhere (default: to the fallback)"
    )


class Raise(Node):
    kind: ClassVar[str] = "raise"
    silent: ClassVar[bool] = True

    __slots__ = ("detail", "event", "next")

    def __init__(self, build: NodeBuilder, model: RaiseModel) -> None:
        super().__init__(build, model)
        self.event = build.event(model.event, ("event",))
        self.detail = build.nested(model.detail, ("detail",))
        self.next = ""
        if model.next is not None:
            self.next = build.target(model.next, ("next",), "next")

    def enter(self, turn: Turn) -> None:
        turn.raise_event(self.event, self.detail(turn))

    def resume(self, turn: Turn) -> None:
        if self.next:
            turn.go(self.next)
        else:
            turn.rescue()

    def reprompt(self, turn: Turn) -> None:
        """There is no prompt here, and raising it once more would go round in a circle."""
        self.resume(turn)


KIND = NodeKind(
    "raise",
    RaiseModel,
    Raise,
    "Raises an event: the nearest handler decides what follows - of this node, of its flow, of the hotline - or, when "
    "the flow declares it under `events`, the `call` that called this flow.",
    """\
no_stock:
  kind: raise
  event: appointment.full
  detail: {topic: = topic}
""",
)
