"""Requests against a real server on loopback: every outcome, and everything that a server can do wrong."""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
from typing import Any

import pytest
from aiohttp import web

from tests.outside.conftest import CALL, Asked, City, MakeAsk


def text(body: str | bytes, **more: Any) -> Any:
    data = body.encode() if isinstance(body, str) else body
    return lambda _: web.Response(body=data, **more)


# --- answers ---


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (text('{"due": "2026-12-01", "n": 3}', content_type="application/json"), {"due": "2026-12-01", "n": 3}),
        (text("[1, 2]", content_type="application/problem+json"), [1, 2]),
        (text("武昌区", content_type="text/plain", charset="utf-8"), "武昌区"),
        (text("武昌区".encode("gbk"), headers={"Content-Type": "text/plain; charset=gb2312"}), "武昌区"),
        (text('{"a": "区"}'.encode("gbk"), headers={"Content-Type": "application/json; charset=GBK"}), {"a": "区"}),
        (text("\ufeff{}", content_type="application/json"), {}),
        (text('{"a\\u0000": ["b\\u0000c"]}', content_type="application/json"), {"a\ufffd": ["b\ufffdc"]}),
        (text("b\0c", content_type="text/plain"), "b\ufffdc"),
        (text("", content_type="application/json"), None),
        (text("<a/>", content_type="text/xml"), "<a/>"),
        (lambda _: web.Response(status=204), None),
        (text(gzip.compress(b"[1]"), headers={"Content-Encoding": "gzip", "Content-Type": "text/json"}), [1]),
    ],
)  # fmt: skip
async def test_an_answer_becomes_json_or_text(ask: Asked, city: City, answer: Any, body: Any) -> None:
    city.on("/x", answer)
    ended = await ask("/x")
    assert (ended.outcome, ended.body, ended.op) == ("ok", body, "7")


@pytest.mark.parametrize(
    "body",
    ["{", '{"a": NaN}', '{"a": Infinity}', "[" * 40 + "]" * 40, "[" * 5000, '{"a": 1} x', b'{"a": "\xff"}'],
)  # fmt: skip
async def test_what_says_that_it_is_json_must_be(ask: Asked, city: City, body: str | bytes) -> None:
    city.on("/x", text(body, content_type="application/json"))
    ended = await ask("/x")
    assert (ended.outcome, ended.status, ended.body) == ("invalid", 200, None)
    assert ended.detail


async def test_another_status_than_expected_keeps_its_body(ask: Asked, city: City) -> None:
    city.on("/x", lambda _: web.json_response({"error": "no such ticket"}, status=404))
    ended = await ask("/x")
    assert (ended.outcome, ended.status, ended.body) == ("status", 404, {"error": "no such ticket"})
    assert (await ask("/x", expect=(200, 404))).outcome == "ok"


async def test_a_success_that_was_not_expected_is_none(ask: Asked, city: City) -> None:
    city.on("/x", lambda _: web.Response(status=202))
    assert (await ask("/x", expect=(200,))).outcome == "status"


async def test_the_body_goes_as_json_and_other_texts_as_they_are(ask: Asked, city: City) -> None:
    city.on("/x", {})
    await ask("/x", method="POST", body={"said": "路灯坏了", "n": 1})
    await ask("/x", method="POST", body="<a/>", headers={"Content-Type": "text/xml"})
    assert city.bodies == ['{"said":"路灯坏了","n":1}'.encode(), b"<a/>"]
    assert [request.content_type for request in city.seen] == ["application/json", "text/xml"]


# --- size ---


async def test_a_body_that_says_it_is_too_large_is_not_read(ask: Asked, city: City) -> None:
    city.on("/x", text(b"x" * 70_000))
    ended = await ask("/x")
    assert (ended.outcome, ended.status, ended.body) == ("too_large", 200, None)


async def test_an_endless_body_ends_at_the_limit(ask: Asked, city: City) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 10_000)
            sent += 10_000

    city.on("/x", endless)
    assert (await ask("/x", max_bytes=50_000)).outcome == "too_large"
    await asyncio.wait_for(city.left.wait(), 10)
    # What lay in the buffers of both ends may have been written too, but no more than that.
    assert sent < 20_000_000


