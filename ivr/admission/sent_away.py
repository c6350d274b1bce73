"""Sends callers away to an announcement that Asterisk plays by itself: one command each, and no event but the end.

The dialplan says in a global variable (`FULL_HOUSE`) which of its contexts plays the sounds that another one names
(`sounds_variable`). The controller writes these down when the first caller is to be sent, and again each `KEPT_S`: a
dialplan that was loaded anew has forgotten them. An Asterisk without such a context plays nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import Final

from ivr.ari.interface import Ari
from ivr.ari.results import Gone
from ivr.asterisk.full_house import FULL_HOUSE, sounds_variable
from ivr.clock import Clock
from ivr.errors import AriError
from ivr.ids import ChannelId

log = logging.getLogger(__name__)

KEPT_S: Final = 30.0
REFUSED_S: Final = 2.0
"""So long, after Asterisk could not be told, nobody tries again: all who are to be sent would wait for it."""
_SOUND: Final = "sound:"
_PARTS_OF_A_LIST: Final = "&,|${}"


class SentAway:
    """most_at_once: so many hear it at a time, by the length of what they hear."""

    def __init__(self, ari: Ari, clock: Clock, most_at_once: int) -> None:
        self._ari = ari
        self._clock = clock
        self._most_at_once = most_at_once
        self._ends: deque[float] = deque()
        """When those who were sent away have heard it all."""
        self._telling = asyncio.Lock()
        self._context = ""
        self._told: tuple[str, float] | None = None
        """What Asterisk was told last, and until when that is taken for known."""

    @property
    def open(self) -> int:
        """So many hear it now."""
        now = self._clock.monotonic()
        while self._ends and self._ends[0] <= now:
            self._ends.popleft()
        return len(self._ends)

    async def send(self, channel: ChannelId, media: Sequence[str], seconds: float) -> bool:
        """False: this Asterisk cannot say it, or says it to as many as it may. True: it does, or the caller has gone.
        Raises AriError."""
        context = await self._context_for(media)
        if not context or self.open >= self._most_at_once:
            return False
        self._ends.append(self._clock.monotonic() + seconds)
        await self._ari.channels.continue_in_dialplan(
            channel_id=channel, context=context, extension="s", priority=1
        )
        return True

    async def _context_for(self, media: Sequence[str]) -> str:
        """ "": there is none."""
        sounds = "&".join(one.removeprefix(_SOUND) for one in media)
        async with self._telling:
            told, now = self._told, self._clock.monotonic()
            if told is None or told[0] != sounds or now >= told[1]:
                try:
                    self._context, kept_s = await self._tell(media, sounds), KEPT_S
                except AriError as error:
                    log.warning("the dialplan was not told what to say of a full house: %s", error)
                    self._context, kept_s = "", REFUSED_S
                self._told = sounds, self._clock.monotonic() + kept_s
            return self._context

    async def _tell(self, media: Sequence[str], sounds: str) -> str:
        """Raises AriError."""
        playable = all(one.startswith(_SOUND) for one in media)
        if not playable or any(sign in one for one in media for sign in _PARTS_OF_A_LIST):
            return ""
        asterisk = self._ari.asterisk
        found = await asterisk.get_global_var(variable=FULL_HOUSE)
        context = "" if isinstance(found, Gone) else found.value.value
        if context:
            await asterisk.set_global_var(variable=sounds_variable(self._ari.app), value=sounds)
        else:
            log.warning("the dialplan has no context for a full house: callers hear the tone of congestion")
        return context
