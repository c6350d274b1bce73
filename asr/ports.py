"""UDP ports for media: from a range when a firewall asks for one, else any free port of the machine."""

from __future__ import annotations

import asyncio

from asr.listening import Listening


class MediaPorts:
    """Goes round its range, so that a port given back rests as long as possible: its last sender may still send."""

    def __init__(self, host: str, ports: tuple[int, int] | None) -> None:
        self._host = host
        self._range = range(ports[0], ports[1] + 1) if ports else range(0)
        self._next = 0

    async def bind(self, listening: Listening) -> None:
        """Raises OSError: no port free."""
        loop = asyncio.get_running_loop()
        tries = [self._range[(self._next + step) % len(self._range)] for step in range(len(self._range))] or [
            0
        ]
        last: OSError | None = None
        for port in tries:
            try:
                await loop.create_datagram_endpoint(lambda: listening.media, local_addr=(self._host, port))
            except OSError as error:
                last = error
                continue
            if self._range:
                self._next = self._range.index(port) + 1
            return
        raise OSError(f"no free media port in {self._range.start}-{self._range.stop - 1}") from last
