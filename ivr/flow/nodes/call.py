"""call: another flow, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from ivr.flow import subflows
from ivr.flow.actions import JsonValue
from ivr.flow.expressions import ANY
from ivr.flow.findings import did_you_mean
from ivr.flow.model import Source
from ivr.flow.nodes.base import Node, NodeKind
from ivr.flow.schema import Name, NodeModel, Target
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


class CallModel(NodeModel):
    flow: Name = Field(description="the flow to call")
    given: dict[Name, Any] = Field(
        default_factory=dict, alias="with", description="its parameters: `{department: = topic}`"
    )
    results: dict[Name, Name] = Field(
        default_factory=dict, description="variable here -> result of the flow: `{slot: chosen}`"
    )
    next: Target = Field(description="when the flow returns")


class Call(Node):
    kind: ClassVar[str] = "call"
    silent: ClassVar[bool] = True

    __slots__ = ("callee", "given", "next", "results")

    def __init__(self, build: NodeBuilder, model: CallModel) -> None:
        super().__init__(build, model)
        self.next = build.target(model.next, ("next",), "next")
        self.callee = model.flow
        self.given: dict[str, Source] = {}
        self.results: dict[str, str] = {}
        callee = build.callee(model.flow, ("flow",))
        if callee is None:
            return
        build.calls(callee)
        for parameter in callee.parameters.values():
            if parameter.required and parameter.name not in model.given:
                cause = f"`{model.flow}` needs `{parameter.name}`"
                build.fault(("flow",), "missing-parameter", cause, f"with: {{{parameter.name}: ...}}")
        for name, value in model.given.items():
            known = callee.parameters.get(name)
            if known is None:
                hint = did_you_mean(name, callee.parameters) or f"declare it in `{model.flow}`"
                cause = f"`{model.flow}` has no parameter `{name}`"
                build.fault(("with", name), "unknown-parameter", cause, hint)
            self.given[name] = build.source(value, ("with", name), known.type if known is not None else None)
        for name, result in model.results.items():
            if result not in callee.results:
                hint = did_you_mean(result, callee.results) or f"declare it in `{model.flow}`"
                cause = f"`{model.flow}` has no result `{result}`"
                build.fault(("results", name), "unknown-result", cause, hint)
            # Null until then, and when the flow leaves it so: whatever is declared can be compared with that.
            build.assigns(name, ("results", name), None, callee.results.get(result, ANY))
            self.results[name] = result

    def enter(self, turn: Turn) -> None:
        given = {name: source.value(turn) for name, source in self.given.items()}
        if not subflows.enter(turn, self.callee, given):
            turn.raise_event("error.call.depth")

    def resume(self, turn: Turn) -> None:
        """After an event that only says something: on, for the flow is over."""
        turn.go(self.next)

    def calls(self) -> str:
        return self.callee

    def returned(self, turn: Turn, results: Mapping[str, JsonValue]) -> None:
        for name, result in self.results.items():
            turn.assign(name, results.get(result))
        turn.go(self.next)


KIND = NodeKind(
    "call",
    CallModel,
    Call,
    "Calls another flow, which has its own variables, and goes on at `next` when that returns (`next: return` in "
    "it, or a `return` node). It gets the parameters that it declares, and gives back the results that it declares. "
    "Events that it declares under `events` arrive here and are handled by `on`. A flow that goes to a node of its "
    "caller's flow instead of returning has left for good, without results.",
    """\
booking:
  kind: call
  flow: appointment
  with: {department: = topic}
  results: {slot: chosen_slot}
  next: read_back
  on:
    appointment.full: {say: booking.full, next: person}
""",
    ("error.call", "error.call.depth"),
)
