"""Answers over a kept HTTP connection: read as they come in, in whatever pieces, and never one for another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.ari.generated.operations import ASTERISK_PING, BRIDGES_ADD_CHANNEL
from ivr.ari.http_connection import LARGEST_HEAD, read_answer
from ivr.ari.http_rest import AriSettings, HttpRest
from ivr.ari.repository import Reply, Request
from ivr.errors import AriUnavailable

PING = Request(ASTERISK_PING, "/asterisk/ping")
ADD = Request(BRIDGES_ADD_CHANNEL, "/bridges/b/addChannel?channel=c")
OF_ASTERISK = (
    b"HTTP/1.1 404 Not Found\r\nServer: Asterisk\r\nDate: Fri, 27 Nov 2026 03:00:00 GMT\r\n"
    b"Cache-Control: no-cache, no-store\r\nContent-type: application/json\r\nContent-Length: 30\r\n\r\n"
    b'{"message": "Bridge not found"'
)
EMPTY = b"HTTP/1.1 204 No Content\r\nServer: Asterisk\r\n\r\n"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def test_what_asterisk_answers() -> None:
    assert read_answer(OF_ASTERISK) == (Reply(404, b'{"message": "Bridge not found"'), True)
    assert read_answer(EMPTY) == (Reply(204), True)
    assert read_answer(EMPTY.replace(b"Server: ", b"Connection: Close\r\nServer: ")) == (Reply(204), False)
    assert read_answer(EMPTY + b"HTTP/1.1 200") == (Reply(204), False), "nobody asked for more"


@given(st.integers(0, len(OF_ASTERISK) - 1))
def test_what_is_not_all_there_is_waited_for(length: int) -> None:
    assert read_answer(OF_ASTERISK[:length]) is None


@pytest.mark.parametrize(
    "received",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nServer: Asterisk\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"x" * (LARGEST_HEAD + 1),
    ],
)
def test_what_asterisk_never_answers_is_an_error(received: bytes) -> None:
    with pytest.raises(ValueError, match="answer"):
        read_answer(received)


@given(st.binary(max_size=200), st.booleans())
def test_nothing_else_is_raised(received: bytes, begins_well: bool) -> None:
    with suppress(ValueError):
        read_answer(b"HTTP/1.1 200 OK\r\n" + received if begins_well else received)


@asynccontextmanager
async def asterisk(talk: Talk) -> AsyncIterator[HttpRest]:
    """The pool, against a server that talks so on each connection."""

    async def then_closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    async with await asyncio.start_server(then_closed, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        settings = AriSettings(f"http://127.0.0.1:{port}/ari", "ivr", "secret")
        async with asyncio.timeout(20.0), aclosing(HttpRest(settings)) as http:
            yield http


def answers(*pieces: Sequence[bytes], heard: list[bytes]) -> Talk:
    """To each request of a connection the next of these, piece by piece."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in pieces:
            heard.append(await reader.readuntil(b"\r\n\r\n"))
            for piece in answer:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)

    return talk


async def test_a_connection_is_kept_and_its_answers_may_come_in_pieces() -> None:
    heard: list[bytes] = []
    talk = answers((OF_ASTERISK[:9], OF_ASTERISK[9:200], OF_ASTERISK[200:]), (EMPTY,), heard=heard)
    async with asterisk(talk) as http:
        assert (await http.exchange(PING)).status == 404
        assert await http.exchange(ADD) == Reply(204)
    login = b"Authorization: Basic aXZyOnNlY3JldA==\r\n"
    assert [one.partition(b"\r\n")[0] for one in heard] == [
        b"GET /ari/asterisk/ping HTTP/1.1",
        b"POST /ari/bridges/b/addChannel?channel=c HTTP/1.1",
    ]
    assert all(login in one for one in heard)
    assert b"Content-Length: 0\r\n" in heard[1]


async def test_one_that_asterisk_has_closed_is_not_asked_again() -> None:
    heard: list[bytes] = []
    async with asterisk(answers((EMPTY,), heard=heard)) as http:
        for _ in range(3):
            assert await http.exchange(ADD) == Reply(204)
            while any(connection.free for connection in http._free):  # noqa: ASYNC110
                await asyncio.sleep(0)
    assert len(heard) == 3


async def test_whoever_gives_up_leaves_no_answer_to_the_next() -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if b"ping" in request:
            asked.set()
            await go_on.wait()
            writer.write(OF_ASTERISK)
        else:
            writer.write(EMPTY)

    async with asterisk(talk) as http:
        given_up = asyncio.ensure_future(http.exchange(PING))
        await asked.wait()
        given_up.cancel()
        await asyncio.wait([given_up])
        go_on.set()
        assert await http.exchange(ADD) == Reply(204)


@pytest.mark.parametrize("answer", [(b"",), (OF_ASTERISK[:50],), (b"HTTP/1.1 200 OK\r\n\r\n",)])
async def test_no_answer_that_can_be_read_is_unavailable(answer: tuple[bytes, ...]) -> None:
    async with asterisk(answers(answer, heard=[])) as http:
        with pytest.raises(AriUnavailable, match="bridges.add_channel") as caught:
            await http.exchange(ADD)
        assert caught.value.sent


async def test_what_was_never_sent_is_known_not_to_have_been() -> None:
    async with aclosing(HttpRest(AriSettings("http://127.0.0.1:1/ari", "ivr", "secret"))) as http:
        with pytest.raises(AriUnavailable, match="asterisk.ping") as caught:
            await http.exchange(PING)
        assert not caught.value.sent
