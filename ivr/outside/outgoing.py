"""A dialogue's `Request` as what is sent: address, headers, bytes; and what a redirect makes of it.

Pure but for secrets, which are read here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import orjson
from yarl import URL

from ivr.flow.actions import Request
from ivr.flow.hosts import Origin, read_address
from ivr.flow.inputs import JsonValue
from ivr.ids import CallId
from ivr.outside.retry import is_repeatable
from ivr.outside.secrets import Secrets, is_secret

MAX_HEADER: Final = 4096
MAX_BODY: Final = 256 * 1024
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_OURS: Final = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "upgrade",
        "te",
        "trailer",
        "expect",
        "accept-encoding",
    }
)
"""Headers that the connection itself needs to say."""
_PERSONAL: Final = frozenset({"authorization", "cookie", "proxy-authorization"})


class Unsendable(ValueError):
    """What the dialogue wants cannot be sent; the message names what, and repeats no value."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """headers, secret: names in lower case. secret: those that no other host may get."""

    method: str
    url: URL = field(repr=False)
    origin: Origin
    headers: Mapping[str, str] = field(repr=False)
    secret: frozenset[str]
    body: bytes | None = field(repr=False)
    repeatable: bool


def outgoing(call: CallId, wanted: Request, secrets: Secrets) -> Outgoing:
    """Raises HostError (the address), SecretMissing, Unsendable."""
    url, origin = read_address(wanted.url)
    headers = {name.lower(): _header(name, value, secrets) for name, value in wanted.headers.items()}
    secret = {name.lower() for name, value in wanted.headers.items() if is_secret(value)}
    repeatable = is_repeatable(wanted.method, frozenset(headers))
    body = _body(wanted.body, headers)
    if not repeatable:
        # The same whenever this step of this call is done, so that a service can notice a repetition.
        headers["idempotency-key"] = f"{call}.{wanted.op}"
    return Outgoing(
        wanted.method,
        url,
        origin,
        headers,
        frozenset(secret | (_PERSONAL & headers.keys())),
        body,
        repeatable,
    )


def redirected(sent: Outgoing, status: int, location: str) -> Outgoing:
    """What follows a redirect; another host, port or scheme gets no secrets. Raises HostError."""
    url, origin = read_address(str(sent.url.join(URL(location))))
    headers = sent.headers
    if origin != sent.origin:
        headers = {name: value for name, value in headers.items() if name not in sent.secret}
    if status == 303 or (status in (301, 302) and sent.method == "POST"):
        headers = {name: value for name, value in headers.items() if name != "content-type"}
        return replace(sent, method="GET", url=url, origin=origin, headers=headers, body=None)
    return replace(sent, url=url, origin=origin, headers=headers)


def _header(name: str, value: JsonValue, secrets: Secrets) -> str:
    if not _TOKEN.fullmatch(name) or name.lower() in _OURS or name.lower().startswith("proxy-"):
        raise Unsendable(f"the header {name[:60]!r} is not one that a request may set")
    try:
        text = secrets.header(value)
    except ValueError as error:
        raise Unsendable(f"the header {name}: {error}") from error
    if len(text) > MAX_HEADER or not text.isprintable():
        raise Unsendable(f"the header {name} has a value that no header may have")
    return text


def _body(body: JsonValue, headers: dict[str, str]) -> bytes | None:
    """JSON; a text as it is when its Content-Type says that it is something else (XML, a form)."""
    if body is None:
        return None
    kind = headers.setdefault("content-type", "application/json")
    try:
        data = body.encode() if isinstance(body, str) and "json" not in kind.lower() else orjson.dumps(body)
    except (TypeError, ValueError) as error:
        raise Unsendable("a body that JSON cannot say") from error
    if len(data) > MAX_BODY:
        raise Unsendable(f"a body of {len(data)} bytes; {MAX_BODY} at most")
    return data
