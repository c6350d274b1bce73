"""`Ari`: what the rest of the server sees of Asterisk. `client.AriClient` is the real one; tests have a fake."""

from __future__ import annotations

from typing import Protocol

from ivr.ari.bus import Bus
from ivr.ari.generated.handles import BridgeHandle, ChannelHandle, LiveRecordingHandle, PlaybackHandle
from ivr.ari.generated.operations import (
    Applications,
    Asterisk,
    Bridges,
    Channels,
    DeviceStates,
    Endpoints,
    Events,
    Mailboxes,
    Playbacks,
    Recordings,
    Repositories,
    Sounds,
)
from ivr.ari.heart import Condition
from ivr.ari.repository import Transport


class Ari(Protocol):
    """Repositories to command Asterisk, a bus to hear it."""

    applications: Applications
    asterisk: Asterisk
    bridges: Bridges
    channels: Channels
    device_states: DeviceStates
    endpoints: Endpoints
    events: Events
    mailboxes: Mailboxes
    playbacks: Playbacks
    recordings: Recordings
    sounds: Sounds
    not_ended: set[str]
    """Channels and bridges that were to be ended and perhaps are there still."""

    @property
    def app(self) -> str:
        """The name of our Stasis application."""

    @property
    def bus(self) -> Bus: ...

    @property
    def connected(self) -> bool:
        """Events are being received."""

    @property
    def condition(self) -> Condition:
        """Whether Asterisk lives, as far as is known."""

    async def answering(self) -> None:
        """Returns when Asterisk answers, as far as is known: mostly at once."""

    async def ready(self, timeout: float = 10.0) -> None:
        """Returns once events are being received. `AriUnavailable` after timeout seconds, `AriUnauthorised` at once."""

    def channel(self, channel_id: str) -> ChannelHandle: ...

    def bridge(self, bridge_id: str) -> BridgeHandle: ...

    def playback(self, playback_id: str) -> PlaybackHandle: ...

    def live_recording(self, name: str) -> LiveRecordingHandle: ...


class WithHandles(Repositories):
    """The repositories, and a handle for any id: `await ari.channel(channel_id).answer()`."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport)
        self.not_ended: set[str] = set()

    def channel(self, channel_id: str) -> ChannelHandle:
        return ChannelHandle(self.channels, channel_id)

    def bridge(self, bridge_id: str) -> BridgeHandle:
        return BridgeHandle(self.bridges, bridge_id)

    def playback(self, playback_id: str) -> PlaybackHandle:
        return PlaybackHandle(self.playbacks, playback_id)

    def live_recording(self, name: str) -> LiveRecordingHandle:
        return LiveRecordingHandle(self.recordings, name)
