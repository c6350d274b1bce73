"""Where a request may lead: allowed hosts, addresses of names, redirects, TLS; and the breaker on real connections."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from ivr.asterisk.certificate import ensure
from ivr.outside.breaker import BreakerPolicy
from tests.outside.conftest import Asked, City, MakeAsk


def finding(*addresses: str) -> Any:
    """A name service that gives another address each time, the last one for ever."""
    left = list(addresses)

    def find(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
        address = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET6 if ":" in address else socket.AF_INET, address)]

    return find


# --- hosts ---


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:{port}/x",
        "http://127.0.0.1/x",
        "http://127.0.0.2:{port}/x",
        "http://localhost:{port}/x",
        "http://evil.example:{port}/x",
        "http://127.0.0.1.evil.example:{port}/x",
    ],
)
async def test_only_listed_hosts_are_asked(ask: Asked, city: City, url: str) -> None:
    city.on("/x", {})
    ended = await ask(url=url.format(port=city.port))
    assert ended.outcome == "forbidden"
    assert not city.seen


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/", "/x", "", "http://user:pw@127.0.0.1:{port}/x", "http://\n"]
)
async def test_what_is_no_plain_web_address_is_a_failure(ask: Asked, city: City, url: str) -> None:
    ended = await ask(url=url.format(port=city.port) or " ")
    assert ended.outcome == "failed"
    assert not city.seen


async def test_the_administrator_may_narrow_the_list(make_ask: MakeAsk, city: City) -> None:
    city.on("/x", {})
    ask = await make_ask(only=("api.city.example",))
    assert (await ask("/x")).outcome == "forbidden"
    ask = await make_ask(only=("api.city.example", city.host))
    assert (await ask("/x")).outcome == "ok"


async def test_a_private_address_needs_the_administrators_word(make_ask: MakeAsk, city: City) -> None:
    city.on("/x", {})
    ask = await make_ask(private=())
    ended = await ask("/x")
    assert (ended.outcome, ended.detail) == ("forbidden", "127.0.0.1 is not public")
    assert not city.seen


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.8", "169.254.169.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "0.0.0.0"],
)
async def test_a_public_name_at_a_private_address_is_not_asked(
    make_ask: MakeAsk, city: City, address: str
) -> None:
    host = f"http://api.city.example:{city.port}"
    ask = await make_ask(private=(), hosts=(host,), find=finding(address))
    ended = await ask(url=f"{host}/x")
    assert ended.outcome == "forbidden"
    assert "not public" in ended.detail
    assert not city.seen


async def test_a_name_that_turns_inward_after_it_was_allowed_is_not_followed(
    make_ask: MakeAsk, city: City
) -> None:
    """DNS rebinding: what counts is the address of each connection, not what the name meant a moment ago."""
    city.on("/x", lambda _: web.json_response({}, headers={"Connection": "close"}))
    host = f"http://api.city.example:{city.port}"
    ask = await make_ask(private=("127.0.0.1",), hosts=(host,), find=finding("127.0.0.1", "127.0.0.2"))
    assert (await ask(url=f"{host}/x")).outcome == "ok"
    ask.http._session.connector.clear_dns_cache()
    ended = await ask(url=f"{host}/x")
    assert (ended.outcome, len(city.seen)) == ("forbidden", 1)


async def test_of_several_addresses_only_the_permitted_ones_are_tried(make_ask: MakeAsk, city: City) -> None:
    city.on("/x", {})

    def find(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
        return [(socket.AF_INET, "127.0.0.9"), (socket.AF_INET, "127.0.0.1")]

    host = f"http://api.city.example:{city.port}"
    ask = await make_ask(hosts=(host,), find=find)
    assert (await ask(url=f"{host}/x")).outcome == "ok"


async def test_a_name_that_does_not_exist_is_a_failure(make_ask: MakeAsk) -> None:
    def find(host: str, port: int) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    ask = await make_ask(hosts=("https://api.city.example",), find=find)
    ended = await ask(url="https://api.city.example/x")
    assert (ended.outcome, ended.detail) == ("failed", "api.city.example: no connection: no such name")


async def test_proxies_of_the_environment_are_not_used(
    make_ask: MakeAsk, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    city.on("/x", {})
    ask = await make_ask()
    assert (await ask("/x")).outcome == "ok"


# --- redirects ---


def to(location: str, status: int = 302) -> Any:
    return lambda _: web.Response(status=status, headers={"Location": location})


async def test_redirects_are_followed_three_times(ask: Asked, city: City) -> None:
    for step in range(4):
        city.on(f"/{step}", to(f"/{step + 1}"))
    city.on("/4", {"end": True})
    assert (await ask("/1")).body == {"end": True}
    ended = await ask("/0")
    assert (ended.outcome, ended.status, ended.detail) == ("status", 302, "redirected more than 3 times")


async def test_a_redirect_that_was_expected_is_not_followed(ask: Asked, city: City) -> None:
    city.on("/x", to("/y"))
    assert (await ask("/x", expect=(302,))).outcome == "ok"
    assert len(city.seen) == 1


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.2:{port}/x",
        "http://169.254.169.254/latest/meta-data",
        "https://127.0.0.1:{port}/x",
        "//evil.example/x",
        "file:///etc/passwd",
        "http://127.0.0.1:{port}@evil.example/x",
        "http://[::1]:{port}/x",
    ],
)
async def test_a_redirect_elsewhere_is_forbidden(ask: Asked, city: City, location: str) -> None:
    city.on("/go", to(location.format(port=city.port)))
    ended = await ask("/go")
    assert ended.outcome == "forbidden"
    assert len(city.seen) == 1


async def test_a_redirect_to_an_allowed_name_at_a_private_address_is_forbidden(
    make_ask: MakeAsk, city: City
) -> None:
    other = f"http://inside.city.example:{city.port}"
    ask = await make_ask(hosts=(city.host, other), find=finding("127.0.0.3"))
    city.on("/go", to(f"{other}/x"))
    assert (await ask("/go")).outcome == "forbidden"


async def test_secrets_do_not_follow_to_another_host(make_ask: MakeAsk, city: City) -> None:
    other = f"http://other.city.example:{city.port}"
    ask = await make_ask(hosts=(city.host, other), find=finding("127.0.0.1"), secrets={"TOKEN": "hush"})
    city.on("/here", to("/x"))
    city.on("/there", to(f"{other}/x"))
    city.on("/x", {})
    headers = {"X-Token": {"secret": "TOKEN"}, "Authorization": "Basic abc", "X-Plain": "1"}
    await ask("/here", headers=headers)
    await ask("/there", headers=headers)
    names = ("X-Token", "Authorization", "X-Plain")
    at_home, elsewhere = ([request.headers.get(name) for name in names] for request in city.seen[1::2])
    assert at_home == ["hush", "Basic abc", "1"]
    assert elsewhere == [None, None, "1"]


@pytest.mark.parametrize(
    ("status", "method", "body"),
    [(303, "GET", b""), (302, "GET", b""), (307, "POST", b'{"a":1}'), (308, "POST", b'{"a":1}')],
)
async def test_the_method_changes_as_http_says(
    ask: Asked, city: City, status: int, method: str, body: bytes
) -> None:
    city.on("/go", to("/x", status))
    city.on("/x", {})
    await ask("/go", method="POST", body={"a": 1})
    assert (city.seen[1].method, city.bodies[1]) == (method, body)


# --- TLS ---


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return ensure(tmp_path_factory.mktemp("keys"), name="hotline", external_address=None)


@pytest.fixture
async def tls_port(certificate: tuple[Path, Path]) -> AsyncIterator[int]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)

    async def handle(_: web.Request) -> web.Response:
        return web.json_response({"over": "tls"})

    app = web.Application()
    app.router.add_get("/x", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def test_a_certificate_that_nobody_vouches_for_is_a_failure(make_ask: MakeAsk, tls_port: int) -> None:
    host = f"https://localhost:{tls_port}"
    ask = await make_ask(hosts=(host,), find=finding("127.0.0.1"))
    ended = await ask(url=f"{host}/x")
    assert ended.outcome == "failed"
    assert "TLS: self-signed certificate" in ended.detail


async def test_an_authority_of_our_own_is_believed_for_its_names_only(
    make_ask: MakeAsk, tls_port: int, certificate: tuple[Path, Path]
) -> None:
    tls = ssl.create_default_context(cafile=str(certificate[0]))
    good, other = f"https://localhost:{tls_port}", f"https://api.city.example:{tls_port}"
    ask = await make_ask(hosts=(good, other), find=finding("127.0.0.1"), tls=tls)
    assert (await ask(url=f"{good}/x")).body == {"over": "tls"}
    ended = await ask(url=f"{other}/x")
    assert ended.outcome == "failed"
    assert "TLS" in ended.detail


async def test_plain_http_where_tls_is_expected_is_a_failure(make_ask: MakeAsk, city: City) -> None:
    ask = await make_ask(hosts=(f"https://127.0.0.1:{city.port}",))
    assert (await ask(url=f"https://127.0.0.1:{city.port}/x")).outcome == "failed"


# --- the breaker ---

POLICY = BreakerPolicy(failures=4, window_s=30, open_s=10)


async def test_a_host_that_fails_under_load_is_left_alone_and_comes_back(
    make_ask: MakeAsk, city: City
) -> None:
    well = False
    city.on("/x", lambda _: web.json_response({}) if well else web.Response(status=503))
    ask = await make_ask(policy=POLICY)
    ended = [each.outcome for each in await asyncio.gather(*(ask("/x") for _ in range(60)))]
    assert set(ended) <= {"status", "down"}
    assert (await ask("/x")).outcome == "down"
    reached = len(city.seen)
    assert {(await ask("/x")).outcome for _ in range(20)} == {"down"}
    assert len(city.seen) == reached
    assert ask.http.breakers == {f"127.0.0.1:{city.port}": "open"}

    ask.clock.now = 10.5
    ended = [each.outcome for each in await asyncio.gather(*(ask("/x") for _ in range(10)))]
    assert sorted(ended) == ["down"] * 9 + ["status"]
    assert len(city.seen) == reached + 1

    well = True
    ask.clock.now = 40.0
    assert (await ask("/x")).outcome == "ok"
    assert ask.http.breakers == {}
    assert {each.outcome for each in await asyncio.gather(*(ask("/x") for _ in range(10)))} == {"ok"}


async def test_one_host_that_is_down_does_not_take_another_with_it(make_ask: MakeAsk, city: City) -> None:
    other = f"http://other.city.example:{city.port}"
    ask = await make_ask(policy=POLICY, hosts=(city.host, other), find=finding("127.0.0.1"))
    city.on("/bad", lambda _: web.Response(status=502))
    city.on("/good", {})
    for _ in range(5):
        await ask("/bad")
    assert (await ask("/good")).outcome == "down"
    assert (await ask(url=f"{other}/good")).outcome == "ok"


async def test_a_caller_who_hangs_up_during_the_probe_leaves_it_to_the_next(
    make_ask: MakeAsk, city: City
) -> None:
    ask = await make_ask(policy=POLICY)
    city.on("/bad", lambda _: web.Response(status=502))
    for _ in range(4):
        await ask("/bad")
    began = asyncio.Event()

    async def never(_: web.Request) -> web.Response:
        began.set()
        await asyncio.Event().wait()
        raise AssertionError

    city.on("/never", never)
    city.on("/x", {})
    ask.clock.now = 20.0
    probe = asyncio.create_task(ask("/never", timeout_s=30))
    await began.wait()
    assert (await ask("/x")).outcome == "down"
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    assert (await ask("/x")).outcome == "ok"


async def test_what_the_flow_asks_wrongly_is_not_held_against_the_host(make_ask: MakeAsk, city: City) -> None:
    ask = await make_ask(policy=POLICY)
    city.on("/wrong", lambda _: web.Response(status=400))
    city.on("/x", {})
    assert {(await ask("/wrong")).outcome for _ in range(20)} == {"status"}
    assert (await ask("/x")).outcome == "ok"
