"""Records what the caller says. The file lies in Asterisk's recording folder, which only the hotline reads.

Theory of operation. One child task a recording: it asks Asterisk to record, waits for the end (silence, the longest
time, a finish key, `StopRecord`, the hang-up), looks at the file (recording_file.py) and says how it ended. A caller
who hangs up in the middle has said what was said: the file is kept. A dialogue can play the recordings of its own call
only.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from ivr.ari.generated.models import LiveRecording
from ivr.ari.results import Gone
from ivr.ari.unhurried import unhurried
from ivr.call.recording_end import EndedBy
from ivr.call.recording_file import FORMAT, RecordingFile, new_id
from ivr.call.services import OpenCall
from ivr.errors import AriError
from ivr.flow import codec
from ivr.flow.actions import JsonValue, Record
from ivr.flow.inputs import OpId, RecordingEnded

log = logging.getLogger(__name__)

END_MARGIN_S: Final = 10.0
"""After the longest time, the beep and a prompt before it, so long for Asterisk to say that it is over."""
HANGUP_S: Final = 2.0
GOING_S: Final = 1.0
"""A hang-up that ends a recording may be told of after the recording's end, by no more than this."""


@dataclass(slots=True)
class _Running:
    action: Record
    file: RecordingFile
    over: asyncio.Future[bool]
    """True: Asterisk finished it; False: it failed."""
    why: EndedBy = ""
    """Of our doing: what ends it, as soon as that is wanted."""
    asked: bool = False
    """Asterisk has it."""
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """The caller has gone, or the call is over."""

    @property
    def id(self) -> str:
        return self.file.id


