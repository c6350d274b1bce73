"""UDP ports for media: from a range when a firewall asks for one, else any free port; and who may send to them.

RTP has no password: whoever knows a port could speak in a caller's place. So each port takes packets only from the
addresses that its owner named (Asterisk's).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import cast

from asr.listening import Listening

log = logging.getLogger(__name__)

LOOPBACK = ("127.0.0.0/8", "::1/128")


class MediaPorts:
    """Goes round its range, so that a port given back rests as long as possible: its last sender may still send."""

    def __init__(self, host: str, ports: tuple[int, int] | None) -> None:
        self._host = host
        self._range = range(ports[0], ports[1] + 1) if ports else range(0)
        self._next = 0

    async def bind(self, listening: Listening, senders: Senders) -> None:
        """Raises OSError: no port free."""
        loop = asyncio.get_running_loop()
        tries = [self._range[(self._next + step) % len(self._range)] for step in range(len(self._range))] or [
            0
        ]
        last: OSError | None = None
        for port in tries:
            try:
                await loop.create_datagram_endpoint(
                    lambda: _Doorkeeper(listening.media, senders), local_addr=(self._host, port)
                )
            except OSError as error:
                last = error
                continue
            if self._range:
                self._next = self._range.index(port) + 1
            return
        raise OSError(f"no free media port in {self._range.start}-{self._range.stop - 1}") from last


class Senders:
    """Addresses and networks that media is taken from. Raises ValueError: one is neither."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self._networks: list[IPv4Network | IPv6Network] = [ip_network(one, strict=False) for one in allowed]
        self._known: dict[str, bool] = {}

    @staticmethod
    def named_or(named: Sequence[str], peer: str) -> Senders:
        """Those that are named; else the one who asks, and all of this machine when it is on this machine."""
        if named:
            return Senders(named)
        return Senders(LOOPBACK if ip_address(peer).is_loopback else (peer,))

    def may(self, address: str) -> bool:
        """Asked for every packet: an address is looked up once."""
        known = self._known.get(address)
        if known is None:
            found = ip_address(address)
            known = self._known[address] = any(found in network for network in self._networks)
            if not known:
                log.warning("media from %s is refused: only %s may send here", address, self)
        return known

    def __str__(self) -> str:
        return ", ".join(map(str, self._networks))


class _Doorkeeper(asyncio.DatagramProtocol):
    """Before a media port. What comes from elsewhere never reaches it."""

    def __init__(self, media: asyncio.DatagramProtocol, senders: Senders) -> None:
        self._media = media
        self._may = senders.may

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport is one in all but its base class.
        self._media.connection_made(cast(asyncio.DatagramTransport, transport))

    def connection_lost(self, exc: Exception | None) -> None:
        self._media.connection_lost(exc)

    def error_received(self, exc: Exception) -> None:
        self._media.error_received(exc)

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        if self._may(str(addr[0])):
            self._media.datagram_received(data, addr)
