"""One recording of a talk, from its first sample to the finished file.

`run` is one task: it makes the path (`recording_path.py`), follows where the citizen is, and, however it ends, makes
the file of what Asterisk wrote. Changes of silence come from outside, one at a time, and are over when Asterisk has
confirmed them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ivr.ari.bus import Mailbox
from ivr.ari.generated.events import ChannelDestroyed, ChannelEnteredBridge, ChannelLeftBridge
from ivr.ari.interface import Ari
from ivr.ari.parse import Gap
from ivr.ari.results import Gone
from ivr.ari.unhurried import unhurried
from ivr.call.media_path import ChannelGone, MediaPathFailed
from ivr.clock import Clock
from ivr.errors import AriError
from ivr.ids import CallId, ChannelId
from ivr.recordings.files import finish
from ivr.talk.conversations import Conversation
from ivr.talk.recording_notes import FORMAT, EndedBy, SilenceReason, TalkNotes
from ivr.talk.recording_path import RAW, RecordingPath, recording_path
from storage.promises import RecordingRecord

log = logging.getLogger(__name__)


class OneRecording:
    """first: the conversation that it begins with. written_live: talks are in the transcript anyway."""

    def __init__(
        self,
        ari: Ari,
        clock: Clock,
        folder: Path,
        put: Callable[[RecordingRecord], None],
        notes: TalkNotes,
        first: Conversation,
        written_live: Callable[[], bool],
    ) -> None:
        self._ari = ari
        self._clock = clock
        self._folder = folder
        self._put = put
        self._written_live = written_live
        self.notes = notes
        self._citizen = first.citizen
        self._journal: Callable[[str, Mapping[str, Any]], None] = first.note
        self._conversations: dict[str, Conversation] = {}
        self._bridge = first.bridge
        """Where the citizen is, "" nowhere."""
        self.voices: frozenset[ChannelId] = frozenset()
        """Telephones of whoever else is with the citizen. `apply` afterwards."""
        self.citizen = first.citizen
        self._private = False
        self._private_by = ""
        self._path: RecordingPath | None = None
        self._ready = asyncio.Event()
        """The path is there, or will not be."""
        self._lock = asyncio.Lock()
        self._linger: asyncio.TimerHandle | None = None
        self._over: asyncio.Future[EndedBy] = asyncio.get_running_loop().create_future()

    @property
    def over(self) -> bool:
        return self._over.done()

    @property
    def _apart(self) -> bool:
        return all(one.bridge != self._bridge for one in self._conversations.values())

    # --- what happens to the talk. `apply` afterwards

    def joined(self, conversation: Conversation) -> None:
        self._stop_lingering()
        self._conversations[conversation.id] = conversation
        self.notes = self.notes.joined(conversation.agent, self._clock.now())

    def parted(self, conversation: Conversation, linger_s: float) -> None:
        if self._conversations.pop(conversation.id, None) is None:
            return
        self.notes = self.notes.parted(conversation.agent, self._clock.now())
        if not self._conversations:
            self._linger = asyncio.get_running_loop().call_later(linger_s, self.end, "talk")

    @property
    def private_by(self) -> str:
        """Who keeps it silent for what is private, "" = nobody."""
        return self._private_by if self._private else ""

    def keep_private(self, by: str) -> None:
        self._private, self._private_by = True, by

    def go_on(self) -> None:
        self._private = False

    def end(self, why: EndedBy) -> None:
        if not self._over.done():
            self._over.set_result(why)

    async def apply(self) -> None:
        """The file is silent or not, as it is to be now. Returns when Asterisk has said so."""
        await self._ready.wait()
        async with self._lock:
            path = self._path
            if path is None or self.over:
                return
            wanted: dict[SilenceReason, bool] = {"private": self._private, "apart": self._apart}
            before = self._clock.now()
            try:
                await path.hear({*self.voices, *(one.telephone for one in self._conversations.values())})
            except (AriError, MediaPathFailed) as error:
                log.error("a recording goes on without one who speaks in it: %s", error)
            try:
                await path.silence(any(wanted.values()))
            except AriError as error:
                if any(wanted.values()):
                    log.error("a recording ends, since it could not be silenced: %s", error)
                    self.end("failed")
                else:
                    log.error("a recording stays silent: %s", error)
                return
            for why, silent in wanted.items():
                if silent and not self.notes.silent_for(why):
                    by = self._private_by if why == "private" else ""
                    self.notes = self.notes.silenced(why, self._clock.now(), by)
                elif not silent and self.notes.silent_for(why):
                    self.notes = self.notes.resumed(why, before)

    # --- the task

    async def run(self) -> None:
        """Raises only CancelledError; the file is finished then too."""
        ended_by: EndedBy = "stopped"
        try:
            ended_by = await self._record()
        finally:
            self.end(ended_by)
            self._ready.set()
            self._stop_lingering()
            await unhurried(self._finish(ended_by))

    async def _record(self) -> EndedBy:
        notes = self.notes
        watch: asyncio.Task[None] | None = None
        try:
            with self._ari.bus.mailbox(f"{notes.call}/recorded") as mailbox:
                mailbox.watch(self._citizen, notes.id)
                async with recording_path(self._ari, CallId(notes.call), self._citizen, notes.id) as path:
                    self._path = path
                    self.notes = replace(self.notes, began_at=self._clock.now())
                    self._write(self.notes.record("recording"))
                    self._ready.set()
                    watch = asyncio.create_task(self._watch(mailbox), name=f"recorded {notes.id}")
                    await self.apply()
                    self.note("began")
                    return await asyncio.shield(self._over)
        except ChannelGone:
            return "hangup"
        except (AriError, MediaPathFailed) as error:
            log.error("a talk is not recorded (any more): %s", error)
        except Exception:
            log.exception("a talk is not recorded (any more)")
        finally:
            if watch is not None:
                watch.cancel()
        return "failed"

    async def _watch(self, mailbox: Mailbox) -> None:
        """Where the citizen is, and when Asterisk has ended the recording with the citizen's channel."""
        try:
            async for event in mailbox:
                match event:
                    case ChannelDestroyed() if event.channel.id == self.notes.id:
                        self.end("hangup")
                    case ChannelEnteredBridge() if event.channel and event.channel.id == self._citizen:
                        self._bridge = event.bridge.id
                        await self.apply()
                    case ChannelLeftBridge() if event.channel.id == self._citizen:
                        if event.bridge.id == self._bridge:
                            self._bridge = ""
                            await self.apply()
                    case Gap():
                        await self._look()
                    case _:
                        pass
        except AriError as error:
            log.error("a recording ends, since nothing is known of its talk any more: %s", error)
            self.end("failed")

    async def _look(self) -> None:
        """Events may be missing: ask whether Asterisk still writes, and where the citizen is. Raises AriError."""
        if isinstance(await self._ari.channels.get(channel_id=ChannelId(self.notes.id)), Gone):
            self.end("hangup")
            return
        self._bridge = ""
        for one in list(self._conversations.values()):
            found = await self._ari.bridges.get(bridge_id=one.bridge)
            if not isinstance(found, Gone) and self._citizen in found.value.channels:
                self._bridge = one.bridge
        await self.apply()

    async def _finish(self, ended_by: EndedBy) -> None:
        """The part that Asterisk wrote becomes the file. Raises nothing: what fails is left to the recovery."""
        cut_s = self.notes.silent_at_the_end_from_s
        self.notes = notes = self.notes.ended(self._clock.now())
        part = self._folder / f"{notes.id}.{RAW}"
        try:
            made = await asyncio.to_thread(finish, part, self._folder / f"{notes.id}.{FORMAT}", cut_s)
        except FileNotFoundError:
            if self._path is not None or ended_by == "failed":
                self._write(notes.record("failed", ended_by=ended_by))
                self.note("failed")
            return
        except OSError as error:
            log.error("a recording is left to the recovery: %s", error)
            return
        if not made.seconds:
            await asyncio.to_thread(made.path.unlink)
            self._write(notes.record("deleted", ended_by=ended_by))
            return
        live = self._written_live()
        self._write(
            notes.record(
                "kept", seconds=made.seconds, sha256=made.sha256, ended_by=ended_by, written_live=live
            )
        )
        self.note("kept", seconds=made.seconds, ended_by=ended_by)

    def _stop_lingering(self) -> None:
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None

    def _write(self, record: RecordingRecord) -> None:
        self.notes = replace(self.notes, revision=self.notes.revision + 1)
        self._put(record)

    def note(self, state: str, **data: object) -> None:
        """Into the call's journal."""
        self._journal("recording", {"recording": self.notes.id, "state": state, **data})
