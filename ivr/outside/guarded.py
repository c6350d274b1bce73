"""One HTTP exchange with a host that was allowed: guarded address, breaker, bounded time and size, nothing followed.

Theory of operation. All requests share one session: a bounded pool of connections, no cookies, no proxies from the
environment. Each exchange asks the host's breaker, connects to addresses that `resolver.GuardedResolver` permits, reads
the answer piece by piece and stops at the limit (aiohttp unpacks a compressed one in bounded steps, so that the limit
counts what it unpacks to). Whatever ends it, cancellation too, the breaker is told and the connection is free or
closed.
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final, Literal, Self

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy

from ivr.flow.hosts import Origin
from ivr.outside.addresses import PrivateHosts, literal
from ivr.outside.breaker import Breaker, BreakerPolicy, Refused, Result, ask, settle
from ivr.outside.outgoing import Outgoing
from ivr.outside.resolver import Find, ForbiddenAddress, GuardedResolver, find
from ivr.outside.retry import RETRIED_STATUSES, FailedTry

log = logging.getLogger(__name__)

CONNECT_S: Final = 3.0
"""For one connection, name and TLS included."""
NAMES_KEPT_S: Final = 10
MOST_BREAKERS: Final = 1000


@dataclass(frozen=True, slots=True)
class Limits:
    """connections: at once, to all hosts and to one; whoever finds none free waits, within its time."""

    connections: int = 50
    connections_per_host: int = 20
    breaker: BreakerPolicy = BreakerPolicy()


@dataclass(frozen=True, slots=True)
class Answer:
    """body: None = more than was allowed."""

    status: int
    headers: CIMultiDictProxy[str]
    content_type: str
    charset: str | None
    body: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """outcome and detail as in `RequestEnded`; failed: whether and how it may be tried again."""

    outcome: Literal["timeout", "forbidden", "down", "failed"]
    detail: str
    failed: FailedTry


class GuardedHttp:
    """`async with GuardedHttp(private, limits) as http: await http.exchange(...)`."""

    def __init__(
        self,
        private: PrivateHosts,
        limits: Limits = Limits(),
        tls: ssl.SSLContext | None = None,
        find: Find = find,
        spread: Callable[[], float] = random.random,
        monotonic: Callable[[], float] | None = None,
    ) -> None:
        """monotonic: the breakers' clock, s; the running loop's by default."""
        self._private = private
        self._limits = limits
        self._tls = tls
        self._find = find
        self._spread = spread
        self._monotonic = monotonic or (lambda: asyncio.get_running_loop().time())
        self._breakers: dict[Origin, Breaker] = {}
        self._session: aiohttp.ClientSession | None = None

    @property
    def breakers(self) -> Mapping[str, str]:
        """Host -> `open` or `probing`, of those that are not well."""
        return {
            str(origin): breaker.state
            for origin, breaker in self._breakers.items()
            if breaker.state != "closed"
        }

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            limit=self._limits.connections,
            limit_per_host=self._limits.connections_per_host,
            resolver=GuardedResolver(self._private, self._find),
            ttl_dns_cache=NAMES_KEPT_S,
            ssl=self._tls or ssl.create_default_context(),
        )
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(_note_sent)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
            trace_configs=[trace],
            headers={"User-Agent": "open-hotline", "Accept": "application/json, */*;q=0.5"},
            trust_env=False,
            raise_for_status=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def exchange(self, out: Outgoing, *, time_s: float, max_bytes: int) -> Answer | NoAnswer:
        """Raises only CancelledError. A status is an answer, whatever it is; redirects are not followed."""
        origin = out.origin
        breaker, admitted = ask(self._breakers.get(origin, Breaker()), self._monotonic())
        self._keep(origin, breaker)
        if isinstance(admitted, Refused):
            return NoAnswer("down", f"{origin} did not answer lately", FailedTry("final", sent=False))
        result: Result = "given_up"
        try:
            answer = await self._send(out, time_s, max_bytes)
            result = _result(answer)
            return answer
        finally:
            known = self._breakers.get(origin, Breaker())
            self._keep(
                origin,
                settle(known, admitted.turn, result, self._monotonic(), self._spread(), self._limits.breaker),
            )

    async def _send(self, out: Outgoing, time_s: float, max_bytes: int) -> Answer | NoAnswer:
        origin = out.origin
        if self._session is None:
            return NoAnswer("failed", "the hotline is closing", FailedTry("final", sent=False))
        address = literal(origin.host)
        if address is not None and not self._private.permit(origin.host, address):
            return _forbidden(f"{origin.host} is not public")
        noted = SimpleNamespace(sent=False)
        try:
            async with (
                asyncio.timeout(time_s),
                self._session.request(
                    out.method,
                    out.url,
                    headers=CIMultiDict(out.headers),
                    data=out.body,
                    allow_redirects=False,
                    trace_request_ctx=noted,
                ) as response,
            ):
                return Answer(
                    response.status,
                    response.headers,
                    response.content_type if "Content-Type" in response.headers else "",
                    response.charset,
                    await _read(response, max_bytes),
                )
        except TimeoutError:
            return NoAnswer("timeout", f"{origin}: none in time", FailedTry("timeout", sent=noted.sent))
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, ForbiddenAddress):
                return _forbidden(str(error.os_error))
            return _not_connected(origin, error)
        except (aiohttp.InvalidURL, ValueError, TypeError) as error:
            # Also of a header that aiohttp refuses to write. The message may repeat what a caller said.
            detail = f"{origin}: cannot be asked this ({type(error).__name__})"
            return NoAnswer("failed", detail, FailedTry("final", sent=noted.sent))
        except (aiohttp.ClientError, OSError) as error:
            detail = f"{origin}: the connection broke ({type(error).__name__})"
            return NoAnswer("failed", detail, FailedTry("broken", sent=noted.sent))

    def _keep(self, origin: Origin, breaker: Breaker) -> None:
        before = self._breakers.get(origin, Breaker())
        if breaker.state != before.state:
            _tell(origin, before, breaker, self._monotonic())
        self._breakers[origin] = breaker
        if len(self._breakers) > MOST_BREAKERS:
            # Hosts come from lists, but `*.city.example` may stand for any number of them.
            self._breakers = {known: each for known, each in self._breakers.items() if each.state != "closed"}


async def _note_sent(session: aiohttp.ClientSession, context: Any, params: object) -> None:
    context.trace_request_ctx.sent = True


async def _read(response: aiohttp.ClientResponse, max_bytes: int) -> bytes | None:
    """At most max_bytes, unpacked; None: there is more, and the connection is given up."""
    said = response.content_length
    if said is not None and said > max_bytes:
        response.close()
        return None
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > max_bytes:
            response.close()
            return None
        parts.append(part)
    return b"".join(parts)


def _result(answer: Answer | NoAnswer) -> Result:
    if isinstance(answer, Answer):
        return "failed" if answer.status in RETRIED_STATUSES else "succeeded"
    if answer.outcome == "forbidden" or (answer.failed.kind == "final" and not answer.failed.sent):
        return "given_up"
    return "failed"


def _forbidden(detail: str) -> NoAnswer:
    return NoAnswer("forbidden", detail, FailedTry("final", sent=False))


def _not_connected(origin: Origin, error: aiohttp.ClientConnectorError) -> NoAnswer:
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return NoAnswer("failed", f"{origin}: TLS: {_tls_reason(error)}", FailedTry("connect", sent=False))
    reason = error.os_error.strerror or type(error.os_error).__name__
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        reason = "no such name"
    return NoAnswer("failed", f"{origin}: no connection: {reason}", FailedTry("connect", sent=False))


def _tls_reason(error: aiohttp.ClientConnectorError) -> str:
    inner = getattr(error, "certificate_error", None) or error.os_error
    return str(getattr(inner, "verify_message", "") or getattr(inner, "reason", "") or type(inner).__name__)


def _tell(origin: Origin, before: Breaker, after: Breaker, now: float) -> None:
    if after.state == "open" and after.until > now:
        log.warning("%s does not answer: requests to it fail at once for %.0f s", origin, after.until - now)
    elif after.state == "closed":
        log.info("%s answers again", origin)
