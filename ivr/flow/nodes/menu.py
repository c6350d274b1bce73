"""menu: a choice among a few, by key or by voice."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from pydantic import Field

from ivr.flow.inputs import SpeechHeard
from ivr.flow.match import normalise
from ivr.flow.nodes.asking import AskingNode
from ivr.flow.nodes.base import Node, NodeKind
from ivr.flow.nodes.choices import Options
from ivr.flow.schema import InputModel, Name, NodeModel, OptionModel, Target
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
        self.into = build.assigns(model.into, ("into",), "")

    def phrases(self, turn: Turn) -> tuple[str, ...] | None:
        own = self.options.spoken(turn.language).spoken
        return own + self.commands.phrases(turn.language) if own else None

    def key(self, turn: Turn, digit: str) -> None:
        keys = str(turn.data.get("digits", "")) + digit
        option, fits = self.options.press(keys)
        if fits == "more":
            turn.data["digits"] = keys
            self.wait_for_keys(turn, self.rules.terminator_s if option else self.rules.inter_digit_s)
        elif option is not None:
            self.options.choose(turn, option, "key", self.into)
        elif len(keys) == 1 and digit in self.commands.by_key:
            turn.command(self.commands.by_key[digit], "key")
        else:
            self.no_match(turn)

    def keys_over(self, turn: Turn) -> None:
        option, _ = self.options.press(str(turn.data.get("digits", "")))
        if option is not None:
            self.options.choose(turn, option, "key", self.into)
        else:
            self.no_match(turn)

    def heard(self, turn: Turn, event: SpeechHeard, text: str) -> None:
        if not self.sure(event):
            self.no_match(turn)
            return
        own = self.options.spoken(turn.language)
        commands = self.commands.spoken(turn.language)
        for said in (normalise(event.phrase), text):
            if not said:
                continue
            name = own.equal(said)
            if name is None and (command := commands.equal(said)) is not None:
                turn.command(self.commands.by_name[command], "speech")
                return
            name = name or own.within(said)
            if name is not None:
                self.options.choose(turn, self.options.by_name[name], "speech", self.into)
                return
            if (command := commands.within(said)) is not None:
                turn.command(self.commands.by_name[command], "speech")
                return
        self.no_match(turn)


def _make(build: NodeBuilder, model: NodeModel) -> Node:
    return Menu(build, cast(MenuModel, model))


KIND = NodeKind(
    "menu",
    MenuModel,
    _make,
    "Offers a few choices. A key acts at once when no longer one begins with it; a phrase is accepted when it is said, "
    "alone or within a sentence. A key that is no option goes to the `always` commands, then to `no_match`.",
    """\
choose:
  kind: menu
  prompt: {1: [menu.choices], 2: [menu.choices_short]}
  options:
    complaint: {key: 1, say: {zh: [投诉, 举报], en: [complaint]}, next: complaint}
    other: {key: 2, next: person}
  on:
    no_input: {count: 2, say: person.transfer, next: person}
""",
)