class Recorder:
    """One recording at a time. Tells `RecordingEnded` once of each."""

    def __init__(self, here: OpenCall) -> None:
        self._here = here
        self._running: _Running | None = None
        self._task: asyncio.Task[None] | None = None
        self._lengths: dict[str, float] = {}

    @property
    def busy(self) -> bool:
        return self._running is not None

    def seconds_of(self, recording: str) -> float | None:
        """Length of a recording of this call; None: it has none of that id."""
        return self._lengths.get(recording)

    def start(self, action: Record, before: Callable[[], Awaitable[None]]) -> None:
        """before: done first, and waited for."""
        if self._running is not None:
            log.error("a second recording at a time is not made")
            self._here.tell(RecordingEnded(action.op, "failed"))
            return
        if not self._here.services.may_record():
            log.error("a caller's message is not recorded: there is too little room on the disk")
            self._here.tell(RecordingEnded(action.op, "failed"))
            return
        file = RecordingFile(self._here, action, new_id(self._here.call), self._here.services.clock.now())
        running = self._running = _Running(action, file, asyncio.get_running_loop().create_future())
        self._task = self._here.spawn(self._record(running, before), f"recording {action.op}")

    # --- for whoever goes on with the call

    def saved(self) -> dict[str, JsonValue]:
        running = self._running
        saved: dict[str, JsonValue] = {"lengths": dict(self._lengths)} if self._lengths else {}
        if running is not None:
            saved["running"] = {
                "action": codec.action_to_json(running.action),
                "id": running.id,
                "began_at": running.file.known.began_at.isoformat(),
                "why": running.why,
                "revision": running.file.known.revision,
            }
        return saved

    def resume(self, saved: Mapping[str, Any]) -> None:
        """A recording goes on in Asterisk while nobody is there; it is followed to its end."""
        self._lengths.update(saved.get("lengths", {}))
        kept = saved.get("running")
        action = None if kept is None else codec.action_from_json(kept["action"])
        if kept is None or not isinstance(action, Record):
            return
        began_at = dt.datetime.fromisoformat(kept["began_at"])
        file = RecordingFile(self._here, action, kept["id"], began_at, kept["revision"])
        over = asyncio.get_running_loop().create_future()
        running = self._running = _Running(action, file, over, kept["why"])
        self._task = self._here.spawn(self._go_on(running), f"recording {action.op}")

    def ended(self, event: RecordingEnded) -> None:
        """So much is known of a recording of this call."""
        if event.outcome == "recorded":
            self._lengths[event.recording] = event.seconds

    async def _go_on(self, running: _Running) -> None:
        try:
            ended = await self._followed(running)
        except asyncio.CancelledError:
            self._running = None
            raise
        self._running = None
        self._here.tell(ended)

    async def _followed(self, running: _Running) -> RecordingEnded:
        recordings = self._here.ari.recordings
        try:
            if not isinstance(await recordings.get_live(recording_name=running.id), Gone):
                if running.why:
                    await recordings.stop(recording_name=running.id)
                await self._until_over(running)
            elif not self._here.gone and await running.file.contents() is None:
                # The controller was killed before Asterisk heard of it.
                return await self._until_ended(running)
        except AriError as error:
            log.warning("not known how a recording stands: %s", error)
        return await unhurried(self._look_at(running))

    async def stop(self, op: OpId | None = None, why: EndedBy = "stopped") -> None:
        """End that recording (None: whichever runs) and keep what there is."""
        running = self._running
        if running is None or op not in (None, running.action.op) or running.why or running.over.done():
            return
        running.why = why
        try:
            result = await self._here.ari.recordings.stop(recording_name=running.id)
        except AriError as error:
            log.warning("the recording was not stopped: %s", error)
            return
        if isinstance(result, Gone):
            # It ended by itself, or never began; whoever waits for it looks at the file.
            _settle(running, finished=True)

    def takes_key(self, digit: str) -> bool:
        """True: the key ends the recording and means nothing else."""
        running = self._running
        if running is None or digit not in running.action.finish_keys:
            return False
        self._here.spawn(self.stop(why="key"), "recording ended by key")
        return True

    def on_ended(self, recording: LiveRecording, *, finished: bool) -> None:
        """Asterisk's RecordingFinished or RecordingFailed."""
        running = self._running
        if running is not None and running.id == recording.name:
            _settle(running, finished=finished)

    async def look(self) -> None:
        """Events may be missing: what Asterisk does not record any more has come to its end."""
        running = self._running
        if running is None or not running.asked:
            return
        try:
            found = await self._here.ari.recordings.get_live(recording_name=running.id)
        except AriError as error:
            log.warning("not known whether a recording goes on: %s", error)
            return
        if isinstance(found, Gone):
            _settle(running, finished=True)

    async def finish(self, why: EndedBy) -> None:
        """The call is over, or the caller has gone: returns when the recording, if there is one, has been kept."""
        running, task = self._running, self._task
        if running is None or task is None:
            return
        running.why = running.why or why
        running.left.set()
        # Asterisk ends it with the channel; where it does not say so, the file says what there is.
        await asyncio.wait([running.over], timeout=HANGUP_S)
        _settle(running, finished=True)
        await asyncio.wait([task], timeout=HANGUP_S)

    async def _record(self, running: _Running, before: Callable[[], Awaitable[None]]) -> None:
        try:
            await before()
            ended = await self._until_ended(running)
        except asyncio.CancelledError:
            # The controller stops. The file stays, and the row says that it was being made.
            self._running = None
            raise
        self._running = None
        self._here.tell(ended)

    async def _until_ended(self, running: _Running) -> RecordingEnded:
        action = running.action
        failed = RecordingEnded(action.op, "failed")
        running.file.note()
        try:
            result = await self._here.ari.channels.record(
                channel_id=self._here.channel,
                name=running.id,
                format=FORMAT,
                max_duration_seconds=math.ceil(action.longest_s),
                max_silence_seconds=max(1, round(action.silence_s)) if action.silence_s > 0 else None,
                if_exists="fail",
                beep=action.beep,
                terminate_on="none",
            )
        except AriError as error:
            log.error("not recorded: %s", error)
            running.file.note(state="failed")
            return failed
        running.asked = True
        finished = not isinstance(result, Gone) and await self._until_over(running)
        if not finished:
            running.file.note(state="failed")
            return failed
        return await unhurried(self._look_at(running))

    async def _until_over(self, running: _Running) -> bool:
        try:
            async with asyncio.timeout(running.action.longest_s + END_MARGIN_S):
                return await asyncio.shield(running.over)
        except TimeoutError:
            log.warning("no end reported for a recording; going on")
            await self.stop(running.action.op, "limit")
            return True

    async def _look_at(self, running: _Running) -> RecordingEnded:
        ended = await running.file.look_at(lambda: running.why, lambda: self._hung_up(running))
        self.ended(ended)
        return ended

    async def _hung_up(self, running: _Running) -> bool:
        if not self._here.gone:
            with suppress(TimeoutError):
                async with asyncio.timeout(GOING_S):
                    await running.left.wait()
        return self._here.gone


def _settle(running: _Running, *, finished: bool) -> None:
    if not running.over.done():
        running.over.set_result(finished)
