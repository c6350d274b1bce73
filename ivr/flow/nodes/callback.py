"""callback: the promise to call back, at the caller's place in the line."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from pydantic import Field

from ivr.flow import held
from ivr.flow.actions import Callback
from ivr.flow.expressions import INT, TEXT, map_of
from ivr.flow.inputs import CallbackPlaced
from ivr.flow.nodes.base import Node, NodeKind
from ivr.flow.schema import Name, NodeModel, Target
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder

MAX_REASON = 300


RESULT = map_of(id=TEXT, place=INT, number=TEXT)


class CallbackModel(NodeModel):
    queue: str = Field(description="the queue whose agents call back, or `= expression`", max_length=200)
    number: str = Field("= call.caller", description="digits, or `= expression`")
    skills: dict[Name, int] = Field(default_factory=dict, description="name -> least level (1-5)")
    priority: int | str = Field(0, description="higher is served first; `= priority` for an expression")
    reason: str = Field(
        "", max_length=MAX_REASON, description="what the agent is told; `{topic}` for a variable"
    )
    not_before: str = Field("", description="ISO time, or `= expression`: not to be called before")
    into: Name = Field("callback", description="variable that gets `{id, place, number}`")
    next: Target = Field(description="once it is promised")


class CallbackNode(Node):
    kind: ClassVar[str] = "callback"
    waits: ClassVar[bool] = True
    silent: ClassVar[bool] = True

    __slots__ = ("into", "next", "not_before", "number", "priority", "queue", "reason", "skills")

    def __init__(self, build: NodeBuilder, model: CallbackModel) -> None:
        super().__init__(build, model)
        self.queue = build.queue_source(model.queue, ("queue",))
        self.number = build.source(model.number, ("number",))
        self.skills = dict(model.skills)
        self.priority = build.source(model.priority, ("priority",))
        self.reason = build.text(model.reason, ("reason",))
        self.not_before = build.source(model.not_before, ("not_before",))
        self.into = build.assigns(model.into, ("into",), None, RESULT)
        self.next = build.target(model.next, ("next",), "next")

    def enter(self, turn: Turn) -> None:
        if turn.lead and turn.speak(()):
            return
        self._ask(turn)

    def prompt_ended(self, turn: Turn, *, failed: bool) -> None:
        if not turn.play_next():
            self._ask(turn)

    def resume(self, turn: Turn) -> None:
        self.enter(turn)

    def _ask(self, turn: Turn) -> None:
        number = "".join(one for one in str(self.number.value(turn) or "") if one.isdecimal() or one == "+")
        if not number:
            # A withheld number and none asked for: the flow has to ask.
            turn.raise_event("error.callback.number")
            return
        priority = self.priority.value(turn)
        turn.data["number"] = number
        turn.actions.append(
            Callback(
                turn.open("callback"),
                str(self.queue.value(turn) or ""),
                number,
                turn.language,
                turn.held,
                self.skills,
                priority if isinstance(priority, int) and not isinstance(priority, bool) else 0,
                self.reason(turn)[:MAX_REASON],
                str(self.not_before.value(turn) or ""),
            )
        )

    def callback_placed(self, turn: Turn, event: CallbackPlaced) -> None:
        turn.note("callback", {"node": self.id, "outcome": event.outcome, "id": event.callback})
        if event.outcome != "placed":
            turn.raise_event("error.callback." + event.outcome)
            return
        # The place that was kept is the promise's now.
        held.forget(turn)
        turn.assign(
            self.into, {"id": event.callback, "place": event.place, "number": turn.data.get("number")}
        )
        turn.go(self.next)


def _make(build: NodeBuilder, model: NodeModel) -> Node:
    return CallbackNode(build, cast(CallbackModel, model))


KIND = NodeKind(
    "callback",
    CallbackModel,
    _make,
    "Promises to call back, and goes on when the promise is written down. A place in a queue that was kept (an "
    "option of "
    "`queue`) becomes the promise's place; else it stands at the end of the line. Events: `error.callback.number` "
    "(there "
    "is none), `error.callback.refused`, `error.callback.failed`.",
    """\
promise:
  kind: callback
  queue: general
  number: = callback_number
  reason: "{topic}: {said}"
  next: promised
  on:
    error.callback: {say: callback.failed, next: wait}
""",
    ("error.callback", "error.callback.number", "error.callback.refused", "error.callback.failed"),
)
