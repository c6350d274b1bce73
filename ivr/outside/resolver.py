"""Names to addresses that may be connected to: aiohttp asks here for each new connection."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult

from ivr.outside.addresses import PrivateHosts

THREADS: Final = 4
"""Of their own: a name service that hangs must not take the threads that others need."""

Find = Callable[[str, int], Sequence[tuple[socket.AddressFamily, str]]]


class ForbiddenAddress(OSError):
    """Every address of this name is one that may not be connected to."""


def find(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    """(family, address) of a name, by the system. Blocks. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, str(address[0])) for family, _, _, _, address in found]


class GuardedResolver(AbstractResolver):
    """Gives only permitted addresses, and raises ForbiddenAddress when a name has no other."""

    def __init__(self, private: PrivateHosts, find: Find = find) -> None:
        self._private = private
        self._find = find
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="names of requests")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, self._find, host, port)
        permitted = [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=kind,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, address in found
            if self._private.permit(host.removesuffix("."), address)
        ]
        if found and not permitted:
            shown = ", ".join(sorted({address for _, address in found}))
            raise ForbiddenAddress(f"{host} is at {shown}, which is not public")
        return permitted

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
