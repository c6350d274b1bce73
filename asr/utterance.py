"""One utterance and the engine that hears it: what both ways of hearing have in common, and the one that streams.

An engine that streams is fed as the audio comes; `whole_utterance.py` is for one that does not. Whatever an engine
raises becomes `Failed`. Results come out in the order of the utterances.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from asr.asking import Asking
from asr.protocol import AsrUnavailable, Failed, Final, Heard, Partial, Stream
from asr.tape import BYTES_PER_S

SHORTEST_PIECE_S = 0.16
"""Of audio that an engine is fed at once: each time costs a change of threads and the text so far."""

LONGEST_PIECE_S = 1.0
"""So that whoever waits for the thread does not wait for long."""


@dataclass(frozen=True, slots=True)
class Span:
    """Of the stream, in seconds. from_s: where the audio that the engine hears begins; began_s: the speech."""

    from_s: float
    began_s: float


class Utterance(Protocol):
    """Told by the end points what happens. pcm: 16 kHz 16-bit mono. done: set when its results are out."""

    done: asyncio.Event

    def add(self, pcm: bytes) -> None:
        """More audio, in order, from `Span.from_s` on."""
        ...

    def pause(self, said: bytes) -> bool:
        """A pause, perhaps the end. said: all up to it. True: its text follows through `Understood`."""
        ...

    def go_on(self) -> None:
        """It was not the end."""
        ...

    def end(self, said: bytes, ended_s: float) -> None:
        """It was. said: all that the engine is to hear; ended_s: where the speech ended in the stream."""
        ...


Emit = Callable[[Heard], None]

Understood = Callable[[str | None, str], None]
"""Told the text up to the latest pause (None: it could not be found out) and the phrase that it stands for, or ""."""


class Results:
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

    def tell_partial(self, partial: Partial) -> None:
        """While the utterance before is without its final text, a partial one would be taken for its."""
        if self._before is None or self._before.is_set():
            self._emit(partial)

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


class StreamedUtterance:
    """For an engine that streams: fed with what has come, as it comes."""

    def __init__(
        self, asking: Asking, span: Span, emit: Emit, understood: Understood, before: asyncio.Event | None
    ) -> None:
        self._asking = asking
        self._emit = emit
        self._understood = understood
        self._results = Results(asking, span, emit, before)
        self.done = self._results.done
        self._audio: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._coming = bytearray()
        asking.start(self._hear(), "stream")

    def add(self, pcm: bytes) -> None:
        self._coming += pcm
        if len(self._coming) >= SHORTEST_PIECE_S * BYTES_PER_S:
            self._pass_on()

    def pause(self, said: bytes) -> bool:
        self._pass_on()
        return False

    def go_on(self) -> None:
        pass

    def end(self, said: bytes, ended_s: float) -> None:
        self._results.certain(ended_s)
        self._pass_on()
        self._audio.put_nowait(None)

    def _pass_on(self) -> None:
        if self._coming:
            self._audio.put_nowait(bytes(self._coming))
            self._coming.clear()

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
            if isinstance(heard, Partial):
                # With more to hear, it says nothing of the pause that the caller may be in.
                if self._audio.empty():
                    self._understood(heard.text, "")
                self._results.tell_partial(heard)

    async def _next_audio(self) -> tuple[bytes, bool]:
        """All that waits, as one piece: under load the pieces grow instead of the delay, up to a bound, since whoever
        comes next waits for a whole piece."""
        audio = bytearray()
        item = await self._audio.get()
        while item is not None:
            audio += item
            if self._audio.empty() or len(audio) >= LONGEST_PIECE_S * BYTES_PER_S:
                return bytes(audio), True
            item = self._audio.get_nowait()
        return bytes(audio), False
