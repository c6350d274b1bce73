"""What is played and recorded in the fake Asterisk (`fake_ari_commands.py`)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any

from tests.support.fake_ari_events import FakeEvents
from tests.support.fake_ari_objects import (
    FakeChannel,
    FakePlayback,
    FakeRecording,
    Refused,
    playback_json,
    recording_file,
    recording_json,
)


class FakeSounds(FakeEvents):
    """A channel or bridge plays one thing after the other; recordings end by themselves. topic: its id."""

    def __init__(self, *, app: str = "ivr", seed: int = 0, jitter_s: float = 0.004) -> None:
        super().__init__(app=app, seed=seed, jitter_s=jitter_s)
        self.channels: dict[str, FakeChannel] = {}
        self.playbacks: dict[str, FakePlayback] = {}
        self.recordings: dict[str, FakeRecording] = {}
        self.stored: dict[str, bytes] = {}
        """Recordings that are over: their files."""
        self.lengths_s: dict[str, float] = {}
        """By media (`sound:hello`). Others: 1 s."""
        self.missing: set[str] = set()
        """Media without a file: their playback fails at once, without a sound."""
        self._queues: dict[str, deque[FakePlayback]] = {}
        self._idle: dict[str, asyncio.Event] = {}

    def plays(self, topic: str) -> bool:
        """Something plays to this channel or bridge."""
        return bool(self._queues.get(topic))

    def _play(self, target: str, topic: str, language: str, p: Mapping[str, str]) -> Any:
        playback_id = p.get("playbackId") or self._new_id()
        playback = FakePlayback(
            playback_id, target, topic, deque(p["media"].split(",")), p.get("lang", language)
        )
        playback.media_uri = playback.media[0]
        self.playbacks[playback_id] = playback
        answer = playback_json(playback)
        queue = self._queues.setdefault(topic, deque())
        queue.append(playback)
        if len(queue) == 1:
            self._start_playing(playback)
        return answer

    def _start_playing(self, playback: FakePlayback) -> None:
        if playback.stopped:
            self._played(playback)
            return
        playback.media_uri = playback.media.popleft()
        playback.state = "playing"
        self._emit(playback.topic, "PlaybackStarted", playback=playback_json(playback))
        missing = playback.media_uri in self.missing
        length = 0.0 if missing else self.lengths_s.get(playback.media_uri, 1.0)
        playback.timer = self._after(length, self._played, playback)

    def _played(self, playback: FakePlayback) -> None:
        queue = self._queues.get(playback.topic)
        if queue is None or playback not in queue:
            return  # flushed, or stopped meanwhile
        if playback.timer is not None:
            playback.timer.cancel()
        if playback.media and not playback.stopped:
            playback.state = "continuing"
            self._emit(playback.topic, "PlaybackContinuing", playback=playback_json(playback))
            self._start_playing(playback)
            return
        playback.state = "failed" if playback.media_uri in self.missing else "done"
        self._emit(playback.topic, "PlaybackFinished", playback=playback_json(playback))
        queue.remove(playback)
        self.playbacks.pop(playback.id, None)
        if queue:
            self._start_playing(queue[0])
        else:
            self._set_idle(playback.topic)

    def _flush(self, channel: FakeChannel) -> None:
        """What was playing fails; what was queued is, in Asterisk, reported or not."""
        self._set_idle(channel.id)
        for playback in self._queues.pop(channel.id, ()):
            self.playbacks.pop(playback.id, None)
            if playback.timer is not None:
                playback.timer.cancel()
            if self.random.random() < 0.5:
                playback.state = "failed" if playback.state != "queued" else "done"
                self._emit(channel.id, "PlaybackFinished", playback=playback_json(playback))

    async def _played_out(self, channel_id: str) -> None:
        """Returns when nothing plays and nothing is queued on this channel."""
        if self._queues.get(channel_id):
            await self._idle.setdefault(channel_id, asyncio.Event()).wait()

    def _set_idle(self, channel_id: str) -> None:
        idle = self._idle.pop(channel_id, None)
        if idle is not None:
            idle.set()

    def _record(self, target: str, topic: str, p: Mapping[str, str]) -> Any:
        if p["name"] in self.recordings:
            raise Refused(409, f"Recording '{p['name']}' already exists and can not be overwritten")
        recording = self.recordings[p["name"]] = FakeRecording(p["name"], target, topic, p["format"])
        recording.began = asyncio.get_running_loop().time()
        recording.longest_silence_s = float(p.get("maxSilenceSeconds", 0))
        self._emit(topic, "RecordingStarted", recording=recording_json(recording))
        if recording.longest_silence_s:
            self._after(recording.longest_silence_s, self._quiet, recording)
        longest = float(p.get("maxDurationSeconds", 0))
        if longest:
            recording.timer = self._after(longest, self._recorded, recording, "done")
        return recording_json(recording) | {"state": "queued"}

    def _quiet(self, recording: FakeRecording) -> None:
        """So long a silence as ends the recording may be over now."""
        if recording.name not in self.recordings:
            return
        channel = self.channels.get(recording.topic)
        said_until = max(recording.began, channel.talks_until if channel is not None else 0.0)
        left_s = said_until + recording.longest_silence_s - asyncio.get_running_loop().time()
        if left_s <= 0:
            self._recorded(recording, "done")
        else:
            self._after(left_s, self._quiet, recording)

    def _recorded(self, recording: FakeRecording, state: str, channel: FakeChannel | None = None) -> None:
        if self.recordings.pop(recording.name, None) is None:
            return
        if recording.timer is not None:
            recording.timer.cancel()
        recording.state = state
        now = asyncio.get_running_loop().time()
        recording.seconds = now - recording.began
        channel = channel or self.channels.get(recording.topic)
        if channel is not None:
            begun, over = max(channel.talks_from, recording.began), min(channel.talks_until, now)
            recording.talked_s = max(0.0, over - begun)
            recording.quiet_s = begun - recording.began if recording.talked_s else 0.0
        if state == "done":
            self.stored[recording.name] = recording_file(recording)
        self._emit(recording.topic, "RecordingFinished", recording=recording_json(recording))
