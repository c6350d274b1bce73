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
from typing import Any, Literal, Protocol, runtime_checkable


class AsrError(Exception):
    """Root of recognition errors."""


class AsrUnavailable(AsrError):
    """No worker, or no model for this language. `cause` as in `Failed`."""

    def __init__(self, message: str, cause: FailCause = "unavailable") -> None:
        super().__init__(message)
        self.cause = cause


FailCause = Literal["unavailable", "language", "overloaded", "lost"]

Priority = Literal["live", "background"]
"""background: nobody waits on the line for it (voicemail, recordings): served only with what live callers leave."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine with its loaded model can do: data, not subclasses.

    alternatives: gives more than one reading of open speech. hot_words: uses `ListenRequest.hot_words`.
    identifies: can tell which language is spoken (`Final.languages`).
    """

    engine: str
    version: str
    languages: frozenset[str]
    streaming: bool
    grammar: bool
    word_times: bool
    confidence: bool
    sample_rate: int = 16000
    alternatives: bool = False
    hot_words: bool = False
    identifies: bool = False


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
class SpeechEnded:
    """The utterance is over; its `Final` follows. at_s: where its last speech ended, seconds into the stream."""

    at_s: float
    cause: Literal["silence", "longest", "complete"] = "silence"


@dataclass(frozen=True, slots=True)
class NoSpeech:
    """Nobody spoke for `ListenRequest.no_speech_s` seconds; ends the hearing. Not sent where that is None."""

    waited_s: float


@dataclass(frozen=True, slots=True)
class LineQuality:
    """How the line sounds, now and then while listened to. Levels in dBFS; shares 0..1 of the time since the last one.

    speech_dbfs: None while nobody has spoken. silent_share: digital silence (a muted or dead line). lost_share: of
    the packets.
    """

    noise_dbfs: float
    speech_dbfs: float | None
    clipped_share: float
    silent_share: float
    lost_share: float


@dataclass(frozen=True, slots=True)
class Partial:
    """Text of the utterance so far; never final."""

    text: str


@dataclass(frozen=True, slots=True)
class Final:
    """One utterance. phrase: the phrase of the grammar it matched, "" when none or open speech.

    text "" = sound without words. latency_s: end of speech (after the end-point silence) -> this result.
    began_s, ended_s: the speech, in seconds from the first audio of the stream. languages: the likely ones, best
    first, where the request asked for them. version: of the engine and its model.
    """

    text: str
    language: str
    engine: str
    confidence: float | None = None
    phrase: str = ""
    words: tuple[Word, ...] = ()
    alternatives: tuple[tuple[str, float | None], ...] = ()
    latency_s: float = 0.0
    began_s: float = 0.0
    ended_s: float = 0.0
    languages: tuple[tuple[str, float], ...] = ()
    version: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    cause: FailCause
    message: str


Heard = SpeechBegan | SpeechEnded | LineQuality | Partial | Final | NoSpeech | Failed


@dataclass(frozen=True, slots=True)
class ListenRequest:
    """What to listen for.

    phrases: the allowed phrases (a grammar); empty = open speech. expects: what open speech is likely to be: the
    name of a format of `ivr/flow/values/formats.py` ("digits", "phone", "date" ...) or "yes_no", "" = anything.
    hot_words: names of this hotline (streets, bureaus) that open speech may hold. identify: the languages to choose
    between for `Final.languages`; empty = do not ask. continuous: the hearing goes on after a `Final` (agent calls).
    no_speech_s: see `NoSpeech`. prompt_plays: as the hearing opens a prompt is played to the caller, whose telephone
    may send it back. label: for logs (a call id).
    """

    language: str
    phrases: tuple[str, ...] = ()
    end_silence_s: float = 0.8
    longest_s: float = 15.0
    label: str = ""
    expects: str = ""
    hot_words: tuple[str, ...] = ()
    identify: tuple[str, ...] = ()
    continuous: bool = False
    no_speech_s: float | None = None
    priority: Priority = "live"
    prompt_plays: bool = False


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


@runtime_checkable
class Glimpses(Protocol):
    """An engine for whole utterances that can read the speech so far, quickly: for urgent words, never as an answer.

    May take long (a fifth of a second and more); called in a thread, and not more often than one is done.
    """

    def glimpse(self, pcm: bytes, request: ListenRequest) -> str:
        """pcm: all that was said so far. The likely text of its last seconds, "" = nothing yet."""
        ...


class Hearing(Protocol):
    """One open listening. Iterate until `Failed`, `NoSpeech`, or a `Final` unless the request is continuous: they end
    it. Always `aclose()`; it is idempotent.

    media_host, media_port: for RTP. media_url: the same by websocket (`media_door.py`), "" where that is not served.
    media_trust: what checks the certificate of a `wss://` one, as aiohttp's `ssl`.
    """

    @property
    def media_host(self) -> str: ...
    @property
    def media_port(self) -> int: ...
    @property
    def media_url(self) -> str: ...
    @property
    def media_trust(self) -> Any: ...
    def __aiter__(self) -> AsyncIterator[Heard]: ...
    async def aclose(self) -> None: ...


class Ears(Protocol):
    """What the call session needs of recognition."""

    def languages(self) -> frozenset[str]: ...
    async def open(self, request: ListenRequest) -> Hearing:
        """Raises AsrUnavailable at once when it cannot serve this request (never blocks for seconds)."""
        ...
