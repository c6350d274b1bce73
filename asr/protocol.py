"""The shapes between recognition engines, their worker process and whoever listens to a call.

Two sides:
- inside a worker process, an engine is a `Recognizer` that makes a `Stream` per utterance (synchronous, run in
  threads);
- in the control process, `Ears.open` gives a `Hearing`: an address for Asterisk's externalMedia RTP and an async
  iterator of what was heard.
Audio is 16 kHz, 16-bit signed little-endian mono (slin16 after byte swap) unless said otherwise.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable


class AsrError(Exception):
    """Root of recognition errors."""


class AsrUnavailable(AsrError):
    """No worker, or no model for this language. `cause` as in `Failed`."""

    def __init__(self, message: str, cause: FailCause = "unavailable") -> None:
        super().__init__(message)
        self.cause = cause


FailCause = Literal["unavailable", "language", "overloaded", "lost"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine with its loaded model can do: data, not subclasses."""

    engine: str
    version: str
    languages: frozenset[str]
    streaming: bool
    grammar: bool
    word_times: bool
    confidence: bool
    sample_rate: int = 16000


@dataclass(frozen=True, slots=True)
class Word:
    """Times in seconds from the first audio of the stream."""

    text: str
    start_s: float
    end_s: float
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """Speech (not noise) was detected, `at_s` seconds into the stream."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Partial:
    text: str


@dataclass(frozen=True, slots=True)
class Final:
    """One utterance. phrase: the phrase of the grammar it matched, "" when none or open speech.

    text "" = sound without words. latency_s: end of speech (after the end-point silence) -> this result.
    """

    text: str
    language: str
    engine: str
    confidence: float | None = None
    phrase: str = ""
    words: tuple[Word, ...] = ()
    alternatives: tuple[tuple[str, float | None], ...] = ()
    latency_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Failed:
    cause: FailCause
    message: str


Heard = SpeechBegan | Partial | Final | Failed


@dataclass(frozen=True, slots=True)
class ListenRequest:
    """phrases: the allowed phrases (a grammar); empty = open speech. label: for logs (a call id)."""

    language: str
    phrases: tuple[str, ...] = ()
    end_silence_s: float = 0.8
    longest_s: float = 15.0
    label: str = ""


class Stream(Protocol):
    """One utterance in an engine. Not thread-safe: one thread at a time. `accept` and `finish` may take long."""

    def accept(self, pcm: bytes) -> Sequence[Heard]: ...
    def finish(self) -> Sequence[Heard]: ...
    def close(self) -> None: ...


class Recognizer(Protocol):
    """An engine with its model loaded."""

    @property
    def capabilities(self) -> Capabilities: ...
    def stream(self, request: ListenRequest) -> Stream: ...


@runtime_checkable
class Prepares(Protocol):
    """An engine that can do work for a request while the caller still speaks. May take long; called in a thread."""

    def prepare(self, language: str, phrases: Sequence[str]) -> None: ...


class Hearing(Protocol):
    """One open listening. Iterate until `Final` or `Failed` (both end it). Always `aclose()`; it is idempotent."""

    @property
    def media_host(self) -> str: ...
    @property
    def media_port(self) -> int: ...
    def __aiter__(self) -> AsyncIterator[Heard]: ...
    async def aclose(self) -> None: ...


class Ears(Protocol):
    """What the call session needs of recognition."""

    def languages(self) -> frozenset[str]: ...
    async def open(self, request: ListenRequest) -> Hearing:
        """Raises AsrUnavailable at once when it cannot serve this request (never blocks for seconds)."""
        ...
