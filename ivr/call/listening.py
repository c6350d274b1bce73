"""Lets the recogniser hear the caller: snoop on what the caller says, into a bridge, out by externalMedia RTP.

The caller's own channel stays free for prompts, which the recogniser therefore does not hear. Everything made here
is destroyed here, whatever happens.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, assert_never

from asr.protocol import (
    AsrUnavailable,
    Ears,
    Failed,
    Final,
    LineQuality,
    ListenRequest,
    NoSpeech,
    Partial,
    SpeechBegan,
    SpeechEnded,
)
from ivr.ari.bus import Mailbox
from ivr.ari.generated.events import StasisStart
from ivr.ari.interface import Ari
from ivr.ari.results import Gone, Sent
from ivr.ari.unhurried import unhurried
from ivr.call.services import OpenCall
from ivr.errors import AriError
from ivr.flow.actions import Listen
from ivr.flow.inputs import (
    Alternative,
    Input,
    LanguageGuess,
    OpId,
    SpeechFailed,
    SpeechHeard,
    SpeechPartial,
    SpeechStarted,
)
from ivr.ids import CallId, ChannelId, child_id

log = logging.getLogger(__name__)

ATTACH_TIMEOUT_S = 3.0


class ListeningFailed(Exception):
    """The media path could not be made."""


class Listener:
    """The open `Listen`s of one call, each a child task of it."""

    def __init__(self, here: OpenCall) -> None:
        self._here = here
        self._open: dict[OpId, asyncio.Task[None]] = {}

    def start(self, action: Listen) -> None:
        self._open[action.op] = self._here.spawn(self._listen(action), f"listen {action.op}")

    def stop(self, op: OpId) -> None:
        task = self._open.pop(op, None)
        if task is not None:
            task.cancel()

    def stop_all(self) -> None:
        for op in list(self._open):
            self.stop(op)

    async def _listen(self, action: Listen) -> None:
        here = self._here
        try:
            await listen(here.ari, here.services.ears, here.call, here.channel, action, here.tell)
        finally:
            self._open.pop(action.op, None)


async def listen(
    ari: Ari, ears: Ears, call: CallId, channel: ChannelId, action: Listen, tell: Callable[[Input], None]
) -> None:
    """Carry out one `Listen`; tells SpeechStarted and SpeechPartial, then exactly one SpeechHeard or SpeechFailed."""
    request = ListenRequest(
        language=action.language,
        phrases=action.phrases,
        end_silence_s=action.end_silence_s,
        longest_s=action.longest_s,
        label=call,
        expects=action.expects,
        hot_words=action.hot_words,
        identify=action.identify,
    )
    try:
        hearing = await ears.open(request)
    except AsrUnavailable as unavailable:
        log.info("not listening: %s", unavailable)
        tell(SpeechFailed(action.op, unavailable.cause))
        return
    try:
        async with _media_path(ari, call, channel, f"{hearing.media_host}:{hearing.media_port}"):
            async for heard in hearing:
                match heard:
                    case SpeechBegan():
                        tell(SpeechStarted(action.op))
                    case Partial():
                        tell(SpeechPartial(action.op, heard.text))
                    case Final():
                        tell(_heard(action, heard))
                        return
                    case Failed():
                        log.warning("recognition failed: %s", heard.message)
                        tell(SpeechFailed(action.op, heard.cause))
                        return
                    case SpeechEnded() | LineQuality() | NoSpeech():
                        # The dialogue has timers of its own.
                        pass
                    case _:
                        assert_never(heard)
        tell(SpeechFailed(action.op, "lost"))
    except (AriError, ListeningFailed, TimeoutError) as error:
        log.warning("recogniser not attached: %s", error or type(error).__name__)
        tell(SpeechFailed(action.op, "lost"))
    finally:
        await hearing.aclose()


def _heard(action: Listen, final: Final) -> SpeechHeard:
    return SpeechHeard(
        op=action.op,
        text=final.text,
        confidence=final.confidence,
        language=final.language or action.language,
        engine=final.engine,
        phrase=final.phrase,
        alternatives=tuple(Alternative(text, confidence) for text, confidence in final.alternatives),
        languages=tuple(LanguageGuess(language, share) for language, share in final.languages),
    )


@asynccontextmanager
async def _media_path(ari: Ari, call: CallId, channel: ChannelId, address: str) -> AsyncIterator[None]:
    snoop, media, bridge = (child_id(call, kind) for kind in ("snoop", "media", "hear"))
    with ari.bus.mailbox(f"{call}/listening") as mailbox:
        mailbox.watch(snoop, media)
        try:
            results = await unhurried(_make(ari, channel, address, snoop, media, bridge))
            if any(isinstance(result, Gone) for result in results):
                raise ListeningFailed("the caller has gone")
            async with asyncio.timeout(ATTACH_TIMEOUT_S):
                await _both_started(mailbox, {snoop, media})
            if isinstance(await ari.bridges.add_channel(bridge_id=bridge, channel=[snoop, media]), Gone):
                raise ListeningFailed("the caller has gone")
            yield
        finally:
            # The call may end while this listening is ending by itself: that must not cut the cleaning up short.
            await unhurried(_destroy(ari, bridge, [snoop, media]))


async def _make(
    ari: Ari, channel: ChannelId, address: str, snoop: str, media: str, bridge: str
) -> list[Sent[Any] | Gone]:
    """All three side by side, each to its end: the first error is raised when none is on its way any more."""
    results = await asyncio.gather(
        ari.bridges.create_with_id(bridge_id=bridge, type="mixing", name=bridge),
        ari.channels.snoop_channel_with_id(channel_id=channel, snoop_id=snoop, spy="in", app=ari.app),
        ari.channels.external_media(
            channel_id=media,
            app=ari.app,
            external_host=address,
            format="slin16",
            encapsulation="rtp",
            transport="udp",
            direction="both",
        ),
        return_exceptions=True,
    )
    made: list[Sent[Any] | Gone] = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        made.append(result)
    return made


async def _both_started(mailbox: Mailbox, wanted: set[str]) -> None:
    async for event in mailbox:
        if isinstance(event, StasisStart):
            wanted.discard(event.channel.id)
            if not wanted:
                return


async def _destroy(ari: Ari, bridge: str, channels: list[str]) -> None:
    """Ends what was made. What Asterisk refuses or cannot answer now is left to the reconciler."""
    outcomes = await asyncio.gather(
        *(ari.channels.hangup(channel_id=channel) for channel in channels),
        ari.bridges.destroy(bridge_id=bridge),
        return_exceptions=True,
    )
    for outcome in outcomes:
        if isinstance(outcome, AriError):
            log.warning("left to the reconciler: %s", outcome)
        elif isinstance(outcome, BaseException):
            raise outcome
