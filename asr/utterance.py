"""One utterance and the engine that hears it: asked as the words come, or once they are complete.

An engine that streams is fed as the audio comes. One that does not is asked already in the first pause: if the caller
says no more, the text is ready when the end of speech is certain; if they go on, that text is thrown away.
Whatever an engine raises becomes `Failed`. Results come out in the order of the utterances.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from asr.asking import Asking
from asr.models import language_tag
from asr.protocol import AsrUnavailable, Failed, Final, Heard, Partial, Prepares, Stream
from asr.tape import BYTES_PER_S


@dataclass(frozen=True, slots=True)
class Span:
    """Of the stream, in seconds. from_s: where the audio that the engine hears begins; began_s: the speech."""

    from_s: float
    began_s: float


class Utterance(Protocol):
    """Told by the end points what happens. pcm: 16 kHz 16-bit mono."""

    def add(self, pcm: bytes) -> None:
        """More audio, in order, from `Span.from_s` on."""
        ...

    def pause(self, said: bytes) -> None:
        """A pause, perhaps the end. said: all up to it."""
        ...

    def go_on(self) -> None:
        """It was not the end."""
        ...

    def end(self, said: bytes, ended_s: float) -> None:
        """It was. said: all that the engine is to hear; ended_s: where the speech ended in the stream."""
        ...


Emit = Callable[[Heard], None]


class _Results:
    """Emits what an utterance came to, after the utterance before it."""

    def __init__(self, asking: Asking, span: Span, emit: Emit, before: asyncio.Event | None) -> None:
        self._asking = asking
        self._span = span
        self._emit = emit
        self._before = before
        self._loop = asyncio.get_running_loop()
        self._certain_at = self._loop.time()
        self._ended_s = span.began_s
        self.done = asyncio.Event()

    def certain(self, ended_s: float) -> None:
        self._certain_at = self._loop.time()
        self._ended_s = ended_s

    @property
    def first_in_line(self) -> bool:
        return self._before is None or self._before.is_set()

    async def tell(self, heard: Sequence[Heard]) -> None:
        if self._before is not None:
            await self._before.wait()
        for one in heard:
            self._emit(self._completed(one))
        self.done.set()

    def _completed(self, heard: Heard) -> Heard:
        if not isinstance(heard, Final):
            return heard
        shift_s = self._span.from_s
        words = tuple(
            replace(word, start_s=round(word.start_s + shift_s, 3), end_s=round(word.end_s + shift_s, 3))
            for word in heard.words
        )
        return replace(
            heard,
            words=words,
            latency_s=round(self._loop.time() - self._certain_at, 4),
            began_s=round(self._span.began_s, 3),
            ended_s=round(self._ended_s, 3),
            version=heard.version or self._asking.recognizer.capabilities.version,
        )


class WholeUtterance:
    """For an engine that hears whole utterances."""

    def __init__(self, asking: Asking, span: Span, emit: Emit, before: asyncio.Event | None) -> None:
        self._asking = asking
        self._results = _Results(asking, span, emit, before)
        self.done = self._results.done
        self._guess: asyncio.Task[Sequence[Heard]] | None = None
        if isinstance(asking.recognizer, Prepares) and asking.request.phrases:
            asking.start(self._prepare(asking.recognizer), "prepare")

    def add(self, pcm: bytes) -> None:
        pass

    def pause(self, said: bytes) -> None:
        # Guessing costs a whole decoding: only when nobody waits for the engine.
        if self._guess is None and self._asking.load.idle:
            self._guess = self._asking.start(self._ask(said), "guess")

    def go_on(self) -> None:
        self._guess = None

    def end(self, said: bytes, ended_s: float) -> None:
        self._results.certain(ended_s)
        self._asking.start(self._conclude(said), "conclude")

    async def _prepare(self, engine: Prepares) -> None:
        """While the caller speaks, so that it costs no time afterwards. Its failure shows when it is asked."""
        request = self._asking.request
        with contextlib.suppress(AsrUnavailable):
            await self._asking.in_thread(
                lambda: engine.prepare(language_tag(request.language), request.phrases)
            )

    async def _conclude(self, said: bytes) -> None:
        """The guess, if it holds, else the engine now."""
        asked = self._guess or self._asking.start(self._ask(said), "ask")
        try:
            heard = await asked
        except AsrUnavailable as error:
            heard = (Failed(error.cause, str(error)),)
        await self._results.tell(heard)

    async def _ask(self, said: bytes) -> Sequence[Heard]:
        """Raises AsrUnavailable."""
        recognizer, request = self._asking.recognizer, self._asking.request

        def work() -> Sequence[Heard]:
            stream = recognizer.stream(request)
            try:
                return [*stream.accept(said), *stream.finish()]
            finally:
                stream.close()

        return await self._asking.in_thread(work, 1.0)


class StreamedUtterance:
    """For an engine that streams: fed with what has come, as it comes."""

    def __init__(self, asking: Asking, span: Span, emit: Emit, before: asyncio.Event | None) -> None:
        self._asking = asking
        self._emit = emit
        self._results = _Results(asking, span, emit, before)
        self.done = self._results.done
        self._audio: asyncio.Queue[bytes | None] = asyncio.Queue()
        asking.start(self._hear(), "stream")

    def add(self, pcm: bytes) -> None:
        self._audio.put_nowait(pcm)

    def pause(self, said: bytes) -> None:
        pass

    def go_on(self) -> None:
        pass

    def end(self, said: bytes, ended_s: float) -> None:
        self._results.certain(ended_s)
        self._audio.put_nowait(None)

    async def _hear(self) -> None:
        stream: Stream | None = None
        heard: Sequence[Heard]
        try:
            stream = await self._asking.in_thread(
                lambda: self._asking.recognizer.stream(self._asking.request)
            )
            more = True
            while more:
                audio, more = await self._next_audio()
                if audio:
                    await self._feed(stream, audio)
            heard = await self._asking.in_thread(stream.finish)
        except AsrUnavailable as error:
            heard = (Failed(error.cause, str(error)),)
        finally:
            if stream is not None:
                stream.close()
        await self._results.tell(heard)

    async def _feed(self, stream: Stream, audio: bytes) -> None:
        speech_s = len(audio) / BYTES_PER_S
        for heard in await self._asking.in_thread(lambda: stream.accept(audio), speech_s):
            # While the utterance before is without its final text, a partial one would be taken for its.
            if isinstance(heard, Partial) and self._results.first_in_line:
                self._emit(heard)

    async def _next_audio(self) -> tuple[bytes, bool]:
        """All that waits, as one piece: under load the pieces grow instead of the delay."""
        audio = bytearray()
        item = await self._audio.get()
        while item is not None:
            audio += item
            if self._audio.empty():
                return bytes(audio), True
            item = self._audio.get_nowait()
        return bytes(audio), False
