"""One agent's telephone for one caller: ring it, join both, notice the end. Owns the channel and the bridge it makes.

Order: create -> listen -> bridge -> dial, so that nothing that happens to the channel is missed and the talk begins
with the agent's first word.
"""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType
from typing import Literal, Self

from ivr.ari.bus import Mailbox
from ivr.ari.generated.events import ChannelDestroyed, ChannelStateChange, Dial, StasisEnd, StasisStart
from ivr.ari.interface import Ari
from ivr.ari.parse import Gap
from ivr.ari.results import Gone
from ivr.ari.unhurried import unhurried
from ivr.call.ports import Offer, RingOutcome
from ivr.errors import AriError, AriRejected
from ivr.ids import CallId, ChannelId, child_id

log = logging.getLogger(__name__)

SETUP_TIMEOUT_S = 4.0
RING_MARGIN_S = 3.0
LOOK_EVERY_S = 15.0

# Q.850 causes of a telephone that did not take the call.
_OUTCOME_OF_CAUSE: dict[int, RingOutcome] = {
    17: "busy",
    18: "no_answer",
    19: "no_answer",
    20: "unreachable",
    21: "busy",
}
_OUTCOME_OF_DIAL: dict[str, RingOutcome] = {
    "BUSY": "busy",
    "NOANSWER": "no_answer",
    "CANCEL": "no_answer",
    "CHANUNAVAIL": "unreachable",
    "CONGESTION": "unreachable",
}


class AgentLeg:
    """`async with AgentLeg(...) as leg:` then `ring()`, `join()`, `until_over()`; leaving ends channel and bridge."""

    def __init__(self, ari: Ari, call: CallId, caller_channel: ChannelId, offer: Offer) -> None:
        self._ari = ari
        self._call = call
        self._caller = caller_channel
        self._offer = offer
        self.channel = ChannelId(child_id(call, "agent"))
        self.bridge = child_id(call, "talk")
        self._mailbox_context = ari.bus.mailbox(f"{call}/agent")
        self._mailbox: Mailbox | None = None
        self._bridged = False

    async def __aenter__(self) -> Self:
        self._mailbox = self._mailbox_context.__enter__()
        self._mailbox.watch(self.channel)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            # The call may end while this leg is ending by itself: that must not cut the cleaning up short.
            await unhurried(self._hang_up())
        finally:
            self._mailbox_context.__exit__(kind, error, trace)

    async def ring(self) -> Literal["answered"] | RingOutcome:
        """Ring until answered, refused or `ring_s` is over. Never raises for what the telephone does."""
        try:
            async with asyncio.timeout(SETUP_TIMEOUT_S):
                refused = await self._set_up()
        except TimeoutError:
            # No telephone has rung yet: nothing that the agent missed.
            log.warning("agent %s: the telephone's channel was not set up in time", self._offer.agent)
            return "failed"
        except AriError as error:
            return self._trouble(error)
        if refused is not None:
            return refused
        try:
            async with asyncio.timeout(self._offer.ring_s + RING_MARGIN_S):
                return await self._until_answered()
        except TimeoutError:
            return "no_answer"
        except AriError as error:
            return self._trouble(error)

    def _trouble(self, error: AriError) -> RingOutcome:
        if isinstance(error, AriRejected):
            # Asterisk cannot dial this endpoint: no phone is registered there.
            log.info("agent %s cannot be rung: %s", self._offer.agent, error)
            return "unreachable"
        log.warning("ringing agent %s failed: %s", self._offer.agent, error)
        return "failed"

    async def join(self) -> bool:
        """Put the caller with the agent. False: one of them has gone."""
        try:
            result = await self._ari.bridges.add_channel(bridge_id=self.bridge, channel=[self._caller])
        except AriError as error:
            log.error("caller not joined: %s", error)
            return False
        return not isinstance(result, Gone)

    async def until_over(self) -> None:
        """Returns when the agent's channel has gone (the caller's is the session's own concern).

        A lost event must not keep two people apart for ever: the channel is also asked for now and then.
        """
        while True:
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    event = await self._events().get()
            except TimeoutError:
                event = None
            if isinstance(event, (ChannelDestroyed, StasisEnd)):
                return
            if (event is None or isinstance(event, Gap)) and not await self._alive():
                return

    async def release_caller(self) -> None:
        """Take the caller out of the bridge, back into our hands."""
        try:
            await self._ari.bridges.remove_channel(bridge_id=self.bridge, channel=[self._caller])
        except AriError as error:
            log.info("caller already out of the bridge: %s", error)

    async def _set_up(self) -> RingOutcome | None:
        created = await unhurried(
            self._ari.channels.create(
                channel_id=self.channel,
                endpoint=self._offer.endpoint,
                app=self._ari.app,
                originator=self._caller,
                variables={"CALLERID(name)": self._offer.display},
            )
        )
        if isinstance(created, Gone):
            return "unreachable"
        async for event in self._events():
            if isinstance(event, StasisStart):
                break
            if isinstance(event, ChannelDestroyed):
                return _OUTCOME_OF_CAUSE.get(event.cause, "unreachable")
        self._bridged = True
        await unhurried(
            self._ari.bridges.create_with_id(
                bridge_id=self.bridge, type="mixing,dtmf_events", name=self.bridge
            )
        )
        added = await self._ari.bridges.add_channel(bridge_id=self.bridge, channel=[self.channel])
        if isinstance(added, Gone):
            return "unreachable"
        dialled = await self._ari.channels.dial(
            channel_id=self.channel, caller=self._caller, timeout=round(self._offer.ring_s)
        )
        return "unreachable" if isinstance(dialled, Gone) else None

    async def _until_answered(self) -> Literal["answered"] | RingOutcome:
        async for event in self._events():
            if isinstance(event, ChannelStateChange) and event.channel.state == "Up":
                return "answered"
            if isinstance(event, Dial) and event.dialstatus:
                if event.dialstatus == "ANSWER":
                    return "answered"
                outcome = _OUTCOME_OF_DIAL.get(event.dialstatus)
                if outcome is not None:
                    return outcome
            if isinstance(event, ChannelDestroyed):
                return _OUTCOME_OF_CAUSE.get(event.cause, "no_answer")
            if isinstance(event, Gap) and not await self._alive():
                return "unreachable"
        return "failed"

    async def _alive(self) -> bool:
        try:
            return not isinstance(await self._ari.channels.get(channel_id=self.channel), Gone)
        except AriError:
            return True

    def _events(self) -> Mailbox:
        if self._mailbox is None:
            raise RuntimeError("AgentLeg used outside `async with`")
        return self._mailbox

    async def _hang_up(self) -> None:
        steps = [self._ari.channels.hangup(channel_id=self.channel, reason_code="16")]
        if self._bridged:
            steps.append(self._ari.bridges.destroy(bridge_id=self.bridge))
        for outcome in await asyncio.gather(*steps, return_exceptions=True):
            if isinstance(outcome, AriError):
                log.warning("left to the reconciler: %s", outcome)
            elif isinstance(outcome, BaseException):
                raise outcome
