"""hangup: the last words, and the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from ivr.flow.actions import Hangup
from ivr.flow.nodes.base import NodeKind
from ivr.flow.nodes.words_first import WordsFirstNode
from ivr.flow.schema import NodeModel, Prompts
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


class HangupModel(NodeModel):
    prompt: Prompts = Field(None, description="heard to its end before the call is ended")
    cause: Literal["normal", "busy", "congestion"] = Field("normal", description="what the network is told")


class HangupNode(WordsFirstNode):
    kind: ClassVar[str] = "hangup"
    waits: ClassVar[bool] = True
    ends: ClassVar[bool] = True

    __slots__ = ("cause",)

    def __init__(self, build: NodeBuilder, model: HangupModel) -> None:
        super().__init__(build, model)
        self.prompts = build.prompts(model.prompt, ("prompt",))
        self.cause = model.cause

    def digit(self, turn: Turn, digit: str) -> None:
        self.command_pressed(turn, digit)

    def act(self, turn: Turn) -> None:
        turn.end()
        turn.actions.append(Hangup(self.cause))


KIND = NodeKind(
    "hangup",
    HangupModel,
    HangupNode,
    "Ends the call, after its prompt.",
    """\
goodbye:
  kind: hangup
  prompt: goodbye
""",
)
