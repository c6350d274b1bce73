"""Every route, who may ask, and what bad requests get: a problem in JSON and one line in the log at most."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace

import aiohttp
import pytest
from aiohttp.test_utils import make_mocked_request

from ivr.errors import ConfigError
from tests.web.conftest import Site, served
from tests.web.fakes import BUSY, QUIET, Board
from web.api.status import AsteriskStatus, DatabaseStatus
from web.app import MOST_CONNECTIONS, build_app, serve
from web.guard import COOKIE, WRONG_TOKENS, asker, cookie_value, host_allowed, origin_allowed
from web.settings import PageSettings

TOKEN = "a-token-of-sufficient-length"
WITH_TOKEN = PageSettings(token=TOKEN)
Lines = Callable[[], list[str]]


async def assert_problem(response: aiohttp.ClientResponse, status: int) -> dict[str, object]:
    assert response.status == status
    assert response.content_type == "application/problem+json"
    body: dict[str, object] = json.loads(await response.read())
    assert body["status"] == status
    assert body["title"] and body["detail"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    return body


# -- What it serves --


async def test_the_page_and_its_files(site: Site) -> None:
    for path, content_type in {
        "/": "text/html",
        "/static/status.css": "text/css",
        "/static/status.js": "text/javascript",
        "/static/messages.js": "text/javascript",
        "/static/link.js": "text/javascript",
        "/static/dom.js": "text/javascript",
        "/static/icon.svg": "image/svg+xml",
    }.items():
        async with site.client.get(path) as response:
            assert response.status == 200
            assert response.content_type == content_type
            assert len(await response.read()) > 200


async def test_every_answer_carries_the_security_headers(site: Site) -> None:
    for path in ("/", "/api/v1/status", "/healthz", "/nothing", "/static/status.js"):
        async with site.client.get(path) as response:
            policy = response.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy and "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert response.headers["X-Frame-Options"] == "DENY"
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Server"] == "open-hotline"  # no versions for who scans


async def test_an_unchanged_file_is_not_sent_again(site: Site) -> None:
    async with site.client.get("/static/status.js") as response:
        tag = response.headers["ETag"]
    async with site.client.get("/static/status.js", headers={"If-None-Match": tag}) as response:
        assert response.status == 304
        assert await response.read() == b""
    async with site.client.get("/static/status.js", headers={"If-None-Match": '"other"'}) as response:
        assert response.status == 200


async def test_the_status_as_json(site: Site) -> None:
    site.board.show(BUSY)
    async with site.client.get("/api/v1/status") as response:
        assert response.headers["Cache-Control"] == "no-store"
        body = await response.json()
    assert [call["state"] for call in body["calls"]] == ["menu", "talking"]
    assert body["calls"][0]["caller"] == "138****5678"


async def test_alive_and_ready(site: Site) -> None:
    async with site.client.get("/healthz") as response:
        assert await response.json() == {"status": "ok"}
    async with site.client.get("/readyz") as response:
        body = await response.json()
    assert (body["status"], body["degraded"]) == ("ready", ["speech.en"])
    assert body["parts"]["asterisk"] == {"level": "ok"}
    assert body["parts"]["speech.en"].keys() == {"level", "zh", "en"}


async def test_without_a_database_calls_go_on(site: Site) -> None:
    site.board.show(replace(QUIET, database=DatabaseStatus("postgres", ok=False)))
    async with site.client.get("/readyz") as response:
        assert response.status == 200
        assert "database" in (await response.json())["degraded"]


async def test_without_asterisk_it_is_alive_but_not_ready(site: Site) -> None:
    site.board.show(replace(QUIET, asterisk=AsteriskStatus(connected=False)))
    async with site.client.get("/readyz") as response:
        body = await assert_problem(response, 503)
    assert "Asterisk" in str(body["detail"])
    parts = body["parts"]
    assert isinstance(parts, dict) and parts["asterisk"]["level"] == "down"
    async with site.client.get("/healthz") as response:
        assert response.status == 200


# -- Bad requests --


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/static/", "/static/../app.py", "/static/%2e%2e/app.py", "/static/jsconfig.json", "/login"],
)
async def test_unknown_paths(site: Site, lines: Lines, path: str) -> None:
    async with site.client.get(path) as response:
        await assert_problem(response, 404)
    assert lines() == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_wrong_methods(site: Site, lines: Lines, method: str) -> None:
    async with site.client.request(method, "/api/v1/status") as response:
        await assert_problem(response, 405)
        assert response.headers["Allow"] == "GET,HEAD"
    assert lines() == []


async def test_an_oversize_body(site: Site, lines: Lines) -> None:
    async with site.client.post("/api/v1/status", data=b"x" * 100_000) as response:
        await assert_problem(response, 413)
    assert lines() == []


@pytest.mark.parametrize("path", ["/healthz", "/nothing"])
async def test_an_expectation_it_does_not_know(site: Site, lines: Lines, path: str) -> None:
    async with site.client.get(path, headers={"Expect": "miracles"}) as response:
        await assert_problem(response, 417)
    assert lines() == []


GARBAGE = {
    "a TLS greeting": bytes.fromhex("16030100f1010000ed0303") + bytes(range(64)),
    "another protocol": b"REGISTER sip:12345@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP x\r\n\r\n",
    "no protocol": b"hello, is there anybody?\r\n\r\n",
    "coffee": b"BREW /pot HTCPCP/1.0\r\nHost: localhost\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "zero bytes": b"\0" * 512 + b"\r\n\r\n",
    "a bad header": b"GET / HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n",
    "a control character": b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: \x00\r\n\r\n",
    "a huge header": b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"a" * 20_000 + b"\r\n\r\n",
    "a huge path": b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: 1\r\n" * 2000 + b"\r\n",
    "a bad length": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n",
    "a negative length": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "smuggling": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a bad chunk": b"POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\nzz\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
    "an address that is none": b"GET http://[::1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "a path of bytes": b"GET /\xff\xfe%ff%00 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "a cookie of bytes": b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n"
    b"Cookie: hotline_page=\xff\xfe\r\nConnection: close\r\n\r\n",
    "a token of bytes": b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n"
    b"Authorization: Bearer \xff\r\nConnection: close\r\n\r\n",
    "a host of bytes": b"GET / HTTP/1.1\r\nHost: \xff[::\r\nConnection: close\r\n\r\n",
    "a form of bytes": b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 8\r\nConnection: close\r\n\r\ntoken=\xff\xfe",
    "an unknown charset": b"POST /login HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/x-www-form-urlencoded; charset=klingon\r\n"
    b"Content-Length: 7\r\nConnection: close\r\n\r\ntoken=x",
}


@pytest.mark.parametrize("settings", [PageSettings(), WITH_TOKEN], ids=["open", "token"])
@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
async def test_garbage_on_the_port(settings: PageSettings, garbage: bytes, lines: Lines) -> None:
    async with served(settings) as site:
        answer = await _talk(site.serving.port, garbage)
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.") and head.split()[1][:1] == b"4", answer[:200]
        assert b"application/problem+json" in head
        assert b"X-Content-Type-Options: nosniff" in head
        assert json.loads(body)["status"] == int(head.split()[1])
        async with site.client.get("/healthz") as response:
            assert response.status == 200
    assert len(lines()) <= 1
    assert not any("Traceback" in line for line in lines())


async def test_half_a_request_and_gone(site: Site, lines: Lines) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", site.serving.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: loc")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    async with site.client.get("/healthz") as response:
        assert response.status == 200
    assert lines() == []


async def test_more_connections_than_it_holds(site: Site, lines: Lines) -> None:
    async with AsyncExitStack() as crowd:
        for _ in range(MOST_CONNECTIONS):
            _, writer = await asyncio.open_connection("127.0.0.1", site.serving.port)
            crowd.callback(writer.close)
        reader, writer = await asyncio.open_connection("127.0.0.1", site.serving.port)
        crowd.callback(writer.close)
        async with asyncio.timeout(10):
            assert await reader.read() == b""
    assert len(lines()) == 1


async def _talk(port: int, sent: bytes) -> bytes:
    """What the server says to these bytes until it hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(10):
            writer.write(sent)
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def test_a_fault_of_ours_is_a_problem_and_keeps_its_traceback_in_the_log(lines: Lines) -> None:
    board = Board()
    board.fault = RuntimeError("the floor collapsed")
    async with served(board=board) as site, site.client.get("/api/v1/status") as response:
        body = await assert_problem(response, 500)
    assert "collapsed" not in json.dumps(body)
    assert len(lines()) == 1
    assert "RuntimeError: the floor collapsed" in lines()[0]


