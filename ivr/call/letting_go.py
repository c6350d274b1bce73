"""How a channel leaves us when its call is over here."""

from __future__ import annotations

import logging
from typing import Final

from ivr.ari.interface import Ari
from ivr.ari.results import Gone
from ivr.ids import ChannelId

log = logging.getLogger(__name__)

FALLBACK_CONTEXT: Final = "fallback"
"""In asterisk-config/extensions.conf.j2: a plain queue of phones, then voicemail."""


async def to_fallback(ari: Ari, channel: ChannelId) -> bool:
    """Into the dialplan, which goes on with the caller. False: the channel has gone. Raises AriError."""
    result = await ari.channels.continue_in_dialplan(
        channel_id=channel, context=FALLBACK_CONTEXT, extension="s", priority=1
    )
    ari.bus.pass_over(channel)
    return not isinstance(result, Gone)


async def let_go(ari: Ari, channel: ChannelId, *, over: bool, agent: str) -> None:
    """The caller is still there: a finished dialogue (over) hangs up, a broken one goes on in the dialplan, which is of
    no use to an agent. Raises AriError."""
    if over or agent:
        await ari.channels.hangup(channel_id=channel, reason="normal")
        return
    there = await to_fallback(ari, channel)
    log.error("caller handed to the dialplan's fallback (%s)", "sent" if there else "gone")