async def test_a_gzip_bomb_counts_as_what_it_unpacks_to(ask: Asked, city: City, monkeypatch: Any) -> None:
    """200 MB in 200 kB: no step may unpack more than a bounded piece."""
    import tracemalloc

    bomb = gzip.compress(b"\0" * 200_000_000)
    city.on("/x", text(bomb, headers={"Content-Encoding": "gzip"}))
    tracemalloc.start()
    try:
        ended = await ask("/x", max_bytes=300_000, timeout_s=20)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert ended.outcome == "too_large"
    assert peak < 10_000_000


async def test_the_administrators_limit_is_the_last_word(ask: Asked, city: City) -> None:
    city.on("/x", text(b"x" * (1 << 21)))
    assert (await ask("/x", max_bytes=1 << 30)).outcome == "too_large"


# --- lies ---


async def raw_server(answer: bytes) -> tuple[asyncio.Server, int]:
    """A server that reads a request's head and sends these bytes, whatever was asked."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nnothing\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\nhello",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
)
async def test_an_answer_that_breaks_its_word_is_a_failure(make_ask: MakeAsk, answer: bytes) -> None:
    server, port = await raw_server(answer)
    async with server:
        ask = await make_ask(hosts=(f"http://127.0.0.1:{port}",))
        ended = await ask(url=f"http://127.0.0.1:{port}/")
    assert (ended.outcome, ended.body) == ("failed", None)
    assert ended.detail


# --- time ---


async def test_a_slow_body_is_a_timeout_and_the_server_is_rid_of_us(ask: Asked, city: City) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"a")
        await asyncio.Event().wait()
        return response

    city.on("/x", slow)
    ended = await ask("/x", timeout_s=0.2)
    assert (ended.outcome, ended.status) == ("timeout", 0)
    await asyncio.wait_for(city.left.wait(), 10)


async def test_the_administrator_bounds_the_time(make_ask: MakeAsk, city: City) -> None:
    async def never(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    city.on("/x", never)
    ask = await make_ask()
    ask.requests._longest_s = 0.2
    assert (await ask("/x", timeout_s=3600)).outcome == "timeout"


async def test_the_time_is_shared_among_the_tries(ask: Asked, city: City) -> None:
    answers = iter([True, False])

    async def hangs_first(_: web.Request) -> web.Response:
        if next(answers):
            await asyncio.Event().wait()
        return web.json_response({"second": "try"})

    city.on("/x", hangs_first)
    ended = await ask("/x", timeout_s=2.0, retries=1)
    assert (ended.outcome, ended.body) == ("ok", {"second": "try"})


# --- tries ---


def failing(times: int, status: int = 503, **headers: str) -> Any:
    left = [times]

    def answer(_: web.Request) -> web.Response:
        left[0] -= 1
        return web.Response(status=status, headers=headers) if left[0] >= 0 else web.json_response("well")

    return answer


@pytest.mark.parametrize(
    ("method", "headers", "status", "retries", "tries"),
    [
        ("GET", {}, 503, 2, 3),
        ("GET", {}, 502, 1, 2),
        ("GET", {}, 503, 0, 1),
        ("PUT", {}, 504, 2, 3),
        ("DELETE", {}, 503, 2, 3),
        ("GET", {}, 500, 2, 1),
        ("GET", {}, 429, 2, 1),
        ("POST", {}, 503, 2, 1),
        ("PATCH", {}, 503, 2, 1),
        ("POST", {"Idempotency-Key": "ticket-81"}, 503, 2, 3),
    ],
)
async def test_only_what_may_be_repeated_is(
    ask: Asked, city: City, method: str, headers: dict[str, str], status: int, retries: int, tries: int
) -> None:
    city.on("/x", failing(99, status))
    ended = await ask("/x", method=method, headers=headers, retries=retries)
    assert (ended.outcome, ended.status) == ("status", status)
    assert len(city.seen) == tries


async def test_a_try_that_succeeds_ends_the_tries(ask: Asked, city: City) -> None:
    city.on("/x", failing(1))
    assert (await ask("/x", retries=3)).outcome == "ok"
    assert len(city.seen) == 2


async def test_what_was_never_sent_may_be_sent_again_whatever_it_is(make_ask: MakeAsk, city: City) -> None:
    """The name is not found at first; the request leaves only with the second try."""
    found = iter([OSError("no such name"), [(socket.AF_INET, "127.0.0.1")]])

    def find(host: str, port: int) -> Any:
        answer = next(found)
        if isinstance(answer, OSError):
            raise answer
        return answer

    city.on("/x", {})
    host = f"http://tickets.city.example:{city.port}"
    ask = await make_ask(hosts=(host,), find=find)
    ended = await ask(url=f"{host}/x", method="POST", body={}, retries=1)
    assert ended.outcome == "ok"
    assert len(city.seen) == 1


async def test_a_post_that_may_have_arrived_is_not_sent_again(make_ask: MakeAsk) -> None:
    came = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came
        await reader.readuntil(b"\r\n\r\n")
        came += 1
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        ask = await make_ask(hosts=(f"http://127.0.0.1:{port}",))
        ended = await ask(url=f"http://127.0.0.1:{port}/", method="POST", body={}, retries=3)
    assert (ended.outcome, came) == ("failed", 1)


async def test_a_wish_to_wait_beyond_the_time_ends_it_at_once(ask: Asked, city: City) -> None:
    city.on("/x", failing(99, **{"Retry-After": "60"}))
    ended = await ask("/x", retries=3, timeout_s=30)
    assert (ended.outcome, ended.status, len(city.seen)) == ("status", 503, 1)


async def test_a_repetition_can_be_told_by_its_key(ask: Asked, city: City) -> None:
    city.on("/x", {})
    await ask("/x", method="POST")
    await ask("/x", method="GET")
    assert [request.headers.get("Idempotency-Key") for request in city.seen] == [f"{CALL}.7", None]


# --- secrets and headers ---


async def test_secrets_are_put_in_and_never_told(
    make_ask: MakeAsk, city: City, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ask = await make_ask(secrets={"TICKETS": "hush-hush"})
    city.on("/tickets/13812345678", {})
    header = {"Authorization": {"secret": "tickets", "prefix": "Bearer "}}
    ended = await ask(
        "/tickets/13812345678?said=private", headers=header, method="POST", body={"who": "王五"}
    )
    assert city.seen[0].headers["Authorization"] == "Bearer hush-hush"
    for told in (caplog.text, repr(ended), repr(header)):
        assert not any(word in told for word in ("hush-hush", "13812345678", "private", "王五"))
    assert "POST 127.0.0.1" in caplog.text


async def test_a_missing_secret_is_named_and_nothing_is_sent(ask: Asked, city: City) -> None:
    ended = await ask("/x", headers={"Authorization": {"secret": "TICKETS"}})
    assert (ended.outcome, ended.detail) == ("failed", "there is no secret TICKETS")
    assert not city.seen


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Note": "a\r\nHost: evil.example"},
        {"X-Note\r\nHost": "a"},
        {"Host": "evil.example"},
        {"Transfer-Encoding": "chunked"},
        {"X-Long": "y" * 5000},
        {"X-List": [1]},
        {"X-Secret": {"secret": "../../etc/passwd"}},
        {"X-Secret": {"file": "x"}},
    ],
)
async def test_headers_cannot_break_out(ask: Asked, city: City, headers: dict[str, Any]) -> None:
    ended = await ask("/x", headers=headers)
    assert ended.outcome == "failed"
    assert ended.detail
    assert not city.seen


# --- the caller goes ---


async def test_a_caller_who_hangs_up_frees_the_connection(make_ask: MakeAsk, city: City) -> None:
    """With one connection in all, the next request can only come through once the first one's is free."""
    began = asyncio.Event()

    async def never(_: web.Request) -> web.Response:
        began.set()
        await asyncio.Event().wait()
        raise AssertionError

    city.on("/never", never)
    city.on("/x", {})
    ask = await make_ask(connections=1, per_host=1)
    task = asyncio.create_task(ask("/never", timeout_s=30))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await ask("/x", timeout_s=10)).outcome == "ok"
    await asyncio.wait_for(city.left.wait(), 10)


async def test_two_hundred_at_once_are_bounded(make_ask: MakeAsk, city: City) -> None:
    async def brief(_: web.Request) -> web.Response:
        await asyncio.sleep(0.01)
        return web.json_response({})

    city.on("/x", brief)
    ask = await make_ask(connections=50, per_host=8)
    ended = await asyncio.gather(*(ask("/x", timeout_s=30) for _ in range(200)))
    assert {each.outcome for each in ended} == {"ok"}
    assert len(city.seen) == 200
    assert 1 < city.most <= 8
