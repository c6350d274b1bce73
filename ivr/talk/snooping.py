"""How one supervisor hears a talk and whispers into it: channels that snoop, in bridges where nobody of the talk is.

Theory of operation. Every voice that is heard has a snoop of its own, which takes what comes in from that channel and
cannot be heard. They stand in the bridge of the supervisor's telephone, which Asterisk mixes from the third on. A
whisper has two snoops in a bridge of its own: one takes what the supervisor says, the other says it where it is to be
heard. So nothing but the supervisor's voice is whispered, and nothing that goes wrong makes a listener heard.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Final, Literal

from ivr.ari.ending import end_all
from ivr.ari.generated.events import ChannelDestroyed, StasisEnd, StasisStart
from ivr.ari.interface import Ari
from ivr.ari.results import Gone
from ivr.ari.unhurried import unhurried
from ivr.call.leg import Leg
from ivr.errors import AriError
from ivr.ids import CallId, ChannelId, child_id
from ivr.talk.supervising_state import Way

log = logging.getLogger(__name__)

ATTACH_S: Final = 4.0
TONE: Final = "tone:!1400/200"
TONE_S: Final = 0.6
"""How long a tone's channel stays: the tone and some."""


@dataclass(slots=True)
class Snoops:
    """leg: the supervisor's telephone. Nothing here raises anything of Asterisk's."""

    ari: Ari
    call: CallId
    leg: Leg
    _heard: dict[ChannelId, ChannelId] = field(default_factory=dict)
    """Channel -> the snoop that hears it."""
    _whisper: tuple[ChannelId, ChannelId, str] | None = None
    """What hears the supervisor, what says it, and their bridge."""
    _ending: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def hear(self, channel: ChannelId) -> Literal["heard", "gone", "failed"]:
        """From now on the supervisor hears what comes in there."""
        snoop = ChannelId(child_id(self.call, "snoop"))
        self._heard[channel] = snoop
        outcome: Literal["heard", "gone", "failed"] = "gone"
        try:
            if await self._snooped(snoop, channel, spy="in"):
                added = await self.ari.bridges.add_channel(bridge_id=self.leg.bridge, channel=[snoop])
                if not isinstance(added, Gone):
                    return "heard"
        except (AriError, TimeoutError) as error:
            log.warning("a supervisor cannot listen: %s", error or "no answer")
            outcome = "failed"
        await self.unhear(channel)
        return outcome

    async def unhear(self, channel: ChannelId) -> None:
        snoop = self._heard.get(channel)
        if snoop is not None:
            await end_all(self.ari, [snoop])
            self._heard.pop(channel, None)

    async def whisper(self, way: Way) -> bool:
        """From now on what the supervisor says goes that way. False: it does not."""
        said, whispered = (ChannelId(child_id(self.call, kind)) for kind in ("said", "whispered"))
        bridge = child_id(self.call, "aside")
        self._whisper = said, whispered, bridge
        try:
            there = await asyncio.gather(
                self.ari.bridges.create_with_id(bridge_id=bridge, type="mixing", name=bridge),
                self._snooped(said, self.leg.channel, spy="in"),
                self._snooped(whispered, way.channel, whisper=way.into),
                return_exceptions=True,
            )
            for one in there:
                if isinstance(one, BaseException):
                    raise one
            if all(there):
                added = await self.ari.bridges.add_channel(bridge_id=bridge, channel=[said, whispered])
                if not isinstance(added, Gone):
                    return True
        except (AriError, TimeoutError) as error:
            log.warning("a supervisor cannot whisper: %s", error or "no answer")
        await self.end_whisper()
        return False

    async def end_whisper(self) -> None:
        """When this returns nothing is whispered, whoever else was ending it."""
        async with self._ending:
            if self._whisper is not None:
                said, whispered, bridge = self._whisper
                await end_all(self.ari, [whispered, said], [bridge])
                self._whisper = None

    async def close(self) -> None:
        """Nobody is heard and nothing is whispered any more."""
        await self.end_whisper()
        await asyncio.gather(*(self.unhear(one) for one in list(self._heard)))

    async def tell(self, way: Way) -> None:
        """A tone that way: somebody listens."""
        snoop = ChannelId(child_id(self.call, "tell"))
        try:
            if await self._snooped(snoop, way.channel, whisper=way.into):
                await self.ari.channels.play(channel_id=snoop, media=[TONE])
                await asyncio.sleep(TONE_S)
        except (AriError, TimeoutError) as error:
            log.warning("an agent was not told that somebody listens: %s", error or "no answer")
        finally:
            await unhurried(end_all(self.ari, [snoop]))

    async def _snooped(
        self,
        snoop: ChannelId,
        channel: ChannelId,
        *,
        spy: Literal["in", "none"] = "none",
        whisper: Literal["in", "out", "none"] = "none",
    ) -> bool:
        """False: that channel has gone. Raises AriError, TimeoutError."""
        with self.ari.bus.mailbox(f"{self.call}/snoop") as mailbox:
            mailbox.watch(snoop)
            made = await unhurried(
                self.ari.channels.snoop_channel_with_id(
                    channel_id=channel, snoop_id=snoop, spy=spy, whisper=whisper, app=self.ari.app
                )
            )
            if isinstance(made, Gone):
                return False
            async with asyncio.timeout(ATTACH_S):
                async for event in mailbox:
                    if isinstance(event, StasisStart):
                        return True
                    if isinstance(event, (ChannelDestroyed, StasisEnd)):
                        return False
        return False
