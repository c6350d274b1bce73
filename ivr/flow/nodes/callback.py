"""callback: the promise to call back, at the caller's place in the line."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from ivr.flow import held
from ivr.flow.actions import Callback
from ivr.flow.expressions import INT, TEXT, map_of
from ivr.flow.inputs import CallbackPlaced
from ivr.flow.model import NO_PROMPTS
from ivr.flow.nodes.base import NodeKind
from ivr.flow.nodes.seeking import Seeking, SeekingModel
from ivr.flow.nodes.words_first import WordsFirstNode
from ivr.flow.schema import Name, Target
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder

RESULT = map_of(id=TEXT, place=INT, number=TEXT)


class CallbackModel(SeekingModel):
    number: str = Field("= call.caller", description="digits, or `= expression`")
    not_before: str = Field("", description="ISO time, or `= expression`: not to be called before")
    into: Name = Field("callback", description="variable that gets `{id, place, number}`")
    next: Target = Field(description="once it is promised")


class CallbackNode(WordsFirstNode):
    kind: ClassVar[str] = "callback"
    waits: ClassVar[bool] = True
    silent: ClassVar[bool] = True

    __slots__ = ("into", "next", "not_before", "number", "seeking")

    def __init__(self, build: NodeBuilder, model: CallbackModel) -> None:
        super().__init__(build, model)
        self.prompts = NO_PROMPTS
        self.seeking = Seeking(build, model)
        self.number = build.source(model.number, ("number",))
        self.not_before = build.source(model.not_before, ("not_before",))
        self.into = build.assigns(model.into, ("into",), None, RESULT)
        self.next = build.target(model.next, ("next",), "next")

    def act(self, turn: Turn) -> None:
        written = unicodedata.normalize("NFKC", str(self.number.value(turn) or ""))
        number = "".join(one for one in written if one in "+0123456789")
        if not number:
            # A withheld number and none asked for: the flow has to ask.
            turn.raise_event("error.callback.number")
            return
        turn.data["number"] = number
        turn.actions.append(
            Callback(
                turn.open("callback"),
                self.seeking.queue(turn),
                number,
                turn.language,
                turn.held,
                self.seeking.skills,
                self.seeking.priority(turn),
                self.seeking.reason(turn),
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


KIND = NodeKind(
    "callback",
    CallbackModel,
    CallbackNode,
    "Promises to call back, and goes on when the promise is written down. A place in a queue that was kept "
    "(an option of `queue`) becomes the promise's place; else it stands at the end of the line. Events: "
    "`error.callback.number` (there is none), `error.callback.refused`, `error.callback.failed`.",
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
