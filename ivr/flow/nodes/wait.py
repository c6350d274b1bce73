"""wait: some time passes, in silence or with music."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from pydantic import Field

from ivr.flow.nodes.base import NodeKind
from ivr.flow.nodes.hotword import HotwordNode
from ivr.flow.schema import NodeModel, Prompts, Target
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder

LONGEST_S = 3600.0


class WaitModel(NodeModel):
    seconds: float | str = Field(description="how long, or `= expression`")
    prompt: Prompts = Field(
        None, description="heard again and again meanwhile (music, a word of patience); cut off at the end"
    )
    gap_s: float = Field(0.0, ge=0, le=LONGEST_S, description="silence before it is heard again")
    interrupt: bool = Field(False, description="a key ends it early (and is kept for the next question)")
    next: Target


class Wait(HotwordNode):
    """The time counts from the end of the words that still had to be said."""

    kind: ClassVar[str] = "wait"
    waits: ClassVar[bool] = True
    silent: ClassVar[bool] = True

    __slots__ = ("gap_s", "interrupt", "next", "prompts", "seconds")

    def __init__(self, build: NodeBuilder, model: WaitModel) -> None:
        super().__init__(build, model)
        self.seconds = build.source(model.seconds, ("seconds",))
        if self.seconds.expression is None and not _fits(model.seconds):
            build.fault(("seconds",), "wrong-value", f"`{model.seconds}` s", f"0 to {LONGEST_S:.0f}")
        self.prompts = build.prompts(model.prompt, ("prompt",))
        self.gap_s = model.gap_s
        self.interrupt = model.interrupt
        self.next = build.target(model.next, ("next",), "next")

    def enter(self, turn: Turn) -> None:
        if turn.lead and turn.speak(()):
            turn.data["words_first"] = True
            self.listen_for_commands(turn)
        else:
            self._begin(turn)

    def _begin(self, turn: Turn) -> None:
        turn.data.pop("words_first", None)
        seconds = self.seconds.value(turn)
        if turn.hung_up or not _fits(seconds):
            # Nobody is there to wait for, or an expression that failed: no reason to keep anyone waiting.
            turn.go(self.next)
            return
        turn.start_timer("wait", float(cast(float, seconds)))
        turn.speak(self.prompts.runs(turn))
        self.listen_for_commands(turn)

    def reprompt(self, turn: Turn) -> None:
        """`repeat` does not make the time longer."""
        turn.cancel_timer("gap")
        turn.speak(self.prompts.runs(turn))

    def resume(self, turn: Turn) -> None:
        if turn.lead:
            turn.speak(())
        elif "timer.wait" not in turn.waiting and "play" not in turn.waiting:
            turn.go(self.next)

    def digit(self, turn: Turn, digit: str) -> None:
        if not turn.keys and self.command_pressed(turn, digit):
            return
        super().digit(turn, digit)
        if self.interrupt:
            turn.go(self.next)

    def timer(self, turn: Turn, name: str) -> None:
        if name == "wait":
            turn.go(self.next)
        elif name == "gap" and "play" not in turn.waiting:
            turn.speak(self.prompts.runs(turn))

    def prompt_ended(self, turn: Turn, *, failed: bool) -> None:
        if turn.play_next():
            return
        if "words_first" in turn.data:
            self._begin(turn)
        elif failed:
            # What cannot be played is not tried again and again: the time passes in silence.
            turn.note("wait_unplayed", {"node": self.id})
        elif self.gap_s:
            turn.start_timer("gap", self.gap_s)
        else:
            turn.speak(self.prompts.runs(turn))

    def listens_on(self, turn: Turn) -> bool:
        return "timer.wait" in turn.waiting


def _fits(seconds: object) -> bool:
    return isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 <= seconds <= LONGEST_S


KIND = NodeKind(
    "wait",
    WaitModel,
    Wait,
    "Lets time pass, in silence or with a prompt that is heard again and again: before a web service is asked "
    "again, or while somebody fetches a pen. The `always` commands work meanwhile.",
    """\
patience:
  kind: wait
  seconds: 5
  prompt: hold.music
  next: search
""",
)
