"""What the caller hears when nothing is said: music while waiting, ringing while another party is called."""

from __future__ import annotations

import logging
from typing import Literal

from ivr.ari.interface import Ari
from ivr.errors import AriError
from ivr.flow.actions import JsonValue
from ivr.ids import ChannelId

log = logging.getLogger(__name__)

Sound = Literal["", "music", "ringing"]


class Background:
    """One sound at a time. Without it the call goes on: what Asterisk refuses is logged only."""

    def __init__(self, ari: Ari, channel: ChannelId) -> None:
        self._ari = ari
        self._channel = channel
        self.sound: Sound = ""
        self._music = ""

    def saved(self) -> list[JsonValue]:
        """[] when nothing is heard."""
        return [self.sound, self._music] if self.sound else []

    def resume(self, sound: Sound, music: str) -> None:
        """That is heard already: Asterisk went on with it while nobody was there."""
        self.sound, self._music = sound, music

    async def want(self, sound: Sound, music: str = "") -> None:
        """Change to that sound; nothing is asked of Asterisk when it is heard already. music: which class of
        musiconhold.conf, "" = Asterisk's default."""
        before, self.sound = self.sound, sound
        if before == sound and (sound != "music" or music == self._music):
            return
        self._music = music
        try:
            if before == "music":
                await self._ari.channels.stop_moh(channel_id=self._channel)
            elif before == "ringing":
                await self._ari.channels.ring_stop(channel_id=self._channel)
            if sound == "music":
                await self._ari.channels.start_moh(channel_id=self._channel, moh_class=music or None)
            elif sound == "ringing":
                await self._ari.channels.ring(channel_id=self._channel)
        except AriError as error:
            log.warning("the caller does not hear %s: %s", sound or "silence", error)
