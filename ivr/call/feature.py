"""Feature codes that an agent dials from a telephone: log in, log out, pause, ready.

The dialplan passes `feature,<what was dialled>,<endpoint>`; the endpoint is the SIP account that authenticated, and
its name is the agent's id.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final, Literal, Protocol

from ivr.ari.bus import Mailbox
from ivr.ari.generated.events import ChannelDestroyed, PlaybackFinished, StasisEnd
from ivr.ari.interface import Ari
from ivr.ari.results import Gone
from ivr.call.ports import PromptAudio
from ivr.errors import AriError, PromptMissing
from ivr.flow.actions import Prompt
from ivr.ids import ChannelId, child_id

log = logging.getLogger(__name__)

FeatureCode = Literal["login", "logout", "pause", "ready"]
FeatureOutcome = Literal["logged_in", "logged_out", "paused", "resumed", "unknown"]

_PROMPT_OF: Final[dict[FeatureOutcome, str]] = {
    "logged_in": "agent.logged_in",
    "logged_out": "agent.logged_out",
    "paused": "agent.paused",
    "resumed": "agent.resumed",
    "unknown": "agent.unknown",
}
LONGEST_S = 15.0


class AgentDesk(Protocol):
    """What an agent can do from the telephone."""

    def feature(self, agent: str, code: FeatureCode, wrap_up_code: str = "") -> FeatureOutcome: ...


_CODES: Final[dict[str, FeatureCode]] = {"*45": "login", "*46": "logout", "*47": "pause", "*48": "ready"}


def feature_code(dialled: str) -> tuple[FeatureCode | None, str]:
    """`*483` -> ("ready", "3"): the code and what follows it. (None, "") for an unknown one."""
    code = _CODES.get(dialled[:3])
    return (None, "") if code is None else (code, dialled[3:])


async def serve_feature(
    ari: Ari,
    desk: AgentDesk,
    audio: PromptAudio,
    mailbox: Mailbox,
    channel: ChannelId,
    agent: str,
    dialled: str,
    language: str,
) -> None:
    """Do it, say what was done, hang up. What was done stands even when the agent hangs up at once."""
    code, rest = feature_code(dialled)
    outcome: FeatureOutcome = desk.feature(agent, code, rest) if code is not None else "unknown"
    log.info("agent %s dialled %s: %s", agent, dialled[:3], outcome)
    try:
        async with asyncio.timeout(LONGEST_S):
            if isinstance(await ari.channels.answer(channel_id=channel), Gone):
                return
            media = audio.media((Prompt(_PROMPT_OF[outcome]),), language)
            playback = child_id("feature", "play")
            mailbox.watch(playback)
            played = await ari.channels.play_with_id(channel_id=channel, playback_id=playback, media=media)
            if not isinstance(played, Gone):
                await _until_heard(mailbox)
    except (AriError, PromptMissing, TimeoutError) as error:
        log.warning("feature code not confirmed by voice: %s", error or "no end reported")
    finally:
        await _hang_up(ari, channel)


async def _until_heard(mailbox: Mailbox) -> None:
    async for event in mailbox:
        if isinstance(event, (PlaybackFinished, StasisEnd, ChannelDestroyed)):
            return


async def _hang_up(ari: Ari, channel: ChannelId) -> None:
    try:
        await ari.channels.hangup(channel_id=channel, reason="normal")
    except AriError as error:
        log.warning("left to the reconciler: %s", error)
