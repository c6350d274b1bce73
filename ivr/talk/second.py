"""A second call of an agent's telephone while the first is on hold: how a telephone consults by itself.

The agent holds the citizen with the hold key and dials a colleague; the transfer key then asks for the two to be
joined (SIP REFER with Replaces), or the agent goes back to the first call. The second channel stands for the agent
aside, as long as the consultation lasts; it ends with it, and its end is the agent's going back.
"""

from __future__ import annotations

import asyncio
import logging

from ivr.ari.generated.events import ChannelDestroyed, ChannelTransfer, StasisEnd
from ivr.ari.interface import Ari
from ivr.ari.results import Gone
from ivr.errors import AriError
from ivr.ids import ChannelId
from ivr.talk.events import Consult, GoBack
from ivr.talk.registry import Talks
from ivr.talk.results import Refused
from ivr.talk.talking import Talking
from ivr.talk.transfer_key import is_request

log = logging.getLogger(__name__)

ASIDE = frozenset({"calling", "consulting", "swapped"})


async def serve_second(ari: Ari, talks: Talks, channel: ChannelId, agent: str, dialled: str) -> None:
    """Until that call is over. Who has no citizen on hold, or dials what cannot be consulted, hears that there is no
    such number (the dialplan goes on)."""
    talking = talks.of_agent(agent)
    with ari.bus.mailbox(channel) as mailbox:
        mailbox.watch(channel)
        try:
            if talking is not None:
                talking = await talking.elsewhere(Consult)
            if talking is None or not await _consults(ari, talking, channel, agent, dialled):
                await ari.channels.continue_in_dialplan(channel_id=channel)
                return
            over = asyncio.ensure_future(_until_over(talking))
            try:
                while not over.done():
                    coming = asyncio.ensure_future(mailbox.get())
                    await asyncio.wait({coming, over}, return_when=asyncio.FIRST_COMPLETED)
                    if not coming.done():
                        coming.cancel()
                        break
                    event = coming.result()
                    if isinstance(event, (ChannelDestroyed, StasisEnd)):
                        talking.tell(GoBack())
                        break
                    if isinstance(event, ChannelTransfer) and is_request(event):
                        talking.referred_by(event)
            finally:
                over.cancel()
        except AriError as error:
            log.warning("the second call of %s: %s", agent, error)
        finally:
            if talking is not None:
                talking.aside_by(None)
    await _hang_up(ari, channel)


async def _consults(ari: Ari, talking: Talking, channel: ChannelId, agent: str, dialled: str) -> bool:
    if isinstance(await ari.channels.answer(channel_id=channel), Gone):
        return False
    talking.aside_by(channel)
    result = await talking.do(agent, Consult(talking.dialled(dialled)))
    if isinstance(result, Refused):
        log.info("agent %s cannot consult by telephone: %s", agent, result.code)
        talking.aside_by(None)
        return False
    return True


async def _until_over(talking: Talking) -> None:
    states = talking.states()
    while talking.state.stage in ASIDE:
        await states.get()


async def _hang_up(ari: Ari, channel: ChannelId) -> None:
    try:
        await ari.channels.hangup(channel_id=channel, reason="normal")
    except AriError as error:
        log.warning("left to the reconciler: %s", error)
