"""A fake Asterisk behind ARI, for tests of whatever commands it.

    async with FakeAri(seed=3) as ari:             # the same repositories, handles and bus as `AriClient`
        caller = ari.world.call("in", caller="13800000000")
        arrival = await ari.bus.front_door().get()  # Gap, then StasisStart
        ...
        ari.world.press(caller, "1")
        ari.world.hang_up(caller)

Commands are coupled to events as in Asterisk 22.10 (`tests/ari/test_fake_matches.py` plays the same scenes on both).
Order holds per topic only (a channel with its playbacks; a bridge); between topics, and between a command's events and
its own answer, it is drawn from `seed`. All delays are the event loop's, so they cost nothing on virtual time.
`fake_ari_world.py` is what lives by itself, `fake_ari_server.py` puts the same Asterisk behind a real HTTP and
websocket port.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote

import orjson

from ivr.ari.bus import Bus
from ivr.ari.heart import Condition
from ivr.ari.interface import WithHandles
from ivr.ari.parse import Gap, parse_message
from ivr.ari.repository import Reply, Request, Transport
from ivr.ari.results import Operation
from ivr.errors import AriUnavailable
from tests.support.fake_ari_objects import (
    ITS_CHANNEL,
    NOT_IN_STASIS,
    WAITING,
    FakeBridge,
    FakeChannel,
    FakePlayback,
    FakeRecording,
    Fault,
    Phone,
    Refused,
    bridge_json,
    playback_json,
    recording_json,
    timestamp,
)
from tests.support.fake_ari_world import FakeWorld

__all__ = ["FakeAri", "FakeAsterisk", "Fault", "Phone", "parameters_of"]


class FakeAsterisk(FakeWorld):
    """The world, and the commands that change it. A `Transport`."""

    # What commands do

    async def exchange(self, request: Request) -> Reply:
        """A request that is on its way is carried out, even when whoever sent it does not wait any more."""
        task = asyncio.ensure_future(self._exchange(request))
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)
        return await asyncio.shield(task)

    async def _exchange(self, request: Request) -> Reply:
        # Whoever only looks does not change what chance does to the others.
        chance = self.looking if request.operation.name.endswith(".list") else self.random
        await asyncio.sleep(chance.uniform(0, self.jitter_s))
        parameters = parameters_of(request.operation, request.target, request.body)
        self.commands.append((request.operation.name, parameters))
        fault = self._take_fault(request.operation.name)
        if fault.ends == ITS_CHANNEL:
            self.hang_up(parameters.get("channelId") or parameters.get("channel", ""))
        elif fault.ends:
            self.hang_up(fault.ends)
        name = request.operation.name
        if fault.status:
            reply = Reply(fault.status, orjson.dumps({"message": fault.message}))
        else:
            try:
                async with asyncio.timeout(self.request_timeout_s):
                    await self._channels_free(name, parameters)
            except TimeoutError:
                raise AriUnavailable(f"{name}: no answer within {self.request_timeout_s:g} s") from None
            reply = self._carry_out(request.operation, parameters)
        await asyncio.sleep(fault.delay_s + chance.uniform(0, self.jitter_s))
        if fault.unanswered:
            raise AriUnavailable(f"{name}: no answer")
        return reply

    async def _channels_free(self, name: str, parameters: Mapping[str, str]) -> None:
        """Some commands are carried out by the channel's own thread, which also plays: they wait for its playbacks."""
        if name in WAITING:
            for channel_id in parameters.get("channel", parameters.get("channelId", "")).split(","):
                await self._played_out(channel_id)

    def _carry_out(self, operation: Operation, parameters: dict[str, Any]) -> Reply:
        handler = getattr(self, "_" + operation.name.replace(".", "_"), None)
        if handler is None:
            raise AssertionError(f"the fake Asterisk does not know {operation.name}")
        try:
            answer = handler(parameters)
        except Refused as refused:
            return refused.reply
        if isinstance(answer, bytes):
            return Reply(200, answer)
        return Reply(204) if answer is None else Reply(200, orjson.dumps(answer))

    def _take_fault(self, name: str) -> Fault:
        for fault in self.faults:
            if fault.operation in (name, "*"):
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return fault
        return Fault(name)

    # Channels

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
        self._controlled(p["channelId"]).variables.update(_variables(p))

    # Bridges

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

    # Playbacks, recordings, the rest

    def _playbacks_get(self, p: Mapping[str, str]) -> Any:
        return playback_json(self._playback(p))

    def _playbacks_stop(self, p: Mapping[str, str]) -> None:
        playback = self._playback(p)
        playback.stopped = True
        if playback.state != "queued":  # a queued one is reported when its turn comes
            self._after(0, self._played, playback)

    def _playbacks_control(self, p: Mapping[str, str]) -> None:
        self._playback(p)

    def _recordings_stop(self, p: Mapping[str, str]) -> None:
        self._recorded(self._recording(p), "done")

    def _recordings_cancel(self, p: Mapping[str, str]) -> None:
        self._recorded(self._recording(p), "canceled")

    def _recordings_get_stored_file(self, p: Mapping[str, str]) -> bytes:
        return self._stored(p)

    def _recordings_delete_stored(self, p: Mapping[str, str]) -> None:
        self._stored(p)
        del self.stored[p["recordingName"]]

    def _recordings_get_live(self, p: Mapping[str, str]) -> Any:
        return recording_json(self._recording(p))

    def _recordings_pause(self, p: Mapping[str, str]) -> None:
        self._recording(p).state = "paused"

    def _recordings_unpause(self, p: Mapping[str, str]) -> None:
        self._recording(p).state = "recording"

    def _asterisk_ping(self, p: Mapping[str, str]) -> Any:
        return {"asterisk_id": "fake", "ping": "pong", "timestamp": timestamp()}

    def _asterisk_update_object(self, p: Mapping[str, Any]) -> Any:
        self.objects[p["id"]] = {one["attribute"]: one["value"] for one in p["fields"]}
        return p["fields"]

    def _asterisk_get_info(self, p: Mapping[str, str]) -> Any:
        return {"system": {"version": "22.10.1", "entity_id": "fake"}}

    def _applications_get(self, p: Mapping[str, str]) -> Any:
        return {
            "name": self.app,
            "channel_ids": [channel.id for channel in self.channels.values() if channel.in_stasis],
            "bridge_ids": [bridge.id for bridge in self.bridges.values() if bridge.known],
            "endpoint_ids": [],
            "device_names": [],
            "events_allowed": [],
            "events_disallowed": [],
        }

    def _applications_list(self, p: Mapping[str, str]) -> Any:
        return [self._applications_get(p)]

    _applications_subscribe = _applications_get
    _applications_unsubscribe = _applications_get

    def _endpoints_list(self, p: Mapping[str, str]) -> Any:
        return [self._endpoint_json(*endpoint.split("/", 1)) for endpoint in self.phones]

    def _endpoints_get(self, p: Mapping[str, str]) -> Any:
        if f"{p['tech']}/{p['resource']}" not in self.phones:
            raise Refused(404, "Endpoint not found")
        return self._endpoint_json(p["tech"], p["resource"])

    # Finding and making

    def _known(self, channel_id: str) -> FakeChannel:
        channel = self.channels.get(channel_id)
        if channel is None:
            raise Refused(404, "Channel not found")
        return channel

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
        bridge = self.bridges.get(p["bridgeId"])
        if bridge is None:
            raise Refused(404, "Bridge not found")
        return bridge

    def _playback(self, p: Mapping[str, str]) -> FakePlayback:
        playback = self.playbacks.get(p["playbackId"])
        if playback is None:
            raise Refused(404, "Playback not found")
        return playback

    def _recording(self, p: Mapping[str, str]) -> FakeRecording:
        recording = self.recordings.get(p["recordingName"])
        if recording is None:
            raise Refused(404, "Recording not found")
        return recording

    def _stored(self, p: Mapping[str, str]) -> bytes:
        file = self.stored.get(p["recordingName"])
        if file is None:
            raise Refused(404, "Recording not found")
        return file

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
        channel.variables.update(_variables(p))
        return channel


