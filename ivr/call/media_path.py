"""What somebody says on a channel, out of Asterisk to a recogniser: snoop, a bridge, a media channel.

The channel itself stays free: prompts go to it as ever, and the recogniser does not hear them. Everything made here is
destroyed here, whatever happens. How the audio travels is the `MediaSource`'s concern.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from asr.protocol import Hearing
from ivr.ari.bus import Mailbox
from ivr.ari.ending import end_all
from ivr.ari.generated.events import ChannelDestroyed, StasisStart
from ivr.ari.interface import Ari
from ivr.ari.results import Gone, Sent
from ivr.ari.unhurried import unhurried
from ivr.ids import CallId, ChannelId, child_id

log = logging.getLogger(__name__)

ATTACH_TIMEOUT_S = 3.0


class MediaPathFailed(Exception):
    """The media path could not be made."""


class ChannelGone(MediaPathFailed):
    """There is nobody to hear any more."""


@dataclass(frozen=True, slots=True)
class ExternalMedia:
    """Where a media channel sends to, in the terms of ARI's externalMedia. Audio is 16 kHz linear."""

    external_host: str
    encapsulation: Literal["rtp", "none"]
    transport: Literal["udp", "websocket"]
    transport_data: str | None = None


class MediaSource(Protocol):
    """One way for audio to go from Asterisk to a recogniser."""

    async def towards(self, hearing: Hearing) -> ExternalMedia:
        """Raises AriError, MediaPathFailed."""
        ...


class RtpMedia:
    """To the UDP port that the worker has bound for this hearing."""

    async def towards(self, hearing: Hearing) -> ExternalMedia:
        return ExternalMedia(f"{hearing.media_host}:{hearing.media_port}", "rtp", "udp")


@asynccontextmanager
async def media_path(
    ari: Ari, source: MediaSource, call: CallId, channel: ChannelId, hearing: Hearing
) -> AsyncIterator[None]:
    """While inside, what is said on the channel reaches the hearing.

    Raises AriError, TimeoutError, MediaPathFailed (ChannelGone: the channel is not there any more).
    """
    to = await source.towards(hearing)
    snoop, media, bridge = (child_id(call, kind) for kind in ("snoop", "media", "hear"))
    with ari.bus.mailbox(f"{call}/listening") as mailbox:
        mailbox.watch(snoop, media)
        try:
            made = await unhurried(_make(ari, channel, to, snoop, media, bridge))
            if any(isinstance(result, Gone) for result in made):
                raise ChannelGone("whoever was to be heard has gone")
            async with asyncio.timeout(ATTACH_TIMEOUT_S):
                await _both_started(mailbox, snoop, media)
            if isinstance(await ari.bridges.add_channel(bridge_id=bridge, channel=[snoop, media]), Gone):
                raise ChannelGone("whoever was to be heard has gone")
            yield
        finally:
            # The call may end while this listening is ending by itself: that must not cut the cleaning up short.
            await unhurried(_destroy(ari, bridge, [snoop, media]))


async def _make(
    ari: Ari, channel: ChannelId, to: ExternalMedia, snoop: str, media: str, bridge: str
) -> list[Sent[Any] | Gone]:
    """All three side by side, each to its end: the first error is raised when none is on its way any more."""
    results = await asyncio.gather(
        ari.bridges.create_with_id(bridge_id=bridge, type="mixing", name=bridge),
        ari.channels.snoop_channel_with_id(channel_id=channel, snoop_id=snoop, spy="in", app=ari.app),
        ari.channels.external_media(
            channel_id=media,
            app=ari.app,
            external_host=to.external_host,
            format="slin16",
            encapsulation=to.encapsulation,
            transport=to.transport,
            direction="both",
            transport_data=to.transport_data,
        ),
        return_exceptions=True,
    )
    made: list[Sent[Any] | Gone] = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        made.append(result)
    return made


async def _both_started(mailbox: Mailbox, snoop: str, media: str) -> None:
    """Raises MediaPathFailed: one of them ended instead."""
    waiting = {snoop, media}
    async for event in mailbox:
        if isinstance(event, StasisStart):
            waiting.discard(event.channel.id)
            if not waiting:
                return
        elif isinstance(event, ChannelDestroyed):
            if event.channel.id == snoop:
                raise ChannelGone("whoever was to be heard has gone")
            raise MediaPathFailed("the recogniser could not be reached from Asterisk")


async def _destroy(ari: Ari, bridge: str, channels: list[str]) -> None:
    """Ends what was made. What Asterisk refuses or cannot answer now is left to the reconciler."""
    await end_all(ari, channels, [bridge])
