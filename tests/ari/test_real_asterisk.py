"""The client and a real Asterisk: commands, answers, events, and what happens when the connection suffers."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
import signal
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import pytest

from ivr.ari.backoff import BackOff
from ivr.ari.bus import Mailbox
from ivr.ari.client import AriClient, AriSettings
from ivr.ari.generated.events import (
    ApplicationReplaced,
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelEnteredBridge,
    ChannelUserevent,
    Message,
    PlaybackFinished,
    PlaybackStarted,
    StasisEnd,
    StasisStart,
)
from ivr.ari.generated.operations import OPERATIONS
from ivr.ari.parse import Gap
from ivr.ari.results import Gone, Sent
from ivr.ari.socket_rest import QUICK
from ivr.asterisk.process import PrivateAsterisk
from ivr.errors import AriRejected, AriUnauthorised
from tests.ari.conftest import APP

pytestmark = pytest.mark.real

T = TypeVar("T")
EventT = TypeVar("EventT", bound=Message | Gap)
PATIENCE_S = 20.0
SOON = BackOff(first_s=0.02, most_s=0.2)


@asynccontextmanager
async def connected(settings: AriSettings) -> AsyncIterator[AriClient]:
    """A client; afterwards every event it got was one that it knows."""
    async with asyncio.timeout(3 * PATIENCE_S), AriClient(settings) as ari:
        await ari.ready(PATIENCE_S)
        yield ari
        assert ari.bus.unknown == 0


async def value(command: Awaitable[Sent[T] | Gone]) -> T:
    result = await command
    assert isinstance(result, Sent), result
    return result.value


async def until(mailbox: Mailbox, kind: type[EventT]) -> EventT:
    """The next event of this kind; others are passed over."""
    async with asyncio.timeout(PATIENCE_S):
        async for event in mailbox:
            if isinstance(event, kind):
                return event
    raise AssertionError("the mailbox was closed")


@asynccontextmanager
async def caller(ari: AriClient, name: str, far: str = "quiet") -> AsyncIterator[tuple[str, str, Mailbox]]:
    """Somebody calls: (the caller's channel in our application, the far end, a mailbox that watches it)."""
    channel, far_end = f"caller-{name}", f"far-{name}"
    with ari.bus.mailbox(name) as mailbox:
        mailbox.watch(channel)
        await value(
            ari.channel(far_end).originate_with_id(
                endpoint=f"Local/in@{APP}", context=APP, extension=far, other_channel_id=channel
            )
        )
        await until(mailbox, StasisStart)
        try:
            yield channel, far_end, mailbox
        finally:
            await ari.channel(channel).hangup()
            await ari.channel(far_end).hangup()


@pytest.mark.parametrize("rest", ["http", "websocket"])
async def test_a_call_from_arrival_to_hangup(
    settings: AriSettings, rest: Literal["http", "websocket"]
) -> None:
    async with (
        connected(replace(settings, rest=rest)) as ari,
        caller(ari, f"call-{rest}", "keys") as (
            channel,
            far_end,
            mailbox,
        ),
    ):
        mailbox.watch("p1", "b1")
        assert (await value(ari.channel(channel).get())).state == "Up"
        played = await value(
            ari.channel(channel).play_with_id(playback_id="p1", media=["sound:demo-congrats"])
        )
        assert (played.id, played.target_uri) == ("p1", f"channel:{channel}")
        await until(mailbox, PlaybackStarted)
        assert (await until(mailbox, ChannelDtmfReceived)).digit == "1"
        assert (await until(mailbox, ChannelDtmfReceived)).digit == "#"
        assert isinstance(await ari.playback("p1").stop(), Sent)
        assert (await until(mailbox, PlaybackFinished)).playback.id == "p1"
        assert isinstance(await ari.playback("never-was").stop(), Gone)

        await value(ari.bridge("b1").create_with_id(type="mixing,dtmf_events", name="Zürich 热线"))
        assert (await value(ari.bridge("b1").get())).name == "Zürich 热线"
        assert isinstance(await ari.bridge("b1").add_channel(channel=[channel]), Sent)
        assert (await until(mailbox, ChannelEnteredBridge)).bridge.id == "b1"
        assert isinstance(await ari.bridge("b1").remove_channel(channel=[channel]), Sent)
        assert isinstance(await ari.bridge("b1").remove_channel(channel=[channel]), Gone)

        await value(
            ari.channel(channel).set_channel_vars(variables={"NAME": "温 & =?", "OTHER": {"value": "x"}})
        )
        assert (await value(ari.channel(channel).get_channel_var(variable="NAME"))).value == "温 & =?"
        with pytest.raises(AriRejected, match="variable was not found"):
            await ari.channel(channel).get_channel_var(variable="NOT_THERE")

        await value(ari.events.user_event(event_name="hello", application=APP, source=[f"channel:{channel}"]))
        assert (await until(mailbox, ChannelUserevent)).eventname == "hello"

        assert isinstance(await ari.channel(channel).hangup(reason_code="16"), Sent)
        await until(mailbox, StasisEnd)
        for late in (
            ari.channel(channel).answer(),
            ari.channel(channel).play_with_id(playback_id="p2", media=["sound:beep"]),
            ari.channel(channel).hangup(),
            ari.channel(channel).get(),
            ari.bridge("b1").add_channel(channel=[channel]),
        ):
            assert isinstance(await late, Gone)
        assert isinstance(await ari.bridge("b1").destroy(), Sent)
        assert isinstance(await ari.bridge("b1").destroy(), Gone)


async def test_an_agents_leg_is_created_watched_bridged_and_dialled(settings: AriSettings) -> None:
    async with connected(settings) as ari, caller(ari, "agent") as (channel, _, mailbox):
        leg = ari.channel("leg-1")
        mailbox.watch(leg.id)
        await value(leg.create(endpoint=f"Local/rings@{APP}", app=APP, app_args="agent,1"))
        start = await until(mailbox, StasisStart)
        assert (start.channel.id, start.args) == (leg.id, ["agent", "1"])
        with pytest.raises(AriRejected, match="invalid state"):
            await leg.play_with_id(playback_id="early", media=["sound:beep"])
        await value(ari.bridge("b2").create_with_id(type="mixing,dtmf_events"))
        assert isinstance(await ari.bridge("b2").add_channel(channel=[channel, leg.id]), Sent)
        assert isinstance(await leg.dial(caller=channel, timeout=10), Sent)
        with pytest.raises(AriRejected, match="dialled already"):
            await leg.dial()
        assert (await until(mailbox, ChannelDestroyed)).cause == 16
        assert isinstance(await ari.bridge("b2").destroy(), Sent)


async def test_a_phone_that_does_not_exist_is_rejected_not_unavailable(settings: AriSettings) -> None:
    async with connected(settings) as ari:
        with pytest.raises(AriRejected, match="Allocation failed") as caught:
            await ari.channels.create(endpoint="PJSIP/nobody", app=APP, channel_id="nobody")
        assert "registered" in caught.value.mend


async def test_snoop_and_external_media(settings: AriSettings) -> None:
    async with connected(settings) as ari, caller(ari, "media") as (channel, _, mailbox):
        mailbox.watch("snoop-1", "rtp-1", "websocket-1", "b3")
        await value(ari.channel(channel).snoop_channel_with_id(snoop_id="snoop-1", app=APP, spy="in"))
        rtp = ari.channel("rtp-1")
        await value(rtp.external_media(app=APP, external_host="127.0.0.1:9", format="slin16"))
        seen = {(await until(mailbox, StasisStart)).channel.id for _ in range(2)}
        assert seen == {"snoop-1", "rtp-1"}
        port = await value(rtp.get_channel_var(variable="UNICASTRTP_LOCAL_PORT"))
        assert int(port.value) > 0
        await value(ari.bridge("b3").create_with_id(type="mixing"))
        assert isinstance(await ari.bridge("b3").add_channel(channel=["snoop-1", "rtp-1"]), Sent)
        entered = {(await until(mailbox, ChannelEnteredBridge)).object_ids() for _ in range(2)}
        assert entered == {("b3", "snoop-1"), ("b3", "rtp-1")}
        socket = ari.channel("websocket-1")
        await value(
            socket.external_media(
                app=APP,
                external_host="INCOMING",
                format="slin16",
                transport="websocket",
                connection_type="server",
                encapsulation="none",
            )
        )
        connection = await value(socket.get_channel_var(variable="MEDIA_WEBSOCKET_CONNECTION_ID"))
        assert connection.value
        for each in (rtp, socket, ari.channel("snoop-1")):
            assert isinstance(await each.hangup(), Sent)
        assert isinstance(await ari.bridge("b3").destroy(), Sent)


async def test_every_get_operation_works(settings: AriSettings) -> None:
    async with connected(settings) as ari, caller(ari, "gets") as (channel, _, mailbox):
        mailbox.watch("live", "p3")
        await value(ari.bridge("b4").create_with_id(type="mixing"))
        await value(ari.bridge("b4").set_bridge_var(variable="A", value="1"))
        await value(ari.channel(channel).set_channel_var(variable="A", value="1"))
        await value(ari.device_states.update(device_name="Stasis:lamp", device_state="BUSY"))
        await value(ari.channel(channel).record(name="kept", format="wav"))
        assert isinstance(await ari.live_recording("kept").stop(), Sent)
        await value(ari.channel(channel).record(name="live", format="wav", if_exists="overwrite"))
        arguments: dict[str, dict[str, Any]] = {
            "applications.get": {"application_name": APP},
            "asterisk.get_object": {
                "config_class": "res_pjsip",
                "object_type": "transport",
                "id": "transport-udp",
            },
            "asterisk.get_module": {"module_name": "res_ari.so"},
            "asterisk.get_global_var": {"variable": "ASTETCDIR"},
            "bridges.get": {"bridge_id": "b4"},
            "bridges.get_bridge_var": {"bridge_id": "b4", "variable": "A"},
            "bridges.get_bridge_vars": {"bridge_id": "b4", "variables": ["A"]},
            "channels.get": {"channel_id": channel},
            "channels.get_channel_var": {"channel_id": channel, "variable": "A"},
            "channels.get_channel_vars": {"channel_id": channel, "variables": ["A"]},
            "device_states.get": {"device_name": "Stasis:lamp"},
            "endpoints.list_by_tech": {"tech": "PJSIP"},
            "endpoints.get": {"tech": "PJSIP", "resource": "trunk"},
            "recordings.get_stored": {"recording_name": "kept"},
            "recordings.get_stored_file": {"recording_name": "kept"},
            "sounds.get": {"sound_id": "beep"},
            "playbacks.get": {"playback_id": "p3"},
        }
        without_answer = {
            "channels.rtpstatistics": ({"channel_id": channel}, "Unsupported channel type"),
            "mailboxes.list": ({}, "Resource not found"),
            "mailboxes.get": ({"mailbox_name": "x"}, "Resource not found"),
        }
        """A Local channel has no RTP; Debian's build has no module for mailboxes."""
        await until(mailbox, Message)
        recording = ari.live_recording("live")
        for operation in (each for each in OPERATIONS if each.method == "GET"):
            resource, name = operation.name.split(".")
            method = getattr(getattr(ari, resource), name)
            if operation.name == "playbacks.get":
                assert isinstance(await recording.stop(), Sent)
                await ari.channel(channel).play_with_id(playback_id="p3", media=["sound:demo-congrats"])
            if operation.name in without_answer:
                given, words = without_answer[operation.name]
                with pytest.raises(AriRejected, match=words):
                    await method(**given)
            elif operation.name == "recordings.get_live":
                # Another name: the file of the one before may be being closed still.
                again = ari.live_recording("again")
                await ari.channel(channel).record(name="again", format="wav")
                assert await value(method(recording_name="again"))
                assert isinstance(await again.stop(), Sent)
            else:
                assert await value(method(**arguments.get(operation.name, {}))) is not None, operation.name
        assert isinstance(await ari.playback("p3").stop(), Sent)
        await value(ari.recordings.delete_stored(recording_name="kept"))
        for name in ("live", "again"):
            await ari.recordings.delete_stored(recording_name=name)
        await value(ari.device_states.delete(device_name="Stasis:lamp"))
        await value(ari.bridge("b4").destroy())


async def test_quick_commands_are_answered_while_a_prompt_plays(settings: AriSettings) -> None:
    """All of `QUICK`, over the websocket, during one long prompt: none waits for its end, so none holds up others."""
    async with (
        connected(replace(settings, rest="websocket")) as ari,
        caller(ari, "quick") as (channel, _, mailbox),
    ):
        await value(ari.channel(channel).play_with_id(playback_id="long", media=["sound:demo-congrats"]))
        await until(mailbox, PlaybackStarted)
        names = {"channel_id": channel, "bridge_id": "b5", "snoop_id": "snoop-5", "playback_id": "queued"}
        given: dict[str, dict[str, Any]] = {
            "bridges.create": {"bridge_id": "b6"},
            "channels.create": {"channel_id": "quick.made", "endpoint": f"Local/never@{APP}", "app": APP},
            "channels.dial": {"channel_id": "quick.made"},
            "channels.mute": {"direction": "in"},
            "channels.unmute": {"direction": "in"},
            "channels.play": {"media": ["sound:beep"]},
            "channels.play_with_id": {"media": ["sound:beep"], "playback_id": "queued"},
            "channels.record": {"name": "queued", "format": "wav", "if_exists": "overwrite"},
            "channels.send_dtmf": {"dtmf": "1"},
            "channels.snoop_channel": {"app": APP, "spy": "in", "snoop_id": "snoop-6"},
            "channels.snoop_channel_with_id": {"app": APP, "spy": "in"},
            "playbacks.control": {"operation": "forward", "playback_id": "long"},
        }
        order = ["bridges.create_with_id", "channels.play_with_id", "channels.record"]
        last = ["recordings.stop", "recordings.cancel", "bridges.destroy"]
        last += ["channels.continue_in_dialplan", "channels.hangup"]
        for name in [*order, *sorted(QUICK - set(order) - set(last)), *last]:
            resource, method = name.split(".")
            command = getattr(getattr(ari, resource), method)
            wanted = inspect.signature(command).parameters
            arguments = {key: names[key] for key in names if key in wanted} | given.get(name, {})
            if resource == "recordings":
                arguments["recording_name"] = "queued"
            if name == "channels.hangup":
                assert (await value(ari.playback("long").get())).state == "playing"
            with contextlib.suppress(
                AriRejected
            ):  # a queued one cannot be paused: it is answered, that is all
                await command(**arguments)
        await ari.channel("quick.made").hangup()
        await value(ari.bridge("b6").destroy())


async def test_a_bridge_is_destroyed_at_once_while_a_prompt_plays_to_who_is_in_it(
    settings: AriSettings,
) -> None:
    async with (
        connected(replace(settings, rest="websocket")) as ari,
        caller(ari, "inside") as (channel, _, mailbox),
    ):
        await value(ari.bridges.create_with_id(bridge_id="b7", type="mixing,dtmf_events"))
        await value(ari.bridge("b7").add_channel(channel=[channel]))
        mailbox.watch("inside")
        await value(ari.channel(channel).play_with_id(playback_id="inside", media=["sound:demo-congrats"]))
        await until(mailbox, PlaybackStarted)
        await value(ari.bridge("b7").destroy())
        assert (await value(ari.playback("inside").get())).state == "playing"


async def test_an_accepted_prefix_of_an_id_is_refused_by_asterisk(settings: AriSettings) -> None:
    """Why ids get longer, never shorter: `call` cannot be made while `call.agent` lives."""
    async with connected(settings) as ari:
        first = ari.channel("prefix.agent")
        await value(first.create(endpoint=f"Local/never@{APP}", app=APP))
        with pytest.raises(AriRejected, match="already exists"):
            await ari.channel("prefix").create(endpoint=f"Local/never@{APP}", app=APP)
        await value(ari.channel("prefix.agent1").create(endpoint=f"Local/never@{APP}", app=APP))
        for each in (first, ari.channel("prefix.agent1")):
            assert isinstance(await each.hangup(), Sent)


async def test_a_wrong_password_is_fatal(settings: AriSettings) -> None:
    async with asyncio.timeout(PATIENCE_S), AriClient(replace(settings, password="wrong")) as ari:
        with pytest.raises(AriUnauthorised):
            await ari.ready(PATIENCE_S)
        with pytest.raises(AriUnauthorised):
            await ari.channels.list()


async def test_a_second_controller_replaces_the_first(settings: AriSettings) -> None:
    async with connected(settings) as first, connected(settings):
        async with asyncio.timeout(PATIENCE_S):
            async for event in first.bus.front_door():
                if isinstance(event, ApplicationReplaced):
                    break
        assert isinstance(await first.channels.list(), Sent)
        assert first.replaced


async def test_a_cut_websocket_comes_back_with_a_gap_and_the_call_lives_on(settings: AriSettings) -> None:
    async with (
        cutting_proxy(settings) as (through, cut),
        connected(through) as ari,
        caller(ari, "cut") as (
            channel,
            _,
            mailbox,
        ),
    ):
        cut()
        gap = await until(mailbox, Gap)
        assert not gap.first
        assert (await value(ari.channel(channel).get())).state == "Up"
        application = await value(ari.applications.get(application_name=APP))
        assert channel in application.channel_ids
        assert isinstance(await ari.channel(channel).hangup(), Sent)
        await until(mailbox, StasisEnd)


async def test_a_frozen_asterisk_is_noticed_and_found_again(
    settings: AriSettings, asterisk: PrivateAsterisk
) -> None:
    async with connected(
        replace(
            settings, heartbeat_s=0.2, silent_s=0.5, lost_after_s=1.0, back_off=SOON, connect_timeout_s=0.5
        )
    ) as ari:
        door = ari.bus.front_door()
        assert await door.get() == Gap(True, 0.0)
        os.kill(asterisk.pid, signal.SIGSTOP)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await ari.lost()
        finally:
            os.kill(asterisk.pid, signal.SIGCONT)
        async with asyncio.timeout(PATIENCE_S):
            gap = await door.get()
        assert isinstance(gap, Gap)
        assert not gap.first


@asynccontextmanager
async def cutting_proxy(settings: AriSettings) -> AsyncIterator[tuple[AriSettings, Any]]:
    """Settings that lead through a proxy on loopback, and what cuts all its connections at once."""
    target = urlsplit(settings.base_url)
    writers: list[asyncio.StreamWriter] = []

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(target.hostname, target.port)
        writers.extend((writer, there_writer))
        async with asyncio.TaskGroup() as group:
            group.create_task(pump(reader, there_writer), name="proxy in")
            group.create_task(pump(there_reader, writer), name="proxy out")

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass  # cut
        finally:
            writer.close()

    def cut() -> None:
        for writer in writers:
            writer.transport.abort()
        writers.clear()

    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield replace(settings, base_url=f"http://127.0.0.1:{port}/ari", back_off=SOON), cut
    finally:
        server.close()
        cut()
        await server.wait_closed()
