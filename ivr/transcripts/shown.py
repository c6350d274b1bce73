"""A transcript as a reader may see it. Pure.

Times of a line are seconds from the beginning of its call. What is hidden is replaced by a word for its class, in the
text and in the words alike.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from storage.personal.mask import Masked, find, mask, placeholders
from storage.personal.spans import PersonalClass
from storage.records import Speaker, SpeechSource, TranscriptLine

SECONDS_A_CHARACTER: Final = 0.2
"""How long somebody spoke whose end was not heard."""


@dataclass(frozen=True, slots=True)
class ShownWord:
    """As the recogniser heard it, corrected or not. Seconds from the beginning of the call."""

    text: str = field(repr=False)
    start_s: float
    end_s: float
    confidence: float | None


@dataclass(frozen=True, slots=True)
class ShownLine:
    """id: of the line within its call. hidden: the classes of what is hidden in it. revision: corrections so far."""

    id: str
    speaker: Speaker
    party: str
    source: SpeechSource
    begins_s: float
    ends_s: float
    language: str
    text: str = field(repr=False)
    hidden: tuple[PersonalClass, ...]
    words: tuple[ShownWord, ...] = field(repr=False)
    confidence: float | None
    engine: str
    engine_version: str
    revision: int


@dataclass(frozen=True, slots=True)
class Transcript:
    """One call. hide: the classes that were to be hidden."""

    call_id: str
    began_at: dt.datetime
    hide: tuple[PersonalClass, ...]
    lines: tuple[ShownLine, ...]


def transcript(
    call_id: str, began_at: dt.datetime, lines: Sequence[TranscriptLine], hide: Collection[PersonalClass]
) -> Transcript:
    """lines: in order."""
    return Transcript(
        call_id,
        began_at,
        tuple(sorted(hide)),
        tuple(shown_line(line, began_at, hide) for line in lines),
    )


def shown_line(
    line: TranscriptLine, call_began_at: dt.datetime, hide: Collection[PersonalClass]
) -> ShownLine:
    begins_s = max(0.0, (line.begins - call_began_at).total_seconds())
    masked = mask(line.shown, hide, line.language)
    return ShownLine(
        id=line_id(line),
        speaker=line.speaker,
        party=line.party,
        source=line.source,
        begins_s=round(begins_s, 3),
        ends_s=round(begins_s + _lasts_s(line), 3),
        language=line.language,
        text=masked.text,
        hidden=tuple(sorted(masked.kinds)),
        words=tuple(_words(line, begins_s, masked, hide)),
        confidence=line.confidence,
        engine=line.engine,
        engine_version=line.engine_version,
        revision=line.revision,
    )


def line_id(line: TranscriptLine) -> str:
    """`3` of a caller on the line, `a1:3` of an agent, `r-7:3` of a recording."""
    return f"{line.party}:{line.seq}" if line.party else str(line.seq)


def parse_line_id(id: str) -> tuple[str, int]:
    """(party, seq). Raises ValueError."""
    party, _, seq = id.rpartition(":")
    return party, int(seq)


def _lasts_s(line: TranscriptLine) -> float:
    if line.ended_at is not None and line.ended_at > line.begins:
        return (line.ended_at - line.begins).total_seconds()
    if line.words:
        return float(line.words[-1]["end_s"])
    return max(1.0, SECONDS_A_CHARACTER * len(line.shown))


def _words(
    line: TranscriptLine, begins_s: float, masked: Masked, hide: Collection[PersonalClass]
) -> Iterator[ShownWord]:
    """None at all where the words do not show what the text shows to be personal: they are spelt another way then."""
    between = "" if line.language in ("zh", "yue", "ja") else " "
    text, places = "", []
    for word in line.words:
        text += between if text else ""
        places.append((len(text), len(text) + len(word["text"])))
        text += word["text"]
    spans = find(text, hide) if hide else ()
    if not masked.kinds <= {span.kind for span in spans}:
        return
    instead = placeholders(line.language)
    for word, (start, end) in zip(line.words, places, strict=True):
        kind = next((span.kind for span in spans if span.start < end and start < span.end), None)
        yield ShownWord(
            word["text"] if kind is None else instead[kind],
            round(begins_s + word["start_s"], 3),
            round(begins_s + word["end_s"], 3),
            word["confidence"],
        )
