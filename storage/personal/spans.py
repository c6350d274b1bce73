"""The classes of what is personal, and where in a text they were found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

PersonalClass = Literal["phone", "identity", "bank", "number", "amount", "name", "address", "email"]
"""phone: of a person, whole or its end. identity: card or social security number. bank: card or account. number: any
other that may name somebody or open something (ticket, code, plate). amount: of money. address: house, entrance, flat;
never the street, which is what a city's calls are about. email: written or spoken; a name in a messenger."""

ALL_CLASSES: Final[frozenset[PersonalClass]] = frozenset(get_args(PersonalClass))
HIDDEN_BY_DEFAULT: Final[frozenset[PersonalClass]] = ALL_CLASSES - {"amount"}


@dataclass(frozen=True, slots=True)
class Span:
    """text[start:end] is personal."""

    start: int
    end: int
    kind: PersonalClass


def merged(found: Iterable[Span], rank: tuple[PersonalClass, ...]) -> tuple[Span, ...]:
    """Without overlaps, in order: spans that overlap become one, of the class that comes first in `rank`."""
    spans: list[Span] = []
    for span in sorted(found, key=lambda one: (one.start, -one.end)):
        if spans and span.start < spans[-1].end:
            last = spans[-1]
            kind = min((last.kind, span.kind), key=rank.index)
            spans[-1] = Span(last.start, max(last.end, span.end), kind)
        else:
            spans.append(span)
    return tuple(spans)
