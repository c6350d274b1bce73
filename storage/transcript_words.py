"""What a line of a transcript is found by: with what is personal in it, and without."""

from __future__ import annotations

from typing import Any

from storage.personal.mask import find
from storage.search_words import search_words


def found_by(text: str) -> dict[str, Any]:
    """The columns `open_words` and `secret_words`, lists of words (or None) each.

    Nothing personal of any class is in `open_words`, whatever the policy of the day shows. Takes a millisecond.
    """
    spans = find(text)
    if not spans:
        return {"open_words": _words(text), "secret_words": None}
    shown: list[str] = []
    place = 0
    for span in spans:
        shown += _words(text[place : span.start])
        place = span.end
    return {"open_words": [*shown, *_words(text[place:])], "secret_words": _words(text)}


def _words(text: str) -> list[str]:
    return [word.word for word in search_words(text)]
