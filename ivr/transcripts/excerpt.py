"""The part of a line that answers a search, with the places that do. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

from storage.personal.mask import placeholders
from storage.search_query import Query
from storage.search_words import places, search_words

AROUND: Final = 30
"""Characters before the first place that is shown."""
LONGEST: Final = 120


class Piece(NamedTuple):
    """hit: what was looked for."""

    text: str
    hit: bool


def excerpt(text: str, query: Query, language: str) -> tuple[Piece, ...]:
    """text: as the reader may see it; the words that stand for what is hidden answer no search."""
    open_text = text
    for word in placeholders(language).values():
        open_text = open_text.replace(word, "\0" * len(word))
    words = search_words(open_text)
    found = sorted(place for term in query.wanted for place in places(term, words))
    start = max(0, found[0][0] - AROUND) if found else 0
    end = min(len(text), start + LONGEST)
    pieces = [Piece("…", False)] if start else []
    place = start
    for first, last in found:
        first, last = max(first, place), min(last, end)
        if first >= last:
            continue
        if first > place:
            pieces.append(Piece(text[place:first], False))
        pieces.append(Piece(text[first:last], True))
        place = last
    if place < end:
        pieces.append(Piece(text[place:end], False))
    if end < len(text):
        pieces.append(Piece("…", False))
    return tuple(pieces)
