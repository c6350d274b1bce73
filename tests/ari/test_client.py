"""`AriClient` against the fake Asterisk behind a real port: what a real one cannot be made to do on demand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import pytest

from ivr.ari.backoff import BackOff
from ivr.ari.bus import Mailbox
from ivr.ari.client import AriClient, AriSettings
from ivr.ari.generated.events import ApplicationReplaced, ChannelDtmfReceived, StasisStart
from ivr.ari.interface import Ari
from ivr.ari.parse import AnyEvent, Gap
from ivr.ari.results import Gone, Sent
from ivr.errors import AriRejected, AriUnauthorised, AriUnavailable, MailboxOverflow
from tests.support.fake_ari import FakeAri
from tests.support.fake_ari_server import FakeAriServer

Rest = Literal["http", "websocket"]
QUICK = BackOff(first_s=0.01, most_s=0.05)
PATIENCE_S = 10.0


@pytest.fixture
async def server() -> AsyncIterator[FakeAriServer]:
    async with FakeAriServer() as server:
        yield server


def settings(server: FakeAriServer, **changes: object) -> AriSettings:
    values: dict[str, object] = {
        "base_url": server.base_url,
        "username": "ivr",
        "password": server.password,
        "back_off": QUICK,
        "request_timeout_s": 2.0,
        "http_ping_s": 0.0,
    }
    return AriSettings(**(values | changes))  # type: ignore[arg-type]


@asynccontextmanager
async def connected(settings: AriSettings) -> AsyncIterator[AriClient]:
    async with asyncio.timeout(PATIENCE_S), AriClient(settings) as ari:
        await ari.ready(PATIENCE_S)
        yield ari


async def front_door(ari: Ari, kind: type[AnyEvent]) -> AnyEvent:
    """The next event of this kind at the front door."""
    async with asyncio.timeout(PATIENCE_S):
        async for event in ari.bus.front_door():
            if isinstance(event, kind):
                return event
    raise AssertionError("the front door closed")


def test_the_client_and_the_fake_have_the_same_interface() -> None:
    """mypy is the judge; at run time only that both can be made."""

    async def use(ari: Ari) -> None:
        await ari.ready()

    async def both() -> None:
        async with FakeAri() as fake, FakeAriServer() as server, AriClient(settings(server)) as client:
            await use(fake)
            await use(client)

    asyncio.run(both())


@pytest.mark.parametrize("rest", ["http", "websocket"])
async def test_commands_and_events(server: FakeAriServer, rest: Rest) -> None:
    async with connected(settings(server, rest=rest)) as ari:
        assert await front_door(ari, Gap) == Gap(True, 0.0)
        caller = server.world.call("in")
        arrival = await front_door(ari, StasisStart)
        assert isinstance(arrival, StasisStart)
        with ari.bus.mailbox("test") as box:
            box.watch(caller, "p/ö 1")
            await ari.channel(caller).answer()
            played = await ari.channel(caller).play_with_id(
                playback_id="p/ö 1", media=["sound:a&b", "sound:c"]
            )
            assert isinstance(played, Sent)
            assert played.value.id == "p/ö 1"
            made = await ari.channels.create(
                endpoint="PJSIP/1", app="ivr", variables={"名": "值"}, channel_id="agent"
            )
            assert isinstance(made, Sent)
            assert server.world.channels["agent"].variables == {"名": "值"}
            await ari.channel("agent").get_channel_var(variable="名")
            types = [(await box.get()).type for _ in range(2)]  # type: ignore[union-attr]
            assert types == ["ChannelStateChange", "PlaybackStarted"]
            server.world.hang_up(caller)
            assert isinstance(await ari.channel(caller).hangup(), Gone)
            with pytest.raises(AriRejected, match="already exists"):
                await ari.channels.create(endpoint="PJSIP/1", app="ivr", channel_id="agent")
        played_over_http = any("/play/" in path for path in server.over_http)
        assert played_over_http == (rest == "http")
        # Never one that may wait for its channel, as a variable does that is a function.
        assert {"answer", "variable"} <= {path.rpartition("/")[2] for path in server.over_http}


@pytest.mark.parametrize("rest", ["http", "websocket"])
async def test_many_commands_at_once_keep_to_the_pool(server: FakeAriServer, rest: Rest) -> None:
    async with connected(settings(server, rest=rest, connections=7)) as ari:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ari.asterisk.ping(), name=f"ping {n}") for n in range(100)]
        assert all(isinstance(task.result(), Sent) for task in tasks)
        assert server.most_at_once <= 7


@pytest.mark.parametrize("rest", ["http", "websocket"])
async def test_an_answer_that_does_not_come_is_unavailable_in_time(server: FakeAriServer, rest: Rest) -> None:
    async with connected(settings(server, rest=rest, request_timeout_s=0.1)) as ari:
        server.world.fault("asterisk.ping", delay_s=1.0)
        with pytest.raises(AriUnavailable, match=r"asterisk.ping: no answer within 0.1 s"):
            await ari.asterisk.ping()


async def test_a_cut_connection_and_a_5xx_are_unavailable(server: FakeAriServer) -> None:
    async with connected(settings(server)) as ari:
        server.world.fault("channels.list", unanswered=True, times=2)  # aiohttp asks once more
        with pytest.raises(AriUnavailable):
            await ari.channels.list()
        server.world.fault("channels.list", status=503, message="busy")
        with pytest.raises(AriUnavailable, match="503 busy"):
            await ari.channels.list()
        assert isinstance(await ari.channels.list(), Sent)


async def test_nobody_listening_is_unavailable() -> None:
    server = FakeAriServer()
    await server.start()
    await server.stop()
    async with AriClient(settings(server)) as ari:
        with pytest.raises(AriUnavailable, match="no event websocket"):
            await ari.ready(0.1)
        with pytest.raises(AriUnavailable):
            await ari.channels.list()
        assert not ari.connected
    with pytest.raises(AriUnavailable):
        await ari.channels.list()


async def test_a_wrong_password_is_fatal_and_surfaces_everywhere(server: FakeAriServer) -> None:
    async with asyncio.timeout(PATIENCE_S), AriClient(settings(server, password="wrong")) as ari:
        with ari.bus.mailbox("test") as box:
            with pytest.raises(AriUnauthorised) as caught:
                await ari.ready(PATIENCE_S)
            assert "ari.conf" in caught.value.mend
            with pytest.raises(AriUnauthorised):
                await ari.bus.front_door().get()
            with pytest.raises(AriUnauthorised):
                await box.get()
            with pytest.raises(AriUnauthorised):
                await ari.channels.list()
        assert server.handshakes == 1


async def test_the_password_is_in_no_representation(server: FakeAriServer) -> None:
    assert server.password not in repr(settings(server))


async def test_a_lost_socket_comes_back_with_a_gap_and_the_session_goes_on(server: FakeAriServer) -> None:
    async with connected(settings(server)) as ari:
        caller = server.world.call()
        await front_door(ari, StasisStart)
        with ari.bus.mailbox("test") as box:
            box.watch(caller)
            await server.cut()
            gap = await box.get()
            assert isinstance(gap, Gap)
            assert not gap.first
            assert 0 < gap.away_s < PATIENCE_S
            assert isinstance(await front_door(ari, Gap), Gap)
            server.world.press(caller, "5")
            assert (await box.get()).type == "ChannelDtmfReceived"  # type: ignore[union-attr]


async def test_what_asterisk_tells_twice_is_read_once_but_for_keys(server: FakeAriServer) -> None:
    async with connected(settings(server)) as ari:
        caller = server.world.call()
        await front_door(ari, StasisStart)
        with ari.bus.mailbox("test") as box:
            box.watch(caller)
            server.world.doubled = {"ChannelHangupRequest": 1, "ChannelDtmfReceived": 1}
            server.world.press(caller, "5")
            heard = [(await box.get()).type for _ in range(2)]  # type: ignore[union-attr]
            server.world.hang_up(caller)
            while "StasisEnd" not in heard:
                heard.append((await box.get()).type)  # type: ignore[union-attr]
        assert heard == ["ChannelDtmfReceived", "ChannelDtmfReceived", "ChannelHangupRequest", "StasisEnd"]
        assert not any(server.world.doubled.values()), "both were told twice"


async def test_it_keeps_trying_while_asterisk_is_away_and_while_it_loads(server: FakeAriServer) -> None:
    async with connected(settings(server)) as ari:
        await front_door(ari, Gap)
        await server.stop()
        server.handshake_status = 503
        await server.start()
        for _ in range(4):  # the first of these was the handshake before
            while await server.heard.get() != "events":
                pass
        assert not ari.connected
        server.handshake_status = 0
        gap = await front_door(ari, Gap)
        assert isinstance(gap, Gap)
        assert not gap.first
        assert ari.connected


async def test_a_frozen_asterisk_is_noticed(server: FakeAriServer) -> None:
    server.mute = True
    async with connected(settings(server, heartbeat_s=0.1, silent_s=0.2, lost_after_s=0.5)) as ari:
        await front_door(ari, Gap)
        again = await front_door(ari, Gap)
        assert isinstance(again, Gap)
        assert not again.first


async def test_each_ping_tells_how_late_its_answer_is_dealt_with(server: FakeAriServer) -> None:
    took: asyncio.Queue[float] = asyncio.Queue()
    async with connected(settings(server, heartbeat_s=0.05)) as ari:
        began = time.monotonic()
        ari.see_round_trip = took.put_nowait
        async with asyncio.timeout(PATIENCE_S):
            told = await took.get()
        assert 0.0 <= told <= time.monotonic() - began + 1.0
        sent = time.monotonic() - 3.0
        ari._ponged(b"%.6f" % sent)
        ari._ponged(b"of somebody else")
        async with asyncio.timeout(PATIENCE_S):
            while await took.get() < 3.0:
                pass  # the worst is told at the next tick


async def test_being_replaced_ends_the_reader_without_a_war(server: FakeAriServer) -> None:
    async with connected(settings(server)) as ari:
        server.world._emit("app", "ApplicationReplaced")
        assert isinstance(await front_door(ari, ApplicationReplaced), ApplicationReplaced)
        async with asyncio.timeout(PATIENCE_S):
            await ari._ended.wait()
        assert ari.replaced
        with pytest.raises(AriUnavailable, match="another controller"):
            await ari.ready()
        assert not ari.connected
        assert server.handshakes == 1
        assert isinstance(await ari.channels.list(), Sent)


async def test_a_command_into_a_socket_that_is_closing_is_sent_again(server: FakeAriServer) -> None:
    async with connected(settings(server, rest="websocket", patience_s=PATIENCE_S)) as ari:
        assert ari._socket is not None
        connection = ari._socket._response.connection
        assert connection is not None
        assert connection.transport is not None
        connection.transport.close()
        assert isinstance(await ari.asterisk.ping(), Sent)


async def test_commands_over_a_lost_websocket_fail_at_once(server: FakeAriServer) -> None:
    async with connected(settings(server, rest="websocket")) as ari:
        server.world.fault("asterisk.ping", delay_s=60)
        server.over_http.clear()
        ping = asyncio.create_task(_unavailable(ari), name="ping")
        while await server.heard.get() != "asterisk/ping":
            pass
        await server.cut()
        assert await ping
        assert server.over_http == []


async def test_a_second_dial_of_a_channel_never_leaves(server: FakeAriServer) -> None:
    """It can crash Asterisk, so a retry after an answer that did not come must not be sent either."""
    async with connected(settings(server)) as ari:
        leg = ari.channel("leg")
        await leg.create(endpoint="PJSIP/1", app="ivr")
        server.world.fault("channels.dial", status=503)
        with pytest.raises(AriUnavailable):
            await leg.dial(timeout=20)
        with pytest.raises(AriRejected, match="dialled already"):
            await leg.dial(timeout=20)
        assert server.over_http.count("channels/leg/dial") == 1
        await ari.channel("other").create(endpoint="PJSIP/1", app="ivr")
        assert isinstance(await ari.channel("other").dial(), Sent)


async def test_without_a_websocket_commands_go_over_http(server: FakeAriServer) -> None:
    server.handshake_status = 503
    async with AriClient(settings(server, rest="websocket")) as ari:
        assert isinstance(await ari.asterisk.ping(), Sent)
        assert server.over_http == ["asterisk/ping"]


async def _unavailable(ari: AriClient) -> bool:
    try:
        await ari.asterisk.ping()
    except AriUnavailable:
        return True
    return False


async def test_a_flood_that_a_session_does_not_read_ends_that_session_only(server: FakeAriServer) -> None:
    async with connected(settings(server)) as ari:
        slow_caller, other_caller = server.world.call(), server.world.call()
        with ari.bus.mailbox("slow", capacity=5) as slow, ari.bus.mailbox("quick") as quick:
            slow.watch(slow_caller)
            quick.watch(slow_caller, other_caller)
            server.world.press(slow_caller, "123456789")
            server.world.press(other_caller, "7")
            assert sorted([await digit(quick) for _ in range(10)]) == sorted("1234567897")
            with pytest.raises(MailboxOverflow):
                await slow.get()


async def digit(mailbox: Mailbox) -> str:
    async for event in mailbox:
        if isinstance(event, ChannelDtmfReceived):
            return event.digit
    raise AssertionError("closed")


async def test_leaving_ends_every_reader(server: FakeAriServer) -> None:
    async with connected(settings(server)) as ari, asyncio.TaskGroup() as group:
        reader = group.create_task(_reads_until_closed(ari), name="reader")
        await asyncio.sleep(0)
        await ari.__aexit__(None, None, None)
    assert reader.result() == "the ARI client is closed"


async def _reads_until_closed(ari: AriClient) -> str:
    try:
        while True:
            await ari.bus.front_door().get()
    except AriUnavailable as error:
        return str(error)
