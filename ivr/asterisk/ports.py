"""Chooses ports that nothing listens on. Standard library only."""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from ivr.errors import AsteriskError

POOL = (10_000, 32_000)
"""Below the ports that the kernel hands out by itself, so that one we keep is not taken by chance later."""
TRIES = 200


@dataclass(frozen=True, slots=True)
class Ports:
    """sip: UDP and TCP. sip_tls: TCP. http: ARI, SIP over websocket, media over websocket. rtp: UDP, inclusive."""

    sip: int
    sip_tls: int
    http: int
    rtp_first: int
    rtp_last: int

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def choose(host: str, http_host: str, *, rtp_count: int, preferred: Ports | None = None) -> Ports:
    """Free ports: those of `preferred` that are free, others where they are not, or where it is 0.

    Raises AsteriskError when no block of `rtp_count` free UDP ports is found.
    """
    taken: set[int] = set()

    def one(wish: int | None, address: str, kinds: Iterable[socket.SocketKind]) -> int:
        kinds = tuple(kinds)
        port = wish if wish and is_free(wish, address, kinds) else _any_free(address, kinds, taken)
        taken.add(port)
        return port

    both = (socket.SOCK_DGRAM, socket.SOCK_STREAM)
    sip = one(preferred.sip if preferred else None, host, both)
    sip_tls = one(preferred.sip_tls if preferred else None, host, (socket.SOCK_STREAM,))
    http = one(preferred.http if preferred else None, http_host, (socket.SOCK_STREAM,))
    if (
        preferred
        and preferred.rtp_first
        and preferred.rtp_last - preferred.rtp_first + 1 >= rtp_count
        and _block_is_free(preferred.rtp_first, preferred.rtp_last, host)
    ):
        return Ports(sip, sip_tls, http, preferred.rtp_first, preferred.rtp_last)
    first = _free_block(host, rtp_count)
    return Ports(sip, sip_tls, http, first, first + rtp_count - 1)


def busy(ports: Ports, host: str, http_host: str) -> list[str]:
    """Which of the ports (not the RTP block) are taken, in words: "SIP 127.0.0.1:5060/udp"."""
    checks = (
        ("SIP", ports.sip, host, socket.SOCK_DGRAM, "udp"),
        ("SIP", ports.sip, host, socket.SOCK_STREAM, "tcp"),
        ("SIP over TLS", ports.sip_tls, host, socket.SOCK_STREAM, "tcp"),
        ("HTTP (ARI)", ports.http, http_host, socket.SOCK_STREAM, "tcp"),
    )
    return [
        f"{what} {address}:{port}/{name}"
        for what, port, address, kind, name in checks
        if not is_free(port, address, (kind,))
    ]


def is_free(port: int, host: str, kinds: Iterable[socket.SocketKind]) -> bool:
    for kind in kinds:
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                # As servers do: connections of before that are only winding down do not count.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


def _any_free(host: str, kinds: tuple[socket.SocketKind, ...], taken: set[int]) -> int:
    for _ in range(TRIES):
        port = random.randrange(*POOL)
        if port not in taken and is_free(port, host, kinds):
            return port
    raise AsteriskError("no free port found", mend="end what holds so many ports, or name the ports yourself")


def _free_block(host: str, count: int) -> int:
    low, high = POOL
    for _ in range(TRIES):
        # RTP takes an even port, RTCP the odd one after it.
        first = random.randrange(low, high - count, 2)
        if _block_is_free(first, first + count - 1, host):
            return first
    raise AsteriskError(
        f"no block of {count} free UDP ports between {low} and {high}",
        mend="end other telephony servers here",
    )


def _block_is_free(first: int, last: int, host: str) -> bool:
    """Whether every 16th port of the block can be bound: a rival's range is far wider than that."""
    with contextlib.ExitStack() as stack:
        for port in range(first, last + 1, 16):
            probe = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True
