"""Plays prompts to the caller's channel and says when each is over.

A free text that has no sound yet is spoken first; until then the caller goes on hearing what was heard before.

A playback that Asterisk never reports finished (its channel left Stasis with a queue behind it) is ended by a watchdog,
so that no dialogue waits for ever.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal

from ivr.ari.bus import Mailbox
from ivr.ari.results import Gone
from ivr.call.services import OpenCall
from ivr.errors import AriError, PromptMissing
from ivr.flow.actions import RECORDING_PROMPT, Play, Prompt
from ivr.flow.inputs import OpId, PromptEnded
from ivr.ids import PlaybackId, child_id

log = logging.getLogger(__name__)

WATCHDOG_MARGIN_S: Final = 5.0
PREPARE_S: Final = 10.0
"""However patient the catalogue is, a dialogue waits no longer for a voice."""


@dataclass(slots=True)
class _Playing:
    """playback, watchdog: once it plays. stopped: by our wish."""

    playback: PlaybackId | None = None
    watchdog: asyncio.TimerHandle | None = None
    stopped: bool = False


class Player:
    """One per call. The call is told of each `Play` exactly once.

    recorded: length (s) of a recording of this call, which may be played like a prompt; None: it has no such one.
    hush: ends whatever is heard besides, just before a prompt is.
    """

    def __init__(
        self,
        here: OpenCall,
        mailbox: Mailbox,
        recorded: Callable[[str], float | None],
        hush: Callable[[], Awaitable[None]],
    ) -> None:
        self._here = here
        self._ari = here.ari
        self._mailbox = mailbox
        self._audio = here.services.audio
        self._recorded = recorded
        self._hush = hush
        self._playing: dict[OpId, _Playing] = {}
        self._ops: dict[str, OpId] = {}

    @property
    def busy(self) -> bool:
        """Something is being said."""
        return any(one.playback is not None for one in self._playing.values())

    async def play(self, action: Play) -> None:
        """Returns when Asterisk has it; at once when it is to be spoken first."""
        playing = self._playing[action.op] = _Playing()
        texts = [prompt for prompt in action.prompts if prompt.id != RECORDING_PROMPT]
        if self._audio.ready(texts, action.language):
            await self._begin(action, playing)
        else:
            self._here.spawn(self._prepare(action, texts, playing), f"prompt {action.op}")

    async def _prepare(self, action: Play, texts: list[Prompt], playing: _Playing) -> None:
        try:
            async with asyncio.timeout(PREPARE_S):
                await self._audio.prepare(texts, action.language)
        except TimeoutError:
            log.warning("a prompt was not spoken within %g s", PREPARE_S)
        if self._playing.get(action.op) is playing:
            await self._begin(action, playing)

    async def _begin(self, action: Play, playing: _Playing) -> None:
        media, seconds = self._sounds(action)
        if not media:
            self._finish(action.op, "failed" if action.prompts else "finished")
            return
        playback = playing.playback = PlaybackId(child_id(self._here.call, "play"))
        playing.watchdog = asyncio.get_running_loop().call_later(
            seconds + WATCHDOG_MARGIN_S, self._overdue, action.op
        )
        self._ops[playback] = action.op
        self._mailbox.watch(playback)
        await self._hush()
        try:
            result = await self._ari.channels.play_with_id(
                channel_id=self._here.channel, playback_id=playback, media=media
            )
        except AriError as error:
            log.warning("prompt not played: %s", error)
            self._finish(action.op, "failed")
            return
        if isinstance(result, Gone):
            self._finish(action.op, "failed")

    def _sounds(self, action: Play) -> tuple[list[str], float]:
        """Media and length (s) of what has a sound: one missing prompt must not silence those beside it."""
        media: list[str] = []
        seconds = 0.0
        for prompt in action.prompts:
            try:
                sounds, length = self._sound(prompt, action.language)
            except PromptMissing as missing:
                log.error("%s", missing)
                continue
            media += sounds
            seconds += length
        return media, seconds

    def _sound(self, prompt: Prompt, language: str) -> tuple[list[str], float]:
        if prompt.id != RECORDING_PROMPT:
            return self._audio.media((prompt,), language), self._audio.seconds((prompt,), language)
        recording = str(prompt.values.get("id"))
        length = self._recorded(recording)
        if length is None:
            raise PromptMissing("a recording that this call did not make cannot be played")
        return [f"recording:{recording}"], length

    async def stop(self, op: OpId) -> None:
        playing = self._playing.get(op)
        if playing is None or playing.stopped:
            return
        playing.stopped = True
        if playing.playback is None:
            self._finish(op, "stopped")
            return
        try:
            result = await self._ari.playbacks.stop(playback_id=playing.playback)
        except AriError as error:
            log.warning("prompt not stopped: %s", error)
            return
        if isinstance(result, Gone):
            self._finish(op, "stopped")

    async def stop_all(self) -> None:
        for op in list(self._playing):
            await self.stop(op)

    def on_finished(self, playback_id: str, state: str) -> None:
        """Asterisk's PlaybackFinished. state: `done` or `failed`."""
        op = self._ops.get(playback_id)
        if op is not None:
            self._finish(op, "failed" if state == "failed" else "finished")

    def close(self) -> None:
        for playing in self._playing.values():
            if playing.watchdog is not None:
                playing.watchdog.cancel()
        self._playing.clear()
        self._ops.clear()

    def _overdue(self, op: OpId) -> None:
        log.warning("no end reported for a prompt; going on")
        self._finish(op, "failed")

    def _finish(self, op: OpId, outcome: Literal["finished", "failed", "stopped"]) -> None:
        playing = self._playing.pop(op, None)
        if playing is None:
            return
        if playing.watchdog is not None:
            playing.watchdog.cancel()
        if playing.playback is not None:
            self._ops.pop(playing.playback, None)
            self._mailbox.unwatch(playing.playback)
        self._here.tell(PromptEnded(op, "stopped" if playing.stopped else outcome))
