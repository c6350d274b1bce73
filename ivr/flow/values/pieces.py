"""What the readers of all languages find in a text, and how pieces join into digit strings and numbers. Pure.

Form decides what was meant:

- Digits said one by one, and figures as written, stay as they are: "one three oh", 一三零, `133 0780`.
- A quantity becomes its figures: 二十三 -> 23, "one hundred and five" -> 105.
- Neighbours join: "nineteen eighty four" -> 1984, "five five twenty" -> 5520. Fillers and pauses join too.
- Words that are no fillers part what stands around them: two strings, not one.
- A word of correction ("no wait", 不对) throws away what was said before it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "digits",  # said one by one, or figures as written
    "number",  # a quantity; no keys when it is a fraction
    "mark",  # the keys * and #
    "letter",  # the X of an identity card
    "sign",  # minus
    "vague",  # about how many, not how many: 几十, "several"; keys where they could be digits as well: 两三
    "filler",
    "pause",
    "word",
    "doubt",  # corrects when digits follow, else a word: "no", "sorry"
    "correction",
]


@dataclass(frozen=True, slots=True)
class Piece:
    """keys: as they would be pressed. value: of a number."""

    kind: Kind
    keys: str = ""
    value: int | float | None = None


FILLER = Piece("filler")
PAUSE = Piece("pause")
WORD = Piece("word")
SIGN = Piece("sign")
VAGUE = Piece("vague")
DOUBT = Piece("doubt")
CORRECTION = Piece("correction")
LETTER_X = Piece("letter", "X")

LARGEST = 10**15
"""Numbers beyond are not taken: a float would no longer hold them."""


def digits(keys: str) -> Piece:
    return Piece("digits", keys)


def number(value: int | float) -> Piece:
    """A whole value has keys, a fraction none."""
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        value = int(value)
    return Piece("number", str(value) if isinstance(value, int) and value >= 0 else "", value)


def corrected(pieces: Sequence[Piece]) -> Sequence[Piece]:
    """The pieces after the last correction."""
    more_digits = False
    for at in range(len(pieces) - 1, -1, -1):
        kind = pieces[at].kind
        if kind == "correction" or (kind == "doubt" and more_digits):
            return pieces[at + 1 :]
        more_digits = more_digits or kind in ("digits", "number")
    return pieces


def runs(pieces: Sequence[Piece], *, letters: bool = False) -> tuple[str, ...]:
    """The strings of keys said, in their order. letters: the X of an identity card counts, as the key `*`."""
    found: list[str] = []
    run = ""
    for piece in corrected(pieces):
        if piece.kind in ("filler", "pause", "sign"):
            continue
        keys = "*" if piece.kind == "letter" and letters else piece.keys if piece.kind != "letter" else ""
        if keys:
            run += keys
        else:
            found.append(run)
            run = ""
    found.append(run)
    return tuple(run for run in found if run)


def one_number(pieces: Sequence[Piece]) -> int | float | None:
    """The number said, when it is exactly one and not a vague one."""
    groups: list[list[Piece]] = []
    open_group = False
    sign = 1
    for piece in corrected(pieces):
        if piece.kind in ("vague", "mark"):
            return None
        if piece.kind in ("digits", "number"):
            if not open_group:
                groups.append([])
            groups[-1].append(piece)
            open_group = True
        elif piece.kind == "sign":
            sign = -1
            open_group = False
        elif piece.kind not in ("filler", "pause"):
            open_group = False
    if len(groups) != 1:
        return None
    value = _joined(groups[0])
    return None if value is None or abs(value) >= LARGEST else sign * value


def _joined(group: Sequence[Piece]) -> int | float | None:
    """Years and house numbers are said in parts below a hundred; larger parts side by side are two numbers."""
    if len(group) == 1 and group[0].kind == "number":
        return group[0].value
    keys = ""
    for piece in group:
        if not piece.keys or (piece.value is not None and piece.value >= 100):
            return None
        keys += piece.keys
    return int(keys) if len(keys) <= 16 else None
