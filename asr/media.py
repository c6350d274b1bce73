"""RTP in on a UDP port of its own, whole audio out on a steady clock: what a hearing listens to.

Packets are taken on the loop (0.3 % of a core a call). From the first packet on the audio never stands still: a phone
that suppresses silence sends none, and a line that died must still come to an end.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import cast

from asr.rtp import Receiver
from asr.tape import SAMPLE_RATE

log = logging.getLogger(__name__)

GAP_S = 0.24
"""Without packets for so long, silence is assumed. Packets that were only held up for less come in time."""


class RtpMedia(asyncio.DatagramProtocol):
    """take: gets 16 kHz 16-bit little-endian audio in order. failed: told why no audio can come, once.
    at_once: the clock runs before the first packet."""

    def __init__(
        self,
        take: Callable[[bytes], None],
        failed: Callable[[str], None] | None = None,
        *,
        label: str = "",
        at_once: bool = False,
    ) -> None:
        self._take = take
        self._failed = failed
        self._label = label
        self._at_once = at_once
        self._loop = asyncio.get_running_loop()
        self._last = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self._closed = False
        self.receiver = Receiver()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport is one in all but its base class.
        self._transport = cast(asyncio.DatagramTransport, transport)
        if self._at_once:
            self._last = self._loop.time()
            self._watch()

    @property
    def address(self) -> tuple[str, int]:
        """Where the media goes, once bound."""
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")[:2]
        return str(host), int(port)

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        if not self._closed:
            self.come(self.receiver.push(data))

    def come(self, audio: bytes) -> None:
        """Audio in order, by whatever way it came; b"": something came, and nothing is ready yet."""
        if self._closed:
            return
        self._last = self._loop.time()
        if audio:
            self._take(audio)
        elif self.receiver.trouble:
            self.stop()
            if self._failed is not None:
                self._failed(self.receiver.trouble)
            return
        if self._timer is None:
            self._watch()

    def error_received(self, exc: Exception) -> None:
        log.debug("media port: %r (%s)", exc, self._label)

    def stop(self) -> None:
        """Hear no more; the port stays bound until `close`, so that no later caller gets this one's packets."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def close(self) -> None:
        self.stop()
        if self._transport is not None:
            self._transport.close()

    def _watch(self) -> None:
        if not self._closed:
            self._timer = self._loop.call_later(GAP_S, self._fill_gap)

    def _fill_gap(self) -> None:
        now = self._loop.time()
        missing_s = now - self._last
        if missing_s >= GAP_S:
            self._last = now
            self._take(bytes(int(missing_s * SAMPLE_RATE) * 2))
        self._watch()
