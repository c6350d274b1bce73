"""goto: on, elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ivr.flow.nodes.base import Node, NodeKind
from ivr.flow.schema import NodeModel, Target
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


class GotoModel(NodeModel):
    next: Target


class Goto(Node):
    kind: ClassVar[str] = "goto"
    silent: ClassVar[bool] = True

    __slots__ = ("next",)

    def __init__(self, build: NodeBuilder, model: GotoModel) -> None:
        super().__init__(build, model)
        self.next = build.target(model.next, ("next",), "next")

    def enter(self, turn: Turn) -> None:
        turn.go(self.next)


KIND = NodeKind(
    "goto",
    GotoModel,
    Goto,
    "Goes to another node or flow and does not come back.",
    """\
away:
  kind: goto
  next: person
""",
)
