"""What every compiled node is, and what a kind of node brings along."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ivr.flow.actions import JsonValue, Note
from ivr.flow.inputs import (
    AgentJoined,
    CallbackPlaced,
    LookupEnded,
    QueueEnded,
    QueueProgress,
    RecordingEnded,
    RequestEnded,
    SpeechFailed,
    SpeechHeard,
    SpeechPartial,
    SpeechStarted,
    TransferEnded,
)
from ivr.flow.model import Command, Handlers
from ivr.flow.schema import NodeModel
from ivr.flow.turn import MAX_KEYS_AHEAD, Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


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

    def digit(self, turn: Turn, digit: str) -> None:
        """A key that this node has no use for is kept for the next one that asks."""
        turn.keys = (turn.keys + digit)[:MAX_KEYS_AHEAD]

    def prompt_ended(self, turn: Turn, *, failed: bool) -> None: ...
    def timer(self, turn: Turn, name: str) -> None: ...
    def speech_started(self, turn: Turn, event: SpeechStarted) -> None: ...
    def speech_partial(self, turn: Turn, event: SpeechPartial) -> None:
        self.urgent_said(turn, (event.text,))

    def speech_heard(self, turn: Turn, event: SpeechHeard) -> None: ...
    def speech_failed(self, turn: Turn, event: SpeechFailed) -> None: ...
    def queue_progress(self, turn: Turn, event: QueueProgress) -> None: ...
    def agent_joined(self, turn: Turn, event: AgentJoined) -> None: ...
    def queue_ended(self, turn: Turn, event: QueueEnded) -> None: ...
    def callback_placed(self, turn: Turn, event: CallbackPlaced) -> None: ...
    def recording_ended(self, turn: Turn, event: RecordingEnded) -> None: ...
    def party_joined(self, turn: Turn) -> None: ...
    def transfer_ended(self, turn: Turn, event: TransferEnded) -> None: ...
    def request_ended(self, turn: Turn, event: RequestEnded) -> None: ...
    def lookup_ended(self, turn: Turn, event: LookupEnded) -> None: ...

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

    def urgent_said(self, turn: Turn, texts: Iterable[str]) -> bool:
        command = self.commands.urgent(texts)
        if command is not None:
            turn.command(command, "speech")
        return command is not None

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
