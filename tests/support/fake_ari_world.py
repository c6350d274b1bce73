"""The part of the fake Asterisk (`fake_ari.py`) that lives by itself: callers, phones, playbacks, order of events."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from tests.support.fake_ari_objects import (
    CAUSES,
    FakeBridge,
    FakeChannel,
    FakePlayback,
    FakeRecording,
    Fault,
    Phone,
    Refused,
    bridge_json,
    channel_json,
    playback_json,
    recording_file,
    recording_json,
    timestamp,
)


class FakeWorld:
    """Channels, bridges, playbacks and recordings that live on by themselves, and tell of it through `deliver`.

    jitter_s: the most by which an event or an answer is late.
    """

    def __init__(self, *, app: str = "ivr", seed: int = 0, jitter_s: float = 0.004) -> None:
        self.app = app
        self.random = random.Random(seed)
        self.looking = random.Random(seed)
        self.jitter_s = jitter_s
        self.deliver: Callable[[bytes], None] = lambda raw: None
        self.online = True
        """False: nobody holds the websocket; events are lost and `Stasis` fails."""
        self.channels: dict[str, FakeChannel] = {}
        self.bridges: dict[str, FakeBridge] = {}
        self.playbacks: dict[str, FakePlayback] = {}
        self.recordings: dict[str, FakeRecording] = {}
        self.stored: dict[str, bytes] = {}
        """Recordings that are over: their files."""
        self.phones: dict[str, Phone] = {}
        """By endpoint (`PJSIP/1001`). Others: `Phone()`."""
        self.lengths_s: dict[str, float] = {}
        """By media (`sound:hello`). Others: 1 s."""
        self.missing: set[str] = set()
        """Media without a file: their playback fails at once, without a sound."""
        self.commands: list[tuple[str, dict[str, Any]]] = []
        """All commands received: name and parameters, as strings; the body's too."""
        self.objects: dict[str, dict[str, str]] = {}
        """Dynamic configuration objects."""
        self.fallen_back: list[str] = []
        """Calls that came while offline."""
        self.faults: list[Fault] = []
        self.lost: dict[str, int] = {}
        """Event type -> how many of the next ones are lost."""
        self.garbled: dict[str, int] = {}
        """Event type -> how many of the next ones come cut off in the middle, and then with values of other types."""
        self.doubled: dict[str, int] = {}
        """Event type -> how many of the next ones come twice."""
        self.request_timeout_s = 5.0
        """A command that waits longer for its channel is given up, as `AriClient` does."""
        self._queues: dict[str, deque[FakePlayback]] = {}
        self._idle: dict[str, asyncio.Event] = {}
        self._topics: dict[str, float] = {}
        self._timers: set[asyncio.TimerHandle] = set()
        self.under_way: set[asyncio.Task[Any]] = set()
        """Requests that are being carried out."""
        self._counter = 0

    # What the world does

    def call(
        self,
        *args: str,
        channel_id: str = "",
        caller: str = "13800000000",
        dialled: str = "12345",
        language: str = "en",
        state: str = "Ring",
    ) -> str:
        """Somebody calls and the dialplan says `Stasis(app,args)`. Returns the channel's id."""
        channel = self._channel(channel_id or self._new_id(), "PJSIP/trunk", state)
        channel.caller, channel.dialled, channel.language = caller, dialled, language
        if not self.online:
            del self.channels[channel.id]
            self.fallen_back.append(channel.id)
            return channel.id
        self._enter_stasis(channel, list(args))
        return channel.id

    def press(self, channel_id: str, digits: str, *, between_s: float = 0.0, after_s: float = 0.0) -> None:
        """The far end presses keys, one every `between_s` seconds."""
        for number, digit in enumerate(digits):
            self._after(after_s + number * between_s, self._digit, channel_id, digit)

    def talk(self, channel_id: str, duration_ms: int) -> None:
        """TALK_DETECT hears the far end for so long."""
        channel = self.channels[channel_id]
        self._emit(channel.id, "ChannelTalkingStarted", channel=self._json(channel))
        self._after(duration_ms / 1000, self._talked, channel_id, duration_ms)

    def say(self, channel_id: str, seconds: float) -> None:
        """The far end speaks for so long; a recording hears it."""
        channel = self.channels[channel_id]
        channel.talks_from = asyncio.get_running_loop().time()
        channel.talks_until = channel.talks_from + seconds

    def answer(self, channel_id: str) -> None:
        """The dialled phone answers."""
        channel = self.channels.get(channel_id)
        if channel is None or channel.state == "Up":
            return
        self._set_state(channel, "Up")
        self._dial_event(channel, "ANSWER")
        phone = self.phones.get(channel.endpoint, Phone())
        if phone.talks_s is not None:
            self._after(phone.talks_s, self.hang_up, channel_id)

    def hang_up(self, channel_id: str, cause: int = 16) -> None:
        """The far end hangs up. cause: Q.850. Nothing happens if it is gone already."""
        channel = self.channels.get(channel_id)
        if channel is not None:
            self._end(channel, cause, cause, soft=None)

    def put_on_hold(self, channel_id: str, *, held: bool) -> None:
        """The far end presses its hold key, or lets go of it."""
        channel = self.channels[channel_id]
        self._emit(channel.id, "ChannelHold" if held else "ChannelUnhold", channel=self._json(channel))

    def connect_media(self, channel_id: str) -> None:
        """The websocket of an external media channel (`transport=websocket`) is opened by the recogniser."""
        channel = self.channels[channel_id]
        self._set_state(channel, "Up")
        self._dial_event(channel, "ANSWER")
        self._enter_stasis(channel, channel.app_args)

    def fault(self, operation: str, **how: Any) -> Fault:
        fault = Fault(operation, **how)
        self.faults.append(fault)
        return fault

    def vanish(self) -> None:
        """Asterisk ends at once: nothing of it is left, and nobody is told."""
        for timer in self._timers:
            timer.cancel()
        for owned in (
            self._timers,
            self.channels,
            self.bridges,
            self.playbacks,
            self.recordings,
            self._queues,
        ):
            owned.clear()
        for idle in self._idle.values():
            idle.set()

    def plays(self, topic: str) -> bool:
        """Something plays to this channel or bridge."""
        return bool(self._queues.get(topic))

    def assert_empty(self) -> None:
        """No channel, bridge, playback or running recording remains."""
        assert not self.channels, f"channels remain: {sorted(self.channels)}"
        assert not self.bridges, f"bridges remain: {sorted(self.bridges)}"
        assert not self.playbacks, f"playbacks remain: {sorted(self.playbacks)}"
        assert not self.recordings, f"recordings remain: {sorted(self.recordings)}"

    def close(self) -> None:
        """Nothing happens any more."""
        self.deliver = lambda raw: None
        for task in self.under_way:
            task.cancel()
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    # How things go on by themselves

    def _enter_stasis(self, channel: FakeChannel, args: list[str]) -> None:
        def entered() -> None:
            channel.in_stasis = channel.entered

        channel.app_args = args
        channel.entered = True
        self._emit(channel.id, "StasisStart", then=entered, args=args, channel=self._json(channel))

    def _ring(self, channel: FakeChannel, timeout_s: float, *, then_stasis: bool) -> None:
        phone = self.phones.get(channel.endpoint, Phone())
        self._dial_event(channel, "")
        if phone.then in ("busy", "reject"):
            cause = phone.cause or (17 if phone.then == "busy" else 21)
            self._after(min(phone.rings_s, 0.05), self.hang_up, channel.id, cause)
            return
        self._set_state(channel, "Ringing")
        self._dial_event(channel, "RINGING")
        if phone.then == "answer":
            self._after(phone.rings_s, self.answer, channel.id)
            if then_stasis:
                self._after(phone.rings_s, self._enter_when_up, channel.id)
        if timeout_s:
            self._after(timeout_s, self._ring_timeout, channel.id)

    def _enter_when_up(self, channel_id: str) -> None:
        channel = self.channels.get(channel_id)
        if channel is not None:
            self._enter_stasis(channel, channel.app_args)

    def _ring_timeout(self, channel_id: str) -> None:
        channel = self.channels.get(channel_id)
        if channel is not None and channel.state == "Ringing":
            self._end(channel, 32, 19, soft=True)

    def _end(self, channel: FakeChannel, request_cause: int, cause: int, soft: bool | None) -> None:
        del self.channels[channel.id]
        if not channel.spied:
            request: dict[str, Any] = {"cause": request_cause} | ({} if soft is None else {"soft": soft})
            self._emit(channel.id, "ChannelHangupRequest", channel=self._json(channel), **request)
        self._flush(channel)
        self._leave_bridge(channel)
        for recording in [r for r in self.recordings.values() if r.topic == channel.id]:
            self._recorded(recording, "done", channel)
        # A channel whose StasisStart is still on its way also leaves: both events come, in order.
        if channel.entered:
            self._emit(channel.id, "StasisEnd", channel=self._json(channel))
        if channel.ours:
            text = CAUSES.get(cause, "Unknown")
            json = self._json(channel)
            self._emit(channel.id, "ChannelDestroyed", cause=cause, cause_txt=text, channel=json)
        channel.in_stasis = channel.entered = False
        for snoop in [c for c in self.channels.values() if c.spied == channel.id]:
            self._end(snoop, 16, 16, soft=None)

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

    def _leave_bridge(self, channel: FakeChannel) -> None:
        bridge = self.bridges.get(channel.bridge)
        channel.bridge = ""
        if bridge is not None:
            bridge.channels.remove(channel.id)
            json = self._json(channel)
            self._emit(bridge.id, "ChannelLeftBridge", bridge=bridge_json(bridge), channel=json)

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
        if state == "done":
            self.stored[recording.name] = recording_file(recording)
        self._emit(recording.topic, "RecordingFinished", recording=recording_json(recording))

    def _digit(self, channel_id: str, digit: str) -> None:
        channel = self.channels.get(channel_id)
        if channel is not None:
            json = self._json(channel)
            self._emit(channel.id, "ChannelDtmfReceived", digit=digit, duration_ms=100, channel=json)

    def _talked(self, channel_id: str, duration_ms: int) -> None:
        channel = self.channels.get(channel_id)
        if channel is not None:
            json = self._json(channel)
            self._emit(channel.id, "ChannelTalkingFinished", duration=duration_ms, channel=json)

    def _set_state(self, channel: FakeChannel, state: str) -> None:
        channel.state = state
        self._emit(channel.id, "ChannelStateChange", channel=self._json(channel))

    def _dial_event(self, channel: FakeChannel, status: str) -> None:
        # Seen: Dial events come in any order among themselves and beside the ChannelStateChange that goes with them.
        self._emit(f"dial of {channel.id} {status}", "Dial", dialstatus=status, peer=self._json(channel))

    # Making

    def _channel(self, channel_id: str, endpoint: str, state: str) -> FakeChannel:
        # Seen: Asterisk also refuses an id that another channel's id begins with.
        if any(other.startswith(channel_id) for other in self.channels):
            raise Refused(409, "Channel with given unique ID already exists")
        self._counter += 1
        channel = FakeChannel(channel_id, f"{endpoint}-{self._counter:08x}", state, endpoint=endpoint)
        self.channels[channel_id] = channel
        return channel

    def _new_id(self) -> str:
        self._counter += 1
        return f"1700000000.{self._counter}"

    def _json(self, channel: FakeChannel) -> dict[str, Any]:
        return channel_json(channel, self.app)

    def _endpoint_json(self, technology: str, resource: str) -> dict[str, Any]:
        endpoint = f"{technology}/{resource}"
        state = "online" if self.phones[endpoint].registered else "offline"
        ids = [channel.id for channel in self.channels.values() if channel.endpoint == endpoint]
        return {"technology": technology, "resource": resource, "state": state, "channel_ids": ids}

    # Time and order

    def _after(self, delay_s: float, act: Callable[..., object], *args: Any) -> asyncio.TimerHandle:
        return self._at(asyncio.get_running_loop().time() + delay_s, act, *args)

    def _at(self, when: float, act: Callable[..., object], *args: Any) -> asyncio.TimerHandle:
        def run() -> None:
            self._timers.discard(timer)
            act(*args)

        timer = asyncio.get_running_loop().call_at(when, run)
        self._timers.add(timer)
        return timer

    def _emit(self, topic: str, kind: str, then: Callable[[], None] | None = None, **fields: Any) -> None:
        """After a random delay, but never before an earlier event of the same topic."""
        now = asyncio.get_running_loop().time()
        due = max(now + self.random.uniform(0, self.jitter_s), self._topics.get(topic, 0.0) + 1e-6)
        self._topics[topic] = due
        message = {
            "type": kind,
            "timestamp": timestamp(),
            **fields,
            "asterisk_id": "fake",
            "application": self.app,
        }
        raw = orjson.dumps(message)

        def out() -> None:
            if then is not None:
                then()
            if not self.online or counted(self.lost, kind):
                return
            if counted(self.garbled, kind):
                self.deliver(raw[: len(raw) // 2])
                self.deliver(orjson.dumps({name: [name] for name in message} | {"type": kind}))
                return
            self.deliver(raw)
            if counted(self.doubled, kind):
                self.deliver(raw)

        self._at(due, out)


def counted(counts: dict[str, int], kind: str) -> bool:
    """Whether one more of this kind is due; takes it."""
    if counts.get(kind, 0) <= 0:
        return False
    counts[kind] -= 1
    return True
