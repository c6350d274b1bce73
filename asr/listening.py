"""One hearing inside a worker: RTP in on its own UDP port, speech found, an engine asked, what was heard out.

Packets are taken on the loop (0.3 % of a core a call); engine calls run in the worker's threads, one at a time per
hearing. An engine that does not stream is asked already in the first pause of `settle_s`: if the
caller says no more, the text is ready when the end of speech is certain; if they go on, that text is thrown away.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any, TypeVar, assert_never, cast

from asr.endpointing import Began, Ended, Endpointer, Resumed, Rules, Settled, State, Turn
from asr.load import Load
from asr.models import language_tag
from asr.protocol import (
    AsrUnavailable,
    Failed,
    Final,
    Heard,
    ListenRequest,
    Partial,
    Prepares,
    Recognizer,
    SpeechBegan,
    Stream,
)
from asr.rtp import Receiver
from asr.vad import CHUNK_S, SAMPLE_RATE, Voice

log = logging.getLogger(__name__)

Result = TypeVar("Result")

BYTES_PER_S = 2 * SAMPLE_RATE
LEAD_S = 0.3
"""Audio before the detected beginning that the engine hears too: first consonants are quiet."""

TRAIL_S = 0.3
"""Audio after the detected end that a non-streaming engine hears."""

KEPT_S = 2.0
"""Audio kept while nobody speaks."""

GAP_S = 0.12
"""Without packets for so long while someone speaks, silence is assumed: phones that suppress silence send none."""


class Listening(asyncio.DatagramProtocol):
    """Emits through `emit`; ends after one `Final` or `Failed`. The UDP port stays bound until `close`."""

    def __init__(
        self,
        request: ListenRequest,
        recognizer: Recognizer,
        voice: Voice,
        load: Load,
        emit: Callable[[Heard], None],
    ) -> None:
        self._request = request
        self._recognizer = recognizer
        self._voice = voice
        self._load = load
        self._emit = emit
        self._streaming = recognizer.capabilities.streaming
        self._loop = asyncio.get_running_loop()
        self._endpointer = Endpointer(Rules(end_silence_s=request.end_silence_s, longest_s=request.longest_s))
        self.receiver = Receiver()
        self._audio = bytearray()
        self._audio_begin_s = 0.0
        self._said_from_s: float | None = None
        self._over = False
        self._last_packet = self._loop.time()
        self._gap_timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self._work: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._guess: asyncio.Task[Sequence[Heard]] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport is one in all but its base class.
        self._transport = cast(asyncio.DatagramTransport, transport)

    @property
    def address(self) -> tuple[str, int]:
        """Where the media goes, once bound."""
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")[:2]
        return str(host), int(port)

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        self._last_packet = self._loop.time()
        audio = self.receiver.push(data)
        if audio:
            self._hear(audio)

    def error_received(self, exc: Exception) -> None:
        log.debug("media port: %r (%s)", exc, self._request.label)

    async def close(self) -> None:
        """Give the port back and end what still runs; the thread of a running engine call ends by itself."""
        self._over = True
        if self._gap_timer is not None:
            self._gap_timer.cancel()
        if self._transport is not None:
            self._transport.close()
        running = list(self._tasks)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _hear(self, audio: bytes) -> None:
        if self._over:
            return
        self._audio += audio
        if self._streaming and self._said_from_s is not None:
            self._work.put_nowait(audio)
        for probability in self._voice.feed(audio):
            turn = self._endpointer.feed(probability, CHUNK_S)
            if turn is not None:
                self._turn(turn)
        if self._said_from_s is None:
            self._forget_all_but(KEPT_S)
        self._watch_for_gap()

    def _turn(self, turn: Turn) -> None:
        match turn:
            case Began(at_s):
                self._said_from_s = max(self._audio_begin_s, at_s - LEAD_S)
                self._emit(SpeechBegan(at_s))
                if self._streaming:
                    self._work.put_nowait(self._said_until(None))
                    self._start(self._stream_engine(), "stream")
                elif isinstance(self._recognizer, Prepares) and self._request.phrases:
                    self._start(self._prepare(self._recognizer), "prepare")
            case Settled(at_s):
                # Guessing costs a whole decoding: only when nobody waits for the engine.
                if not self._streaming and self._guess is None and self._load.idle:
                    self._guess = self._start(self._ask(self._said_until(at_s + TRAIL_S)), "guess")
            case Resumed():
                self._guess = None
            case Ended(at_s, cause):
                self._over = True
                if self._streaming:
                    self._work.put_nowait(None)
                else:
                    until_s = None if cause == "longest" else at_s + TRAIL_S
                    self._start(self._conclude(self._said_until(until_s)), "conclude")
            case _:
                assert_never(turn)

    async def _prepare(self, engine: Prepares) -> None:
        """While the caller speaks, so that it costs no time afterwards. Its failure shows when it is asked."""
        language, phrases = language_tag(self._request.language), self._request.phrases
        with contextlib.suppress(AsrUnavailable):
            await self._in_thread(lambda: engine.prepare(language, phrases))

    async def _conclude(self, said: bytes) -> None:
        """The end of speech is certain: the guess, if it holds, else the engine now."""
        began = self._loop.time()
        asked = self._guess or self._start(self._ask(said), "ask")
        try:
            for heard in await asked:
                self._emit(self._timed(heard, began))
        except AsrUnavailable as error:
            self._emit(Failed(error.cause, str(error)))

    async def _ask(self, said: bytes) -> Sequence[Heard]:
        """One utterance through an engine that does not stream. Raises AsrUnavailable."""

        def work() -> Sequence[Heard]:
            stream = self._recognizer.stream(self._request)
            try:
                return [*stream.accept(said), *stream.finish()]
            finally:
                stream.close()

        return await self._in_thread(work)

    async def _stream_engine(self) -> None:
        """An engine that streams: feed what has come, as it comes."""
        stream: Stream | None = None
        try:
            stream = await self._in_thread(lambda: self._recognizer.stream(self._request))
            more = True
            while more:
                audio, more = await self._next_audio()
                if audio:
                    await self._feed(stream, audio)
            began = self._loop.time()
            for heard in await self._in_thread(stream.finish):
                self._emit(self._timed(heard, began))
        except AsrUnavailable as error:
            self._emit(Failed(error.cause, str(error)))
        finally:
            if stream is not None:
                stream.close()

    async def _feed(self, stream: Stream, audio: bytes) -> None:
        for heard in await self._in_thread(lambda: stream.accept(audio)):
            if isinstance(heard, Partial):
                self._emit(heard)

    async def _next_audio(self) -> tuple[bytes, bool]:
        """All that waits, as one piece: under load the pieces grow instead of the delay."""
        audio = bytearray()
        item = await self._work.get()
        while item is not None:
            audio += item
            if self._work.empty():
                return bytes(audio), True
            item = self._work.get_nowait()
        return bytes(audio), False

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        """Raises AsrUnavailable whatever the engine raises: it is foreign code, and the caller has keys."""
        try:
            return await asyncio.wrap_future(self._load.submit(work))
        except AsrUnavailable:
            raise
        except Exception as error:
            log.exception("the recogniser failed (%s)", self._request.label)
            raise AsrUnavailable(f"the recogniser failed: {error!r}", "lost") from error

    def _timed(self, heard: Heard, began: float) -> Heard:
        if isinstance(heard, Final):
            return replace(heard, latency_s=round(self._loop.time() - began, 4))
        return heard

    def _start(self, work: Coroutine[Any, Any, Result], name: str) -> asyncio.Task[Result]:
        task = asyncio.create_task(work, name=f"listening {name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _said_until(self, until_s: float | None) -> bytes:
        """What the engine is to hear: from shortly before the speech to `until_s` of the stream (None: all)."""
        assert self._said_from_s is not None
        begin = self._offset(self._said_from_s)
        return bytes(self._audio[begin : None if until_s is None else self._offset(until_s)])

    def _offset(self, at_s: float) -> int:
        return max(0, int((at_s - self._audio_begin_s) * SAMPLE_RATE) * 2)

    def _forget_all_but(self, seconds: float) -> None:
        surplus = len(self._audio) - int(seconds * BYTES_PER_S)
        if surplus > BYTES_PER_S:
            del self._audio[:surplus]
            self._audio_begin_s += surplus / BYTES_PER_S

    def _watch_for_gap(self) -> None:
        if self._gap_timer is None and not self._over and self._endpointer.state is not State.SILENCE:
            self._gap_timer = self._loop.call_later(GAP_S, self._fill_gap)

    def _fill_gap(self) -> None:
        self._gap_timer = None
        if self._over:
            return
        now = self._loop.time()
        missing_s = now - self._last_packet
        if missing_s >= GAP_S:
            self._last_packet = now
            self._hear(bytes(int(missing_s * SAMPLE_RATE) * 2))
        self._watch_for_gap()
