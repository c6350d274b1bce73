"""What an evaluation came to, by kind of recording and by line: plain data for text, JSON and a page. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from asr.evaluation.metrics import Confusions, Errors, Times, interval, measure_of
from asr.evaluation.rejection import Advice, Judged, Point, advice, curve
from asr.evaluation.running import Heard

FORMAT = 1
"""Of the JSON; grows when a field changes its meaning."""

CONFUSIONS = 20


@dataclass(frozen=True, slots=True)
class Menu:
    """Answers held against a menu. outside: recordings of other kinds, held against it; without: its own, when their
    words were taken out of it (what is left may be much like them). The curve and the advice go by `outside`, by
    `without` where there is only one kind. advice: None where there are too few answers.
    """

    phrases_right: int
    phrases_wrong: int
    refused: int
    of: int
    outside_refused: int
    outside: int
    without_refused: int
    without: int
    curve: tuple[Point, ...]
    advice: Advice | None


@dataclass(frozen=True, slots=True)
class Group:
    """One kind of recording on one line. rate: CER or WER (`measure`), with its 95 % interval. Times in seconds."""

    kind: str
    line: str
    recordings: int
    speakers: int
    audio_s: float
    measure: str
    rate: float
    low: float
    high: float
    rate_by_sound: float
    without_speech: int
    cut: int
    wait_p50_s: float
    wait_p95_s: float
    substituted: int
    deleted: int
    inserted: int
    menu: Menu | None
    confusions: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One recording: what was said and heard."""

    file: str
    kind: str
    line: str
    speaker: str
    said: str
    heard: str
    rate: float
    confidence: float | None
    phrase: str
    right: bool | None
    taken_outside: bool | None
    taken_without: bool | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """folder: its name. at: when, ISO 8601."""

    folder: str
    language: str
    engine: str
    version: str
    at: str
    groups: tuple[Group, ...]
    rows: tuple[Row, ...]

    def to_json(self) -> dict[str, Any]:
        return {"format": FORMAT, **asdict(self)}


def groups(heard: Sequence[Heard], language: str) -> tuple[Group, ...]:
    """In the order of lines and kinds as they come."""
    keys = dict.fromkeys((one.recording.kind, one.line) for one in heard)
    return tuple(
        _group(
            kind,
            line,
            [one for one in heard if (one.recording.kind, one.line) == (kind, line)],
            [
                one.elsewhere[1]
                for one in heard
                if one.elsewhere and (one.elsewhere[0], one.line) == (kind, line)
            ],
            language,
        )
        for kind, line in keys
    )


def _group(kind: str, line: str, heard: Sequence[Heard], outside: Sequence[Judged], language: str) -> Group:
    each = [one.errors for one in heard]
    total = sum(each, Errors())
    low, high = interval(each)
    waits = Times(tuple(one.wait_s for one in heard))
    return Group(
        kind=kind,
        line=line,
        recordings=len(heard),
        speakers=len({one.recording.speaker for one in heard}),
        audio_s=round(sum(one.audio_s for one in heard), 1),
        measure=measure_of(language),
        rate=round(total.rate, 4),
        low=round(low, 4),
        high=round(high, 4),
        rate_by_sound=round(sum((one.by_sound for one in heard), Errors()).rate, 4),
        without_speech=sum(not one.found for one in heard),
        cut=sum(one.pieces > 1 for one in heard),
        wait_p50_s=round(waits.percentile(50), 3),
        wait_p95_s=round(waits.percentile(95), 3),
        substituted=total.substituted,
        deleted=total.deleted,
        inserted=total.inserted,
        menu=_menu(heard, outside),
        confusions=_confusions(one.confusions for one in heard),
    )


def _menu(heard: Sequence[Heard], outside: Sequence[Judged]) -> Menu | None:
    inside = [one.inside for one in heard if one.inside is not None]
    without = [one.without for one in heard if one.without is not None]
    if not inside and not without and not outside:
        return None
    judged = [*inside, *(outside or without)]
    taken = [one for one in inside if one.confidence > 0.0]
    return Menu(
        phrases_right=sum(one.right for one in taken),
        phrases_wrong=sum(not one.right for one in taken),
        refused=len(inside) - len(taken),
        of=len(inside),
        outside_refused=_refused(outside),
        outside=len(outside),
        without_refused=_refused(without),
        without=len(without),
        curve=curve(judged),
        advice=advice(judged),
    )


def _refused(judged: Sequence[Judged]) -> int:
    return sum(one.confidence == 0.0 for one in judged)


def _confusions(each: Iterable[Confusions]) -> tuple[tuple[str, str, int], ...]:
    total: Confusions = Counter()
    for one in each:
        total.update(one)
    return tuple((said, heard, times) for (said, heard), times in total.most_common(CONFUSIONS))


def rows(heard: Sequence[Heard]) -> tuple[Row, ...]:
    return tuple(
        Row(
            file=one.recording.path.name,
            kind=one.recording.kind,
            line=one.line,
            speaker=one.recording.speaker,
            said=one.recording.transcript,
            heard=one.text,
            rate=round(one.errors.rate, 4),
            confidence=one.confidence,
            phrase=one.phrase,
            right=None if one.inside is None else one.inside.right,
            taken_outside=None if one.elsewhere is None else one.elsewhere[1].confidence > 0.0,
            taken_without=None if one.without is None else one.without.confidence > 0.0,
        )
        for one in heard
    )
