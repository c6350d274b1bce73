"""ask: an open question, answered in the caller's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from ivr.flow.expressions import TEXT
from ivr.flow.inputs import SpeechHeard
from ivr.flow.match import normalise
from ivr.flow.nodes.base import NodeKind
from ivr.flow.nodes.categorising import Categorising, CategoryFields
from ivr.flow.nodes.choices import Options
from ivr.flow.nodes.choosing import ChoosingNode
from ivr.flow.nodes.slots import SlotModel, Slots
from ivr.flow.schema import Name, OptionModel, Target
from ivr.flow.state import Run
from ivr.flow.turn import MAX_VARIABLE_TEXT, Turn
from ivr.flow.understanding.classify import Ranked
from ivr.flow.understanding.normal import written
from ivr.flow.understanding.ready import make_ready

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


_CATEGORY = "category:"
"""Before the name of a category among the answers that are asked back."""


class AskModel(CategoryFields):
    into: Name = Field("said", description="variable that gets what was said, as text")
    written: Name | None = Field(
        None,
        description="variable that gets it as people write it: numbers in figures, names as in `names.yaml`",
    )
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
    identifies: ClassVar[bool] = True
    takes_anything: ClassVar[bool] = True

    __slots__ = ("about", "into", "next", "slots", "written")

    def __init__(self, build: NodeBuilder, model: AskModel) -> None:
        super().__init__(build, model)
        self.next = build.target(model.next, ("next",), "next")
        self.options = Options(build, model.options, self.next)
        self.into = build.assigns(model.into, ("into",), "", TEXT)
        self.chosen = build.assigns(model.intent, ("intent",), "", TEXT)
        self.written = build.assigns(model.written, ("written",), "", TEXT)
        if self.written:
            make_ready(build.languages)
        self.slots = Slots(build, model.slots) if model.slots else None
        asked = model.category or model.by_category or model.details
        self.about = Categorising(build, model) if asked else None

    def before(self, turn: Turn) -> None:
        if not (turn.can_listen and self.rules.speech):
            # An open question cannot be answered by keys: the flow says what to do instead, or the keys of the options.
            turn.data["deaf"] = True
            turn.raise_event("error.asr")

    def phrases(self, turn: Turn) -> tuple[str, ...] | None:
        return ()

    def hints(self, turn: Turn, event: SpeechHeard) -> bool:
        options = self.options.spoken(turn.language)
        if options.within(normalise(event.text), self.options.withheld(turn)) is not None:
            return True
        if self.about is not None and self.about.hinted(turn, event.text):
            return True
        return self.commands.said(event.best(), turn.language) is not None

    def heard(self, turn: Turn, event: SpeechHeard) -> None:
        if not self.maybe(event.confidence):
            self.no_match(turn)
        elif not (self.sure(event.confidence) and self.command_said(turn, event)):
            turn.assign(self.into, event.text.strip()[:MAX_VARIABLE_TEXT])
            if self.written:
                text = turn.library.names.corrected(event.text[:MAX_VARIABLE_TEXT], turn.language)
                turn.assign(self.written, written(text, turn.language))
            if self.slots is not None:
                turn.note("slots", {"node": self.id, "filled": list(self.slots.fill(turn, event.text))})
            self._hinted(turn, event)

    def _hinted(self, turn: Turn, event: SpeechHeard) -> None:
        """The option that the words hint at, asked back where they were not heard well; else on with the words."""
        found = self.options.spoken(turn.language).within(normalise(event.text), self.options.withheld(turn))
        ranked = self.about.rank(turn, event.text) if self.about is not None else ()
        if found is None:
            self._by_category(turn, ranked)
            return
        if self.about is not None:
            self.about.sure(turn, self.id, ranked)
        if self.sure(event.confidence) or self.asking_back is None:
            self.take(turn, found)
        else:
            self.unsure(turn, [found])

    def _by_category(self, turn: Turn, ranked: tuple[Ranked, ...]) -> None:
        """Where the category leads, asked back where it is a doubt; without one, on with the words."""
        refused = turn.data.get("refused")
        known = refused if isinstance(refused, list) else []
        maybe = self.about.doubtful(ranked) if self.about is not None and self.asking_back is not None else []
        maybe = [answer for each in maybe if (answer := _CATEGORY + each) not in known]
        if maybe:
            self.unsure(turn, maybe)
            return
        turn.note("option", {"node": self.id, "option": "", "by": "speech"})
        if self.chosen:
            turn.assign(self.chosen, "")
        category = self.about.sure(turn, self.id, ranked) if self.about is not None else ""
        turn.go((self.about.way(category) if self.about is not None else "") or self.next)

    def label(self, turn: Turn, answer: str) -> tuple[Run, ...]:
        if self.about is not None and answer.startswith(_CATEGORY):
            return self.about.label(answer.removeprefix(_CATEGORY)).runs(turn)
        return super().label(turn, answer)

    def take(self, turn: Turn, answer: str) -> None:
        if self.about is not None and answer.startswith(_CATEGORY):
            name = answer.removeprefix(_CATEGORY)
            turn.note("category", {"node": self.id, "category": name, "ranked": []})
            self.about.assign(turn, name, 1.0)
            turn.go(self.about.way(name))
        else:
            super().take(turn, answer)


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
