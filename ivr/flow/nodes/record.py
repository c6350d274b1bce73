"""record: what the caller says, as a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from ivr.flow import raising
from ivr.flow.actions import Record
from ivr.flow.expressions import DOUBLE, TEXT, map_of
from ivr.flow.inputs import RecordingEnded
from ivr.flow.nodes.base import NodeKind
from ivr.flow.nodes.words_first import WordsFirstNode
from ivr.flow.schema import Key, Name, NodeModel, Prompts, Seconds, Target
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


RESULT = map_of(id=TEXT, seconds=DOUBLE, ended_by=TEXT)


class RecordModel(NodeModel):
    prompt: Prompts = Field(None, description="heard before the tone")
    beep: bool = Field(True, description="a tone before the recording")
    longest_s: Seconds = Field(120.0, description="it ends after this")
    silence_s: Seconds = Field(4.0, description="it ends after so long a silence")
    finish: list[Key] | Key | None = Field("#", description="keys that end it; null for none")
    purpose: Name = Field(
        "message", description="what it is, for those who listen to it and for its retention"
    )
    into: Name = Field("recording", description="variable that gets `{id, seconds, ended_by}`")
    next: Target
    empty: Target | None = Field(None, description="where it leads when nothing was said (default: `next`)")


class RecordNode(WordsFirstNode):
    kind: ClassVar[str] = "record"
    keeps_keys: ClassVar[bool] = False
    waits: ClassVar[bool] = True

    __slots__ = ("action", "empty", "finish", "into", "next", "settings")

    def __init__(self, build: NodeBuilder, model: RecordModel) -> None:
        super().__init__(build, model)
        self.prompts = build.prompts(model.prompt, ("prompt",))
        finish = model.finish if isinstance(model.finish, list) else [model.finish or ""]
        self.finish = "".join(finish)
        self.settings = (model.purpose, model.longest_s, model.silence_s, self.finish, model.beep)
        self.into = build.assigns(model.into, ("into",), None, RESULT)
        self.next = build.target(model.next, ("next",), "next")
        self.empty = self.next
        if model.empty is not None:
            self.empty = build.target(model.empty, ("empty",), "empty")

    def enter(self, turn: Turn) -> None:
        turn.remember(self.id)
        turn.keys = ""
        self.reprompt(turn)

    def reprompt(self, turn: Turn) -> None:
        """What was recorded so far is not the message."""
        turn.close("record")
        super().reprompt(turn)

    def act(self, turn: Turn) -> None:
        if "record" not in turn.waiting:
            turn.actions.append(Record(turn.open("record"), turn.language, *self.settings))

    def digit(self, turn: Turn, digit: str) -> None:
        """Before the tone a key of a command acts, any other goes to the tone at once; while recording the keys that
        end it belong to the recorder."""
        if "record" in turn.waiting:
            if digit not in self.finish:
                self.command_pressed(turn, digit)
        elif not self.command_pressed(turn, digit):
            turn.hush()
            self.act(turn)

    def recording_ended(self, turn: Turn, event: RecordingEnded) -> None:
        turn.note(
            "recorded",
            {"node": self.id, "outcome": event.outcome, "id": event.recording, "seconds": event.seconds},
        )
        if event.outcome == "failed" and not turn.hung_up:
            turn.raise_event("error.record")
            return
        turn.assign(
            self.into,
            {"id": event.recording, "seconds": event.seconds, "ended_by": event.ended_by}
            if event.outcome == "recorded"
            else None,
        )
        if not (turn.hung_up and raising.after_hangup(turn)):
            turn.go(self.next if event.outcome == "recorded" else self.empty)


KIND = NodeKind(
    "record",
    RecordModel,
    RecordNode,
    "Records the caller after a tone, until a key, a silence or the limit. Who hangs up has left the message "
    "too: the flow then goes on without sound (at its handler of `hangup`, else at `next`). A recording is "
    "played with `{recording: = message.id}` as a prompt. Event: `error.record`.",
    """\
message:
  kind: record
  prompt: suggestion.record
  longest_s: 120
  into: message
  next: thanks
  empty: nothing_said
""",
    ("error.record",),
)
