"""What lives by itself in the fake Asterisk (`fake_ari_commands.py`): callers and phones."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.support.fake_ari_objects import (
    CAUSES,
    FakeBridge,
    FakeChannel,
    Phone,
    Refused,
    bridge_json,
    channel_json,
)
from tests.support.fake_ari_sounds import FakeSounds


class FakeWorld(FakeSounds):
    """Channels, bridges, playbacks and recordings that live on by themselves."""

    def __init__(self, *, app: str = "ivr", seed: int = 0, jitter_s: float = 0.004) -> None:
        super().__init__(app=app, seed=seed, jitter_s=jitter_s)
        self.bridges: dict[str, FakeBridge] = {}
        self.phones: dict[str, Phone] = {}
        """By endpoint (`PJSIP/1001`). Others: `Phone()`."""
        self.fallen_back: list[str] = []
        """Calls that came while offline."""

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

    def vanish(self) -> None:
        """Asterisk ends at once: nothing of it is left, and nobody is told."""
        self._cancel_timers()
        for owned in (self.channels, self.bridges, self.playbacks, self.recordings, self._queues):
            owned.clear()
        for idle in self._idle.values():
            idle.set()

    def assert_empty(self) -> None:
        """No channel, bridge, playback or running recording remains."""
        assert not self.channels, f"channels remain: {sorted(self.channels)}"
        assert not self.bridges, f"bridges remain: {sorted(self.bridges)}"
        assert not self.playbacks, f"playbacks remain: {sorted(self.playbacks)}"
        assert not self.recordings, f"recordings remain: {sorted(self.recordings)}"

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

    def _leave_bridge(self, channel: FakeChannel) -> None:
        bridge = self.bridges.get(channel.bridge)
        channel.bridge = ""
        if bridge is not None:
            bridge.channels.remove(channel.id)
            json = self._json(channel)
            self._emit(bridge.id, "ChannelLeftBridge", bridge=bridge_json(bridge), channel=json)

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

    def _json(self, channel: FakeChannel) -> dict[str, Any]:
        return channel_json(channel, self.app)

    def _endpoint_json(self, technology: str, resource: str) -> dict[str, Any]:
        endpoint = f"{technology}/{resource}"
        state = "online" if self.phones[endpoint].registered else "offline"
        ids = [channel.id for channel in self.channels.values() if channel.endpoint == endpoint]
        return {"technology": technology, "resource": resource, "state": state, "channel_ids": ids}
