"""Several engines as one: when one fails on an utterance, the next hears the same audio from the beginning."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from asr.models import language_tag
from asr.protocol import (
    AsrError,
    AsrUnavailable,
    Capabilities,
    Heard,
    ListenRequest,
    Prepares,
    Recognizer,
    Stream,
)

log = logging.getLogger(__name__)


class FallbackRecognizer:
    """Asks its engines in the order given; skips those that do not know the language."""

    def __init__(self, engines: Sequence[Recognizer]) -> None:
        if not engines:
            raise ValueError("no engine to ask")
        self._engines = tuple(engines)

    @property
    def capabilities(self) -> Capabilities:
        """The first engine's, with the languages of all."""
        first = self._engines[0].capabilities
        languages = frozenset[str]().union(*(engine.capabilities.languages for engine in self._engines))
        return Capabilities(
            engine="+".join(engine.capabilities.engine for engine in self._engines),
            version="+".join(engine.capabilities.version for engine in self._engines),
            languages=languages,
            streaming=first.streaming,
            grammar=first.grammar,
            word_times=first.word_times,
            confidence=first.confidence,
            sample_rate=first.sample_rate,
        )

    def stream(self, request: ListenRequest) -> Stream:
        """Raises AsrUnavailable: none of the engines could begin."""
        language = language_tag(request.language)
        able = [engine for engine in self._engines if language in engine.capabilities.languages]
        if not able:
            raise AsrUnavailable(f"no engine knows {request.language!r}", "language")
        return _FallbackStream(able, request)

    def prepare(self, language: str, phrases: Sequence[str]) -> None:
        """The first engine that will be asked, if it prepares at all."""
        able = [engine for engine in self._engines if language in engine.capabilities.languages]
        if able and isinstance(able[0], Prepares):
            able[0].prepare(language, phrases)


class _FallbackStream:
    def __init__(self, engines: Sequence[Recognizer], request: ListenRequest) -> None:
        self._waiting = list(engines)
        self._request = request
        self._heard = bytearray()
        self._current: Stream | None = None
        self._take_next(None)

    def accept(self, pcm: bytes) -> Sequence[Heard]:
        self._heard += pcm
        return self._try(lambda stream: stream.accept(pcm))

    def finish(self) -> Sequence[Heard]:
        return self._try(lambda stream: stream.finish(), finishing=True)

    def close(self) -> None:
        if self._current is not None:
            self._current.close()
            self._current = None

    def _try(self, work: Callable[[Stream], Sequence[Heard]], *, finishing: bool = False) -> Sequence[Heard]:
        if self._current is None:
            raise AsrError("the stream is closed")
        try:
            return work(self._current)
        # An engine is foreign code: whatever it raises, the caller's words go to the next one.
        except Exception as error:
            heard = list(self._take_next(error))
            return [*heard, *self._current.finish()] if finishing and self._current else heard

    def _take_next(self, error: Exception | None) -> Sequence[Heard]:
        """The next engine that can begin, having heard all so far. Raises AsrUnavailable when none is left."""
        last = error
        while self._waiting:
            engine = self._waiting.pop(0)
            if last is not None:
                log.warning(
                    "recogniser failed, %s takes over: %r (%s)",
                    engine.capabilities.engine,
                    last,
                    self._request.label,
                )
            self.close()
            try:
                self._current = engine.stream(self._request)
                return self._current.accept(bytes(self._heard)) if self._heard else ()
            except Exception as failed:
                last = failed
        self.close()
        raise AsrUnavailable(f"every engine failed, the last with {last!r}") from last
