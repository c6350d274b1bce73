"""What every compiled node is, and what a kind of node brings along."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from ivr.flow.actions import JsonValue, Note
from ivr.flow.commands import Command
from ivr.flow.inputs import (
    AgentJoined,
    Alternative,
    CallbackPlaced,
    DeskAnswered,
    LookupEnded,
    QueueEnded,
    QueueProgress,
    RecordingEnded,
    RequestEnded,
    SentToFlow,
    SpeechFailed,
    SpeechHeard,
    SpeechPartial,
    SpeechStarted,
    TransferEnded,
    WaitsAgain,
)
from ivr.flow.model import Handlers
from ivr.flow.schema import NodeModel
from ivr.flow.turn import MAX_KEYS_AHEAD, Turn
from ivr.flow.understanding.urgent import Urgent

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


ACCEPT = 0.5
CONFIRM = 0.3
"""From these confidences on a recogniser is believed, and asked back at least, unless the hotline says otherwise."""


class Node:
    """A node does nothing with an input that it does not expect. It keeps no state of its own: that is the turn's.

    The machine has checked ops and the `always` commands' urgent words; what arrives here is for this node.
    """

    kind: ClassVar[str] = ""
    waits: ClassVar[bool] = False
    """Whether the dialogue stops here for something outside (the linter looks for loops that never do)."""
    asks: ClassVar[bool] = False
    """Whether the caller's answer is waited for here."""
    keeps_keys: ClassVar[bool] = True
    """Whether keys pressed here and not used may answer the next question."""
    ends: ClassVar[bool] = False
    """Whether the dialogue ends here."""
    silent: ClassVar[bool] = False
    """Whether it needs no caller: such nodes still run after the caller has hung up (handlers of `hangup`)."""

    __slots__ = ("commands", "defaults", "entered", "flow", "handlers", "id", "masked")

    def __init__(self, build: NodeBuilder, model: NodeModel) -> None:
        self.id = build.id
        self.flow = build.flow
        self.entered = Note("node", {"node": build.id, "kind": self.kind})
        self.masked = False
        """Whether what is pressed or said here is too personal for a log or a screen."""
        self.defaults: Handlers = {}
        """Handlers of the kind itself, for what its authors leave unsaid."""
        self.handlers: Handlers = build.handlers(model.on, ("on",))
        self.commands = build.commands(model.always, self.obeys)

    @staticmethod
    def obeys(command: Command) -> bool:
        """Whether this kind of node can do the command at all."""
        return True

    def enter(self, turn: Turn) -> None:
        raise NotImplementedError

    def reprompt(self, turn: Turn) -> None:
        """Say it again. Also what `repeat` does."""
        self.enter(turn)

    def resume(self, turn: Turn) -> None:
        """Go on waiting after a handler that leads nowhere."""
        self.enter(turn)

    def language_changed(self, turn: Turn) -> None:
        """The caller chose another language: say it in that one."""
        self.reprompt(turn)

    def offer_language(self, turn: Turn) -> None:
        """Offer the language that `event.detail` names. Only a node that asks can."""
        self.resume(turn)

    def digit(self, turn: Turn, digit: str) -> None:
        """A key that this node has no use for is kept for the next one that asks."""
        turn.keys = (turn.keys + digit)[:MAX_KEYS_AHEAD]

    def prompt_ended(self, turn: Turn, *, failed: bool) -> None: ...
    def timer(self, turn: Turn, name: str) -> None: ...
    def speech_started(self, turn: Turn, event: SpeechStarted) -> None: ...
    def speech_partial(self, turn: Turn, event: SpeechPartial) -> None:
        found = self.commands.urgent(event.text, unfinished=True)
        if found is not None:
            self.do_urgent(turn, found)

    def speech_heard(self, turn: Turn, event: SpeechHeard) -> None: ...
    def speech_failed(self, turn: Turn, event: SpeechFailed) -> None: ...
    def queue_progress(self, turn: Turn, event: QueueProgress) -> None: ...
    def agent_joined(self, turn: Turn, event: AgentJoined) -> None: ...
    def waits_again(self, turn: Turn, event: WaitsAgain) -> None: ...
    def sent_to_flow(self, turn: Turn, event: SentToFlow) -> None: ...
    def queue_ended(self, turn: Turn, event: QueueEnded) -> None: ...
    def callback_placed(self, turn: Turn, event: CallbackPlaced) -> None: ...
    def recording_ended(self, turn: Turn, event: RecordingEnded) -> None: ...
    def party_joined(self, turn: Turn) -> None: ...
    def transfer_ended(self, turn: Turn, event: TransferEnded) -> None: ...
    def request_ended(self, turn: Turn, event: RequestEnded) -> None: ...
    def lookup_ended(self, turn: Turn, event: LookupEnded) -> None: ...
    def desk_answered(self, turn: Turn, event: DeskAnswered) -> None: ...

    # The `always` commands. Each of these does the command, if there is one.

    def command_pressed(self, turn: Turn, digit: str) -> bool:
        command = self.commands.by_key.get(digit)
        if command is not None:
            turn.command(command, "key")
        return command is not None

    def command_said(self, turn: Turn, event: SpeechHeard) -> bool:
        """None of the urgent ones: that goes before anything else (`urgent_said`)."""
        command = self.commands.said(event.best(), turn.language)
        if command is not None:
            turn.command(command, "speech")
        return command is not None

    def urgent_in(self, event: SpeechHeard) -> Urgent | None:
        """What was said counts however badly it was heard; a phrase or a reading that the recogniser offers besides,
        only as far as it is believed."""
        found = self.commands.urgent(event.text)
        if found is not None and found.sure:
            return found
        for reading in (Alternative(event.phrase, event.confidence), *event.alternatives):
            other = self.commands.urgent(reading.text) if self.maybe(reading.confidence) else None
            if other is None:
                continue
            if other.sure and self.sure(reading.confidence):
                return other
            found = found or replace(other, sure=False)
        return found

    def urgent_said(self, turn: Turn, event: SpeechHeard) -> bool:
        found = self.urgent_in(event)
        return found is not None and self.doubted(turn, found)

    def doubted(self, turn: Turn, found: Urgent) -> bool:
        """What is sure is done. What is not, and cannot be asked back, is taken as said where it is written so."""
        doubt = self.commands.by_name[found.name].doubt
        if found.sure or doubt == "go" or (doubt == "ask" and found.written == "words"):
            self.do_urgent(turn, found)
            return True
        turn.note(
            "urgent_doubt",
            {"node": self.id, "command": found.name, "phrase": found.phrase, "written": found.written},
        )
        return False

    def do_urgent(self, turn: Turn, found: Urgent) -> None:
        command = self.commands.by_name[found.name]
        if found.written != "words":
            turn.note(
                "urgent_by_sound",
                {"node": self.id, "command": found.name, "phrase": found.phrase, "written": found.written},
            )
        if command.phrase:
            turn.assign(command.phrase, found.phrase)
        turn.command(command, "speech")

    def sure(self, confidence: float | None) -> bool:
        """Whether the recogniser is believed."""
        return confidence is None or confidence >= ACCEPT

    def maybe(self, confidence: float | None) -> bool:
        """Whether it may be asked back at least."""
        return confidence is None or confidence >= CONFIRM

    # Calling another flow

    def calls(self) -> str:
        """The flow that it calls, "" for none."""
        return ""

    def returned(self, turn: Turn, results: Mapping[str, JsonValue]) -> None:
        """The flow that this node called is over."""


@dataclass(frozen=True, slots=True)
class NodeKind:
    """summary and example are what docs/flow-language.md says of the kind, beside the model's field descriptions.

    events: those that only this kind raises.
    """

    name: str
    model: type[NodeModel]
    make: Callable[[NodeBuilder, Any], Node]
    """Called with a model of `model`; the node's class, as a rule."""
    summary: str
    example: str
    events: tuple[str, ...] = ()
