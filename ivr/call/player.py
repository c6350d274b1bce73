"""Plays prompts to the caller's channel and says when each is over.

A free text that has no sound yet is spoken first; until then the caller goes on hearing what was heard before.

A playback's id is made of the `Play`'s: whoever goes on with the call asks Asterisk for it, hears its end, and plays
nothing twice.

A playback that Asterisk never reports finished (its channel left Stasis with a queue behind it) is ended by a watchdog,
so that no dialogue waits for ever.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

from ivr.ari.bus import Mailbox
from ivr.ari.results import Gone
from ivr.call.put_off import PutOff
from ivr.call.services import OpenCall
from ivr.errors import AriError, PromptMissing
from ivr.flow import codec
from ivr.flow.actions import RECORDING_PROMPT, JsonValue, Play, Prompt
from ivr.flow.inputs import OpId, PromptEnded
from ivr.ids import PlaybackId

log = logging.getLogger(__name__)

WATCHDOG_MARGIN_S: Final = 5.0
ABOUT_S: Final = 0.25
"""A prompt's length is known so well."""
PREPARE_S: Final = 10.0
"""However patient the catalogue is, a dialogue waits no longer for a voice."""


@dataclass(slots=True)
class _Playing:
    """written: the action as JSON. playback, watchdog: once it plays. stopped: by our wish. began_at: seconds since
    1970, once Asterisk is asked. asked: Asterisk has it."""

    action: Play
    written: JsonValue
    began_at: float = 0.0
    playback: PlaybackId | None = None
    watchdog: PutOff | None = None
    stopped: bool = False
    asked: bool = False


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
        """Of the playbacks that are followed."""

    @property
    def busy(self) -> bool:
        """Something is being said."""
        return bool(self._ops)

    def expect(self, action: Play) -> None:
        """It is to be played: `play` follows."""
        self._playing[action.op] = self._wanted(action)

    def _wanted(self, action: Play) -> _Playing:
        ready = self._audio.ready(_texts(action), action.language)
        written: JsonValue = dict(codec.action_to_json(action))
        return _Playing(action, written, self._here.services.clock.now().timestamp() if ready else 0.0)

    def dismiss(self, op: OpId) -> None:
        """It is not played after all."""
        playing = self._playing.get(op)
        if playing is not None:
            self._finish(op, "stopped")

    async def play(self, op: OpId) -> None:
        """Returns when Asterisk has it; at once when it is to be spoken first."""
        playing = self._playing.get(op)
        if playing is None:
            return
        if playing.began_at:
            await self._begin(playing)
        else:
            self._here.spawn(self._prepare(playing), f"prompt {op}")

    # --- for whoever goes on with the call

    def saved(self) -> list[JsonValue]:
        return [
            {
                "action": one.written,
                "began_at": one.began_at,
                "stopped": one.stopped,
            }
            for one in self._playing.values()
        ]

    async def resume(self, saved: Iterable[Mapping[str, Any]]) -> None:
        """What plays is followed, what has come to its end meanwhile is over; what Asterisk cannot have played to its
        end is played."""
        for one in saved:
            action = codec.action_from_json(one["action"])
            if isinstance(action, Play):
                playing = _Playing(action, one["action"], one["began_at"], stopped=one["stopped"])
                self._playing[action.op] = playing
                await self._go_on(playing)

    async def _go_on(self, playing: _Playing) -> None:
        action = playing.action
        media, seconds = self._sounds(action)
        left_s = playing.began_at + seconds - self._here.services.clock.now().timestamp()
        playback = self._follow(playing, max(0.0, left_s)) if playing.began_at else None
        try:
            there = playback is not None and not isinstance(
                await self._ari.playbacks.get(playback_id=playback), Gone
            )
        except AriError as error:
            log.warning("not known whether a prompt plays: %s", error)
            return  # the watchdog ends it
        if there and playing.stopped:
            await self._stop(playing)
        elif there:
            playing.asked = True
            return
        elif playing.stopped or self._here.gone or not media or (playback and left_s <= ABOUT_S):
            self._finish(action.op, "finished")
        else:
            self._unfollow(playing)
            playing.began_at = self._wanted(action).began_at
            await self.play(action.op)

    async def _prepare(self, playing: _Playing) -> None:
        action = playing.action
        try:
            async with asyncio.timeout(PREPARE_S):
                await self._audio.prepare(_texts(action), action.language)
        except TimeoutError:
            log.warning("a prompt was not spoken within %g s", PREPARE_S)
        if self._playing.get(action.op) is playing:
            playing.began_at = self._here.services.clock.now().timestamp()
            self._here.keep()
            await self._begin(playing)

    async def _begin(self, playing: _Playing) -> None:
        action = playing.action
        media, seconds = self._sounds(action)
        if not media:
            self._finish(action.op, "failed" if action.prompts else "finished")
            return
        playback = self._follow(playing, seconds)
        await self._hush()
        try:
            result = await self._ari.channels.play_with_id(
                channel_id=self._here.channel, playback_id=playback, media=media
            )
        except AriError as error:
            log.warning("prompt not played: %s", error)
            self._finish(action.op, "failed")
            return
        playing.asked = True
        if isinstance(result, Gone):
            self._finish(action.op, "failed")
        elif self._playing.get(action.op) is not playing and not self._here.gone:
            # It was given up meanwhile: whatever is said now is said over it.
            await self._silence(playback)
        elif playing.watchdog is not None:
            # Asterisk may have taken its time to begin.
            playing.watchdog.put_off(_by(seconds))

    def _follow(self, playing: _Playing, seconds: float) -> PlaybackId:
        """Before Asterisk is asked for it: its end may be told first."""
        op = playing.action.op
        playback = playing.playback = PlaybackId(f"{self._here.call}.play-{op}")
        playing.watchdog = PutOff(partial(self._overdue, op))
        playing.watchdog.put_off(_by(seconds))
        self._ops[playback] = op
        self._mailbox.watch(playback)
        return playback

    def _unfollow(self, playing: _Playing) -> None:
        if playing.watchdog is not None:
            playing.watchdog.close()
            playing.watchdog = None
        if playing.playback is not None:
            self._ops.pop(playing.playback, None)
            self._mailbox.unwatch(playing.playback)
            playing.playback = None

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

    def stop(self, op: OpId) -> Coroutine[Any, Any, None]:
        """Wanted from now on; what is given back asks Asterisk for it."""
        playing = self._playing.get(op)
        if playing is None or playing.stopped:
            return _nothing()
        playing.stopped = True
        return self._stop(playing)

    async def _stop(self, playing: _Playing) -> None:
        op = playing.action.op
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

    async def _silence(self, playback: PlaybackId) -> None:
        try:
            await self._ari.playbacks.stop(playback_id=playback)
        except AriError as error:
            log.warning("a prompt that came too late was not stopped: %s", error)

    def on_finished(self, playback_id: str, state: str) -> None:
        """Asterisk's PlaybackFinished. state: `done` or `failed`."""
        op = self._ops.get(playback_id)
        if op is not None:
            self._finish(op, "failed" if state == "failed" else "finished")

    def close(self) -> None:
        for playing in self._playing.values():
            if playing.watchdog is not None:
                playing.watchdog.close()
        self._playing.clear()
        self._ops.clear()

    async def look(self) -> None:
        """Events may be missing: what Asterisk does not play any more has come to its end."""
        for op, playing in list(self._playing.items()):
            if playing.playback is None or not playing.asked:
                continue
            try:
                found = await self._ari.playbacks.get(playback_id=playing.playback)
            except AriError as error:
                log.warning("not known whether a prompt plays: %s", error)
                return
            if isinstance(found, Gone) and self._playing.get(op) is playing:
                self._finish(op, "finished")

    def _overdue(self, op: OpId) -> None:
        if self._ari.condition != "answers":
            # Its end cannot be told; what became of it is asked when Asterisk is back.
            watchdog = self._playing[op].watchdog
            assert watchdog is not None
            watchdog.put_off(_by(0.0))
            return
        log.warning("no end reported for a prompt; going on")
        self._finish(op, "failed")

    def _finish(self, op: OpId, outcome: Literal["finished", "failed", "stopped"]) -> None:
        playing = self._playing.pop(op, None)
        if playing is None:
            return
        self._unfollow(playing)
        self._here.tell(PromptEnded(op, "stopped" if playing.stopped else outcome))


def _by(seconds: float) -> float:
    """When what is so long is over at the latest, by the loop's clock."""
    return asyncio.get_running_loop().time() + seconds + WATCHDOG_MARGIN_S


def _texts(action: Play) -> list[Prompt]:
    """What may have to be spoken first."""
    return [prompt for prompt in action.prompts if prompt.id != RECORDING_PROMPT]


async def _nothing() -> None:
    pass
