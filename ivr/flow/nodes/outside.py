"""What request and lookup share: something outside is asked, and the caller hears words meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from ivr.flow.actions import JsonValue
from ivr.flow.commands import Command
from ivr.flow.model import Source
from ivr.flow.nodes.base import Node
from ivr.flow.schema import NodeModel, Prompts, Seconds, Strict, Target
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


class MeanwhileModel(Strict):
    prompt: Prompts = Field(description="said when the answer takes its time")
    after_s: Seconds = Field(1.5, description="not before so long")
    every_s: Seconds | None = Field(None, description="and again so often")


class OutsideModel(NodeModel):
    meanwhile: MeanwhileModel | None = Field(
        None, description="what the caller hears until the answer is there"
    )
    set: dict[str, Any] = Field(
        default_factory=dict, description="variables to set from the answer: `{status: = answer.state}`"
    )
    next: Target


class OutsideNode(Node):
    """Asks on entering; once the answer is there, what is being said is heard to its end before the dialogue goes
    on."""

    waits: ClassVar[bool] = True
    silent: ClassVar[bool] = True
    purpose: ClassVar[str] = ""

    __slots__ = ("after_s", "every_s", "meanwhile", "next", "sets")

    def __init__(self, build: NodeBuilder, model: OutsideModel) -> None:
        super().__init__(build, model)
        said = model.meanwhile
        self.meanwhile = build.prompts(said.prompt if said else None, ("meanwhile", "prompt"))
        self.after_s = said.after_s if said else 0.0
        self.every_s = said.every_s if said else None
        self.sets: dict[str, Source] = build.sets(model.set, ("set",))
        self.next = build.target(model.next, ("next",), "next")

    @staticmethod
    def obeys(command: Command) -> bool:
        """Nothing is being said that could be said again, or gone back from."""
        return command.do == "go"

    def ask(self, turn: Turn) -> None:
        raise NotImplementedError

    def enter(self, turn: Turn) -> None:
        self.ask(turn)
        if turn.pending is not None:
            return
        if turn.lead:
            turn.speak(())
        if self.after_s and not turn.hung_up:
            turn.start_timer("meanwhile", self.after_s)

    def resume(self, turn: Turn) -> None:
        """After a handler that only says something: on, for there is nothing left to wait for."""
        if self.purpose not in turn.waiting:
            turn.go(self.next)

    def reprompt(self, turn: Turn) -> None:
        """`repeat` while the answer is awaited asks nothing twice; a handler's `reprompt` tries again."""
        if self.purpose not in turn.waiting:
            turn.data = {}
            self.enter(turn)

    def digit(self, turn: Turn, digit: str) -> None:
        if turn.keys or not self.command_pressed(turn, digit):
            super().digit(turn, digit)

    def timer(self, turn: Turn, name: str) -> None:
        if name == "meanwhile":
            if "play" not in turn.waiting:
                turn.speak(self.meanwhile.runs(turn))
            if self.every_s is not None:
                turn.start_timer("meanwhile", self.every_s)

    def prompt_ended(self, turn: Turn, *, failed: bool) -> None:
        if not turn.play_next():
            self._go_on(turn)

    def answered(self, turn: Turn, event: str, detail: JsonValue = None) -> None:
        """event: "" = it is there."""
        turn.cancel_timer("meanwhile")
        turn.data["then"] = event
        turn.data["detail"] = detail
        turn.data["answered"] = True
        if not event:
            for name, source in self.sets.items():
                turn.assign(name, source.value(turn))
        if "play" not in turn.waiting:
            self._go_on(turn)

    def _go_on(self, turn: Turn) -> None:
        if not turn.data.pop("answered", False):
            return
        event = turn.data.get("then")
        if event:
            turn.raise_event(str(event), turn.data.get("detail"))
        else:
            turn.go(self.way_on(turn))

    def way_on(self, turn: Turn) -> str:
        """Where the answer leads."""
        return self.next
