"""The application: routes, guards, and a server that says what is wrong when it can't start.

app = build_app(source, settings=PageSettings(dial="sip:12345@192.0.2.1"))
async with serve(app, "127.0.0.1", 8080) as serving:
    print(serving.url)
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from ivr.errors import ConfigError
from ivr.guesses import Guesses
from web.api.health import HealthSource, from_status
from web.api.health_views import HealthViews
from web.api.live import Feed, Watchers
from web.api.metrics import MetricsSource, MetricsView
from web.api.status import StatusSource
from web.console_files import read_console
from web.guard import MOST_BODY_BYTES, WRONG_TOKENS, guard, is_loopback
from web.login import Login
from web.problems import CarefulProtocol, dress, problems
from web.settings import PageSettings

SETTINGS: web.AppKey[PageSettings] = web.AppKey("settings", PageSettings)
WATCHERS: web.AppKey[Watchers] = web.AppKey("watchers", Watchers)

MOST_CONNECTIONS = 256
_REQUEST_TIMEOUT_S = 15.0
"""From the opening of a connection, or its last answer, to the end of the next request's head."""
_SHUTDOWN_TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True)
class Serving:
    """Where the application answers: the port is the real one, also when any free port was asked for."""

    host: str
    port: int

    @property
    def url(self) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://[{host}]:{self.port}/" if ":" in host else f"http://{host}:{self.port}/"


def build_app(
    source: StatusSource,
    *,
    settings: PageSettings | None = None,
    health: HealthSource | None = None,
    metrics: MetricsSource | None = None,
) -> web.Application:
    """The application for this source. It starts nothing by itself; see `serve`.

    health: None = as far as the status tells. metrics: None = there is no `/metrics`.
    """
    settings = settings or PageSettings()
    feed = Feed(source, settings)
    watchers = Watchers(feed, settings)
    views = HealthViews(health or (lambda: from_status(source.snapshot())))
    console = read_console()

    guesses = Guesses(*WRONG_TOKENS)
    app = web.Application(middlewares=[problems, guard(settings, guesses)], client_max_size=MOST_BODY_BYTES)
    app[SETTINGS] = settings
    app[WATCHERS] = watchers
    app.on_response_prepare.append(dress)
    app.on_shutdown.append(watchers.close)
    app.router.add_get("/", console["index.html"].handle)
    app.router.add_get("/healthz", views.alive)
    app.router.add_get("/readyz", views.ready)
    if metrics is not None:
        app.router.add_get("/metrics", MetricsView(metrics).handle)
    app.router.add_get("/api/v1/status", _StatusView(feed).handle)
    app.router.add_get("/api/v1/live", watchers.handle, allow_head=False)
    for name, file in console.items():
        if not name.endswith(".html"):
            app.router.add_get(f"/static/{name}", file.handle)
    if settings.token:
        Login(settings.token, console["login.html"], guesses).add_to(app)
    return app


@asynccontextmanager
async def serve(app: web.Application, host: str = "127.0.0.1", port: int = 8080) -> AsyncIterator[Serving]:
    """Answer on this address until the block ends; port 0 is any free one.

    Raises ConfigError: port in use or not allowed, no such address, or an address that others can reach while no
    token is set.
    """
    if not is_loopback(host) and not app[SETTINGS].token:
        raise ConfigError(
            f"the status page would be open to everyone on {host}",
            mend="set IVR_WEB__TOKEN to a secret, or IVR_WEB__HOST to 127.0.0.1",
        )
    runner = web.AppRunner(app, shutdown_timeout=_SHUTDOWN_TIMEOUT_S)
    await runner.setup()
    try:
        listener = await _listen(runner, host, port)
        try:
            yield Serving(host, listener.sockets[0].getsockname()[1])
        finally:
            listener.close()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    server = runner.server
    assert server is not None, "the runner was set up"

    def connection() -> CarefulProtocol:
        return CarefulProtocol(
            server,
            most_connections=MOST_CONNECTIONS,
            loop=loop,
            keepalive_timeout=_REQUEST_TIMEOUT_S,
            lingering_time=1.0,
            access_log=None,
        )

    # One socket: "localhost" may stand for two addresses, which would get two ports.
    address = "127.0.0.1" if host == "localhost" else host
    try:
        return await loop.create_server(connection, address, port)
    except OSError as error:
        raise _cannot_listen(error, host, port) from error


def _cannot_listen(error: OSError, host: str, port: int) -> ConfigError:
    other = "set IVR_WEB__PORT to a free port (0: any)"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return ConfigError(
            f"the status page cannot listen on {host}: this machine has no such address",
            mend="set IVR_WEB__HOST to 127.0.0.1 or to an address of this machine",
        )
    match error.errno:
        case errno.EADDRINUSE:
            return ConfigError(
                f"port {port} on {host} is in use: the status page cannot listen there",
                mend=f"{other}, or stop what uses it: `ss -ltnp 'sport = :{port}'` shows it",
            )
        case errno.EACCES:
            return ConfigError(f"port {port} on {host} needs more rights than this process has", mend=other)
        case _:
            return ConfigError(
                f"the status page cannot listen on {host} port {port}: {error.strerror}", mend=other
            )


class _StatusView:
    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    async def handle(self, _request: web.Request) -> web.Response:
        return web.Response(
            body=self._feed.status(), content_type="application/json", headers={"Cache-Control": "no-store"}
        )
