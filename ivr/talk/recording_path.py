"""What a citizen says and hears, into one file that Asterisk itself writes: two snoops, a bridge, MixMonitor.

Theory of operation. One snoop takes what the citizen says, another what the citizen hears. Both stand in a bridge of
their own, whose mixer has a steady beat: `video_sfu` makes Asterisk mix even two, where it would hand frames on as they
come. On the first snoop the dialplan (`[recording]` in extensions.conf) starts MixMonitor, which writes both directions
interleaved: left is said, right is heard. So the file has one time line: what one side does not send is silence in it,
lost packets shift nothing, and a pause is two muted snoops.

The controller may die: Asterisk goes on writing until the citizen's call is over. The file is raw (16-bit, 8 kHz, two
channels, no header), so that it is whole wherever it ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from ivr.ari.bus import Mailbox
from ivr.ari.generated.events import ChannelDestroyed, StasisStart
from ivr.ari.interface import Ari
from ivr.ari.results import Gone
from ivr.ari.unhurried import unhurried
from ivr.call.media_path import ChannelGone, MediaPathFailed
from ivr.errors import AriError
from ivr.ids import CallId, ChannelId, child_id

log = logging.getLogger(__name__)

CONTEXT: Final = "recording"
"""In asterisk-config/extensions.conf.j2; the file is `<channel id>.raw` in Asterisk's folder of recordings."""
RAW: Final = "raw"
ATTACH_S: Final = 5.0
CLOSE_S: Final = 5.0
"""So long for Asterisk to say that the file is closed."""


class RecordingPath:
    """Made by `recording_path`. gone: done when Asterisk has ended it, because the citizen's channel has gone."""

    def __init__(self, ari: Ari, said: ChannelId, heard: ChannelId) -> None:
        self._ari = ari
        self._both = (said, heard)
        self.silent = False

    async def silence(self, silent: bool) -> None:
        """From now on the file holds silence, or sound again. Raises AriError: it is not known which."""
        if silent == self.silent:
            return
        channels = self._ari.channels
        act = channels.mute if silent else channels.unmute
        await asyncio.gather(*(act(channel_id=each, direction="in") for each in self._both))
        self.silent = silent


@asynccontextmanager
async def recording_path(
    ari: Ari, call: CallId, citizen: ChannelId, recording: str
) -> AsyncIterator[RecordingPath]:
    """While inside, Asterisk writes. Left when the file is closed, so far as Asterisk says so.

    recording: the id, which is that of the channel that writes. Raises AriError, MediaPathFailed (ChannelGone: the
    citizen has gone).
    """
    said, heard = ChannelId(recording), ChannelId(child_id(call, "heard"))
    bridge = child_id(call, "rec")
    with ari.bus.mailbox(f"{call}/recording") as mailbox:
        mailbox.watch(said, heard)
        try:
            await unhurried(_make(ari, citizen, said, heard, bridge))
            async with asyncio.timeout(ATTACH_S):
                await _until_writing(ari, mailbox, said, heard)
            if isinstance(await ari.bridges.add_channel(bridge_id=bridge, channel=[said, heard]), Gone):
                raise ChannelGone("the citizen has gone")
            yield RecordingPath(ari, said, heard)
        except TimeoutError as error:
            raise MediaPathFailed("Asterisk did not begin to record in time") from error
        finally:
            await unhurried(_close(ari, mailbox, said, heard, bridge))


async def _make(ari: Ari, citizen: ChannelId, said: ChannelId, heard: ChannelId, bridge: str) -> None:
    results = await asyncio.gather(
        ari.bridges.create_with_id(bridge_id=bridge, type="mixing,video_sfu", name=bridge),
        ari.channels.snoop_channel_with_id(channel_id=citizen, snoop_id=said, spy="in", app=ari.app),
        ari.channels.snoop_channel_with_id(channel_id=citizen, snoop_id=heard, spy="out", app=ari.app),
        return_exceptions=True,
    )
    for result in results:
        if isinstance(result, BaseException):
            raise result
        if isinstance(result, Gone):
            raise ChannelGone("the citizen has gone")


async def _until_writing(ari: Ari, mailbox: Mailbox, said: ChannelId, heard: ChannelId) -> None:
    """The first channel goes through the dialplan, where the writing begins, and comes back."""
    waiting = {said, heard}
    async for event in mailbox:
        if isinstance(event, StasisStart) and event.channel.id == said and not event.args:
            # Asked for by name: else nothing is told of the channel once it has left the application, which it does
            # before the file is closed.
            await ari.applications.subscribe(application_name=ari.app, event_source=[f"channel:{said}"])
            sent = await ari.channels.continue_in_dialplan(
                channel_id=said, context=CONTEXT, extension="s", priority=1
            )
            if isinstance(sent, Gone):
                raise ChannelGone("the citizen has gone")
        elif isinstance(event, StasisStart):
            waiting.discard(ChannelId(event.channel.id))
            if not waiting:
                return
        elif isinstance(event, ChannelDestroyed):
            raise MediaPathFailed(f"Asterisk ended it: is there a context [{CONTEXT}]?")


async def _close(ari: Ari, mailbox: Mailbox, said: ChannelId, heard: ChannelId, bridge: str) -> None:
    """Ends what was made; what Asterisk refuses or cannot answer now is left to the reconciler."""
    outcomes = await asyncio.gather(
        ari.channels.hangup(channel_id=said),
        ari.channels.hangup(channel_id=heard),
        ari.bridges.destroy(bridge_id=bridge),
        return_exceptions=True,
    )
    for outcome in outcomes:
        if isinstance(outcome, AriError):
            log.warning("left to the reconciler: %s", outcome)
        elif isinstance(outcome, BaseException):
            raise outcome
    try:
        # The dialplan's `h` closes the file before the channel goes.
        async with asyncio.timeout(CLOSE_S):
            async for event in mailbox:
                if isinstance(event, ChannelDestroyed) and event.channel.id == said:
                    return
    except TimeoutError:
        if not isinstance(outcomes[0], Gone):
            log.warning("Asterisk did not say that a recording is closed; going on")
    except AriError as error:
        log.warning("not known whether a recording is closed: %s", error)
