"""Several engines as one: when one fails, lags or lacks the words, the next hears the same audio from the beginning.

engine of a stream     what it does                      what follows
-------------------------------------------------------------------------------------------------------------
raises                 fails                             the next one; `asr/trust.py` counts it against this one
takes too long         lags (`asr/lag.py`)               the same; what it says later is thrown away
AsrUnavailable("language")  lacks the language or words  the next one; nothing is counted
rests                  failed several times in a row     is passed over, for a while
-------------------------------------------------------------------------------------------------------------
none is left           AsrUnavailable: the flow's `error.asr`, and keys only
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from asr import trust
from asr.lag import Lagged, Lane, Patience, ThreadWatch, Watch
from asr.models import language_tag
from asr.protocol import (
    AsrError,
    AsrUnavailable,
    Capabilities,
    Glimpses,
    Heard,
    ListenRequest,
    Prepares,
    Recognizer,
    Stream,
)
from asr.trust import Trust, TrustRules

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EngineHealth:
    """For the status page. resting_s: for how long yet it is passed over; 0 = it is asked."""

    engine: str
    failures_in_a_row: int
    resting_s: float


class _Rung:
    """One engine and how far it is trusted. Any thread."""

    def __init__(self, engine: Recognizer, rules: TrustRules) -> None:
        self.engine = engine
        self._rules = rules
        self._trust = Trust()
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return self.engine.capabilities.engine

    def ask(self, now: float) -> bool:
        with self._lock:
            self._trust, asked = trust.ask(self._trust, now, self._rules)
        return asked

    def worked(self) -> None:
        with self._lock:
            self._trust = trust.worked(self._trust)

    def failed(self, now: float) -> None:
        with self._lock:
            before, self._trust = self._trust, trust.failed(self._trust, now, self._rules)
            after = self._trust
        if after.until is not None and after.rests > before.rests:
            log.error(
                "%s failed %d times in a row: not asked for %.0f s",
                self.name,
                after.failures,
                after.until - now,
            )

    def health(self, now: float) -> EngineHealth:
        with self._lock:
            state = self._trust
        return EngineHealth(self.name, state.failures, max(0.0, (state.until or now) - now))


class FallbackRecognizer:
    """Asks its engines in the order given; those that can tell languages go first where a request asks for that."""

    def __init__(
        self,
        engines: Sequence[Recognizer],
        *,
        patience: Patience | None = None,
        rules: TrustRules | None = None,
        watch: Watch | None = None,
    ) -> None:
        if not engines:
            raise ValueError("no engine to ask")
        self._rungs = tuple(_Rung(engine, rules or TrustRules()) for engine in engines)
        self._patience = patience or Patience()
        self._watch = watch or ThreadWatch()

    @property
    def capabilities(self) -> Capabilities:
        """The first engine's, with the names and languages of all."""
        all_of_them = [rung.engine.capabilities for rung in self._rungs]
        return replace(
            all_of_them[0],
            engine="+".join(one.engine for one in all_of_them),
            version="+".join(one.version for one in all_of_them),
            languages=frozenset[str]().union(*(one.languages for one in all_of_them)),
            identifies=any(one.identifies for one in all_of_them),
        )

    def health(self) -> tuple[EngineHealth, ...]:
        now = self._watch.now()
        return tuple(rung.health(now) for rung in self._rungs)

    def stream(self, request: ListenRequest) -> Stream:
        """Raises AsrUnavailable: none of the engines could begin."""
        able = self._able(request.language)
        if not able:
            raise AsrUnavailable(f"no engine knows {request.language!r}", "language")
        if request.identify:
            able.sort(key=lambda rung: not rung.engine.capabilities.identifies)
        return _FallbackStream(able, request, self._patience, self._watch)

    def prepare(self, language: str, phrases: Sequence[str]) -> None:
        """The engine that will be asked, if it prepares at all."""
        if isinstance(first := self._next_up(language), Prepares):
            first.prepare(language, phrases)

    def glimpse(self, pcm: bytes, request: ListenRequest) -> str:
        """Of the engine that will be asked; "" where that one does not glimpse."""
        first = self._next_up(request.language)
        return first.glimpse(pcm, request) if isinstance(first, Glimpses) else ""

    def _able(self, language: str) -> list[_Rung]:
        tag = language_tag(language)
        return [rung for rung in self._rungs if tag in rung.engine.capabilities.languages]

    def _next_up(self, language: str) -> Recognizer | None:
        now = self._watch.now()
        trusted = (rung.engine for rung in self._able(language) if not rung.health(now).resting_s)
        return next(trusted, None)


