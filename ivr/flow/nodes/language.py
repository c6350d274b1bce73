"""language: the language from here on."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from ivr.flow.nodes.base import Node, NodeKind
from ivr.flow.schema import NodeModel, Target
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


class LanguageModel(NodeModel):
    language: str = Field(description="one of the hotline's languages")
    next: Target


class Language(Node):
    kind: ClassVar[str] = "language"
    silent: ClassVar[bool] = True

    __slots__ = ("language", "next")

    def __init__(self, build: NodeBuilder, model: LanguageModel) -> None:
        super().__init__(build, model)
        self.language = build.language(model.language, ("language",))
        self.next = build.target(model.next, ("next",), "next")

    def enter(self, turn: Turn) -> None:
        turn.language = self.language
        turn.note("language", {"language": self.language})
        turn.go(self.next)


KIND = NodeKind(
    "language",
    LanguageModel,
    Language,
    "Speaks and listens in another language from here on; the queue is told too.",
    """\
english:
  kind: language
  language: en
  next: question
""",
)