# -- Who may ask --


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("localhost", True),
        ("LOCALHOST:8080", True),
        ("127.0.0.1:8080", True),
        ("[::1]:8080", True),
        ("192.0.2.7", True),
        ("hotline.example.org", True),
        ("Hotline.Example.org:443", True),
        ("evil.example", False),
        ("hotline.example.org.evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("user@localhost", False),
        ("localhost/evil.example", False),
        ("localhost:port", False),
        ("[::1", False),
        ("", False),
        (None, False),
    ],
)
def test_host_names(host: str | None, allowed: bool) -> None:
    assert host_allowed(host, ("hotline.example.org",)) is allowed


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://localhost:8080", True),
        ("https://localhost:8080", True),
        ("http://LOCALHOST:8080", True),
        ("http://localhost", False),
        ("http://localhost:8081", False),
        ("http://evil.example", False),
        ("file://", False),
        ("null", False),
        ("", False),
    ],
)
def test_origins(origin: str | None, allowed: bool) -> None:
    assert origin_allowed(origin, "localhost:8080") is allowed


async def test_a_rebound_name_gets_nothing(site: Site) -> None:
    for path in ("/", "/api/v1/status", "/healthz"):
        async with site.client.get(path, headers={"Host": "evil.example"}) as response:
            await assert_problem(response, 421)


