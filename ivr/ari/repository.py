"""Between the generated operations and what carries them: a request is data, a transport exchanges it for a reply."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final, Protocol, TypeVar
from urllib.parse import quote

import orjson

from ivr.ari.results import SENT_NOTHING, Accepted, Gone, Operation, Sent, classify

T = TypeVar("T")

QueryValue = str | int | float | bool | Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Request:
    """target: path and query, percent-encoded, relative to `/ari` (`/channels/c1/play?media=sound%3Abeep`).

    body: JSON, or None.
    """

    operation: Operation
    target: str
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes = b""


class Transport(Protocol):
    """Carries a request to Asterisk. Raises `AriUnavailable` when no reply came (refused, cut, timed out)."""

    async def exchange(self, request: Request) -> Reply: ...


class Repository:
    """Base of the generated repositories, one per resource of the api-docs."""

    __slots__ = ("_transport",)

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def _send(self, request: Request, decode: Callable[[bytes], T]) -> Sent[T] | Gone:
        reply = await self._transport.exchange(request)
        match classify(request.operation, reply.status, reply.body):
            case Accepted():
                return Sent.undecoded(reply.body, decode)
            case Gone() as gone:
                return gone
            case error:
                raise error

    async def _send_void(self, request: Request) -> Sent[None] | Gone:
        reply = await self._transport.exchange(request)
        match classify(request.operation, reply.status, reply.body):
            case Accepted():
                return SENT_NOTHING
            case Gone() as gone:
                return gone
            case error:
                raise error


_PLAIN: Final = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch
"""All ids of ours, and most that Asterisk makes."""
_quoted: Final = lru_cache(4096)(partial(quote, safe=""))
"""What is not: prompts and telephones, which are always the same."""


def segment(value: str) -> str:
    """One path segment or value of a query, percent-encoded (`PJSIP/1001` -> `PJSIP%2F1001`)."""
    return value if _PLAIN(value) else _quoted(value)


def query(pairs: Iterable[tuple[str, QueryValue]]) -> str:
    """`?a=1&b=true`, without the pairs whose value is None; lists are comma-separated, as Asterisk splits them."""
    parts = [f"{name}={segment(_text(value))}" for name, value in pairs if value is not None]
    return "?" + "&".join(parts) if parts else ""


def json_body(value: object) -> bytes:
    return orjson.dumps(value)


def _text(value: str | int | float | bool | Sequence[str]) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    return ",".join(value)
