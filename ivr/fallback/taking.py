"""Takes the fallback's notes into the records: a call with its journal, its message as a recording, its obligation.

Theory of operation. A note that is complete (or whose channel has gone: Asterisk was killed) becomes facts, under an id
that the note itself gives, through the same door as those of live calls: the ledger of missed calls judges them, and
messages are put into writing. The message's file is moved to the folder of recordings first. A note is removed at a
later look, when the database has its call; so a crash at any moment loses nothing and doubles nothing.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import shutil
import wave
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from ivr.ari.interface import Ari
from ivr.ari.parse import AnyEvent, Gap
from ivr.ari.results import Gone
from ivr.call.history import CallHistory
from ivr.call.ports import CallerFacts, Recorded, Records
from ivr.errors import AriError, StorageError
from ivr.fallback.notes import FallbackCall, read
from ivr.flow.actions import JsonValue
from ivr.ids import CallId, ChannelId
from ivr.recordings.files import seconds_of, within

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 30.0
PURPOSE: Final = "voicemail"
QUEUE: Final = "fallback"
"""In the records: no queue of the house has this name, the dialplan's has."""
NO_CAUSE: Final = 16


class Known(Protocol):
    async def ended(self, call: CallId) -> bool:
        """Whether the database has this call as ended. Raises StorageError."""
        ...


class FallbackTaking:
    """notes, messages: Asterisk's `fallback` and `voicemail`. recordings: where messages go.

    agent_of: whose telephone it is, by its SIP account. `on_event` for every event, `run()` as a task.
    """

    def __init__(
        self,
        ari: Ari,
        records: Records,
        known: Known,
        notes: Path,
        messages: Path,
        recordings: Path,
        node: str,
        language: str,
        agent_of: Callable[[str], str] = str,
    ) -> None:
        self._ari = ari
        self._records = records
        self._known = known
        self._notes = notes
        self._messages = messages
        self._recordings = recordings
        self._node = node
        self._language = language
        self._agent_of = agent_of
        self._put: set[str] = set()
        """Notes whose facts this process has given away."""
        self._due = asyncio.Event()
        self.taken = 0

    def on_event(self, event: AnyEvent) -> None:
        if isinstance(event, Gap):
            self._due.set()

    async def run(self) -> None:
        """Until cancelled. Never fails."""
        while True:
            self._due.clear()
            try:
                await self.look()
            except (AriError, StorageError, OSError) as error:
                log.warning("calls that the fallback took are not in the records yet: %s", error)
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._due.wait()
            except TimeoutError:
                pass

    async def look(self) -> int:
        """Once; how many calls were taken into the records. Raises AriError, StorageError."""
        taken = 0
        for path in await asyncio.to_thread(lambda: sorted(self._notes.glob("*.jsonl"))):
            try:
                taken += await self._look_at(path)
            except OSError as error:
                # Nor may one note that cannot be dealt with keep those after it waiting.
                log.warning("%s is not in the records yet: %s", path, error)
        self.taken += taken
        return taken

    async def _look_at(self, path: Path) -> bool:
        """Whether its call was taken into the records now."""
        text = await asyncio.to_thread(path.read_text, errors="replace")
        call = read(text)
        if call is None:
            if "\n" in text:
                await self._set_aside(path)
            return False
        if not call.over and not call.message:
            # Asterisk may have been killed while it recorded.
            call = replace(call, message=self._unfinished(path))
        if await self._known.ended(call.id(self._node)):
            await asyncio.to_thread(path.unlink, missing_ok=True)
            self._put.discard(path.name)
            return False
        if path.name in self._put or not (call.over or await self._channel_gone(call)):
            return False
        await self._take(call)
        self._put.add(path.name)
        return True

    async def _channel_gone(self, call: FallbackCall) -> bool:
        channel = await self._ari.channels.get(channel_id=ChannelId(call.channel))
        return isinstance(channel, Gone)

    def _unfinished(self, note: Path) -> str:
        name = f"{note.stem}.wav"
        return name if (self._messages / name).exists() else ""

    async def _set_aside(self, path: Path) -> None:
        log.error("%s cannot be read and is set aside", path)
        await asyncio.to_thread(path.replace, path.with_suffix(".unreadable"))

    async def _take(self, call: FallbackCall) -> None:
        id = call.id(self._node)
        facts = CallerFacts(
            caller=call.caller,
            called="",
            entry_flow="",
            flow_version="",
            language=self._language,
            trunk=call.endpoint,
            answered=True,
        )
        history = CallHistory(self._records, id, facts, call.arrived_at)
        history.arrived()
        history.note(QUEUE, {"channel": call.channel, "queue": call.queue_status}, call.arrived_at)
        history.queued(QUEUE)
        agent = self._agent_of(call.answered_by) if call.answered_by else ""
        if agent:
            # The note does not say when the agent came.
            history.has(agent)
        message = await asyncio.to_thread(self._message, call, id) if call.message else None
        if message is not None:
            self._records.recorded(id, message)
            note: dict[str, JsonValue] = {"recording": message.id, "seconds": message.seconds}
            history.note(PURPOSE, note, call.last_at)
        history.hung_up("caller", NO_CAUSE, call.last_at)
        history.ended(self._language, call.last_at)
        what = "answered by an agent" if agent else "with a message" if message else "in vain"
        log.info("a call that the fallback took is in the records as %s: %s", id, what)

    def _message(self, call: FallbackCall, id: CallId) -> Recorded | None:
        """The file, moved to the recordings; None: it is not there, or holds nothing that can be read."""
        source = within(self._messages, call.message)
        if source is None:
            log.error("a note of the fallback names a file elsewhere: passed over")
            return None
        name = f"{id}.rec-{id.rpartition('-')[2]}"
        target = self._recordings / f"{name}.wav"
        if source.exists():
            moved(source, target)
        try:
            seconds = seconds_of(target) or mended(target)
        except (OSError, EOFError, wave.Error) as error:
            log.error("a message that the fallback took is not readable: %s", error)
            return None
        if not seconds:
            target.unlink()
            return None
        return Recorded(
            name,
            PURPOSE,
            target.name,
            call.arrived_at,
            self._language,
            state="kept",
            seconds=seconds,
            ended_by="fallback",
            revision=1,
        )


def moved(source: Path, target: Path) -> None:
    """Whole or not at all, also to another disk, as the folders of a container are. Raises OSError."""
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        draft = target.with_name(f".{target.name}.draft")
        shutil.copyfile(source, draft)
        draft.replace(target)
        source.unlink()
    target.chmod(0o600)


def mended(path: Path) -> float:
    """A WAV file that Asterisk had no time to finish says that it is empty: its head is made true. Its length, s.

    Raises OSError, wave.Error.
    """
    with path.open("rb") as source, wave.open(source) as file:
        shape, head = file.getparams(), source.tell()
    sound = path.read_bytes()[head:]
    frame = shape.nchannels * shape.sampwidth
    if len(sound) < frame:
        return 0.0
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("wb") as target, wave.open(target, "wb") as written:
        written.setparams(shape)
        written.writeframes(sound[: len(sound) // frame * frame])
    draft.chmod(0o600)
    draft.replace(path)
    return seconds_of(path)