async def test_without_the_token_nothing_but_health_is_told() -> None:
    async with served(WITH_TOKEN) as site:
        for path in ("/api/v1/status", "/api/v1/live", "/static/status.js", "/nothing"):
            async with site.client.get(path) as response:
                await assert_problem(response, 401)
                assert response.headers["WWW-Authenticate"] == "Bearer"
        for path in ("/healthz", "/readyz", "/login"):
            async with site.client.get(path) as response:
                assert response.status == 200
        async with site.client.get("/", allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (303, "/login")


@pytest.mark.parametrize(
    "given", ["Bearer wrong-token-of-this-length", f"Basic {TOKEN}", TOKEN, "Bearer", "Bearer "]
)
async def test_wrong_tokens(given: str) -> None:
    async with served(WITH_TOKEN) as site:
        async with site.client.get("/api/v1/status", headers={"Authorization": given}) as response:
            await assert_problem(response, 401)
        async with site.client.get("/api/v1/status", cookies={COOKIE: TOKEN}) as response:
            await assert_problem(response, 401)  # the cookie is not the token itself


async def test_the_token_opens() -> None:
    async with (
        served(WITH_TOKEN) as site,
        site.client.get("/api/v1/status", headers={"Authorization": f"Bearer {TOKEN}"}) as response,
    ):
        assert response.status == 200


async def test_logging_in_earns_a_cookie_that_scripts_cannot_read(lines: Lines) -> None:
    async with served(WITH_TOKEN) as site:
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(site.serving.url, cookie_jar=jar) as browser:
            async with browser.post("/login", data={"token": "no"}) as response:
                assert response.status == 401
                assert 'class="wrong"' in await response.text()
            async with browser.post("/login", data={"token": TOKEN}, allow_redirects=False) as response:
                assert (response.status, response.headers["Location"]) == (303, "/")
                cookie = response.cookies[COOKIE]
            assert cookie["httponly"] and cookie["samesite"] == "Strict"
            assert TOKEN not in cookie.value
            async with browser.get("/") as response:
                assert response.status == 200
                assert 'id="calls"' in await response.text()
    assert len(lines()) == 1
    assert TOKEN not in lines()[0]


async def test_tokens_cannot_be_guessed_one_after_the_other() -> None:
    """By the header, by the cookie, by the form: together, and by address; the right one is not heard then either."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with served(WITH_TOKEN) as site:
        for number in range(WRONG_TOKENS[0]):
            asked = {"Authorization": f"Bearer guess-{number}"}, {"Cookie": f"{COOKIE}=guess-{number}"}
            if number % 3 == 2:
                async with site.client.post("/login", data={"token": f"guess-{number}"}) as response:
                    assert response.status == 401
            else:
                async with site.client.get("/api/v1/status", headers=asked[number % 3]) as response:
                    await assert_problem(response, 401)
        async with site.client.get("/api/v1/status", headers=headers) as response:
            await assert_problem(response, 429)
            assert response.headers["Retry-After"] == "60"
        async with site.client.post("/login", data={"token": TOKEN}) as response:
            await assert_problem(response, 429)
        async with site.client.get("/healthz") as response:
            assert response.status == 200
        # who had logged in before is not shut out by others of the same address
        has = {"Cookie": f"{COOKIE}={cookie_value(TOKEN)}"}
        async with site.client.get("/api/v1/status", headers=has) as response:
            assert response.status == 200
        # who gives none is told to log in, as ever
        async with site.client.get("/", allow_redirects=False) as response:
            assert response.status == 303
        # another one behind the proxy on this machine
        behind = headers | {"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
        async with site.client.get("/api/v1/status", headers=behind) as response:
            assert response.status == 200


@pytest.mark.parametrize(
    ("remote", "forwarded", "who"),
    [
        ("198.51.100.7", "203.0.113.9", "198.51.100.7"),
        ("127.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("::ffff:127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "somebody", "127.0.0.1"),
        ("::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
    ],
)
def test_who_guesses_is_an_address_or_a_customers_network(remote: str, forwarded: str, who: str) -> None:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = make_mocked_request("GET", "/", headers=headers).clone(remote=remote)
    assert asker(request) == who


async def test_half_a_character_is_a_wrong_token() -> None:
    async with served(WITH_TOKEN) as site:
        sent = {"Content-Type": "application/x-www-form-urlencoded; charset=unicode_escape"}
        async with site.client.post("/login", data=b"token=\\ud800", headers=sent) as response:
            assert response.status == 401


async def test_behind_a_proxy_with_tls_the_cookie_is_for_tls_only() -> None:
    """The proxy speaks plain HTTP to us, and keeps the Host header; the page's origin says what the browser sees."""
    async with served(WITH_TOKEN) as site:
        host = f"127.0.0.1:{site.serving.port}"
        for origin, secure in ((f"https://{host}", True), (f"http://{host}", "")):
            sent = site.client.post(
                "/login", data={"token": TOKEN}, headers={"Origin": origin}, allow_redirects=False
            )
            async with sent as response:
                assert response.cookies[COOKIE]["secure"] == secure


async def test_a_login_that_is_no_form() -> None:
    async with served(WITH_TOKEN) as site, site.client.post("/login", json={"token": TOKEN}) as response:
        await assert_problem(response, 415)


async def test_a_form_from_another_page_is_refused() -> None:
    async with served(WITH_TOKEN) as site:
        headers = {"Origin": "http://evil.example"}
        async with site.client.post("/login", data={"token": TOKEN}, headers=headers) as response:
            await assert_problem(response, 403)


# -- Starting --


async def test_a_busy_port_is_named_with_a_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError) as caught:
            async with serve(build_app(Board()), "127.0.0.1", port):
                pytest.fail("it cannot listen there")
    assert str(port) in str(caught.value) and "127.0.0.1" in str(caught.value)
    assert "IVR_WEB__PORT" in caught.value.mend


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
async def test_an_address_of_another_machine(host: str) -> None:
    with pytest.raises(ConfigError) as caught:
        async with serve(build_app(Board(), settings=WITH_TOKEN), host, 0):
            pytest.fail("it cannot listen there")
    assert host in str(caught.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "hotline.example.org"])
