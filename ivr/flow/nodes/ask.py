"""ask: an open question, answered in the caller's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from ivr.flow.expressions import TEXT
from ivr.flow.inputs import SpeechHeard
from ivr.flow.match import normalise
from ivr.flow.nodes.base import NodeKind
from ivr.flow.nodes.choices import Options
from ivr.flow.nodes.choosing import ChoosingNode
from ivr.flow.nodes.slots import SlotModel, Slots
from ivr.flow.schema import InputModel, Name, OptionModel, Target
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
    slots: dict[Name, SlotModel] = Field(
        default_factory=dict,
        description="variables that the words may fill as well, each by itself; what is not said stays as it is",
    )
    next: Target = Field(description="where anything else that was said leads")


class Ask(ChoosingNode):
    kind: ClassVar[str] = "ask"

    __slots__ = ("into", "next", "slots")

    def __init__(self, build: NodeBuilder, model: AskModel) -> None:
        super().__init__(build, model)
        self.next = build.target(model.next, ("next",), "next")
        self.options = Options(build, model.options, self.next)
        self.into = build.assigns(model.into, ("into",), "", TEXT)
        self.chosen = build.assigns(model.intent, ("intent",), "", TEXT)
        self.slots = Slots(build, model.slots) if model.slots else None

    def before(self, turn: Turn) -> None:
        if not (turn.can_listen and self.rules.speech):
            # An open question cannot be answered by keys: the flow says what to do instead, or the keys of the options.
            turn.data["deaf"] = True
            turn.raise_event("error.asr")

    def phrases(self, turn: Turn) -> tuple[str, ...] | None:
        return ()

    def heard(self, turn: Turn, event: SpeechHeard) -> None:
        if not self.maybe(event.confidence):
            self.no_match(turn)
        elif not (self.sure(event.confidence) and self.command_said(turn, event)):
            turn.assign(self.into, event.text.strip()[:MAX_VARIABLE_TEXT])
            if self.slots is not None:
                turn.note("slots", {"node": self.id, "filled": list(self.slots.fill(turn, event.text))})
            self._hinted(turn, event)

    def _hinted(self, turn: Turn, event: SpeechHeard) -> None:
        """The option that the words hint at, asked back where they were not heard well; else on with the words."""
        found = self.options.spoken(turn.language).within(normalise(event.text), self.options.withheld(turn))
        if found is None:
            turn.note("option", {"node": self.id, "option": "", "by": "speech"})
            if self.chosen:
                turn.assign(self.chosen, "")
            turn.go(self.next)
        elif self.sure(event.confidence) or self.asking_back is None:
            self.take(turn, found)
        else:
            self.unsure(turn, [found])


KIND = NodeKind(
    "ask",
    AskModel,
    Ask,
    "Asks an open question and keeps what was said. Without recognition in the caller's language the event "
    "`error.asr` comes at once, before the prompt: lead it to a menu with keys. One sentence may fill several "
    "variables (`slots`): a branch then asks for what is still missing.",
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
