"""set: variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from ivr.flow.nodes.base import Node, NodeKind
from ivr.flow.schema import Name, NodeModel, Target
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


class SetModel(NodeModel):
    values: dict[Name, Any] = Field(
        min_length=1, description="name -> value; a text that begins with `=` is an expression: `= tries + 1`"
    )
    journal: bool = Field(
        False, description="the call's journal notes them, for reports: what it was about; nothing personal"
    )
    next: Target


class SetNode(Node):
    kind: ClassVar[str] = "set"
    silent: ClassVar[bool] = True

    __slots__ = ("journal", "next", "values")

    def __init__(self, build: NodeBuilder, model: SetModel) -> None:
        super().__init__(build, model)
        self.values = build.sets(model.values, ("values",))
        self.journal = model.journal
        self.next = build.target(model.next, ("next",), "next")

    def enter(self, turn: Turn) -> None:
        for name, source in self.values.items():
            turn.assign(name, source.value(turn))
        if self.journal:
            turn.note(
                "set", {"node": self.id, "values": {name: turn.variables[name] for name in self.values}}
            )
        turn.go(self.next)


KIND = NodeKind(
    "set",
    SetModel,
    SetNode,
    "Sets variables, one after the other. An expression that fails sets null.",
    """\
urgent:
  kind: set
  values: {priority: 50, tries: = tries + 1}
  next: person
""",
)
