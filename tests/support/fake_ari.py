"""A fake Asterisk behind ARI, for tests of whatever commands it.

    async with FakeAri(seed=3) as ari:             # the same repositories, handles and bus as `AriClient`
        caller = ari.world.call("in", caller="13800000000")
        arrival = await ari.bus.front_door().get()  # Gap, then StasisStart
        ...
        ari.world.press(caller, "1")
        ari.world.hang_up(caller)

Commands are coupled to events as in Asterisk 22.10 (`tests/ari/test_fake_matches.py` plays the same scenes on both).
Order holds per topic only (a channel with its playbacks; a bridge); between topics, and between a command's events and
its own answer, it is drawn from `seed`. All delays are the event loop's, so they cost nothing on virtual time.
`fake_ari_commands.py` is that Asterisk: the commands, on `fake_ari_world.py`, which lives by itself.
`fake_ari_server.py` puts it behind a real HTTP and websocket port.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from ivr.ari.bus import Bus
from ivr.ari.heart import Condition
from ivr.ari.interface import WithHandles
from ivr.ari.parse import Gap, parse_message
from ivr.ari.repository import Transport
from ivr.errors import AriUnavailable
from tests.support.fake_ari_commands import FakeAsterisk


class FakeAri(WithHandles):
    """`interface.Ari` over a `FakeAsterisk` in the same process. Use as `async with`, or `connect` and `disconnect`.

    commands: the way that commands take to it, None = straight.
    """

    def __init__(
        self,
        world: FakeAsterisk | None = None,
        *,
        seed: int = 0,
        bus: Bus | None = None,
        commands: Transport | None = None,
    ) -> None:
        self.world = world or FakeAsterisk(seed=seed)
        self.bus = bus or Bus()
        self._connected = asyncio.Event()
        super().__init__(commands or self.world)

    @property
    def app(self) -> str:
        return self.world.app

    @property
    def connected(self) -> bool:
        return self._connected.is_set()

    @property
    def condition(self) -> Condition:
        return "answers" if self.connected else "away"

    async def answering(self) -> None:
        await self._connected.wait()

    async def ready(self, timeout: float = 10.0) -> None:
        try:
            async with asyncio.timeout(timeout):
                await self._connected.wait()
        except TimeoutError:
            raise AriUnavailable(f"no event websocket within {timeout:g} s") from None

    def connect(self, gap: Gap) -> None:
        """The websocket is there: events are delivered from now on. gap: what is told first."""
        self.world.deliver = lambda raw: self.bus.dispatch(parse_message(raw))
        self.world.online = True
        self._connected.set()
        self.bus.dispatch(gap)

    def disconnect(self) -> None:
        """Events are lost from now on."""
        self.world.online = False
        self.world.deliver = lambda raw: None
        self._connected.clear()

    async def __aenter__(self) -> Self:
        self.connect(Gap(True, 0.0))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.world.close()
        await asyncio.gather(*self.world.under_way, return_exceptions=True)
        self._connected.clear()
        self.bus.fail(AriUnavailable("the ARI client is closed"))

    async def gap(self, away_s: float) -> None:
        """The websocket is cut for so long: events of that time are lost. Commands still work."""
        self.disconnect()
        await asyncio.sleep(away_s)
        self.connect(Gap(False, away_s))

    async def killed(self, away_s: float, *, answers: bool = False) -> None:
        """Asterisk ends by SIGKILL and is there again after so long, with nothing of before. Until then no command is
        answered. answers: commands are, by the new one, before its events come."""
        self.disconnect()
        self.world.vanish()
        fault = None if answers else self.world.fault("*", status=503, times=1_000_000)
        await asyncio.sleep(away_s)
        if fault is not None:
            self.world.faults.remove(fault)
        self.connect(Gap(False, away_s, restarted=True))
