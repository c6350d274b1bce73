"""What commands do to the bridges of the fake Asterisk (`fake_ari_commands.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.fake_ari_named import NamedObjects
from tests.support.fake_ari_objects import FakeBridge, Refused, bridge_json


class BridgeCommands(NamedObjects):
    """A method a command: its parameters in, the answer's JSON out."""

    def _bridges_list(self, p: Mapping[str, str]) -> Any:
        return [bridge_json(bridge) for bridge in self.bridges.values()]

    def _bridges_get(self, p: Mapping[str, str]) -> Any:
        return bridge_json(self._bridge(p))

    def _bridges_create_with_id(self, p: Mapping[str, str]) -> Any:
        bridge_id = p.get("bridgeId") or self._new_id()
        if bridge_id in self.bridges:
            raise Refused(409, "Bridge with the same bridgeId already exists")
        bridge = self.bridges[bridge_id] = FakeBridge(bridge_id, p.get("type", "mixing"), p.get("name", ""))
        return bridge_json(bridge)

    _bridges_create = _bridges_create_with_id

    def _bridges_destroy(self, p: Mapping[str, str]) -> None:
        bridge = self._bridge(p)
        for channel_id in list(bridge.channels):
            self._leave_bridge(self.channels[channel_id])
        del self.bridges[bridge.id]
        if bridge.known:
            self._emit(bridge.id, "BridgeDestroyed", bridge=bridge_json(bridge))

    def _bridges_add_channel(self, p: Mapping[str, str]) -> None:
        bridge = self._bridge(p)
        for channel in self._named(p):
            if channel.bridge == bridge.id:
                continue
            self._leave_bridge(channel)
            channel.bridge = bridge.id
            bridge.channels.append(channel.id)
            bridge.known = True
            json = self._json(channel)
            self._emit(bridge.id, "ChannelEnteredBridge", bridge=bridge_json(bridge), channel=json)

    def _bridges_remove_channel(self, p: Mapping[str, str]) -> None:
        bridge = self._bridge(p)
        channels = self._named(p)
        if any(channel.bridge != bridge.id for channel in channels):
            raise Refused(422, "Channel not in this bridge")
        for channel in channels:
            self._leave_bridge(channel)

    def _bridges_start_moh(self, p: Mapping[str, str]) -> None:
        self._bridge(p).music = True

    def _bridges_stop_moh(self, p: Mapping[str, str]) -> None:
        self._bridge(p).music = False

    def _bridges_play_with_id(self, p: Mapping[str, str]) -> Any:
        bridge = self._bridge(p)
        return self._play(f"bridge:{bridge.id}", bridge.id, "en", p)

    _bridges_play = _bridges_play_with_id

    def _bridges_record(self, p: Mapping[str, str]) -> Any:
        bridge = self._bridge(p)
        return self._record(f"bridge:{bridge.id}", bridge.id, p)
