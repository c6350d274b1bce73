"""The caller's own channel: its events, and whether it is there at all."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from ivr.ari.bus import Mailbox
from ivr.ari.generated.events import (
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelHangupRequest,
    PlaybackFinished,
    RecordingFailed,
    RecordingFinished,
    StasisEnd,
)
from ivr.ari.generated.models import Channel
from ivr.ari.parse import Gap
from ivr.ari.results import Gone
from ivr.call.parts import Parts
from ivr.call.services import OpenCall
from ivr.errors import AriError
from ivr.flow.inputs import Digit
from ivr.ids import owner_of

log = logging.getLogger(__name__)

CUT_OFF: Final = "cut off: the telephone exchange failed"
EXCHANGE_FAILED: Final = 41
"""Q.850: temporary failure."""


def in_application(channel: Channel, app: str) -> bool:
    """Of a channel that came in by the dialplan; what we make ourselves is in no dialplan."""
    return channel.dialplan.app_name == "Stasis" and channel.dialplan.app_data.partition(",")[0] == app


class CallersChannel:
    def __init__(self, here: OpenCall) -> None:
        self._here = here

    async def answer(self) -> None:
        here = self._here
        try:
            here.gone = isinstance(await here.ari.channels.answer(channel_id=here.channel), Gone)
        except AriError as error:
            # The dialogue goes on for as long as the caller is there: Asterisk may do better at the next command.
            log.error("the call was not answered: %s", error)
            here.note("not_answered", {"why": str(error)})

    async def read(self, mailbox: Mailbox, parts: Parts) -> None:
        """Never waits for anything but the next event; raises MailboxOverflow when events were too many."""
        async for event in mailbox:
            match event:
                case ChannelDtmfReceived():
                    if not parts.recorder.takes_key(event.digit):
                        self._here.tell(Digit(event.digit))
                case PlaybackFinished():
                    parts.player.on_finished(event.playback.id, event.playback.state)
                case RecordingFinished() | RecordingFailed():
                    finished = isinstance(event, RecordingFinished)
                    parts.recorder.on_ended(event.recording, finished=finished)
                case ChannelHangupRequest() | StasisEnd() | ChannelDestroyed():
                    self._here.hung_up(
                        "system" if self._here.ending else "caller", getattr(event, "cause", None) or 16
                    )
                case Gap():
                    self._here.gap(cut_off=event.restarted)
                case _:
                    pass

    async def check_alive(self) -> None:
        if self._here.gone:
            return
        try:
            channel = await self._here.ari.channels.get(channel_id=self._here.channel)
        except AriError as error:
            log.warning("cannot ask for the channel: %s", error)
            return
        if isinstance(channel, Gone):
            if self._here.cut_off:
                self.cut_off()  # what says so is behind what had us look
                return
            log.warning("the caller's channel had gone without a word")
            self._here.hung_up("caller")
        elif owner_of(self._here.channel) is None and not in_application(channel.value, self._here.ari.app):
            log.warning("the caller's channel had left us without a word: the dialplan has it")
            self._here.hung_up("caller")

    def cut_off(self) -> None:
        if not self._here.gone:
            log.error("the caller was cut off: %s", CUT_OFF)
            self._here.history.failed(CUT_OFF)
            self._here.hung_up("system", EXCHANGE_FAILED)

    async def asterisk_answers(self) -> None:
        """Nothing that the caller does or does not do counts while Asterisk is away: keys and hang-ups are not heard.
        Returns when it is back, or when the caller was cut off."""
        here = self._here
        if here.gone or here.cut_off or here.ari.condition == "answers":
            return
        try:
            async with asyncio.timeout(None) as here.holding:
                await here.ari.answering()
        except TimeoutError:
            pass
        finally:
            here.holding = None
