"""What commands do to the channels of the fake Asterisk (`fake_ari_commands.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.fake_ari_named import NamedObjects, variables_of
from tests.support.fake_ari_objects import Refused


class ChannelCommands(NamedObjects):
    """A method a command: its parameters in, the answer's JSON out."""

    def _channels_list(self, p: Mapping[str, str]) -> Any:
        return [self._json(channel) for channel in self.channels.values()]

    def _channels_get(self, p: Mapping[str, str]) -> Any:
        return self._json(self._known(p["channelId"]))

    def _channels_create(self, p: Mapping[str, Any]) -> Any:
        channel = self._made(p, p["endpoint"], "Down")
        self._enter_stasis(channel, _arguments(p))
        return self._json(channel)

    def _channels_originate(self, p: Mapping[str, Any]) -> Any:
        channel = self._made(p, p["endpoint"], "Down")
        channel.app_args = _arguments(p)
        answer = self._json(channel)
        self._ring(channel, float(p.get("timeout", 30)), then_stasis="app" in p)
        return answer

    _channels_originate_with_id = _channels_originate

    def _channels_dial(self, p: Mapping[str, str]) -> None:
        channel = self._known(p["channelId"])
        if channel.state != "Down":
            raise Refused(409, "Channel is not in the 'Down' state")
        assert not channel.dialled_out, "a second dial at once: the real Asterisk crashes"
        channel.dialled_out = True
        self._ring(channel, float(p.get("timeout", 0)), then_stasis=False)

    def _channels_external_media(self, p: Mapping[str, Any]) -> Any:
        websocket = p.get("transport") == "websocket"
        name = "WebSocket/INCOMING" if websocket else f"UnicastRTP/{p['external_host']}"
        channel = self._made(p, name, "Down")
        channel.app_args = _arguments(p)
        if websocket:
            channel.variables["MEDIA_WEBSOCKET_CONNECTION_ID"] = f"media-{channel.id}"
        else:
            channel.variables["UNICASTRTP_LOCAL_ADDRESS"] = "127.0.0.1"
            channel.variables["UNICASTRTP_LOCAL_PORT"] = str(self.random.randrange(20000, 30000))
        answer = self._json(channel) | {"channelvars": dict(channel.variables)}
        self._dial_event(channel, "")
        if not websocket:
            self._set_state(channel, "Up")
            self._dial_event(channel, "ANSWER")
            self._enter_stasis(channel, channel.app_args)
        return answer

    def _channels_snoop_channel_with_id(self, p: Mapping[str, Any]) -> Any:
        spied = self._known(p["channelId"])
        snoop = self._channel(p.get("snoopId") or self._new_id(), f"Snoop/{spied.id}", "Up")
        snoop.spied = spied.id
        self._enter_stasis(snoop, _arguments(p))
        return self._json(snoop)

    _channels_snoop_channel = _channels_snoop_channel_with_id

    def _channels_hangup(self, p: Mapping[str, str]) -> None:
        channel = self._known(p["channelId"])
        cause = int(p.get("reason_code", {"busy": "17", "congestion": "34"}.get(p.get("reason", ""), "16")))
        self._end(channel, 32, cause, soft=True)

    def _channels_answer(self, p: Mapping[str, str]) -> None:
        channel = self._settled(p["channelId"])
        if channel.state != "Up":
            self._set_state(channel, "Up")

    def _channels_ring(self, p: Mapping[str, str]) -> None:
        self._settled(p["channelId"]).ringing = True

    def _channels_ring_stop(self, p: Mapping[str, str]) -> None:
        self._settled(p["channelId"]).ringing = False

    def _channels_progress(self, p: Mapping[str, str]) -> None:
        self._settled(p["channelId"])

    def _channels_play_with_id(self, p: Mapping[str, str]) -> Any:
        channel = self._settled(p["channelId"])
        return self._play(f"channel:{channel.id}", channel.id, channel.language, p)

    _channels_play = _channels_play_with_id

    def _channels_record(self, p: Mapping[str, str]) -> Any:
        channel = self._controlled(p["channelId"])
        return self._record(f"channel:{channel.id}", channel.id, p)

    def _channels_start_moh(self, p: Mapping[str, str]) -> None:
        self._settled(p["channelId"]).music = True

    def _channels_stop_moh(self, p: Mapping[str, str]) -> None:
        self._settled(p["channelId"]).music = False

    def _channels_hold(self, p: Mapping[str, str]) -> None:
        self._settled(p["channelId"]).held = True

    def _channels_unhold(self, p: Mapping[str, str]) -> None:
        self._settled(p["channelId"]).held = False

    def _channels_start_silence(self, p: Mapping[str, str]) -> None:
        self._settled(p["channelId"]).silent = True

    def _channels_stop_silence(self, p: Mapping[str, str]) -> None:
        self._settled(p["channelId"]).silent = False

    def _channels_mute(self, p: Mapping[str, str]) -> None:
        self._settled(p["channelId"])

    _channels_unmute = _channels_mute

    def _channels_transfer_progress(self, p: Mapping[str, str]) -> None:
        """What the telephone is told of its transfer is told to whoever watches its channel as well."""
        channel = self._settled(p["channelId"])
        self._emit(
            channel.id,
            "ChannelTransfer",
            state=p["states"].replace("unavailable", "declined"),
            refer_to={"requested_destination": {}},
            referred_by={"source_channel": self._json(channel)},
        )

    def _channels_send_dtmf(self, p: Mapping[str, str]) -> None:
        self._settled(p["channelId"]).digits_sent += p.get("dtmf", "")

    def _channels_continue_in_dialplan(self, p: Mapping[str, str]) -> None:
        channel = self._settled(p["channelId"])
        self._leave_bridge(channel)
        self._flush(channel)
        channel.in_stasis = channel.entered = False
        self._emit(channel.id, "StasisEnd", channel=self._json(channel))

    def _channels_get_channel_var(self, p: Mapping[str, str]) -> Any:
        return {"value": self._variable(self._known(p["channelId"]), p["variable"])}

    def _channels_get_channel_vars(self, p: Mapping[str, str]) -> Any:
        channel = self._known(p["channelId"])
        return {"variables": {name: self._variable(channel, name) for name in p["variables"].split(",")}}

    def _channels_set_channel_var(self, p: Mapping[str, str]) -> None:
        self._controlled(p["channelId"]).variables[p["variable"]] = p.get("value", "")

    def _channels_set_channel_vars(self, p: Mapping[str, Any]) -> None:
        self._controlled(p["channelId"]).variables.update(variables_of(p))


def _arguments(p: Mapping[str, str]) -> list[str]:
    return [part for part in p.get("appArgs", "").split(",") if part]
