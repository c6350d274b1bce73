"""Records of what outlives its call: a callback promised, a recording kept, a message to be delivered.

All three are rows of present state: a later write replaces the row unless its revision is lower.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from storage.masking import mask

CallbackState = Literal["waiting", "done", "cancelled", "failed"]
RecordingState = Literal["recording", "kept", "failed", "deleted"]
NotificationState = Literal["pending", "sent", "failed"]


@dataclass(frozen=True, slots=True)
class CallbackRecord:
    """A promise to call back. call_id: the call in which it was made. entry_id: the queue entry whose place it keeps.

    number: digits, as the caller confirmed them. enqueued_at: the place in the queue, kept from the entry. not_before:
    None = as soon as it is its turn. attempts: calls made so far. plan: how it is to be carried out
    (`ivr.callback.plan`), {} = as the settings say.
    """

    id: str
    call_id: str
    entry_id: str
    queue: str
    number: str
    enqueued_at: dt.datetime
    created_at: dt.datetime
    language: str = ""
    skills: Mapping[str, int] = field(default_factory=dict)
    priority: int = 0
    reason: str = ""
    not_before: dt.datetime | None = None
    state: CallbackState = "waiting"
    attempts: int = 0
    data: Mapping[str, Any] = field(default_factory=dict)
    revision: int = 0
    plan: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        number = mask(self.number)
        return (
            f"CallbackRecord(id={self.id!r}, queue={self.queue!r}, state={self.state!r}, number={number!r})"
        )


@dataclass(frozen=True, slots=True)
class RecordingRecord:
    """What was said onto a machine, or in a talk. path: within the folder of recordings. seconds: its length.

    retention: the class that says how long it is kept (settings, `recordings.classes`), "" = as its purpose says.
    sha256: of the whole file, "" where none was taken. data: `transcript` (ivr/recordings/waiting.py), of a talk also
    what ivr/talk/recording_notes.py says.
    """

    id: str
    call_id: str
    purpose: str
    path: str
    created_at: dt.datetime
    seconds: float = 0.0
    language: str = ""
    state: RecordingState = "recording"
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)
    revision: int = 0
    retention: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class NotificationRecord:
    """A message of the outbox. recipient: a number, an address, a name; "" = the channel's own.

    next_at: when it is tried (again). error: what the last attempt failed of.
    """

    id: str
    call_id: str
    channel: str
    recipient: str
    text: str
    next_at: dt.datetime
    created_at: dt.datetime
    language: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    state: NotificationState = "pending"
    attempts: int = 0
    sent_at: dt.datetime | None = None
    error: str = ""
    revision: int = 0

    def __repr__(self) -> str:
        recipient = mask(self.recipient)
        return (
            f"NotificationRecord(id={self.id!r}, channel={self.channel!r}, state={self.state!r}, "
            f"recipient={recipient!r})"
        )
