"""menu: a choice among a few, by key or by voice."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from ivr.flow.expressions import TEXT
from ivr.flow.inputs import SpeechHeard
from ivr.flow.match import normalise
from ivr.flow.nodes.base import NodeKind
from ivr.flow.nodes.choices import Options
from ivr.flow.nodes.choosing import ChoosingNode
from ivr.flow.schema import InputModel, Name, OptionModel, Target
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


class MenuModel(InputModel):
    options: dict[Name, OptionModel] = Field(min_length=1, description="name -> key, phrases, where it leads")
    into: Name | None = Field(None, description="variable that gets the option's name")
    next: Target | None = Field(None, description="where options without their own `next` lead")


class Menu(ChoosingNode):
    kind: ClassVar[str] = "menu"
    identifies: ClassVar[bool] = True

    __slots__ = ()

    def __init__(self, build: NodeBuilder, model: MenuModel) -> None:
        super().__init__(build, model)
        default = build.target(model.next, ("next",), "next") if model.next is not None else ""
        self.options = Options(build, model.options, default)
        self.chosen = build.assigns(model.into, ("into",), "", TEXT)

    def phrases(self, turn: Turn) -> tuple[str, ...] | None:
        own = self.options.phrases(turn)
        return own + self.commands.phrases(turn.language) if own else None

    def heard(self, turn: Turn, event: SpeechHeard) -> None:
        """The first reading that is believed and means something; else what may have been meant is asked back."""
        maybe: list[str] = []
        for reading in event.readings():
            if not self.maybe(reading.confidence):
                continue
            name, command = self._match(turn, normalise(reading.text))
            if not self.sure(reading.confidence):
                maybe += [name] if name and name not in maybe else []
            elif name:
                self.take(turn, name)
                return
            elif command:
                turn.command(self.commands.by_name[command], "speech")
                return
        self.unsure(turn, maybe)

    def _match(self, turn: Turn, said: str) -> tuple[str, str]:
        """The option or the command that these words mean: alone first, then within a sentence."""
        if not said:
            return "", ""
        own, but = self.options.spoken(turn.language), self.options.withheld(turn)
        commands = self.commands.spoken(turn.language)
        option = own.equal(said, but)
        command = commands.equal(said) if option is None else None
        if option is None and command is None:
            option = own.within(said, but)
            command = commands.within(said) if option is None else None
        if option is None and command is None and (switching := self.commands.switching((said,))) is not None:
            command = switching.name
        return option or "", command or ""


KIND = NodeKind(
    "menu",
    MenuModel,
    Menu,
    "Offers a few choices. A key acts at once when no longer one begins with it; a phrase is accepted when "
    "it is said, alone or within a sentence. What was not heard well is asked back with the hotline's "
    "`confirm` prompts. A key that is no option goes to the `always` commands, then to `no_match`.",
    """\
choose:
  kind: menu
  prompt: {1: [menu.choices], 2: [menu.choices_short]}
  options:
    complaint: {key: 1, say: {zh: [投诉, 举报], en: [complaint]}, next: complaint}
    other: {key: 2, next: person}
    extension: {pattern: "10[01]X", into: extension, next: dial}
  on:
    no_input: {count: 2, say: person.transfer, next: person}
""",
)
