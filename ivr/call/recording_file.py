"""One recording of a call: its file in Asterisk's recording folder, and the fact of it in the records.

Its id is its name in Asterisk. It begins with the call's id, and the rest cannot be guessed. The file tells the true
length and whether anything was said (Asterisk's own figures are whole seconds, and call 200 ms of silence one second of
talk). What holds nothing is deleted.
"""

from __future__ import annotations

import datetime as dt
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from ivr.ari.results import Gone
from ivr.call.ports import Recorded
from ivr.call.recorded import Contents, contents
from ivr.call.recording_end import EndedBy, what_ended
from ivr.call.services import OpenCall
from ivr.errors import AriError
from ivr.flow.actions import Record
from ivr.flow.inputs import RecordingEnded
from ivr.ids import CallId

log = logging.getLogger(__name__)

FORMAT: Final = "wav"


def new_id(call: CallId) -> str:
    return f"{call}.rec-{secrets.token_hex(12)}"


class RecordingFile:
    """revision: of the fact as an earlier controller left it."""

    def __init__(
        self, here: OpenCall, action: Record, name: str, began_at: dt.datetime, revision: int = 0
    ) -> None:
        self._here = here
        self._action = action
        path = f"{name}.{FORMAT}"
        self.known = Recorded(name, action.purpose, path, began_at, action.language, revision=revision)
        """As it stands now."""

    @property
    def id(self) -> str:
        return self.known.id

    def note(self, **changed: object) -> None:
        """The fact as it stands now goes to the records."""
        if changed:
            self.known = replace(self.known, revision=self.known.revision + 1, **changed)  # type: ignore[arg-type]
        self._here.services.records.recorded(self._here.call, self.known)

    async def contents(self) -> Contents | None:
        """None: there is no file that can be read. Raises AriError."""
        file = await self._here.ari.recordings.get_stored_file(recording_name=self.id)
        return None if isinstance(file, Gone) else contents(file.value)

    async def look_at(
        self, wanted: Callable[[], EndedBy], hung_up: Callable[[], Awaitable[bool]]
    ) -> RecordingEnded:
        """The file as it is now: kept, or deleted when it holds nothing.

        wanted: what we ended it by. hung_up: whether the caller is gone, or just about to be.
        """
        op = self._action.op
        try:
            found = await self.contents()
            if found is None:
                log.error("a recording has no readable file")
                self.note(state="failed")
                return RecordingEnded(op, "failed")
            ended_by = what_ended(found, wanted(), self._action.longest_s)
            if ended_by == "cut" and await hung_up():
                ended_by = "hangup"
            if ended_by != "cut" and not found.said:
                await self._here.ari.recordings.delete_stored(recording_name=self.id)
                self.note(state="deleted", seconds=found.seconds, ended_by=ended_by)
                return RecordingEnded(op, "empty", ended_by=ended_by)
        except AriError as error:
            log.error("a recording cannot be looked at: %s", error)
            self.note(state="kept")
            return RecordingEnded(op, "failed")
        seconds = round(found.seconds, 2)
        self.note(state="kept", seconds=seconds, ended_by=ended_by)
        if ended_by == "cut":
            log.error("a recording broke off after %.1f s (is there room on the disk?)", seconds)
            return RecordingEnded(op, "failed")
        # Now the dialogue tells the caller that the message is accepted.
        await self._here.services.settled()
        return RecordingEnded(op, "recorded", self.id, seconds, ended_by)
