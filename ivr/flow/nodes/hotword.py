"""Listening for the `always` commands while something is said that asks nothing (say, the waiting in a queue). Pure.

Nothing but a command stops the prompt: a cough or a word to somebody else in the room does not cut the announcement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr.flow.inputs import SpeechFailed, SpeechHeard
from ivr.flow.nodes.base import Node
from ivr.flow.schema import NodeModel
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder

END_SILENCE_S = 0.6
LONGEST_S = 10.0


class HotwordNode(Node):
    __slots__ = ("accept", "listens")

    def __init__(self, build: NodeBuilder, model: NodeModel) -> None:
        super().__init__(build, model)
        self.accept = build.accept
        self.listens = build.listens

    def more_phrases(self, turn: Turn) -> tuple[str, ...]:
        """What else is understood besides the commands."""
        return ()

    def listen_for_commands(self, turn: Turn) -> None:
        if not (self.listens and turn.can_listen) or turn.data.get("deaf") or "listen" in turn.waiting:
            return
        phrases = self.more_phrases(turn) + self.commands.phrases(turn.language)
        if phrases:
            turn.listen(phrases, END_SILENCE_S, LONGEST_S)

    def speech_heard(self, turn: Turn, event: SpeechHeard) -> None:
        if self.urgent_said(turn, event):
            return
        if self.sure(event.confidence) and (self.heard_more(turn, event) or self.command_said(turn, event)):
            return
        if "play" in turn.waiting or self.listens_on(turn):
            self.listen_for_commands(turn)

    def sure(self, confidence: float | None) -> bool:
        return confidence is None or confidence >= self.accept

    def heard_more(self, turn: Turn, event: SpeechHeard) -> bool:
        """Whether that is one of `more_phrases`, and was acted on."""
        return False

    def listens_on(self, turn: Turn) -> bool:
        """Whether to listen also when nothing is being said."""
        return False

    def speech_failed(self, turn: Turn, event: SpeechFailed) -> None:
        """Nobody was asked anything, so nothing need be said: keys go on working."""
        if event.cause == "lost" and not turn.data.get("lost"):
            turn.data["lost"] = True
            if "play" in turn.waiting or self.listens_on(turn):
                self.listen_for_commands(turn)
            return
        turn.data["deaf"] = True
        if event.cause in ("unavailable", "language"):
            turn.speech_off = True
