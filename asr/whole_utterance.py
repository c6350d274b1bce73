"""One utterance for an engine that hears whole ones.

    what happens                 the engine is asked          its text is
    ---------------------------  ---------------------------  -------------------------------------------------------
    the caller speaks on         every second, for a glimpse  a partial text (urgent words are found in it)
    a pause                      for the text so far          a partial text, and says how long to wait for the end;
                                                              the final one when nothing follows
    the end without such a text  for all of it                the final one

The first two are luxury: done only while nobody else waits for the engine, and not for recordings. Nor for agents'
calls, where nobody waits for the answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from asr.asking import Asking
from asr.models import language_tag
from asr.protocol import AsrUnavailable, Failed, Final, Glimpses, Heard, Partial, Prepares
from asr.tape import BYTES_PER_S
from asr.utterance import Emit, Results, Span, Understood

FIRST_GLIMPSE_S = 1.5
"""Into the audio: a short answer is over before one would help."""

GLIMPSE_EVERY_S = 1.0
GLIMPSED_S = 8.0
"""Of the latest audio that is kept for it."""


class WholeUtterance:
    """Implements `Utterance`."""

    def __init__(
        self, asking: Asking, span: Span, emit: Emit, understood: Understood, before: asyncio.Event | None
    ) -> None:
        self._asking = asking
        self._understood = understood
        self._results = Results(asking, span, emit, before)
        self.done = self._results.done
        request, recognizer = asking.request, asking.recognizer
        self._luxury = request.priority == "live" and not request.continuous
        self._guess: asyncio.Task[Sequence[Heard]] | None = None
        self._glimpser = recognizer if self._luxury and isinstance(recognizer, Glimpses) else None
        self._glimpse: asyncio.Task[None] | None = None
        self._heard = bytearray()
        self._until_glimpse = int(FIRST_GLIMPSE_S * BYTES_PER_S)
        self._partial = ""
        self._over = False
        if isinstance(recognizer, Prepares) and request.phrases:
            asking.start(self._prepare(recognizer), "prepare")

    def add(self, pcm: bytes) -> None:
        if self._glimpser is None:
            return
        self._heard += pcm
        del self._heard[: -int(GLIMPSED_S * BYTES_PER_S)]
        self._until_glimpse -= len(pcm)
        if self._until_glimpse <= 0 and self._guess is None and self._asking.load.idle:
            self._until_glimpse = int(GLIMPSE_EVERY_S * BYTES_PER_S)
            self._glimpse = self._asking.start(self._look(self._glimpser, bytes(self._heard)), "glimpse")

    def pause(self, said: bytes) -> bool:
        # A glimpse of our own is nobody else who waits.
        glimpsing = self._glimpse is not None and not self._glimpse.done()
        if self._luxury and (glimpsing or self._asking.load.idle):
            self._guess = self._asking.start(self._ask(said), "guess")
            self._guess.add_done_callback(self._guessed)
        return self._guess is not None

    def go_on(self) -> None:
        self._guess = None

    def end(self, said: bytes, ended_s: float) -> None:
        self._over = True
        self._results.certain(ended_s)
        self._asking.start(self._conclude(said), "conclude")

    def _guessed(self, guess: asyncio.Task[Sequence[Heard]]) -> None:
        if guess.cancelled() or self._over:
            return
        final = next((heard for heard in guess.result() if isinstance(heard, Final)), None)
        if final is not None:
            self._tell_partial(final.text)
        if guess is self._guess:
            self._understood(*((final.text, final.phrase) if final is not None else (None, "")))

    def _tell_partial(self, text: str) -> None:
        if text and text != self._partial and not self._over:
            self._partial = text
            self._results.tell_partial(Partial(text))

    async def _prepare(self, engine: Prepares) -> None:
        """While the caller speaks, so that it costs no time afterwards. Its failure shows when it is asked."""
        request = self._asking.request
        with contextlib.suppress(AsrUnavailable):
            await self._asking.in_thread(
                lambda: engine.prepare(language_tag(request.language), request.phrases)
            )

    async def _look(self, engine: Glimpses, said: bytes) -> None:
        """Its failure shows when the whole is asked for."""
        request = self._asking.request
        with contextlib.suppress(AsrUnavailable):
            self._tell_partial(await self._asking.in_thread(lambda: engine.glimpse(said, request)))

    async def _conclude(self, said: bytes) -> None:
        """The text of the last pause, if nothing followed it, else the engine now."""
        await self._results.tell(await (self._guess or self._asking.start(self._ask(said), "ask")))

    async def _ask(self, said: bytes) -> Sequence[Heard]:
        recognizer, request = self._asking.recognizer, self._asking.request

        def work() -> Sequence[Heard]:
            stream = recognizer.stream(request)
            try:
                return [*stream.accept(said), *stream.finish()]
            finally:
                stream.close()

        try:
            return await self._asking.in_thread(work, 1.0)
        except AsrUnavailable as error:
            return (Failed(error.cause, str(error)),)
