"""menu: a choice among a few, by key or by voice."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from pydantic import Field

from ivr.flow.expressions import TEXT
from ivr.flow.inputs import SpeechHeard
from ivr.flow.match import normalise
from ivr.flow.nodes.asking import AskingNode
from ivr.flow.nodes.base import Node, NodeKind
from ivr.flow.nodes.choices import Options
from ivr.flow.schema import InputModel, Name, NodeModel, OptionModel, Target
from ivr.flow.state import Run
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


class MenuModel(InputModel):
    options: dict[Name, OptionModel] = Field(min_length=1, description="name -> key, phrases, where it leads")
    into: Name | None = Field(None, description="variable that gets the option's name")
    next: Target | None = Field(None, description="where options without their own `next` lead")


class Menu(AskingNode):
    kind: ClassVar[str] = "menu"

    __slots__ = ("into", "options")

    def __init__(self, build: NodeBuilder, model: MenuModel) -> None:
        super().__init__(build, model)
        default = build.target(model.next, ("next",), "next") if model.next is not None else ""
        self.options = Options(build, model.options, default)
        self.into = build.assigns(model.into, ("into",), "", TEXT)

    def phrases(self, turn: Turn) -> tuple[str, ...] | None:
        own = self.options.spoken(turn.language).spoken
        return own + self.commands.phrases(turn.language) if own else None

    def key(self, turn: Turn, digit: str) -> None:
        keys = str(turn.data.get("digits", "")) + digit
        option, fits = self.options.press(turn, keys)
        if fits == "more":
            turn.data["digits"] = keys
            self.wait_for_keys(turn, self.rules.terminator_s if option else self.rules.inter_digit_s)
        elif option is not None:
            self.options.choose(turn, option, "key", self.into, keys)
        elif len(keys) == 1 and digit in self.commands.by_key:
            turn.command(self.commands.by_key[digit], "key")
        else:
            self.no_match(turn)

    def keys_over(self, turn: Turn) -> None:
        keys = str(turn.data.get("digits", ""))
        option, _ = self.options.press(turn, keys)
        if option is not None:
            self.options.choose(turn, option, "key", self.into, keys)
        elif keys in self.commands.by_key:
            turn.command(self.commands.by_key[keys], "key")
        else:
            self.no_match(turn)

    def heard(self, turn: Turn, event: SpeechHeard, text: str) -> None:
        """The first reading that is believed and means something; else what may have been meant is asked back."""
        maybe: list[str] = []
        for reading in event.readings():
            name, command = self._match(turn, normalise(reading.text))
            if name and self.sure(reading.confidence):
                self.options.choose(turn, self.options.by_name[name], "speech", self.into)
                return
            if command and self.sure(reading.confidence):
                turn.command(self.commands.by_name[command], "speech")
                return
            if name and name not in maybe and self.maybe(reading.confidence):
                maybe.append(name)
        self.unsure(turn, maybe)

    def _match(self, turn: Turn, said: str) -> tuple[str, str]:
        """The option or the command that these words mean: alone first, then within a sentence."""
        if not said:
            return "", ""
        own, commands = self.options.spoken(turn.language), self.commands.spoken(turn.language)
        for find in ("equal", "within"):
            name = getattr(own, find)(said)
            if name is not None and self.options.offered(turn, name):
                return name, ""
            command = getattr(commands, find)(said)
            if command is not None:
                return "", command
        return "", ""

    def label(self, turn: Turn, answer: str) -> tuple[Run, ...]:
        return self.options.label(turn, answer)

    def take(self, turn: Turn, answer: str) -> None:
        self.options.choose(turn, self.options.by_name[answer], "speech", self.into)


def _make(build: NodeBuilder, model: NodeModel) -> Node:
    return Menu(build, cast(MenuModel, model))


KIND = NodeKind(
    "menu",
    MenuModel,
    _make,
    "Offers a few choices. A key acts at once when no longer one begins with it; a phrase is accepted when it is said, "
    "alone or within a sentence. What was not heard well is asked back with the hotline's `confirm` prompts. A key "
    "that is "
    "no option goes to the `always` commands, then to `no_match`.",
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
