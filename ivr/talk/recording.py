"""Records talks: from the join of agent and citizen to the end, both sides apart, one file for as long as they go on.

Theory of operation. A watcher of `Conversations`. The first one of a call begins a recording (`one_recording.py`);
later ones of the same call (a transfer, a consulted colleague who takes over) go on in the same file. When nobody is
with the citizen any more, the file is silent for `LINGER_S`, and then it ends; that silence is left out. It is silent
too while the citizen is not where the talk is (on hold, with the dialogue, being transferred): who waits believes to be
unheard. What colleagues say to each other aside never reaches the citizen, and so no file.

`pause` is over when Asterisk has confirmed it; when it cannot, the recording ends: what is private is in no file.
Nothing of it may delay or break the call: what fails is logged and stands in the journal, and the call goes on without.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from ivr.ari.interface import Ari
from ivr.clock import Clock
from ivr.ids import CallId, ChannelId
from ivr.recordings.files import free_mb
from ivr.talk.conversations import Conversation
from ivr.talk.one_recording import OneRecording
from ivr.talk.recording_notes import PURPOSE, TalkNotes, TalkPolicy
from storage.act_records import ActRecord
from storage.promises import RecordingRecord

log = logging.getLogger(__name__)

LINGER_S: Final = 30.0
"""So long after the last conversation of a call the next one still goes into the same file."""


class TalkRecordings:
    """Implements `conversations.Watcher`. `run` holds the tasks: nothing is recorded outside of it.

    folder: Asterisk's recordings as this process sees them; None: it does not, and nothing is recorded. variables: of
    a call's dialogue. written_live: whether talks are in the transcript anyway.
    """

    def __init__(
        self,
        ari: Ari,
        clock: Clock,
        policy: TalkPolicy,
        folder: Path | None,
        put: Callable[[RecordingRecord | ActRecord], None],
        variables: Callable[[CallId], Mapping[str, object]],
        *,
        least_free_mb: float = 500.0,
        written_live: Callable[[], bool] = lambda: False,
        linger_s: float = LINGER_S,
    ) -> None:
        self._ari = ari
        self._clock = clock
        self._policy = policy
        self._folder = folder
        self._put = put
        self._variables = variables
        self._least_free_mb = least_free_mb
        self._written_live = written_live
        self._linger_s = linger_s
        self._now: dict[CallId, OneRecording] = {}
        self._made: set[OneRecording] = set()
        """All that run or are being finished."""
        self._group: asyncio.TaskGroup | None = None
        self._voices: dict[CallId, set[ChannelId]] = {}
        """Whom a citizen is with besides agents."""
        self._early: dict[str, Conversation] = {}
        """Talks that an earlier controller had, until recordings run."""

    async def run(self) -> None:
        """Until cancelled; then every recording is ended and finished before this returns."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            early, self._early = self._early, {}
            for conversation in early.values():
                self.joined(conversation)
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                self._group = None

    # --- the talk (`Watcher`; on the loop, never waits)

    def joined(self, conversation: Conversation) -> None:
        if self._group is None:
            self._early[conversation.id] = conversation
            return
        recording = self._now.get(conversation.call)
        if recording is None or recording.over:
            recording = self._begin(conversation)
        if recording is not None:
            recording.joined(conversation)
            self._apply_soon(recording)

    def parted(self, conversation: Conversation) -> None:
        self._early.pop(conversation.id, None)
        recording = self._now.get(conversation.call)
        if recording is not None:
            recording.parted(conversation, self._linger_s)
            self._apply_soon(recording)

    # --- whoever else is in it (`Listener`)

    def voice(self, call: CallId, telephone: ChannelId) -> None:
        self._voices.setdefault(call, set()).add(telephone)
        self._voices_changed(call)

    def voice_gone(self, call: CallId, telephone: ChannelId) -> None:
        voices = self._voices.get(call, set())
        voices.discard(telephone)
        if not voices:
            self._voices.pop(call, None)
        self._voices_changed(call)

    def _voices_changed(self, call: CallId) -> None:
        recording = self._now.get(call)
        if recording is not None:
            recording.voices = frozenset(self._voices.get(call, ()))
            self._apply_soon(recording)

    # --- what agents, supervisors and dialogues do

    def of_call(self, call: CallId) -> TalkNotes | None:
        """The recording that goes on in this call; `silent_for("private")`: it is paused."""
        recording = self._going_on(call)
        return None if recording is None else recording.notes

    def being_made(self) -> frozenset[str]:
        """Ids of the recordings that are not finished yet."""
        return frozenset(recording.notes.id for recording in self._made)

    async def pause(self, call: CallId, *, by: str, why: str = "") -> bool:
        """Silence in the file from now on; returns when it is so. False: nothing is recorded in this call."""
        recording = self._going_on(call)
        if recording is None:
            return False
        recording.keep_private(by)
        self._act(recording, "pause", by, why)
        await recording.apply()
        return True

    async def resume(self, call: CallId, *, by: str, why: str = "") -> bool:
        recording = self._going_on(call)
        if recording is None:
            return False
        recording.go_on()
        self._act(recording, "resume", by, why)
        await recording.apply()
        return True

    async def stop(self, call: CallId, *, by: str, why: str) -> bool:
        """No more of this talk: the citizen asks for that. What there is stays."""
        recording = self._going_on(call)
        if recording is None:
            return False
        self._act(recording, "stop", by, why)
        recording.end("stopped")
        return True

    # --- within

    def _going_on(self, call: CallId) -> OneRecording | None:
        recording = self._now.get(call)
        return None if recording is None or recording.over else recording

    def _begin(self, conversation: Conversation) -> OneRecording | None:
        if self._group is None or self._folder is None or not self._policy.talks:
            return None
        variables = self._variables(conversation.call)
        refusal = "" if self._policy.allows(variables) else "the caller"
        if refusal or (refusal := self._no_room(self._folder)):
            conversation.note("recording", {"state": "refused", "why": refusal})
            return None
        notes = TalkNotes(
            f"{conversation.call}.{PURPOSE}-{secrets.token_hex(12)}",
            conversation.call,
            self._clock.now(),
            conversation.language,
            conversation.queue,
            conversation.entry or "",
            self._policy.retention(conversation.queue, variables),
        )
        recording = OneRecording(
            self._ari, self._clock, self._folder, self._put, notes, conversation, self._written_live
        )
        recording.voices = frozenset(self._voices.get(conversation.call, ()))
        # Of a citizen whose talk goes on in another call: what was private is so still.
        private_by = next((one.private_by for one in self._made if one.citizen == recording.citizen), "")
        if private_by:
            recording.keep_private(private_by)
        self._now[conversation.call] = recording
        self._made.add(recording)
        self._group.create_task(self._run(conversation.call, recording), name=f"recording {notes.id}")
        return recording

    async def _run(self, call: CallId, recording: OneRecording) -> None:
        try:
            await recording.run()
        finally:
            self._made.discard(recording)
            if self._now.get(call) is recording:
                del self._now[call]

    def _no_room(self, folder: Path) -> str:
        """Why nothing can be recorded now; "": it can."""
        try:
            free = free_mb(folder)
        except OSError as error:
            log.error("talks are not recorded: %s", error)
            return "folder"
        if free >= self._least_free_mb:
            return ""
        wanted = self._least_free_mb
        log.warning(
            "a talk is not recorded: %.0f MB are free where recordings lie, %.0f are wanted", free, wanted
        )
        return "disk"

    def _apply_soon(self, recording: OneRecording) -> None:
        if self._group is not None and not recording.over:
            self._group.create_task(recording.apply(), name=f"silence {recording.notes.id}")

    def _act(self, recording: OneRecording, act: str, by: str, why: str) -> None:
        notes, now = recording.notes, self._clock.now()
        recording.note(act, by=by)
        id = f"act-{secrets.token_hex(8)}"
        self._put(ActRecord(id, now, by, "recording", act, notes.call, notes.id, why))
