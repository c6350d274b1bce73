"""survey: a rating, by one key or a word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from ivr.flow.expressions import INT
from ivr.flow.inputs import SpeechHeard
from ivr.flow.match import NO_PHRASES, Phrases, normalise
from ivr.flow.model import Handler
from ivr.flow.nodes.asking import AskingNode
from ivr.flow.nodes.base import NodeKind
from ivr.flow.schema import InputModel, Name, Target
from ivr.flow.schema import Phrases as PhrasesField
from ivr.flow.turn import Turn
from ivr.flow.values.said import number_said

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


_NUMBERS: Mapping[str, tuple[str, ...]] = {
    "zh": ("一", "二", "三", "四", "五", "六", "七", "八", "九"),
    "en": ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "es": ("uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"),
}
"""The ratings as a recogniser has to expect them."""


class SurveyModel(InputModel):
    scale: int = Field(5, ge=2, le=9, description="keys 1 to this are ratings")
    into: Name = Field("rating", description="variable that gets the rating (a number)")
    question: str = Field("satisfaction", max_length=60, description="what is rated, for the journal")
    say: dict[str, PhrasesField] = Field(
        default_factory=dict, description="words for a rating: `{1: {zh: [非常满意], en: [very satisfied]}}`"
    )
    next: Target
    skipped: Target | None = Field(None, description="where silence and other keys lead (default: `next`)")


class Survey(AskingNode):
    kind: ClassVar[str] = "survey"

    __slots__ = ("into", "next", "question", "scale", "spoken")

    def __init__(self, build: NodeBuilder, model: SurveyModel) -> None:
        super().__init__(build, model)
        self.next = build.target(model.next, ("next",), "next")
        skipped = self.next
        if model.skipped is not None:
            skipped = build.target(model.skipped, ("skipped",), "skipped")
        self.into = build.assigns(model.into, ("into",), 0, INT)
        self.scale = model.scale
        self.question = model.question
        said: dict[str, dict[str, tuple[str, ...]]] = {}
        for rating, phrases in model.say.items():
            if not (rating.isdecimal() and 1 <= int(rating) <= model.scale):
                build.fault(("say", rating), "wrong-value", f"`{rating}` is no rating", f"1 to {model.scale}")
            for language, texts in build.phrases(phrases, ("say", rating)).items():
                said.setdefault(language, {})[rating] = texts
        self.spoken = {language: Phrases(choices) for language, choices in said.items()}
        # Nobody is kept on the line, or brought to a person, for not rating.
        self.defaults = {
            "no_input": (Handler("no_input", 1, "go", target=skipped),),
            "no_match": (Handler("no_match", 1, "reprompt"), Handler("no_match", 2, "go", target=skipped)),
        }

    def phrases(self, turn: Turn) -> tuple[str, ...] | None:
        own = self.spoken.get(turn.language, NO_PHRASES).spoken
        own += _NUMBERS.get(turn.language, ())[: self.scale]
        return (own + self.commands.phrases(turn.language)) or None

    def heard(self, turn: Turn, event: SpeechHeard) -> None:
        own = self.spoken.get(turn.language, NO_PHRASES)
        for reading in event.readings():
            if not self.sure(reading.confidence):
                continue
            said = normalise(reading.text)
            rating = own.equal(said) or own.within(said)
            if rating is None and (number := number_said(reading.text, turn.language)) is not None:
                rating = str(number)
            if rating is not None and self._rate(turn, rating):
                return
        if not (self.sure(event.confidence) and self.command_said(turn, event)):
            self.no_match(turn)

    def _rate(self, turn: Turn, rating: str) -> bool:
        if not (rating.isdecimal() and 1 <= int(rating) <= self.scale):
            return False
        turn.note("survey", {"question": self.question, "rating": int(rating), "scale": self.scale})
        turn.assign(self.into, int(rating))
        turn.go(self.next)
        return True

    def key(self, turn: Turn, digit: str) -> None:
        if not (self._rate(turn, digit) or self.command_pressed(turn, digit)):
            self.no_match(turn)


KIND = NodeKind(
    "survey",
    SurveyModel,
    Survey,
    "Asks for a rating by one key, or by its words, and notes it in the journal. Silence skips it at once, a "
    "second wrong key too, unless its handlers say otherwise.",
    """\
survey:
  kind: survey
  prompt: [survey.invite, survey.scale]
  into: rating
  next: thanks
  skipped: goodbye
""",
)
