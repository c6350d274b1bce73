"""Audio by websocket: live as from Asterisk, recordings as fast as the engine reads them, and nobody uninvited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from asr.hearing import RemoteHearing
from asr.media_door import PATH, PROTOCOL, MediaDoor
from asr.protocol import (
    AsrUnavailable,
    Failed,
    Final,
    Heard,
    Hearing,
    ListenRequest,
    SpeechBegan,
    SpeechEnded,
)
from asr.recorded import read_out
from asr.vad import VoiceDetector
from tests.support.fake_engine import FakeRecognizer
from tests.support.listened import Caller, caller, saying
from tests.support.speech import silence

PIECE = 64_000


@pytest.fixture(scope="module")
def detector() -> VoiceDetector:
    return VoiceDetector()


@asynccontextmanager
async def door() -> AsyncIterator[tuple[MediaDoor, str]]:
    """The door and its address, without a key."""
    opened = MediaDoor()
    application = web.Application()
    application.router.add_get(PATH, opened.handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield opened, f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}?hearing="
    await runner.cleanup()


async def test_live_audio_is_heard_and_asterisks_words_are_not(detector: VoiceDetector) -> None:
    request = ListenRequest("zh")
    async with (
        door() as (opened, url),
        caller(detector, request, FakeRecognizer("fake", streaming=False)) as one,
        aiohttp.ClientSession() as session,
        session.ws_connect(url + opened.expect(one.listening), protocols=(PROTOCOL,)) as socket,
    ):
        assert socket.protocol == PROTOCOL
        await socket.send_str("MEDIA_START connection_id:x channel:WebSocket/x format:slin16 ptime:20")
        said = silence(0.5) + saying("zh-person")
        for begin in range(0, len(said), 640):
            await socket.send_bytes(said[begin : begin + 640])
        # A telephone that suppresses silence sends nothing more: the end is found all the same.
        (final,) = await one.until(Final)
        assert float(final.text) > 1.0


async def test_who_has_no_key_or_comes_second_is_refused(detector: VoiceDetector) -> None:
    request = ListenRequest("zh")
    async with (
        door() as (opened, url),
        caller(detector, request, FakeRecognizer("fake", streaming=False)) as one,
        aiohttp.ClientSession() as session,
    ):
        key = opened.expect(one.listening)
        for wrong in ("", "0" * 32):
            assert await refused(session, url + wrong) == 403
        async with session.ws_connect(url + key, protocols=(PROTOCOL,)) as socket:
            assert await refused(session, url + key) == 403
            opened.forget(key)
            async with asyncio.timeout(5):
                assert (await socket.receive()).type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE)
        assert await refused(session, url + key) == 403
        assert one.heard == []


async def refused(session: aiohttp.ClientSession, url: str) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as error:
        await session.ws_connect(url)
    return error.value.status


class OneWorker:
    """`Ears` of one hearing that exists already. dies_after: utterances."""

    def __init__(self, one: Caller, opened: MediaDoor, url: str, dies_after: int = 1000) -> None:
        self._dies_after = dies_after
        key = opened.expect(one.listening)
        self.hearing = RemoteHearing(
            "1", "127.0.0.1", 1, lambda identity: opened.forget(key), continuous=True, media_url=url + key
        )
        self._told = one.listening.emit
        one.listening.emit = self._tell

    def languages(self) -> frozenset[str]:
        return frozenset({"zh"})

    async def open(self, request: ListenRequest) -> Hearing:
        return self.hearing

    def _tell(self, heard: Heard) -> None:
        self._told(heard)
        self.hearing.put(heard)
        if isinstance(heard, Final):
            self._dies_after -= 1
            if not self._dies_after:
                self.hearing.put(Failed("lost", "the worker died"))


RECORDED = ListenRequest("zh", phrases=("slow",), continuous=True, priority="background")
"""`slow`: the engine takes 0.2 s for each utterance, while the sound comes at once."""


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_recording_is_read_to_its_end_and_never_faster_than_the_engine(
    detector: VoiceDetector, streaming: bool
) -> None:
    said, pause = saying("zh-person"), silence(2.5)
    sound = (silence(1.0) + said + pause) * 4 + said
    heard: list[Heard] = []
    async with (
        door() as (opened, url),
        caller(detector, RECORDED, FakeRecognizer("fake", streaming=streaming)) as one,
    ):
        ears = OneWorker(one, opened, url)
        async with asyncio.timeout(30):
            await read_out(ears, RECORDED, cut(sound), heard.append)
    kinds = [type(one) for one in heard if isinstance(one, SpeechBegan | SpeechEnded | Final)]
    # Of the next utterance nothing is heard before the one before is understood: no more than one is in memory.
    assert kinds == [SpeechBegan, SpeechEnded, Final] * 5
    begins = [one.began_s for one in heard if isinstance(one, Final)]
    period_s = len(silence(1.0) + said + pause) / 32_000
    assert [round(after - before, 0) for before, after in zip(begins, begins[1:4], strict=False)] == [
        round(period_s, 0)
    ] * 3


async def test_a_recording_that_breaks_off_says_so(detector: VoiceDetector) -> None:
    sound = (silence(1.0) + saying("zh-person") + silence(2.5)) * 3
    async with (
        door() as (opened, url),
        caller(detector, RECORDED, FakeRecognizer("fake", streaming=False)) as one,
    ):
        ears = OneWorker(one, opened, url, dies_after=1)
        with pytest.raises(AsrUnavailable, match="died"):
            await read_out(ears, RECORDED, cut(sound), lambda heard: None)
    async with (
        door() as (opened, url),
        caller(detector, RECORDED, FakeRecognizer("fake", streaming=False)) as one,
    ):
        ears = OneWorker(one, opened, url)
        with pytest.raises(OSError, match="disk"):
            await read_out(ears, RECORDED, damaged(), lambda heard: None)
        opened.forget(ears.hearing.media_url.partition("=")[2])
        with pytest.raises(AsrUnavailable, match="did not reach"):
            await read_out(OneWorker(one, MediaDoor(), url), RECORDED, cut(sound), lambda heard: None)


def cut(sound: bytes) -> Iterator[bytes]:
    return (sound[begin : begin + PIECE] for begin in range(0, len(sound), PIECE))


def damaged() -> Iterator[bytes]:
    yield silence(1.0)
    raise OSError("the disk is gone")
