"""The websocket, over the wire."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType

from tests.web.conftest import Site, served
from tests.web.fakes import BUSY, QUIET, Board, a_call
from web.settings import PageSettings

LIVE = "/api/v1/live"
Lines = Callable[[], list[str]]


async def next_message(watcher: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    message = await watcher.receive(timeout=10)
    assert message.type is WSMsgType.TEXT, message
    decoded: dict[str, Any] = json.loads(message.data)
    return decoded


async def until_status(watcher: aiohttp.ClientWebSocketResponse, node: str) -> dict[str, Any]:
    while True:
        message = await next_message(watcher)
        if message["type"] == "status" and message["status"]["node"] == node:
            status: dict[str, Any] = message["status"]
            return status


async def test_it_greets_then_tells_the_whole_state() -> None:
    settings = PageSettings(dial="sip:12345@192.0.2.1", note="a demo", title="12345")
    async with served(settings) as site, site.client.ws_connect(LIVE) as watcher:
        hello = await next_message(watcher)
        assert hello == {
            "type": "hello",
            "heartbeat_s": 15.0,
            "title": "12345",
            "dial": "sip:12345@192.0.2.1",
            "note": "a demo",
        }
        message = await next_message(watcher)
        assert message["type"] == "status"
        assert message["status"]["queues"][0]["name"] == "general"


async def test_a_change_is_pushed_to_every_watcher(site: Site) -> None:
    async with site.client.ws_connect(LIVE) as one, site.client.ws_connect(LIVE) as other:
        for watcher in (one, other):
            await until_status(watcher, "n1")
        site.board.show(replace(BUSY, node="n2"))
        for watcher in (one, other):
            status = await until_status(watcher, "n2")
            assert [call["state"] for call in status["calls"]] == ["menu", "talking"]
            assert "13812345678" not in json.dumps(status)


async def test_a_quiet_watcher_gets_heartbeats() -> None:
    async with (
        served(PageSettings(heartbeat_s=0.05, least_gap_s=0.01)) as site,
        site.client.ws_connect(LIVE) as watcher,
    ):
        kinds = [(await next_message(watcher))["type"] for _ in range(4)]
        assert kinds == ["hello", "status", "status", "status"]


async def test_pages_of_other_origins_are_refused(site: Site) -> None:
    for origin in ("http://evil.example", "null", f"http://localhost:{site.serving.port}"):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await site.client.ws_connect(LIVE, origin=origin)
        assert caught.value.status == 403
    own = f"http://127.0.0.1:{site.serving.port}"
    async with site.client.ws_connect(LIVE, origin=own) as watcher:
        assert (await next_message(watcher))["type"] == "hello"


async def test_a_plain_request_is_told_that_this_is_a_websocket(site: Site, lines: Lines) -> None:
    async with site.client.get(LIVE) as response:
        assert response.status == 426
        assert response.content_type == "application/problem+json"
        assert response.headers["Upgrade"] == "websocket"
    assert lines() == []


async def test_a_watcher_who_speaks_is_sent_away(site: Site, lines: Lines) -> None:
    async with site.client.ws_connect(LIVE) as watcher:
        await watcher.send_str("give me everything")
        async for _ in watcher:
            pass
        assert watcher.close_code == aiohttp.WSCloseCode.POLICY_VIOLATION
    assert lines() == []


async def test_a_message_too_big_is_not_read(site: Site, lines: Lines) -> None:
    async with site.client.ws_connect(LIVE) as watcher:
        await watcher.send_bytes(b"x" * 100_000)
        async for _ in watcher:
            pass
        assert watcher.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
    assert lines() == []


@pytest.mark.parametrize(
    "frame",
    [
        b"\xff" * 64,
        b"\x81\x05hello",
        b"\x83\x80\0\0\0\0",
        b"\xc1\x80\0\0\0\0",
        b"\x89\xfe\x01\x00" + b"\0" * 260,
        b"\x81\xff" + b"\xff" * 12,
    ],
    ids=["noise", "unmasked", "unknown opcode", "reserved bit", "long ping", "endless length"],
)
async def test_bad_frames_end_only_their_own_connection(lines: Lines, frame: bytes) -> None:
    async with served(PageSettings(send_timeout_s=0.3)) as site, site.client.ws_connect(LIVE) as good:
        reader, writer = await _upgraded(site.serving.port)
        writer.write(frame)
        async with asyncio.timeout(10):
            await reader.read()  # until the server hangs up
        writer.close()
        site.board.show(replace(QUIET, node="n2"))
        await until_status(good, "n2")
    assert not any("Traceback" in line for line in lines())
    assert len(lines()) <= 1


async def _upgraded(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    key = b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET {LIVE} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 101 " in head
    return reader, writer


async def test_a_watcher_who_takes_nothing_is_cut_off(lines: Lines) -> None:
    settings = PageSettings(least_gap_s=0.001, send_timeout_s=0.2, heartbeat_s=30)
    crowd = tuple(a_call(call_id=f"c-n1-{number}") for number in range(2000))
    async with served(settings, Board(replace(QUIET, calls=crowd))) as site:
        reader, writer = await _upgraded(site.serving.port)
        writer.transport.pause_reading()
        async with site.client.ws_connect(LIVE, max_msg_size=0) as good, asyncio.timeout(20):
            number = 0
            while not lines():  # as long as the slow one hangs on, the good one is served
                number += 1
                site.board.show(replace(QUIET, calls=crowd, node=f"n{number}"))
                await until_status(good, f"n{number}")
            writer.transport.resume_reading()
            with contextlib.suppress(ConnectionResetError):
                while await reader.read(65536):
                    pass
        writer.close()
    assert len(lines()) == 1
    assert "cut off" in lines()[0]


async def test_only_so_many_may_watch() -> None:
    async with served(PageSettings(most_watchers=1)) as site, site.client.ws_connect(LIVE) as first:
        await until_status(first, "n1")
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await site.client.ws_connect(LIVE)
        assert caught.value.status == 503
        assert caught.value.headers is not None and "Retry-After" in caught.value.headers


async def test_a_watcher_who_leaves_makes_room() -> None:
    async with served(PageSettings(most_watchers=1)) as site:
        for _ in range(5):
            async with site.client.ws_connect(LIVE) as watcher:
                await until_status(watcher, "n1")
            # The close was answered by the server's handler, which ends right after.
            await asyncio.sleep(0)


async def test_watchers_are_told_when_the_server_goes() -> None:
    async with aiohttp.ClientSession() as client:
        async with served() as site:
            watcher = await client.ws_connect(f"{site.serving.url}{LIVE[1:]}")
            await until_status(watcher, "n1")
            leaving = asyncio.create_task(watcher.receive(timeout=10), name="receive")
            await asyncio.sleep(0)
        message = await leaving
        assert message.type is WSMsgType.CLOSE
        assert watcher.close_code == aiohttp.WSCloseCode.GOING_AWAY
        await watcher.close()


async def test_a_source_that_breaks_closes_the_feed_and_says_so(site: Site, lines: Lines) -> None:
    async with site.client.ws_connect(LIVE) as watcher:
        await until_status(watcher, "n1")
        site.board.fault = RuntimeError("the floor collapsed")
        site.board.show(QUIET)
        async for _ in watcher:
            pass
        assert watcher.close_code == aiohttp.WSCloseCode.INTERNAL_ERROR
    assert len(lines()) == 1
    site.board.fault = None
    async with site.client.ws_connect(LIVE) as watcher:
        await until_status(watcher, "n1")
