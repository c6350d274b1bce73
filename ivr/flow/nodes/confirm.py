"""confirm: yes or no."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from ivr.flow.expressions import BOOL
from ivr.flow.inputs import SpeechHeard
from ivr.flow.match import normalise
from ivr.flow.nodes.asking import AskingNode
from ivr.flow.nodes.asking_back import yes_no_phrases
from ivr.flow.nodes.base import NodeKind
from ivr.flow.schema import InputModel, Key, Name, Phrases, Strict, Target
from ivr.flow.turn import Turn
from ivr.flow.values.said import yes_no

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


class AnswerModel(Strict):
    """One of the two answers; a text instead of it is its `next`."""

    next: Target
    key: Key | None = None
    say: Phrases = Field(None, description="phrases, by language, besides the usual ones")


class ConfirmModel(InputModel):
    yes: Target | AnswerModel = Field(
        description="where yes leads; `{next: ..., key: 1, say: {en: [do it]}}`"
    )
    no: Target | AnswerModel = Field(description="where no leads")
    into: Name | None = Field(None, description="variable that gets true or false")


class Confirm(AskingNode):
    kind: ClassVar[str] = "confirm"
    expects: ClassVar[str] = "yes_no"

    __slots__ = ("answers", "by_key", "into", "said")

    def __init__(self, build: NodeBuilder, model: ConfirmModel) -> None:
        super().__init__(build, model)
        self.into = build.assigns(model.into, ("into",), None, BOOL)
        self.answers: dict[bool, str] = {}
        self.by_key: dict[str, bool] = {}
        self.said: dict[str, dict[str, bool]] = {}
        for name, yes, answer, usual in (("yes", True, model.yes, "1"), ("no", False, model.no, "2")):
            written = answer if isinstance(answer, AnswerModel) else AnswerModel(next=answer)
            path = (name, "next") if isinstance(answer, AnswerModel) else (name,)
            self.answers[yes] = build.target(written.next, path, f"answer:{name}")
            key = written.key or usual
            if len(key) > 1:
                build.fault((name, "key"), "wrong-value", "an answer has one key", "key: 1")
            self.by_key[key] = yes
            for language, phrases in build.phrases(written.say, (name, "say")).items():
                self.said.setdefault(language, {}).update({normalise(phrase): yes for phrase in phrases})
        if len(self.by_key) < 2:
            build.fault(("no",), "duplicate-option-key", "yes and no have the same key", "change one")

    def phrases(self, turn: Turn) -> tuple[str, ...] | None:
        own = (*self.said.get(turn.language, {}), *yes_no_phrases(turn.language))
        return own + self.commands.phrases(turn.language) if own else ()

    def key(self, turn: Turn, digit: str) -> None:
        if digit in self.by_key:
            self._answer(turn, self.by_key[digit], "key")
        elif not self.command_pressed(turn, digit):
            self.no_match(turn)

    def heard(self, turn: Turn, event: SpeechHeard) -> None:
        own = self.said.get(turn.language, {})
        for reading in event.readings():
            if not self.sure(reading.confidence):
                continue
            yes = own.get(normalise(reading.text))
            if yes is None:
                yes = yes_no(reading.text, turn.language)
            if yes is not None:
                self._answer(turn, yes, "speech")
                return
        if not (self.sure(event.confidence) and self.command_said(turn, event)):
            self.no_match(turn)

    def _answer(self, turn: Turn, yes: bool, by: str) -> None:
        turn.note("confirmed", {"node": self.id, "yes": yes, "by": by})
        if self.into:
            turn.assign(self.into, yes)
        turn.go(self.answers[yes])


KIND = NodeKind(
    "confirm",
    ConfirmModel,
    Confirm,
    "Asks yes or no: 1 or 2, or in the usual words of the language. `yes` and `no` are targets, or `{next, key, say}`.",
    """\
right:
  kind: confirm
  prompt: [{id: progress.read_back}, confirm.question]
  yes: search
  no: ticket
""",
)
