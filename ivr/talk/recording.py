"""Records talks: from the join of agent and citizen to the end, both sides apart, one file for as long as they go on.

Theory of operation. A watcher of `Conversations`. The first one of a call begins a recording (one task, one path,
`recording_path.py`); later ones of the same call (a transfer, a consulted colleague who takes over) go on in the same
file. When nobody is with the citizen any more, the file is silent for `LINGER_S`, and then it ends. It is silent too
while the citizen is not where the talk is (on hold, with the dialogue, being transferred): who waits believes to be
unheard. What colleagues say to each other aside never reaches the citizen, and so no file.

`pause` is over when Asterisk has confirmed it; when it cannot, the recording ends: what is private is in no file.
Nothing of it may delay or break the call: what fails is logged and stands in the journal, and the call goes on without.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from ivr.ari.bus import Mailbox
from ivr.ari.generated.events import ChannelDestroyed, ChannelEnteredBridge, ChannelLeftBridge
from ivr.ari.interface import Ari
from ivr.ari.unhurried import unhurried
from ivr.call.media_path import ChannelGone, MediaPathFailed
from ivr.clock import Clock
from ivr.errors import AriError
from ivr.ids import CallId, ChannelId
from ivr.recordings.files import finish, free_mb
from ivr.talk.conversations import Conversation
from ivr.talk.recording_notes import FORMAT, PURPOSE, EndedBy, SilenceReason, TalkNotes, TalkPolicy
from ivr.talk.recording_path import RAW, RecordingPath, recording_path
from storage.act_records import ActRecord
from storage.promises import RecordingRecord

log = logging.getLogger(__name__)

LINGER_S: Final = 30.0
"""So long after the last conversation of a call the next one still goes into the same file."""


@dataclass(slots=True, eq=False)
class _Running:
    """One recording that is being made. over: set with why, once. bridge: where the citizen is, "" nowhere.

    ready: the path is there, or will not be. lock: one change of silence at a time.
    """

    notes: TalkNotes
    citizen: ChannelId
    note: Callable[[str, Mapping[str, Any]], None]
    over: asyncio.Future[EndedBy]
    bridge: str
    conversations: dict[str, Conversation] = field(default_factory=dict)
    private: bool = False
    private_by: str = ""
    path: RecordingPath | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    linger: asyncio.TimerHandle | None = None

    @property
    def apart(self) -> bool:
        return all(one.bridge != self.bridge for one in self.conversations.values())

    def end(self, why: EndedBy) -> None:
        if not self.over.done():
            self.over.set_result(why)


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
        self._now: dict[CallId, _Running] = {}
        self._finishing: set[str] = set()
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Until cancelled; then every recording is ended and finished before this returns."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                self._group = None

    # --- the talk (`Watcher`; on the loop, never waits)

    def joined(self, conversation: Conversation) -> None:
        running = self._now.get(conversation.call)
        if running is None or running.over.done():
            running = self._begin(conversation)
            if running is None:
                return
        if running.linger is not None:
            running.linger.cancel()
            running.linger = None
        running.conversations[conversation.id] = conversation
        running.notes = running.notes.joined(conversation.agent, self._clock.now())
        running.bridge = conversation.bridge
        self._apply_soon(running)

    def parted(self, conversation: Conversation) -> None:
        running = self._now.get(conversation.call)
        if running is None or running.conversations.pop(conversation.id, None) is None:
            return
        running.notes = running.notes.parted(conversation.agent, self._clock.now())
        if not running.conversations:
            running.linger = asyncio.get_running_loop().call_later(self._linger_s, running.end, "talk")
        self._apply_soon(running)

    # --- what agents, supervisors and dialogues do

    def of_call(self, call: CallId) -> TalkNotes | None:
        """The recording that goes on in this call; `silent_for("private")`: it is paused."""
        running = self._now.get(call)
        return None if running is None or running.over.done() else running.notes

    def being_made(self) -> frozenset[str]:
        """Ids of the recordings that are not finished yet."""
        return frozenset({running.notes.id for running in self._now.values()} | self._finishing)

    async def pause(self, call: CallId, *, by: str, why: str = "") -> bool:
        """Silence in the file from now on; returns when it is so. False: nothing is recorded in this call."""
        running = self._now.get(call)
        if running is None or running.over.done():
            return False
        running.private, running.private_by = True, by
        self._act(running, "pause", by, why)
        await self._apply(running)
        return True

    async def resume(self, call: CallId, *, by: str, why: str = "") -> bool:
        running = self._now.get(call)
        if running is None or running.over.done():
            return False
        running.private = False
        self._act(running, "resume", by, why)
        await self._apply(running)
        return True

    async def stop(self, call: CallId, *, by: str, why: str) -> bool:
        """No more of this talk: the citizen asks for that. What there is stays."""
        running = self._now.get(call)
        if running is None or running.over.done():
            return False
        self._act(running, "stop", by, why)
        running.end("stopped")
        return True

    # --- one recording

    def _begin(self, conversation: Conversation) -> _Running | None:
        variables = self._variables(conversation.call)
        if self._group is None or self._folder is None or not self._policy.talks:
            return None
        refusal = "" if self._policy.allows(variables) else "the caller"
        if refusal or (refusal := self._no_room(self._folder)):
            conversation.note("recording", {"state": "refused", "why": refusal})
            return None
        recording = f"{conversation.call}.{PURPOSE}-{secrets.token_hex(12)}"
        notes = TalkNotes(
            recording,
            conversation.call,
            self._clock.now(),
            conversation.language,
            conversation.queue,
            conversation.entry or "",
            self._policy.retention(conversation.queue, variables),
        )
        over: asyncio.Future[EndedBy] = asyncio.get_running_loop().create_future()
        running = _Running(notes, conversation.citizen, conversation.note, over, conversation.bridge)
        self._now[conversation.call] = running
        self._group.create_task(self._run(running, self._folder), name=f"recording {recording}")
        return running

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
        log.warning("a talk is not recorded: of %.0f MB for recordings only %.0f are free", wanted, free)
        return "disk"

    async def _run(self, running: _Running, folder: Path) -> None:
        ended_by: EndedBy = "stopped"
        try:
            ended_by = await self._record(running)
        finally:
            recording, call = running.notes.id, CallId(running.notes.call)
            self._finishing.add(recording)
            if self._now.get(call) is running:
                del self._now[call]
            running.end(ended_by)
            await unhurried(self._finish(running, folder, ended_by))
            self._finishing.discard(recording)

    async def _record(self, running: _Running) -> EndedBy:
        """Until it is over. Raises only CancelledError."""
        notes, group = running.notes, self._group
        assert group is not None
        watch: asyncio.Task[None] | None = None
        try:
            with self._ari.bus.mailbox(f"{notes.call}/recorded") as mailbox:
                mailbox.watch(running.citizen, notes.id)
                async with recording_path(self._ari, CallId(notes.call), running.citizen, notes.id) as path:
                    running.path = path
                    running.notes = replace(running.notes, began_at=self._clock.now())
                    self._write(running, running.notes.record("recording"))
                    self._note(running, "began")
                    watch = group.create_task(self._watch(running, mailbox), name=f"recorded {notes.id}")
                    await self._apply(running)
                    return await asyncio.shield(running.over)
        except ChannelGone:
            return "hangup"
        except (AriError, MediaPathFailed) as error:
            log.error("a talk is not recorded (any more): %s", error)
        except Exception:
            log.exception("a talk is not recorded (any more)")
        finally:
            running.ready.set()
            if watch is not None:
                watch.cancel()
            if running.linger is not None:
                running.linger.cancel()
        return "failed"

    async def _watch(self, running: _Running, mailbox: Mailbox) -> None:
        """Where the citizen is, and when Asterisk has ended the recording with the citizen's channel."""
        try:
            async for event in mailbox:
                match event:
                    case ChannelDestroyed() if event.channel.id == running.notes.id:
                        running.end("hangup")
                    case ChannelEnteredBridge() if event.channel and event.channel.id == running.citizen:
                        running.bridge = event.bridge.id
                        await self._apply(running)
                    case ChannelLeftBridge() if event.channel.id == running.citizen:
                        if event.bridge.id == running.bridge:
                            running.bridge = ""
                            await self._apply(running)
                    case _:
                        pass
        except AriError as error:
            log.error("a recording ends, since nothing is known of its talk any more: %s", error)
            running.end("failed")

    def _apply_soon(self, running: _Running) -> None:
        if self._group is not None:
            self._group.create_task(self._apply(running), name=f"silence {running.notes.id}")

    async def _apply(self, running: _Running) -> None:
        """The file is silent or not, as it is to be now. Returns when Asterisk has said so."""
        if running.path is None:
            await running.ready.wait()
        async with running.lock:
            path = running.path
            if path is None or running.over.done():
                return
            private, apart = running.private, running.apart
            wanted: dict[SilenceReason, bool] = {"private": private, "apart": apart}
            before = self._clock.now()
            try:
                await path.silence(private or apart)
            except AriError as error:
                if private or apart:
                    log.error("a recording ends, since it could not be silenced: %s", error)
                    running.end("failed")
                else:
                    log.error("a recording stays silent: %s", error)
                return
            for why, silent in wanted.items():
                if silent and not running.notes.silent_for(why):
                    by = running.private_by if why == "private" else ""
                    running.notes = running.notes.silenced(why, self._clock.now(), by)
                elif not silent and running.notes.silent_for(why):
                    running.notes = running.notes.resumed(why, before)

    async def _finish(self, running: _Running, folder: Path, ended_by: EndedBy) -> None:
        """The part that Asterisk wrote becomes the file. Raises nothing: what fails is left to the recovery."""
        cut_s = running.notes.silent_at_the_end_from_s
        running.notes = notes = running.notes.ended(self._clock.now())
        part = folder / f"{notes.id}.{RAW}"
        try:
            made = await asyncio.to_thread(finish, part, folder / f"{notes.id}.{FORMAT}", cut_s)
        except FileNotFoundError:
            if running.path is not None or ended_by == "failed":
                self._write(running, notes.record("failed", ended_by=ended_by))
                self._note(running, "failed")
            return
        except OSError as error:
            log.error("a recording is left to the recovery: %s", error)
            return
        if not made.seconds:
            await asyncio.to_thread(made.path.unlink)
            self._write(running, notes.record("deleted", ended_by=ended_by))
            return
        record = notes.record(
            "kept",
            seconds=made.seconds,
            sha256=made.sha256,
            ended_by=ended_by,
            written_live=self._written_live(),
        )
        self._write(running, record)
        self._note(running, "kept", seconds=made.seconds, ended_by=ended_by)

    # --- what is kept of it

    def _write(self, running: _Running, record: RecordingRecord) -> None:
        running.notes = replace(running.notes, revision=running.notes.revision + 1)
        self._put(record)

    def _note(self, running: _Running, state: str, **data: object) -> None:
        running.note("recording", {"recording": running.notes.id, "state": state, **data})

    def _act(self, running: _Running, act: str, by: str, why: str) -> None:
        self._note(running, act, by=by)
        self._put(
            ActRecord(
                f"act-{secrets.token_hex(8)}",
                self._clock.now(),
                by,
                "recording",
                act,
                running.notes.call,
                running.notes.id,
                why,
            )
        )
