"""Lets the recogniser hear the caller while the dialogue listens, and tells the dialogue what was heard."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import assert_never

from asr.protocol import (
    AsrUnavailable,
    Failed,
    Final,
    Hearing,
    LineQuality,
    ListenRequest,
    NoSpeech,
    Partial,
    SpeechBegan,
    SpeechEnded,
)
from ivr.call.media_path import MediaPathFailed, media_path
from ivr.call.ports import Said
from ivr.call.services import OpenCall
from ivr.call.stream_times import StreamTimes
from ivr.errors import AriError
from ivr.flow import codec
from ivr.flow.actions import Listen
from ivr.flow.inputs import (
    Alternative,
    JsonValue,
    LanguageGuess,
    OpId,
    SpeechFailed,
    SpeechHeard,
    SpeechPartial,
    SpeechStarted,
)
from ivr.ids import CallId

log = logging.getLogger(__name__)


class Listener:
    """The open `Listen`s of one call, each a child task of it."""

    def __init__(self, here: OpenCall) -> None:
        self._here = here
        self._open: dict[OpId, tuple[JsonValue, asyncio.Task[None]]] = {}
        self._answered: set[OpId] = set()
        """Of the open ones: what was made for them is being unmade."""

    def start(self, action: Listen) -> None:
        task = self._here.spawn(self._listen(action), f"listen {action.op}")
        self._open[action.op] = (dict(codec.action_to_json(action)), task)

    def stop(self, op: OpId) -> None:
        _, task = self._open.pop(op, (None, None))
        if task is not None:
            task.cancel()

    def saved(self) -> list[JsonValue]:
        """What is listened for, as actions: whoever goes on with the call listens anew."""
        if not self._open:
            return []
        return [written for op, (written, _) in self._open.items() if op not in self._answered]

    def stop_all(self) -> None:
        for op in list(self._open):
            self.stop(op)

    async def _listen(self, action: Listen) -> None:
        """Tells SpeechStarted and SpeechPartial, then exactly one SpeechHeard or SpeechFailed."""
        here = self._here
        try:
            hearing = await here.services.ears.open(_request(action, here.call))
            try:
                async with media_path(here.ari, here.services.media, here.call, here.channel, hearing):
                    # Told before what was made is unmade: that takes a moment which nobody need wait for.
                    answer = await self._answer(action, hearing)
                    self._answered.add(action.op)
                    here.tell(answer)
            finally:
                await hearing.aclose()
        except AsrUnavailable as unavailable:
            log.info("not listening: %s", unavailable)
            here.tell(SpeechFailed(action.op, unavailable.cause))
        except (AriError, MediaPathFailed, TimeoutError) as error:
            log.warning("recogniser not attached: %s", error or type(error).__name__)
            here.tell(SpeechFailed(action.op, "lost"))
        finally:
            self._open.pop(action.op, None)
            self._answered.discard(action.op)

    async def _answer(self, action: Listen, hearing: Hearing) -> SpeechHeard | SpeechFailed:
        here = self._here
        times = StreamTimes(here.services.clock.now())
        async for heard in hearing:
            match heard:
                case SpeechBegan(at_s):
                    times.began(at_s, here.services.clock.now())
                    here.tell(SpeechStarted(action.op))
                case Partial():
                    here.tell(SpeechPartial(action.op, heard.text))
                case Final():
                    final = replace(heard, language=heard.language or action.language)
                    here.history.understood(action.op, Said.of(final, times.zero))
                    return _heard(action, final)
                case Failed():
                    log.warning("recognition failed: %s", heard.message)
                    return SpeechFailed(action.op, heard.cause)
                case LineQuality():
                    here.history.line("caller", heard, here.services.clock.now())
                case SpeechEnded() | NoSpeech():
                    # The dialogue has timers of its own.
                    pass
                case _:
                    assert_never(heard)
        return SpeechFailed(action.op, "lost")


def _request(action: Listen, call: CallId) -> ListenRequest:
    return ListenRequest(
        language=action.language,
        phrases=action.phrases,
        end_silence_s=action.end_silence_s,
        longest_s=action.longest_s,
        label=call,
        expects=action.expects,
        hot_words=action.hot_words,
        identify=action.identify,
        prompt_plays=action.prompt_plays,
    )


def _heard(action: Listen, final: Final) -> SpeechHeard:
    return SpeechHeard(
        op=action.op,
        text=final.text,
        confidence=final.confidence,
        language=final.language,
        engine=final.engine,
        phrase=final.phrase,
        alternatives=tuple(Alternative(text, confidence) for text, confidence in final.alternatives),
        languages=tuple(LanguageGuess(language, share) for language, share in final.languages),
    )
