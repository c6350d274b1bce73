"""What the caller hears when nothing is said: music while waiting, ringing while another party is called."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final, Literal

from ivr.ari.interface import Ari
from ivr.errors import AriError, AriUnavailable
from ivr.flow.actions import JsonValue
from ivr.ids import ChannelId

log = logging.getLogger(__name__)

Sound = Literal["", "music", "ringing"]
Spawn = Callable[[Coroutine[Any, Any, None], str], object]
"""Runs beside the call, at most as long as it."""

AGAIN_S: Final = 1.0
"""After Asterisk could not change the sound: music must not go on under a talk."""


class Background:
    """One sound at a time. Without it the call goes on: what Asterisk cannot do now is tried again beside it."""

    def __init__(self, ari: Ari, channel: ChannelId, spawn: Spawn) -> None:
        self._ari = ari
        self._channel = channel
        self._spawn = spawn
        self.sound: Sound = ""
        """What is wanted."""
        self._music = ""
        self._heard: tuple[Sound, str] = ("", "")
        """What Asterisk plays, as far as is known, and its class of music."""
        self._one = asyncio.Lock()
        self._trying = False

    def saved(self) -> list[JsonValue]:
        """What is heard; [] when nothing is."""
        return [*self._heard] if self._heard[0] else []

    def resume(self, sound: Sound, music: str) -> None:
        """That is heard already: Asterisk went on with it while nobody was there."""
        self.sound, self._music = sound, music
        self._heard = (sound, music)

    async def want(self, sound: Sound, music: str = "") -> None:
        """Change to that sound; nothing is asked of Asterisk when it is heard already. music: which class of
        musiconhold.conf, "" = Asterisk's default."""
        self.sound, self._music = sound, music if sound == "music" else ""
        if self._trying or (sound == self._heard[0] and self._music == self._heard[1]):
            return
        try:
            await self._change()
        except AriUnavailable as error:
            log.warning("the caller does not hear %s yet: %s", sound or "silence", error)
            self._trying = True
            self._spawn(self._try_again(), "background again")
        except AriError as error:
            self._heard = self._wanted  # refused: asking again changes nothing
            log.warning("the caller does not hear %s: %s", sound or "silence", error)

    @property
    def _wanted(self) -> tuple[Sound, str]:
        return self.sound, self._music

    async def _change(self) -> None:
        """From what is heard to what is wanted. Raises AriError."""
        async with self._one:
            while self._heard != (wanted := self._wanted):
                if self._heard[0] == "music":
                    await self._ari.channels.stop_moh(channel_id=self._channel)
                elif self._heard[0] == "ringing":
                    await self._ari.channels.ring_stop(channel_id=self._channel)
                self._heard = ("", "")
                if wanted[0] == "music":
                    await self._ari.channels.start_moh(channel_id=self._channel, moh_class=wanted[1] or None)
                elif wanted[0] == "ringing":
                    await self._ari.channels.ring(channel_id=self._channel)
                self._heard = wanted

    async def _try_again(self) -> None:
        """Until it is done, refused, or the call is over."""
        try:
            while True:
                await asyncio.sleep(AGAIN_S)
                try:
                    await self._change()
                except AriUnavailable:
                    continue
                except AriError as error:
                    log.warning("the caller does not hear %s: %s", self.sound or "silence", error)
                    self._heard = self._wanted
                return
        finally:
            self._trying = False
