"""A bad network between light phones and their server: SIP packets are lost, late and out of order.

    network = BadNetwork(random.Random(7))
    network.under(phone)                      # once it is open
    network.loss, network.late_s = 0.05, 0.2  # from now on, for all its phones; 0, 0: a good network again

Only SIP; voice is spared, since its loss is heard and nothing else.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

from ivr.demo.lightphone import LightPhone


class BadNetwork:
    """loss: the chance that a packet never arrives. late_s: so much later at most another packet arrives, by lot."""

    def __init__(self, chance: random.Random, loss: float = 0.0, late_s: float = 0.0) -> None:
        self._chance = chance
        self.loss = loss
        self.late_s = late_s
        self.lost = 0
        self.delayed = 0

    def under(self, phone: LightPhone) -> None:
        """Both ways of this phone, from now on."""
        socket = phone._sip
        assert socket._transport is not None, "the phone is not open"
        arrived = socket.datagram_received
        socket._transport = _Sending(socket._transport, self)  # type: ignore[assignment]
        socket.datagram_received = lambda data, addr: self.carry(arrived, data, addr)  # type: ignore[method-assign]

    def carry(self, on: Callable[..., None], *packet: Any) -> None:
        """Hands the packet on: at once, later, or never."""
        if self.loss and self._chance.random() < self.loss:
            self.lost += 1
        elif self.late_s:
            self.delayed += 1
            asyncio.get_running_loop().call_later(self._chance.uniform(0, self.late_s), on, *packet)
        else:
            on(*packet)


class _Sending:
    """A datagram transport whose packets go through the bad network."""

    def __init__(self, transport: asyncio.DatagramTransport, network: BadNetwork) -> None:
        self._transport = transport
        self._network = network

    def sendto(self, data: bytes, addr: tuple[str, int]) -> None:
        self._network.carry(self._send, data, addr)

    def _send(self, data: bytes, addr: tuple[str, int]) -> None:
        if not self._transport.is_closing():
            self._transport.sendto(data, addr)

    def close(self) -> None:
        self._transport.close()

    def get_extra_info(self, name: str) -> Any:
        return self._transport.get_extra_info(name)
