"""The transfer key of a telephone that has a call of ours (SIP REFER): what it asks for, and what it is told.

Asterisk's part of it falls apart when it is hurried (docs/decisions/0220), so one thing is done after the other: the
telephone is told when Asterisk has finished with the REFER itself, and its call is ended when what it was told is out.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from ivr.ari.bus import Mailbox
from ivr.ari.generated.events import ChannelDestroyed, ChannelTransfer
from ivr.ari.interface import Ari
from ivr.ari.results import Gone
from ivr.errors import AriError
from ivr.ids import ChannelId
from ivr.talk.events import Blind, Command, Complete, Park
from ivr.talk.ground import Ground
from ivr.talk.parking import PARK
from ivr.talk.preparing import dialled

log = logging.getLogger(__name__)

IN_TURN: Final = "CHANNEL(pjsip,call-id)"
"""Read by Asterisk where it works off what comes from this telephone: answered when all before has been worked off."""
TELL_S: Final = 3.0
"""So long at most for all of it; both answers take milliseconds."""


def is_request(event: ChannelTransfer) -> bool:
    """Each NOTIFY that goes to the telephone comes as such an event as well: with what it says, which a REFER lacks."""
    return event.state is None


def asked_by(event: ChannelTransfer, ground: Ground) -> Command:
    """To whoever was dialled; attended, to whom the agent consults; `PARK` parks the call."""
    wanted = event.refer_to.requested_destination
    if wanted.protocol_id:
        return Complete()
    if wanted.destination == PARK:
        return Park()
    return Blind(dialled(ground, wanted.destination or ""))


async def tell_telephone(ari: Ari, channel: str, *, done: bool) -> None:
    """As long as its channel is there. Returns when the telephone has been told, which is when its channel may be
    ended. Never raises."""
    states = "channel_answered" if done else "channel_unavailable"
    try:
        with ari.bus.mailbox(f"{channel} is told") as mailbox:
            mailbox.watch(channel)
            async with asyncio.timeout(TELL_S):
                # Whoever progresses a transfer that Asterisk has not finished noting down ends Asterisk.
                if isinstance(await ari.channels.get_channel_var(channel_id=channel, variable=IN_TURN), Gone):
                    return
                told = await ari.channels.transfer_progress(channel_id=channel, states=states)
                if not isinstance(told, Gone):
                    await _until_told(mailbox, ChannelId(channel))
    except TimeoutError:
        log.info("the telephone is perhaps not told of its transfer: Asterisk says nothing of it")
    except AriError as error:
        log.info("the telephone is not told of its transfer: %s", error)


async def _until_told(mailbox: Mailbox, channel: ChannelId) -> None:
    async for event in mailbox:
        if isinstance(event, ChannelDestroyed) and event.channel.id == channel:
            return
        if not isinstance(event, ChannelTransfer) or is_request(event):
            continue
        if event.referred_by.source_channel.id == channel:
            return
