"""Connections of the hotline's own that would carry secrets or what callers said unencrypted over a network. Pure."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

ENCRYPTED = frozenset({"require", "verify-ca", "verify-full"})
"""Values of `ssl` in a database's address with which nothing is sent in clear; `prefer` and `allow` may."""


def ari_in_clear(url: str) -> str:
    """The host that ARI would be asked at in clear, "" where it is on this machine or by TLS."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return "" if parts.scheme == "https" or is_here(host) else host


def database_in_clear(url: str) -> str:
    """The host of a database that would be reached in clear, "" likewise, also for files, sockets and nonsense."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return ""
    if parsed.get_backend_name() == "sqlite" or parsed.query.get("ssl") in ENCRYPTED:
        return ""
    named = parsed.query.get("host", ())
    hosts = [parsed.host or "", *((named,) if isinstance(named, str) else named)]
    # with a port behind it where it stands in the query
    return next(
        (host for host in hosts if not (is_here(host) or (":" in host and is_here(host.rpartition(":")[0])))),
        "",
    )


def with_password(url: str, password: str) -> str:
    """The database's address with this password where it has none; unchanged where either is missing."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return url
    if not password or parsed.password or parsed.get_backend_name() == "sqlite":
        return url
    return parsed.set(password=password).render_as_string(hide_password=False)


def is_here(host: str) -> bool:
    """This machine by loopback or a socket's path; "" is the driver's own choice, which is this machine too."""
    if host in ("", "localhost") or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
