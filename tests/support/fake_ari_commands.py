"""The fake Asterisk: its world, and all the commands that change it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

from ivr.ari.repository import Reply, Request
from ivr.ari.results import Operation
from ivr.errors import AriUnavailable
from tests.support.fake_ari_bridges import BridgeCommands
from tests.support.fake_ari_channels import ChannelCommands
from tests.support.fake_ari_objects import (
    ITS_CHANNEL,
    WAITING,
    Fault,
    Refused,
    playback_json,
    recording_json,
    timestamp,
)


class FakeAsterisk(ChannelCommands, BridgeCommands):
    """A `Transport`. Here: how a command is carried out, and those that are neither a channel's nor a bridge's."""

    def __init__(self, *, app: str = "ivr", seed: int = 0, jitter_s: float = 0.004) -> None:
        super().__init__(app=app, seed=seed, jitter_s=jitter_s)
        self.looking = random.Random(seed)
        self.commands: list[tuple[str, dict[str, Any]]] = []
        """All commands received: name and parameters, as strings; the body's too."""
        self.objects: dict[str, dict[str, str]] = {}
        """Dynamic configuration objects."""
        self.global_variables: dict[str, str] = {}
        """The dialplan's."""
        self.faults: list[Fault] = []
        self.request_timeout_s = 5.0
        """A command that waits longer for its channel is given up, as `AriClient` does."""
        self.under_way: set[asyncio.Task[Any]] = set()
        """Requests that are being carried out."""

    def fault(self, operation: str, **how: Any) -> Fault:
        fault = Fault(operation, **how)
        self.faults.append(fault)
        return fault

    def close(self) -> None:
        """Nothing happens any more."""
        self.deliver = lambda raw: None
        for task in self.under_way:
            task.cancel()
        self._cancel_timers()

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

    def _asterisk_get_global_var(self, p: Mapping[str, str]) -> Any:
        return {"value": self.global_variables.get(p["variable"], "")}

    def _asterisk_set_global_var(self, p: Mapping[str, str]) -> None:
        self.global_variables[p["variable"]] = p.get("value", "")

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
