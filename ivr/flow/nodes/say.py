"""say: prompts, and on."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from ivr.flow.nodes.base import NodeKind
from ivr.flow.nodes.hotword import HotwordNode
from ivr.flow.schema import NodeModel, Prompts, Target
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


class SayModel(NodeModel):
    prompt: Prompts = Field(description="one prompt or several")
    times: int = Field(1, ge=1, le=20, description="how often it is said")
    interrupt: bool = Field(False, description="a key ends it early (and is kept for the next question)")
    wait: bool = Field(
        True, description="false: go on at once; the words are heard right before whatever is said next"
    )
    listen: bool | None = Field(
        None,
        description="the `always` commands are heard by voice meanwhile (default: the hotline's `barge_in`)",
    )
    next: Target


class Say(HotwordNode):
    kind: ClassVar[str] = "say"
    silent: ClassVar[bool] = True

    __slots__ = ("interrupt", "next", "prompts", "times", "wait")

    def __init__(self, build: NodeBuilder, model: SayModel) -> None:
        super().__init__(build, model)
        self.prompts = build.prompts(model.prompt, ("prompt",))
        self.times = model.times
        self.interrupt = model.interrupt
        self.wait = model.wait
        self.next = build.target(model.next, ("next",), "next")
        if model.listen is not None:
            self.listens = model.listen

    def enter(self, turn: Turn) -> None:
        runs = self.prompts.runs(turn) * self.times
        if not self.wait:
            turn.add_lead(runs)
            turn.go(self.next)
        elif turn.speak(runs):
            self.listen_for_commands(turn)
        else:
            turn.go(self.next)

    def resume(self, turn: Turn) -> None:
        said = turn.speak(turn.unplayed) if turn.lead else turn.play_next()
        if not said:
            turn.go(self.next)

    def digit(self, turn: Turn, digit: str) -> None:
        if not turn.keys and self.command_pressed(turn, digit):
            return
        super().digit(turn, digit)
        if self.interrupt:
            turn.go(self.next)

    def prompt_ended(self, turn: Turn, *, failed: bool) -> None:
        if failed:
            turn.raise_event("error.prompt")
        elif not turn.play_next():
            turn.go(self.next)


KIND = NodeKind(
    "say",
    SayModel,
    Say,
    "Plays prompts. Keys pressed meanwhile are kept for the next question; the keys of the `always` commands "
    "act at once as long as nothing was typed before them, and their words are heard.",
    """\
greeting:
  kind: say
  prompt: [greeting.welcome, greeting.recording]
  next: question
""",
)