class _FallbackStream:
    def __init__(
        self, rungs: Sequence[_Rung], request: ListenRequest, patience: Patience, watch: Watch
    ) -> None:
        self._waiting = list(rungs)
        self._request = request
        self._patience = patience
        self._watch = watch
        self._heard = bytearray()
        self._rung: _Rung | None = None
        self._stream: Stream | None = None
        self._lane: Lane | None = None
        self._given = 0
        self._spent_s = 0.0
        self._begin(None)

    def accept(self, pcm: bytes) -> Sequence[Heard]:
        """Raises AsrUnavailable when no engine is left."""
        self._heard += pcm
        return self._hear(finishing=False)

    def finish(self) -> Sequence[Heard]:
        """Raises AsrUnavailable when no engine is left."""
        heard = self._hear(finishing=True)
        if self._rung is not None:
            self._rung.worked()
        return heard

    def close(self) -> None:
        stream, lane = self._stream, self._lane
        self._stream = self._lane = None
        if stream is not None:
            stream.close()
        if lane is not None:
            lane.close()

    def _hear(self, *, finishing: bool) -> Sequence[Heard]:
        """All that the engine of now has not heard yet, whoever that is in the end."""
        if self._stream is None:
            raise AsrError("the stream is closed")
        while True:
            stream, piece = self._stream, bytes(self._heard[self._given :])
            self._given = len(self._heard)

            def work(stream: Stream = stream, piece: bytes = piece) -> Sequence[Heard]:
                heard = list(stream.accept(piece)) if piece else []
                return [*heard, *stream.finish()] if finishing else heard

            try:
                return self._timed(work, finishing=finishing)
            # An engine is foreign code: whatever it raises, the caller's words go to the next one.
            except Exception as error:
                self._begin(error)

    def _timed(self, work: Callable[[], Sequence[Heard]], *, finishing: bool) -> Sequence[Heard]:
        assert self._lane is not None and self._stream is not None
        lane, stream, began = self._lane, self._stream, self._watch.now()
        within_s = self._patience.left_s(
            self._given, self._spent_s, finishing=finishing, last=not self._waiting
        )

        def late() -> None:
            stream.close()
            lane.close()

        try:
            return lane.run(work, within_s, late)
        finally:
            self._spent_s += self._watch.now() - began

    def _begin(self, error: Exception | None) -> None:
        """The next engine that can begin. Raises AsrUnavailable when none is left."""
        last = error
        if error is not None:
            self._leave(error)
        while self._waiting:
            rung = self._waiting.pop(0)
            if not rung.ask(self._watch.now()):
                continue
            if last is not None:
                log.warning("recogniser: %s takes over: %r (%s)", rung.name, last, self._request.label)
            self._rung, self._lane = rung, self._watch.lane()
            self._given, self._spent_s = 0, 0.0
            make = partial(rung.engine.stream, self._request)
            try:
                self._stream = self._lane.run(make, self._patience.begin_s, self._lane.close)
                return
            except Exception as failed:
                last = failed
                self._leave(failed)
        if last is None:
            raise AsrUnavailable("every engine failed a moment ago and is left alone for a while")
        cause = last.cause if isinstance(last, AsrUnavailable) else "unavailable"
        raise AsrUnavailable(f"every engine failed, the last with {last!r}", cause) from last

    def _leave(self, error: Exception) -> None:
        """The engine of now is given up."""
        assert self._rung is not None
        if not (isinstance(error, AsrUnavailable) and error.cause == "language"):
            self._rung.failed(self._watch.now())
        if isinstance(error, Lagged):
            # It is still at work there, and closed when that ends.
            self._stream = self._lane = None
        else:
            self.close()
        self._rung = None
