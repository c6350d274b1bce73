"""Requests with one thing wrong: each is answered below 500, and no traceback is logged."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest

from tests.web.conftest import served
from tests.web.fakes import BUSY, Board
from web.settings import PageSettings

REQUESTS = (
    b"GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\nCookie: hotline_page=x; a=b\r\nConnection: close\r\n\r\n",
    b'GET /static/status.js HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: W/"x"\r\nConnection: close\r\n\r\n',
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 7\r\nConnection: close\r\n\r\ntoken=x",
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n7\r\ntoken=x\r\n0\r\n\r\n",
    b"GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n\x81\x85\0\0\0\0hello",
)
MUTANTS = 240


def mutated(request: bytes, chance: random.Random) -> bytes:
    wrong = bytearray(request)
    place = chance.randrange(len(wrong))
    match chance.randrange(4):
        case 0:
            wrong[place] = chance.randrange(256)
        case 1:
            wrong[place:place] = chance.randbytes(chance.randrange(1, 8))
        case 2:
            del wrong[place : place + chance.randrange(1, 9)]
        case _:
            wrong[place:place] = wrong[place : place + 40]
    return bytes(wrong)


@pytest.mark.parametrize(
    "settings", [PageSettings(), PageSettings(token="a-token-of-sufficient-length")], ids=["open", "token"]
)
async def test_one_thing_wrong(settings: PageSettings, lines: Callable[[], list[str]]) -> None:
    chance = random.Random(settings.token)
    async with served(settings, Board(BUSY)) as site:

        async def send(request: bytes) -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", site.serving.port)
            try:
                writer.write(request)
                async with asyncio.timeout(0.5):  # some mutants only announce more than they send
                    return await reader.read(64)
            except (TimeoutError, ConnectionError):
                return b""
            finally:
                writer.close()

        answers: list[bytes] = []
        for _ in range(MUTANTS // 24):
            batch = [mutated(chance.choice(REQUESTS), chance) for _ in range(24)]
            answers += await asyncio.gather(*(send(request) for request in batch))
        async with site.client.get("/healthz") as response:
            assert response.status == 200
    statuses = {int(answer.split()[1]) for answer in answers if answer}
    assert {400, 401 if settings.token else 404} <= statuses, "the mutants did not get far"
    assert max(statuses) < 500
    assert not any("Traceback" in line for line in lines())
    assert len(lines()) <= MUTANTS


@pytest.mark.parametrize("key", [b"\xf0\xff", "ключ".encode()], ids=["bytes", "letters"])
async def test_a_websocket_key_that_is_none(key: bytes, lines: Callable[[], list[str]]) -> None:
    async with served() as site:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.serving.port)
        writer.write(
            b"GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + b"\r\n\r\n"
        )
        async with asyncio.timeout(10):
            assert (await reader.readline()).split()[1] in {b"400", b"426"}
        writer.close()
    assert lines() == []


async def test_hanging_up_while_being_answered(lines: Callable[[], list[str]]) -> None:
    async with served() as site:
        for request in REQUESTS * 4:
            _, writer = await asyncio.open_connection("127.0.0.1", site.serving.port)
            writer.write(request)
            writer.transport.abort()
        async with site.client.get("/healthz") as response:
            assert response.status == 200
    assert lines() == []
