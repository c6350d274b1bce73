"""Who may look: the right host name, the right origin, the right token.

- Host: a page on the internet can point a name of its own at 127.0.0.1 and read what answers there (DNS rebinding).
  It cannot do so without its name in the Host header, so only localhost, plain addresses and the names in the
  settings are answered.
- Origin: browsers send websockets and forms across origins; the ones that come from other pages are refused. A
  request without Origin does not come from a browser's page.
- Token: when one is set, each request carries it, as `Authorization: Bearer ...` or as the cookie that the log-in page
  sets. The cookie holds a digest of the token, so that it can't be used to log in elsewhere. `/metrics` may have a
  token of its own, with which nothing else can be seen. An address that has given many wrong ones is not heard for a
  minute (`Guesses`), but for those who have logged in: a digest is not guessed.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from ivr.guesses import Guesses
from web.problems import Refused
from web.settings import PageSettings

COOKIE = "hotline_page"
LOGIN_PATH = "/login"
METRICS_PATH = "/metrics"
MOST_BODY_BYTES = 4096
_OPEN_PATHS = frozenset({"/healthz", "/readyz", LOGIN_PATH, "/static/status.css", "/static/icon.svg"})
_SAFE_METHODS = frozenset({"GET", "HEAD"})
WRONG_TOKENS = (20, 60.0)
"""So many within so many seconds from one address, and none from there is heard until they are older."""


def host_allowed(header: str | None, allowed: tuple[str, ...]) -> bool:
    """Whether a request with this Host header may be answered. `allowed`: names besides localhost and addresses."""
    name = _hostname(header) if header else None
    if name is None:
        return False
    return name == "localhost" or _is_address(name) or name in {host.lower() for host in allowed}


def origin_allowed(origin: str | None, host: str) -> bool:
    """Whether a page of `origin` ("null" or "https://name:port") may speak to us at `host` (our Host header)."""
    if origin is None:
        return True
    scheme, _, rest = origin.partition("://")
    return scheme in {"http", "https"} and rest.lower() == host.lower()


def is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def cookie_value(token: str) -> str:
    return hashlib.sha256(b"open-hotline page cookie\0" + token.encode()).hexdigest()


def token_matches(given: str, token: str) -> bool:
    """Compared in a time that does not depend on where they differ."""
    return hmac.compare_digest(given.encode(errors="surrogatepass"), token.encode())


def is_known(request: web.Request, token: str) -> bool:
    """Whether the request carries the token or its cookie."""
    return token_matches(_bearer(request), token) or _has_cookie(request, token)


def _has_cookie(request: web.Request, token: str) -> bool:
    return token_matches(request.cookies.get(COOKIE, ""), cookie_value(token))


def may_ask(request: web.Request, settings: PageSettings) -> bool:
    """By the page's token; for the metrics alone also by their own."""
    if is_known(request, settings.token):
        return True
    own = settings.metrics_token
    return bool(own) and request.path == METRICS_PATH and token_matches(_bearer(request), own)


def too_many() -> Refused:
    return Refused(429, "Too many wrong access tokens came from this address.", {"Retry-After": "60"})


def asker(request: web.Request) -> str:
    """The address that asks; behind a proxy on this machine the one that it saw (the last of X-Forwarded-For). Of an
    IPv6 address the network of 64 bits, which is one customer's."""
    remote = request.remote or ""
    if not _is_address(remote):
        return remote
    if _plain(remote).is_loopback:
        forwarded = ",".join(request.headers.getall("X-Forwarded-For", [])).rpartition(",")[2].strip()
        remote = forwarded if _is_address(forwarded) else remote
    address = _plain(remote)
    if address.version == 4 or address.is_loopback:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """::ffff:192.0.2.1 is 192.0.2.1."""
    found = ipaddress.ip_address(address)
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _bearer(request: web.Request) -> str:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""


def guard(settings: PageSettings, guesses: Guesses) -> Middleware:
    """The middleware that lets through what this module's docstring says. guesses: wrong tokens by address."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not _is_text(request):
            raise Refused(400, "A header is not UTF-8.")
        host = request.headers.get("Host")
        if host is None or not host_allowed(host, settings.allowed_hosts):
            raise Refused(
                421, "This server is not known by that host name; see web.allowed_hosts in its settings."
            )
        crosses = request.method not in _SAFE_METHODS or "Upgrade" in request.headers
        if crosses and not origin_allowed(request.headers.get("Origin"), host):
            raise Refused(403, "Pages of other origins may not speak to this server.")
        if (request.content_length or 0) > MOST_BODY_BYTES:
            raise Refused(413, "The request is larger than this server takes.", {"Connection": "close"})
        if settings.token and request.path not in _OPEN_PATHS and not _may(request, settings, guesses):
            if request.path == "/":
                raise web.HTTPSeeOther(LOGIN_PATH)
            raise Refused(401, "An access token is needed.", {"WWW-Authenticate": "Bearer"})
        return await handler(request)

    return check


def _may(request: web.Request, settings: PageSettings, guesses: Guesses) -> bool:
    """Raises Refused after too many wrong tokens; who gives none is not counted."""
    if not _bearer(request) and COOKIE not in request.cookies:
        return False
    if _has_cookie(request, settings.token):
        return (
            True  # nobody guesses a digest: who has logged in is not shut out by others of the same address
        )
    who, now = asker(request), asyncio.get_running_loop().time()
    if not guesses.heard(who, now):
        raise too_many()
    if may_ask(request, settings):
        return True
    guesses.wrong(who, now)
    return False


def _is_text(request: web.Request) -> bool:
    """Whether all headers are UTF-8. aiohttp lets other bytes in as lone surrogates, at which code of ours, its own and
    Python's fails later."""
    try:
        for _, value in request.raw_headers:
            value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _hostname(header: str) -> str | None:
    """None: it is anything else than a host and perhaps a port."""
    try:
        parts = urlsplit(f"//{header}")
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return None
    return parts.hostname if parts.netloc == header and parts.username is None else None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
