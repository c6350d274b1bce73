"""What a citizen says, and what is said to them, into one file that Asterisk itself writes: snoops, MixMonitor.

Theory of operation. One snoop takes what the citizen says, one more what each person says whom the citizen is with:
what comes from one telephone only, never what goes out to the citizen (docs/decisions/0205). All stand in a bridge of
their own, whose mixer has a steady beat: `video_sfu` makes Asterisk mix even two, where it would hand frames on as they
come. On the first snoop the dialplan (`[recording]` in extensions.conf) starts MixMonitor, which writes both directions
interleaved: left is said by the citizen, right by the others. So the file has one time line: what one side does not
send is silence in it, lost packets shift nothing, and a pause is muted snoops.

The controller may die: Asterisk goes on writing until the citizen's call is over. The file is raw (16-bit, 8 kHz, two
channels, no header), so that it is whole wherever it ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Final

from ivr.ari.bus import Mailbox
from ivr.ari.ending import end_all
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
    """Made by `recording_path`. silent: the file holds silence now, whoever speaks."""

    def __init__(self, ari: Ari, call: CallId, said: ChannelId, bridge: str) -> None:
        self._ari = ari
        self._call = call
        self._said = said
        self._bridge = bridge
        self._heard: dict[ChannelId, ChannelId] = {}
        """Telephone -> the snoop that hears it."""
        self.silent = False

    async def silence(self, silent: bool) -> None:
        """From now on the file holds silence, or sound again. Raises AriError: it is not known which."""
        if silent == self.silent:
            return
        channels = self._ari.channels
        act = channels.mute if silent else channels.unmute
        both = (self._said, *self._heard.values())
        await asyncio.gather(*(act(channel_id=each, direction="in") for each in both))
        self.silent = silent

    async def hear(self, telephones: Collection[ChannelId]) -> None:
        """These are whom the citizen is with now. One who has gone is passed over.

        Raises AriError, MediaPathFailed: somebody who is there is not in the file.
        """
        for telephone in self._heard.keys() - set(telephones):
            snoop = self._heard.pop(telephone)
            (ended,) = await end_all(self._ari, [snoop])
            if isinstance(ended, AriError):
                raise ended
        await asyncio.gather(*(self._begin(one) for one in telephones if one not in self._heard))

    async def _begin(self, telephone: ChannelId) -> None:
        snoop = ChannelId(child_id(self._call, "heard"))
        self._heard[telephone] = snoop
        try:
            there = await self._snooped(telephone, snoop)
        except TimeoutError as error:
            raise MediaPathFailed("Asterisk did not begin to listen in time") from error
        if not there:
            self._heard.pop(telephone, None)

    async def _snooped(self, telephone: ChannelId, snoop: ChannelId) -> bool:
        ari = self._ari
        with ari.bus.mailbox(f"{self._call}/{snoop}") as mailbox:
            mailbox.watch(snoop)
            made = await unhurried(
                ari.channels.snoop_channel_with_id(
                    channel_id=telephone, snoop_id=snoop, spy="in", app=ari.app
                )
            )
            if isinstance(made, Gone):
                return False
            async with asyncio.timeout(ATTACH_S):
                async for event in mailbox:
                    if isinstance(event, ChannelDestroyed):
                        return False
                    if isinstance(event, StasisStart):
                        break
        if self.silent:
            await ari.channels.mute(channel_id=snoop, direction="in")
        return not isinstance(await ari.bridges.add_channel(bridge_id=self._bridge, channel=[snoop]), Gone)

    async def close(self) -> None:
        """Nobody is heard any more. Raises nothing: what fails is left to the reconciler."""
        snoops, self._heard = list(self._heard.values()), {}
        await end_all(self._ari, snoops)


@asynccontextmanager
async def recording_path(
    ari: Ari, call: CallId, citizen: ChannelId, recording: str
) -> AsyncIterator[RecordingPath]:
    """While inside, Asterisk writes. Left when the file is closed, so far as Asterisk says so.

    recording: the id, which is that of the channel that writes. Raises AriError, MediaPathFailed (ChannelGone: the
    citizen has gone).
    """
    said, bridge = ChannelId(recording), child_id(call, "rec")
    path = RecordingPath(ari, call, said, bridge)
    with ari.bus.mailbox(f"{call}/recording") as mailbox:
        mailbox.watch(said)
        try:
            await unhurried(_make(ari, citizen, said, bridge))
            async with asyncio.timeout(ATTACH_S):
                await _until_writing(ari, mailbox, said)
            if isinstance(await ari.bridges.add_channel(bridge_id=bridge, channel=[said]), Gone):
                raise ChannelGone("the citizen has gone")
            yield path
        except TimeoutError as error:
            raise MediaPathFailed("Asterisk did not begin to record in time") from error
        finally:
            await unhurried(path.close())
            await unhurried(_close(ari, mailbox, said, bridge))


async def _make(ari: Ari, citizen: ChannelId, said: ChannelId, bridge: str) -> None:
    results = await asyncio.gather(
        ari.bridges.create_with_id(bridge_id=bridge, type="mixing,video_sfu", name=bridge),
        ari.channels.snoop_channel_with_id(channel_id=citizen, snoop_id=said, spy="in", app=ari.app),
        return_exceptions=True,
    )
    for result in results:
        if isinstance(result, BaseException):
            raise result
        if isinstance(result, Gone):
            raise ChannelGone("the citizen has gone")


async def _until_writing(ari: Ari, mailbox: Mailbox, said: ChannelId) -> None:
    """The channel goes through the dialplan, where the writing begins, and comes back."""
    async for event in mailbox:
        if isinstance(event, StasisStart) and not event.args:
            # Asked for by name: else nothing is told of the channel once it has left the application, which it does
            # before the file is closed.
            await ari.applications.subscribe(application_name=ari.app, event_source=[f"channel:{said}"])
            sent = await ari.channels.continue_in_dialplan(
                channel_id=said, context=CONTEXT, extension="s", priority=1
            )
            if isinstance(sent, Gone):
                raise ChannelGone("the citizen has gone")
        elif isinstance(event, StasisStart):
            return
        elif isinstance(event, ChannelDestroyed):
            raise MediaPathFailed(f"Asterisk ended it: is there a context [{CONTEXT}]?")


async def _close(ari: Ari, mailbox: Mailbox, said: ChannelId, bridge: str) -> None:
    """Ends what was made; what Asterisk refuses or cannot answer now is left to the reconciler."""
    ended = await end_all(ari, [said], [bridge])
    try:
        # The dialplan's `h` closes the file before the channel goes.
        async with asyncio.timeout(CLOSE_S):
            async for event in mailbox:
                if isinstance(event, ChannelDestroyed) and event.channel.id == said:
                    return
    except TimeoutError:
        if not isinstance(ended[0], Gone):
            log.warning("Asterisk did not say that a recording is closed; going on")
    except AriError as error:
        log.warning("not known whether a recording is closed: %s", error)
