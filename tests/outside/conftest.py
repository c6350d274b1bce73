"""A real HTTP server on loopback that misbehaves on request, and requests that are allowed to reach it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from ivr.clock import SystemClock
from ivr.flow.actions import Request
from ivr.flow.inputs import OpId, RequestEnded
from ivr.ids import CallId
from ivr.outside.addresses import PrivateHosts
from ivr.outside.breaker import BreakerPolicy
from ivr.outside.guarded import GuardedHttp, Limits
from ivr.outside.requests import Requests
from ivr.outside.secrets import Secrets

CALL = CallId("c-n1-5f-01")
NEVER_OPEN = BreakerPolicy(failures=1000)
Answering = Callable[[web.Request], Any]


@dataclass(slots=True)
class City:
    """The server. seen: every request that came. at_once, most: how many were being answered."""

    port: int = 0
    answers: dict[str, Answering] = field(default_factory=dict)
    seen: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    at_once: int = 0
    most: int = 0
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client went away before its answer."""

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def on(self, path: str, answer: Answering | dict[str, Any]) -> None:
        self.answers[path] = answer if callable(answer) else lambda _: web.json_response(answer)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        self.bodies.append(await request.read())
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            answer = self.answers[request.path](request)
            return await answer if asyncio.iscoroutine(answer) else answer
        except asyncio.CancelledError:
            self.left.set()
            raise
        finally:
            self.at_once -= 1


@pytest.fixture
async def city() -> AsyncIterator[City]:
    state = City()
    app = web.Application(client_max_size=1 << 22)
    app.router.add_route("*", "/{path:.*}", state.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.5, handler_cancellation=True, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    state.port = runner.addresses[0][1]
    yield state
    await runner.cleanup()


class Turned:
    """A clock for breakers, turned by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass(slots=True)
class Asked:
    """What a test asks with: `await ask("/x", retries=2)`."""

    city: City
    requests: Requests
    http: GuardedHttp
    hosts: tuple[str, ...]
    clock: Turned

    async def __call__(self, path: str = "/", **wanted: Any) -> RequestEnded:
        url = wanted.pop("url", None) or self.city.url(path)
        request = Request(OpId("7"), wanted.pop("method", "GET"), url, **wanted)
        return await self.requests.carry_out(CALL, request, self.hosts)


MakeAsk = Callable[..., Any]


@pytest.fixture
async def make_ask(city: City) -> AsyncIterator[MakeAsk]:
    async with AsyncExitStack() as stack:

        async def make(
            *,
            private: tuple[str, ...] = ("127.0.0.1",),
            hosts: tuple[str, ...] | None = None,
            only: tuple[str, ...] = (),
            connections: int = 50,
            per_host: int = 20,
            policy: BreakerPolicy = NEVER_OPEN,
            secrets: dict[str, str] | None = None,
            **http: Any,
        ) -> Asked:
            clock = Turned()
            limits = Limits(connections, per_host, policy)
            guarded = await stack.enter_async_context(
                GuardedHttp(PrivateHosts.read(private), limits, spread=lambda: 0.5, monotonic=clock, **http)
            )
            environment = {f"IVR_SECRET_{name}": value for name, value in (secrets or {}).items()}
            requests = Requests(
                guarded, Secrets((), environment), SystemClock(), only, max_bytes=1 << 20, spread=lambda: 0.0
            )
            return Asked(city, requests, guarded, (city.host,) if hosts is None else hosts, clock)

        yield make


@pytest.fixture
async def ask(make_ask: MakeAsk) -> Asked:
    made: Asked = await make_ask()
    return made
