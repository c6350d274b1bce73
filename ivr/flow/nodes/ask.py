"""ask: an open question, answered in the caller's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from pydantic import Field

from ivr.flow.expressions import TEXT
from ivr.flow.inputs import SpeechHeard
from ivr.flow.nodes.asking import AskingNode
from ivr.flow.nodes.base import Node, NodeKind
from ivr.flow.nodes.choices import Option, Options
from ivr.flow.schema import InputModel, Name, NodeModel, OptionModel, Target
from ivr.flow.state import Run
from ivr.flow.turn import MAX_VARIABLE_TEXT, Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


class AskModel(InputModel):
    into: Name = Field("said", description="variable that gets what was said, as text")
    intent: Name | None = Field(
        None, description='variable that gets the name of the option recognised, or ""'
    )
    options: dict[Name, OptionModel] = Field(
        default_factory=dict,
        description="what the words may hint at: the longest phrase found in them decides; by key too",
    )
    next: Target = Field(description="where anything else that was said leads")


class Ask(AskingNode):
    kind: ClassVar[str] = "ask"

    __slots__ = ("intent", "into", "next", "options")

    def __init__(self, build: NodeBuilder, model: AskModel) -> None:
        super().__init__(build, model)
        self.next = build.target(model.next, ("next",), "next")
        self.options = Options(build, model.options, self.next)
        self.into = build.assigns(model.into, ("into",), "", TEXT)
        self.intent = build.assigns(model.intent, ("intent",), "", TEXT)

    def enter(self, turn: Turn) -> None:
        if not (turn.can_listen and self.rules.speech):
            # An open question cannot be answered by keys: the flow says what to do instead, or the keys of the options.
            turn.remember(self.id)
            turn.data["deaf"] = True
            turn.raise_event("error.asr")
            if turn.pending is not None:
                return
        super().enter(turn)

    def phrases(self, turn: Turn) -> tuple[str, ...] | None:
        return ()

    def key(self, turn: Turn, digit: str) -> None:
        keys = str(turn.data.get("digits", "")) + digit
        option, fits = self.options.press(turn, keys)
        if fits == "more":
            turn.data["digits"] = keys
            self.wait_for_keys(turn, self.rules.terminator_s if option else self.rules.inter_digit_s)
        elif option is not None:
            self._choose(turn, option)
        elif len(keys) == 1 and digit in self.commands.by_key:
            turn.command(self.commands.by_key[digit], "key")
        else:
            self.no_match(turn)

    def keys_over(self, turn: Turn) -> None:
        option, _ = self.options.press(turn, str(turn.data.get("digits", "")))
        if option is not None:
            self._choose(turn, option)
        else:
            self.no_match(turn)

    def _choose(self, turn: Turn, option: Option) -> None:
        self.options.choose(turn, option, "key", self.intent)

    def heard(self, turn: Turn, event: SpeechHeard, text: str) -> None:
        if not self.maybe(event.confidence):
            self.no_match(turn)
            return
        commands = self.commands.spoken(turn.language)
        command = commands.equal(text) or commands.short(text)
        if command is not None:
            turn.command(self.commands.by_name[command], "speech")
            return
        turn.assign(self.into, event.text.strip()[:MAX_VARIABLE_TEXT])
        found = self.options.spoken(turn.language).within(text)
        if found is not None and self.options.offered(turn, found):
            if self.sure(event.confidence) or self.asking_back is None:
                self.take(turn, found)
            else:
                self.unsure(turn, [found])
            return
        turn.note("option", {"node": self.id, "option": "", "by": "speech"})
        if self.intent:
            turn.assign(self.intent, "")
        turn.go(self.next)

    def label(self, turn: Turn, answer: str) -> tuple[Run, ...]:
        return self.options.label(turn, answer)

    def take(self, turn: Turn, answer: str) -> None:
        self.options.choose(turn, self.options.by_name[answer], "speech", self.intent)


def _make(build: NodeBuilder, model: NodeModel) -> Node:
    return Ask(build, cast(AskModel, model))


KIND = NodeKind(
    "ask",
    AskModel,
    _make,
    "Asks an open question and keeps what was said. Without recognition in the caller's language the event `error.asr` "
    "comes at once, before the prompt: lead it to a menu with keys.",
    """\
question:
  kind: ask
  prompt: {1: [question.open, question.keys], 2: question.keys}
  into: said
  intent: topic
  options:
    complaint: {key: 2, say: {zh: [投诉, 举报], en: [complain]}, next: complaint}
  next: person
  on:
    error.asr: {say: menu.speech_off, next: keys}
""",
)
