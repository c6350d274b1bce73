"""return: back to the flow that called this one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from ivr.flow import subflows
from ivr.flow.nodes.base import Node, NodeKind
from ivr.flow.schema import Name, NodeModel
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


class ReturnModel(NodeModel):
    results: dict[Name, Any] = Field(
        default_factory=dict,
        description="what is given back; the flow's variables of the names that it declares, otherwise",
    )
    event: str = Field(
        "", max_length=60, description="an event, one of the flow's `events`, raised where it was called"
    )


class Return(Node):
    kind: ClassVar[str] = "return"
    silent: ClassVar[bool] = True
    returns: ClassVar[bool] = True

    __slots__ = ("event", "results")

    def __init__(self, build: NodeBuilder, model: ReturnModel) -> None:
        super().__init__(build, model)
        self.results = build.sources(model.results, ("results",))
        self.event = model.event
        build.returns(model.results, model.event)

    def enter(self, turn: Turn) -> None:
        if not turn.stack:
            # Nobody called: the flow was the beginning, or was gone to.
            turn.note("returned_nowhere", {"node": self.id})
            turn.rescue()
            return
        given = {name: source.value(turn) for name, source in self.results.items()}
        subflows.back(turn, event=self.event, given=given)


KIND = NodeKind(
    "return",
    ReturnModel,
    Return,
    "Goes back to the `call` that called this flow, with results or with an event. `next: return` does the "
    "same without either.",
    """\
done:
  kind: return
  results: {chosen_slot: = slot}
""",
)
