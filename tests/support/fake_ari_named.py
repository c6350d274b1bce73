"""What a command to the fake Asterisk (`fake_ari_commands.py`) names: found, made, or refused as by Asterisk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from tests.support.fake_ari_objects import (
    NOT_IN_STASIS,
    FakeBridge,
    FakeChannel,
    FakePlayback,
    FakeRecording,
    Phone,
    Refused,
)
from tests.support.fake_ari_world import FakeWorld

Named = TypeVar("Named")


class NamedObjects(FakeWorld):
    """p: a command's parameters, by their names in the api-docs. All raise `Refused`."""

    def _known(self, channel_id: str) -> FakeChannel:
        return _found(self.channels, channel_id, "Channel")

    def _controlled(self, channel_id: str) -> FakeChannel:
        channel = self._known(channel_id)
        if not channel.in_stasis:
            raise Refused(*NOT_IN_STASIS)
        return channel

    def _settled(self, channel_id: str) -> FakeChannel:
        channel = self._controlled(channel_id)
        if channel.state in ("Down", "Rsrved", "Ringing"):
            raise Refused(412, "Channel in invalid state")
        return channel

    def _named(self, p: Mapping[str, str]) -> list[FakeChannel]:
        found = []
        for channel_id in p["channel"].split(","):
            channel = self.channels.get(channel_id)
            if channel is None:
                raise Refused(400, "Channel not found")
            if not channel.in_stasis:
                raise Refused(422, "Channel not in Stasis application")
            found.append(channel)
        return found

    def _bridge(self, p: Mapping[str, str]) -> FakeBridge:
        return _found(self.bridges, p["bridgeId"], "Bridge")

    def _playback(self, p: Mapping[str, str]) -> FakePlayback:
        return _found(self.playbacks, p["playbackId"], "Playback")

    def _recording(self, p: Mapping[str, str]) -> FakeRecording:
        return _found(self.recordings, p["recordingName"], "Recording")

    def _stored(self, p: Mapping[str, str]) -> bytes:
        return _found(self.stored, p["recordingName"], "Recording")

    def _variable(self, channel: FakeChannel, name: str) -> str:
        if name == "CHANNEL(pjsip,call-id)":
            return f"{channel.id}@fake"
        if name not in channel.variables:
            raise Refused(404, "Provided variable was not found")
        return channel.variables[name]

    def _made(self, p: Mapping[str, Any], endpoint: str, state: str) -> FakeChannel:
        """A channel made by a command of ours."""
        if not self.phones.get(endpoint, Phone()).registered:
            raise Refused(500, "Allocation failed", key="error")
        channel = self._channel(p.get("channelId") or self._new_id(), endpoint, state)
        channel.ours = True
        channel.variables.update(variables_of(p))
        return channel


def variables_of(p: Mapping[str, Any]) -> dict[str, str]:
    given = p.get("variables") or {}
    return {name: value["value"] if isinstance(value, dict) else str(value) for name, value in given.items()}


def _found(objects: Mapping[str, Named], name: str, kind: str) -> Named:
    if name not in objects:
        raise Refused(404, f"{kind} not found")
    return objects[name]
