"""survey: a rating by one key."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from pydantic import Field

from ivr.flow.model import Handler
from ivr.flow.nodes.asking import AskingNode
from ivr.flow.nodes.base import Node, NodeKind
from ivr.flow.schema import InputModel, Name, NodeModel, Target
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


class SurveyModel(InputModel):
    scale: int = Field(5, ge=2, le=9, description="keys 1 to this are ratings")
    into: Name = Field("rating", description="variable that gets the rating (a number)")
    question: str = Field("satisfaction", max_length=60, description="what is rated, for the journal")
    next: Target
    skipped: Target | None = Field(None, description="where silence and other keys lead (default: `next`)")


class Survey(AskingNode):
    kind: ClassVar[str] = "survey"

    __slots__ = ("into", "next", "question", "scale")

    def __init__(self, build: NodeBuilder, model: SurveyModel) -> None:
        super().__init__(build, model)
        self.next = build.target(model.next, ("next",), "next")
        skipped = self.next
        if model.skipped is not None:
            skipped = build.target(model.skipped, ("skipped",), "skipped")
        self.into = build.assigns(model.into, ("into",), 0)
        self.scale = model.scale
        self.question = model.question
        # Nobody is kept on the line, or brought to a person, for not rating.
        self.defaults = {
            "no_input": (Handler("no_input", 1, "go", target=skipped),),
            "no_match": (Handler("no_match", 1, "reprompt"), Handler("no_match", 2, "go", target=skipped)),
        }

    def key(self, turn: Turn, digit: str) -> None:
        if digit.isdecimal() and 1 <= int(digit) <= self.scale:
            turn.note("survey", {"question": self.question, "rating": int(digit), "scale": self.scale})
            turn.assign(self.into, int(digit))
            turn.go(self.next)
        elif digit in self.commands.by_key:
            turn.command(self.commands.by_key[digit], "key")
        else:
            self.no_match(turn)


def _make(build: NodeBuilder, model: NodeModel) -> Node:
    return Survey(build, cast(SurveyModel, model))


KIND = NodeKind(
    "survey",
    SurveyModel,
    _make,
    "Asks for a rating by one key and notes it in the journal. Silence skips it at once, a second wrong key too, "
    "unless its handlers say otherwise.",
    """\
survey:
  kind: survey
  prompt: [survey.invite, survey.scale]
  into: rating
  next: thanks
  skipped: goodbye
""",
)