async def test_no_page_for_everyone_without_a_token(host: str) -> None:
    with pytest.raises(ConfigError) as caught:
        async with serve(build_app(Board()), host, 0):
            pytest.fail("open to everyone")
    assert "IVR_WEB__TOKEN" in caught.value.mend


async def test_the_real_port_and_a_usable_address() -> None:
    async with serve(build_app(Board(), settings=WITH_TOKEN), "0.0.0.0", 0) as serving:
        assert serving.port > 0
        assert serving.url == f"http://127.0.0.1:{serving.port}/"
    async with (
        serve(build_app(Board()), "localhost", 0) as serving,
        aiohttp.ClientSession(serving.url) as client,
        client.get("/healthz") as response,
    ):
        assert response.status == 200


async def test_the_port_is_free_again_afterwards() -> None:
    async with serve(build_app(Board()), "127.0.0.1", 0) as serving:
        port = serving.port
    async with serve(build_app(Board()), "127.0.0.1", port) as again:
        assert again.port == port


# -- Metrics --


def figures(accept: str) -> tuple[bytes, str]:
    return b"hotline_calls 3\n", f"text/plain; for={accept.partition(';')[0] or 'anyone'}"


async def test_metrics_are_there_where_there_are_some() -> None:
    async with (
        served(metrics=figures) as site,
        site.client.get("/metrics", headers={"Accept": "application/openmetrics-text;q=1"}) as response,
    ):
        assert response.status == 200
        assert await response.read() == b"hotline_calls 3\n"
        assert response.headers["Content-Type"] == "text/plain; for=application/openmetrics-text"
        assert response.headers["Cache-Control"] == "no-store"
    async with served() as site, site.client.get("/metrics") as response:
        await assert_problem(response, 404)


async def test_the_token_of_the_metrics_opens_nothing_else() -> None:
    own = "another-token-for-prometheus"
    settings = PageSettings(token=TOKEN, metrics_token=own)
    async with served(settings, metrics=figures) as site:
        for path, token, status in [
            ("/metrics", "", 401),
            ("/metrics", "wrong", 401),
            ("/metrics", own, 200),
            ("/metrics", TOKEN, 200),
            ("/api/v1/status", own, 401),
            ("/", own, 200),  # the page to log in
            ("/api/v1/status", TOKEN, 200),
        ]:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            async with site.client.get(path, headers=headers) as response:
                assert response.status == status, (path, token)
    with pytest.raises(ConfigError, match="metrics_token"):
        PageSettings(token=TOKEN, metrics_token="short")
