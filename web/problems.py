"""Every refusal is a problem in JSON (RFC 9457), and at most one line in the log.

Three roads lead here: what our handlers raise (`problems`), what aiohttp refuses by itself (`dress`), and what can't
even be read as HTTP (`CarefulProtocol`, because neither middleware nor signal ever sees it).
"""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

log = logging.getLogger(__name__)

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",  # "no-referrer" would make the Origin of our own form "null"
    "Server": "open-hotline",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_CONTENT_TYPE = "application/problem+json"
_DETAILS = {
    404: "There is nothing at this address.",
    405: "This address does not take that method; the Allow header says which it takes.",
    413: "The request is larger than this server takes.",
    417: "This server meets no such expectation.",
}


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> web.Response:
    """A finished response; `detail` says what was wrong, for a person, and repeats nothing of the request."""
    return web.Response(
        status=status,
        body=_body(status, detail),
        content_type=_CONTENT_TYPE,
        headers={"Cache-Control": "no-store"} | (headers or {}),
    )


def _body(status: int, detail: str) -> bytes:
    return orjson.dumps(
        {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    )


class Refused(Exception):
    """Raised by a handler or guard; becomes `problem(status, detail, headers)`."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = headers


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Outermost: turns what a handler raised into a problem. Only a fault of ours is logged with its traceback."""
    try:
        return await handler(request)
    except Refused as refused:
        return problem(refused.status, str(refused), refused.headers)
    except (web.HTTPException, asyncio.CancelledError):
        raise
    except ConnectionError:
        return problem(400, "The connection was lost.")  # nobody is left to read it
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        return problem(500, "The server failed to answer; its log says why.")


async def dress(_request: web.Request, response: web.StreamResponse) -> None:
    """On every response before it leaves: security headers; and aiohttp's own refusals (404, 405, 413, 417 ...), of
    which some never pass a middleware, become problems.
    """
    response.headers.update(SECURITY_HEADERS)
    if isinstance(response, web.HTTPException) and response.status >= 400:
        body = _body(response.status, _DETAILS.get(response.status, response.reason))
        response.body = body
        response.headers["Content-Length"] = str(len(body))  # aiohttp has counted its own text before
        response.headers["Content-Type"] = _CONTENT_TYPE
        response.headers["Cache-Control"] = "no-store"


class CarefulProtocol(web.RequestHandler):
    """aiohttp's connection, with our answer to what is not HTTP, and a bound on how many there are.

    Without it such bytes are answered in plain text and logged with a traceback, which middlewares cannot change.
    """

    __slots__ = ("_most_connections",)

    def __init__(self, server: web.Server, *, most_connections: int, **options: Any) -> None:
        super().__init__(server, **options)
        self._most_connections = most_connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._manager is not None and len(self._manager.connections) > self._most_connections:
            log.warning("more than %d connections: one was refused", self._most_connections)
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if status >= 500:
            return super().handle_error(request, status, exc, message)
        log.info("%s sent what is not HTTP (%s): refused", request.remote, type(exc).__name__)
        response = problem(
            status, "This is not a request that can be read as HTTP/1.1.", dict(SECURITY_HEADERS)
        )
        response.force_close()
        return response
