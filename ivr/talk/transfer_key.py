"""The transfer key of a telephone that has a call of ours (SIP REFER): what it asks for, and what it is told."""

from __future__ import annotations

import logging

from ivr.ari.generated.events import ChannelTransfer
from ivr.ari.interface import Ari
from ivr.errors import AriError
from ivr.talk.events import Blind, Command, Complete, Park
from ivr.talk.ground import Ground
from ivr.talk.parking import PARK
from ivr.talk.preparing import dialled

log = logging.getLogger(__name__)


def asked_by(event: ChannelTransfer, ground: Ground) -> Command:
    """To whoever was dialled; attended, to whom the agent consults; `PARK` parks the call."""
    wanted = event.refer_to.requested_destination
    if wanted.protocol_id:
        return Complete()
    if wanted.destination == PARK:
        return Park()
    return Blind(dialled(ground, wanted.destination or ""))


async def tell_telephone(ari: Ari, channel: str, *, done: bool) -> None:
    """As long as its channel is there. Never raises."""
    states = "channel_answered" if done else "channel_unavailable"
    try:
        await ari.channels.transfer_progress(channel_id=channel, states=states)
    except AriError as error:
        log.info("the telephone is not told of its transfer: %s", error)