class FakeAri(WithHandles):
    """`interface.Ari` over a `FakeAsterisk` in the same process. Use as `async with`, or `connect` and `disconnect`.

    commands: the way that commands take to it, None = straight.
    """

    def __init__(
        self,
        world: FakeAsterisk | None = None,
        *,
        seed: int = 0,
        bus: Bus | None = None,
        commands: Transport | None = None,
    ) -> None:
        self.world = world or FakeAsterisk(seed=seed)
        self.bus = bus or Bus()
        self._connected = asyncio.Event()
        super().__init__(commands or self.world)

    @property
    def app(self) -> str:
        return self.world.app

    @property
    def connected(self) -> bool:
        return self._connected.is_set()

    @property
    def condition(self) -> Condition:
        return "answers" if self.connected else "away"

    async def answering(self) -> None:
        await self._connected.wait()

    async def ready(self, timeout: float = 10.0) -> None:
        try:
            async with asyncio.timeout(timeout):
                await self._connected.wait()
        except TimeoutError:
            raise AriUnavailable(f"no event websocket within {timeout:g} s") from None

    def connect(self, gap: Gap) -> None:
        """The websocket is there: events are delivered from now on. gap: what is told first."""
        self.world.deliver = lambda raw: self.bus.dispatch(parse_message(raw))
        self.world.online = True
        self._connected.set()
        self.bus.dispatch(gap)

    def disconnect(self) -> None:
        """Events are lost from now on."""
        self.world.online = False
        self.world.deliver = lambda raw: None
        self._connected.clear()

    async def __aenter__(self) -> Self:
        self.connect(Gap(True, 0.0))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.world.close()
        await asyncio.gather(*self.world.under_way, return_exceptions=True)
        self._connected.clear()
        self.bus.fail(AriUnavailable("the ARI client is closed"))

    async def gap(self, away_s: float) -> None:
        """The websocket is cut for so long: events of that time are lost. Commands still work."""
        self.disconnect()
        await asyncio.sleep(away_s)
        self.connect(Gap(False, away_s))

    async def killed(self, away_s: float) -> None:
        """Asterisk ends by SIGKILL and is there again after so long, with nothing of before. Until then no command is
        answered."""
        self.disconnect()
        self.world.vanish()
        fault = self.world.fault("*", status=503, times=1_000_000)
        await asyncio.sleep(away_s)
        self.world.faults.remove(fault)
        self.connect(Gap(False, away_s, restarted=True))


def parameters_of(operation: Operation, target: str, body: bytes | None) -> dict[str, Any]:
    """Path, query and body parameters of a request, by their names in the api-docs."""
    path, _, query = target.partition("?")
    parameters: dict[str, Any] = {}
    for name, value in zip(operation.template.split("/"), path.split("/"), strict=True):
        if name.startswith("{"):
            parameters[name.strip("{}")] = unquote(value)
    parameters.update(parse_qsl(query, keep_blank_values=True))
    if body:
        parameters.update(orjson.loads(body))
    return parameters


def _arguments(p: Mapping[str, str]) -> list[str]:
    return [part for part in p.get("appArgs", "").split(",") if part]


def _variables(p: Mapping[str, Any]) -> dict[str, str]:
    given = p.get("variables") or {}
    return {name: value["value"] if isinstance(value, dict) else str(value) for name, value in given.items()}
