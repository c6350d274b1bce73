"""branch: one of several ways, by expression."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from ivr.flow.nodes.base import Node, NodeKind
from ivr.flow.schema import NodeModel, Strict, Target
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


class CaseModel(Strict):
    condition: str = Field(alias="if", description="an expression")
    next: Target


class BranchModel(NodeModel):
    cases: list[CaseModel] = Field(
        min_length=1, max_length=50, description="the first one that is true is taken"
    )
    otherwise: Target = Field(alias="else", description="where none is")


class Branch(Node):
    kind: ClassVar[str] = "branch"
    silent: ClassVar[bool] = True

    __slots__ = ("cases", "otherwise")

    def __init__(self, build: NodeBuilder, model: BranchModel) -> None:
        super().__init__(build, model)
        self.cases = tuple(
            (
                build.expression(case.condition, ("cases", index, "if")),
                build.target(case.next, ("cases", index, "next"), f"case:{index + 1}"),
            )
            for index, case in enumerate(model.cases)
        )
        self.otherwise = build.target(model.otherwise, ("else",), "else")

    def enter(self, turn: Turn) -> None:
        for number, (condition, target) in enumerate(self.cases, 1):
            if condition is not None and turn.evaluate(condition) is True:
                turn.note("case", {"node": self.id, "label": f"case:{number}"})
                turn.go(target)
                return
        turn.note("case", {"node": self.id, "label": "else"})
        turn.go(self.otherwise)


KIND = NodeKind(
    "branch",
    BranchModel,
    Branch,
    "Goes one of several ways. An expression that fails counts as false and is noted in the journal.",
    """\
by_rating:
  kind: branch
  cases:
    - {if: rating >= 4, next: sorry}
  else: thanks
""",
)
