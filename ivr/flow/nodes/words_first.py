"""What record, transfer, callback and hangup share: words first, and when these are over the deed."""

from __future__ import annotations

from ivr.flow.model import PromptList
from ivr.flow.nodes.base import Node
from ivr.flow.turn import Turn


class WordsFirstNode(Node):
    """A prompt that cannot be played holds nothing up."""

    __slots__ = ("prompts",)

    prompts: PromptList

    def act(self, turn: Turn) -> None:
        """The deed. It may be under way already: words that a command or a handler brought were over."""
        raise NotImplementedError

    def enter(self, turn: Turn) -> None:
        self.reprompt(turn)

    def reprompt(self, turn: Turn) -> None:
        if not turn.speak(self.prompts.runs(turn)):
            self.act(turn)

    def resume(self, turn: Turn) -> None:
        """After an error that its handler only says something about: another try, when that is said."""
        if not (turn.lead and turn.speak(())):
            self.act(turn)

    def prompt_ended(self, turn: Turn, *, failed: bool) -> None:
        if not turn.play_next():
            self.act(turn)
