"""The citizen who is called back: rung, asked, and taken at the citizen's word.

An answering machine says no key: what answers and presses nothing was not reached.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final, Literal

from ivr.ari.generated.events import (
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelHangupRequest,
    PlaybackFinished,
    StasisEnd,
)
from ivr.ari.parse import Gap
from ivr.ari.results import Gone
from ivr.call.leg import Leg
from ivr.call.ports import PromptAudio
from ivr.callback.plan import Question
from ivr.errors import AriError
from ivr.ids import child_id

log = logging.getLogger(__name__)

TIMES_ASKED: Final = 2
KEY_S: Final = 6.0
"""After the question, so long for a key."""
LATE_S: Final = 5.0
"""So much longer than its sound a playback may take to say that it is over."""

Answer = Literal["accept", "later", "cancel", "no_key", "gone"]


class CitizenLeg(Leg):
    """The citizen's telephone: a leg that can also be asked, and be played music."""

    async def asked(self, question: Question, sounds: tuple[Sequence[str], float]) -> Answer:
        """sounds: of the question, and their length (s). Never raises for what the telephone does."""
        meant: dict[str, Answer] = {question.accept: "accept"}
        meant |= {question.later: "later"} if question.later else {}
        meant |= {question.cancel: "cancel"} if question.cancel else {}
        for _ in range(TIMES_ASKED):
            key = await self._key(sounds, question.keys)
            if key is None:
                return "gone"
            if key:
                return meant[key]
        return "no_key"

    async def told(self, sounds: tuple[Sequence[str], float]) -> None:
        """Play this to its end, or until the telephone has gone."""
        if sounds[0]:
            await self._key(sounds, frozenset(), after_s=0.0)

    async def begin(self, sounds: tuple[Sequence[str], float]) -> None:
        """Let this be heard, and return when its time is over: for whoever watches the telephone meanwhile."""
        media, seconds = sounds
        if not media:
            return
        try:
            await self._ari.channels.play_with_id(
                channel_id=self.channel, playback_id=child_id(self._call, "hold"), media=list(media)
            )
        except AriError as error:
            log.warning("a citizen who waits was not told so: %s", error)
            return
        await asyncio.sleep(seconds)

    async def music(self, *, on: bool) -> None:
        try:
            if on:
                await self._ari.channels.start_moh(channel_id=self.channel)
            else:
                await self._ari.channels.stop_moh(channel_id=self.channel)
        except AriError as error:
            log.warning("a citizen who waits hears no music: %s", error)

    async def _key(
        self, sounds: tuple[Sequence[str], float], keys: frozenset[str], after_s: float = KEY_S
    ) -> str | None:
        """The first of these keys that is pressed while this plays, or `after_s` later; "" = none; None = gone."""
        media, seconds = sounds
        playback = child_id(self._call, "question")
        events, loop = self._events(), asyncio.get_running_loop()
        events.watch(playback)
        over_at = loop.time() + seconds + LATE_S + after_s if media else loop.time() + after_s
        try:
            if media:
                played = await self._ari.channels.play_with_id(
                    channel_id=self.channel, playback_id=playback, media=list(media)
                )
                if isinstance(played, Gone):
                    await self.ended_with_asterisk()
                    return None
            async with asyncio.timeout_at(over_at) as limit:
                async for event in events:
                    match event:
                        case ChannelHangupRequest() | ChannelDestroyed() | StasisEnd():
                            return None
                        case Gap(restarted=True):
                            self.cut_off = True
                            return None
                        case ChannelDtmfReceived() if event.digit in keys:
                            if media:
                                await self._ari.playbacks.stop(playback_id=playback)
                            return event.digit
                        case PlaybackFinished() if event.playback.id == playback:
                            limit.reschedule(loop.time() + after_s)
                        case _:
                            pass
        except TimeoutError:
            pass
        except AriError as error:
            log.warning("a citizen could not be asked: %s", error)
        finally:
            events.unwatch(playback)
        return None if await self.ended_with_asterisk() or not await self._alive() else ""


Sounds = Callable[[], PromptAudio]
"""The prompts as they are now: a promise may be older than the dialogue that is in force."""
