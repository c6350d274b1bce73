"""What becomes of an action when the caller has hung up: what needs the caller is over at once, and says so."""

from __future__ import annotations

from ivr.flow.actions import Action, Enqueue, Listen, Play, Record, Transfer
from ivr.flow.inputs import Input, PromptEnded, QueueEnded, RecordingEnded, SpeechFailed, TransferEnded


def refusal(action: Action) -> Input | None:
    """The completion of an action that needs the caller; None: it needs none and is carried out as ever."""
    match action:
        case Play(op=op):
            return PromptEnded(op, "failed")
        case Listen(op=op):
            return SpeechFailed(op, "lost")
        case Record(op=op):
            return RecordingEnded(op, "failed", ended_by="hangup")
        case Enqueue(op=op):
            return QueueEnded(op, "failed")
        case Transfer(op=op):
            return TransferEnded(op, "failed")
        case _:
            return None
