"""language: the language from here on."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from ivr.flow import languages
from ivr.flow.expressions import TEXT
from ivr.flow.model import Source
from ivr.flow.nodes.base import Node, NodeKind
from ivr.flow.schema import NodeModel, Target
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


class LanguageModel(NodeModel):
    language: str = Field(
        description="one of the hotline's languages, or `= expression`; one that is none of them changes nothing"
    )
    next: Target


class Language(Node):
    kind: ClassVar[str] = "language"
    silent: ClassVar[bool] = True

    __slots__ = ("language", "next")

    def __init__(self, build: NodeBuilder, model: LanguageModel) -> None:
        super().__init__(build, model)
        if model.language.startswith("="):
            self.language = build.source(model.language, ("language",), TEXT)
        else:
            self.language = Source(build.language(model.language, ("language",)))
        self.next = build.target(model.next, ("next",), "next")

    def enter(self, turn: Turn) -> None:
        wanted = self.language.value(turn)
        if isinstance(wanted, str) and wanted in turn.library.languages:
            languages.change(turn, wanted)
        turn.note("language", {"language": turn.language})
        turn.go(self.next)


KIND = NodeKind(
    "language",
    LanguageModel,
    Language,
    "Speaks and listens in another language from here on; the queue is told too. It may be computed: the one "
    "of an earlier call, the one that was heard (`event.detail.language` under `on: {language: ...}`).",
    """\
english:
  kind: language
  language: en
  next: question

as_before:
  kind: language
  language: = call.history.language
  next: question
""",
)
