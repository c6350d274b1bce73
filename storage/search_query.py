"""What somebody types to find something: words, "phrases", and -what must not be there. Pure.

    parse('漏水 "main street" -误报')

Words may stand anywhere in a line, in any order; all must be there. Nothing typed has a meaning of its own in SQL or in
a database's language of searches: only letters and digits get there, each word in quotes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from storage.search_words import Term, chunks, is_chinese, term

LONGEST: Final = 400
MOST_TERMS: Final = 20
_PIECE: Final = re.compile(
    r'(?P<minus>(?<!\S)[-－])?(?:["“”「](?P<phrase>[^"“”」]*)(?:["“”」]|$)|(?P<word>[^\s"“”「]+))'
)

_PARTICLES: Final = frozenset("的地得了着过吗呢吧啊呀和与及或在是有我你他她它们这那就都也很")

Cut = Callable[[str], Sequence[str]]
"""A run of Chinese -> its words."""


@dataclass(frozen=True, slots=True)
class Query:
    """wanted: all must be there. without: none may. Nothing can be found by `without` alone."""

    wanted: tuple[Term, ...]
    without: tuple[Term, ...] = ()


class QueryFault(ValueError):
    """What was typed cannot be looked for."""


def parse(typed: str, cut: Cut) -> Query:
    """Raises QueryFault: nothing to look for, or too much."""
    if len(typed) > LONGEST:
        raise QueryFault(f"a search has at most {LONGEST} characters")
    wanted: dict[Term, None] = {}
    without: dict[Term, None] = {}
    for piece in _PIECE.finditer(typed):
        into = without if piece["minus"] else wanted
        whole = piece["phrase"] is not None or bool(piece["minus"])
        text = piece["phrase"] if piece["phrase"] is not None else piece["word"]
        for part in [text] if whole else _parts(text, cut):
            found = term(part)
            if found is not None:
                into[found] = None
    if not wanted:
        raise QueryFault("there is no word to look for" + (": name one that is there" if without else ""))
    if len(wanted) + len(without) > MOST_TERMS:
        raise QueryFault(f"a search has at most {MOST_TERMS} words")
    return Query(tuple(wanted), tuple(without))


def _parts(text: str, cut: Cut) -> list[str]:
    parts: list[str] = []
    for chunk in chunks(text):
        parts += cut(chunk) if is_chinese(chunk) else [chunk]
    # `路灯的问题` asks for the two words; whoever wants the particle too puts it in quotes.
    return [part for part in parts if part not in _PARTICLES] or parts


def postgres(query: Query) -> str:
    """As the text of a `tsquery`."""

    def one(wanted: Term) -> str:
        words = [f"'{word}'" for word in wanted.words]
        if wanted.prefix:
            words[-1] += ":*"
        return "(" + " <-> ".join(words) + ")"

    return " & ".join([*map(one, query.wanted), *(f"!{one(each)}" for each in query.without)])


def sqlite(query: Query, column: str = "") -> str:
    """As a MATCH of FTS5, in that column only where one is named."""

    def one(wanted: Term) -> str:
        return '"' + " ".join(wanted.words) + '"' + (" *" if wanted.prefix else "")

    text = "(" + " AND ".join(map(one, query.wanted)) + ")"
    if query.without:
        text += " NOT (" + " OR ".join(map(one, query.without)) + ")"
    return f"{column} : ({text})" if column else text
