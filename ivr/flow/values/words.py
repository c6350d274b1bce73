"""Reads the numbers in a text of words apart by spaces, by the lexicon of its language: `read`. Pure.

"five oh seven" are digits one by one; "twenty three", "one hundred and five" and "dos mil veintiséis" are quantities.
A last digit belongs to hundreds only when no other digit follows: "eight hundred five five five" is 800 and 555.
"double seven" is 77. About-so-many ("several", "treinta y pico") is no number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ivr.flow.values.figures import DECIMAL, FIGURES, GROUPED
from ivr.flow.values.pieces import FILLER, PAUSE, SIGN, WORD, Piece, digits, number
from ivr.flow.values.plain import plain_latin

_TOKEN = re.compile(
    rf"{GROUPED}|{DECIMAL}|[0-9]+(?:st|nd|rd|th|[oa](?![^\W\d_]))?|[^\W\d_]+|[,.;:!?…()]+|[^\s]"
)
_FIGURES = re.compile(r"([0-9]+)(?:st|nd|rd|th|o|a)?\Z")
_HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")
_PAUSE = re.compile(r"[,.;:!?…()]+\Z")
_DASHES = frozenset("-–—+")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The number words of a language, without accents, in lower case.

    small: 1 to 99 in one word (`seven`, `veintitres`); those of 20, 30 ... 90 take a digit behind them, after `and_`
    where `and_in_tens`. weak_zero: a zero only beside another number ("oh"). hundreds: whole hundreds in one word
    (`doscientos`). hundred: multiplies what stands before it. one: articles that count before a unit ("a hundred").
    half_after: what adds a half to a number. words: everything else that means something, one or several words each.
    """

    small: Mapping[str, int]
    ordinals: Mapping[str, int]
    zero: frozenset[str]
    weak_zero: frozenset[str]
    hundreds: Mapping[str, int]
    hundred: frozenset[str]
    scales: Mapping[str, int]
    and_: frozenset[str]
    and_in_tens: bool
    one: frozenset[str]
    repeats: Mapping[str, int]
    point: frozenset[str]
    minus: frozenset[str]
    half: frozenset[str]
    half_after: tuple[tuple[str, ...], ...]
    coin: frozenset[str]
    cent: frozenset[str]
    words: Mapping[tuple[str, ...], Piece]


def read(text: str, lexicon: Lexicon) -> tuple[Piece, ...]:
    """text: as a recogniser or a person wrote it."""
    reader = _Reader(lexicon, _TOKEN.findall(_HYPHEN.sub(" ", plain_latin(text))))
    pieces: list[Piece] = []
    at = 0
    while at < len(reader.tokens):
        piece, at = reader.piece(at, pieces)
        pieces.append(piece)
    return tuple(pieces)


def figured(text: str, lexicon: Lexicon, *, ordinals: bool) -> str:
    """The text with its numbers in figures, for those who look for dates and times in it.

    "half past two pm" -> `half past 2 pm`, "May twenty third" -> `may 23`; one space between all words and signs.
    ordinals: "third" is 3 too.
    """
    reader = _Reader(lexicon, _TOKEN.findall(_HYPHEN.sub(" ", plain_latin(text))))
    said: list[str] = []
    at = 0
    while at < len(reader.tokens):
        quantity = reader.quantity(at)
        token = reader.token(at)
        figures = _FIGURES.match(token)
        run, end = (figures[1], at + 1) if figures else reader.run(at, [])
        if quantity is not None:
            said.append(str(quantity[0]))
            at = quantity[1]
        elif run:
            said.append(run)
            at = end
        else:
            said.append(str(lexicon.ordinals[token]) if ordinals and token in lexicon.ordinals else token)
            at += 1
    return " ".join(said)


class _Reader:
    __slots__ = ("lexicon", "longest", "tokens")

    def __init__(self, lexicon: Lexicon, tokens: list[str]) -> None:
        self.lexicon = lexicon
        self.tokens = tokens
        self.longest = max(map(len, lexicon.words))

    def token(self, at: int) -> str:
        return self.tokens[at] if at < len(self.tokens) else ""

    def piece(self, at: int, before: list[Piece]) -> tuple[Piece, int]:
        token = self.token(at)
        for length in range(self.longest, 1, -1):
            known = self.lexicon.words.get(tuple(self.tokens[at : at + length]))
            if known is not None:
                return known, at + length
        numeric = self._numeric(at, before)
        if numeric is not None:
            return numeric
        known = self.lexicon.words.get((token,))
        if known is not None:
            return known, at + 1
        if token in _DASHES or token in self.lexicon.minus:
            negative = not _numeric_before(before) and self._numeric(at + 1, []) is not None
            return (SIGN if negative and token not in "+–—" else FILLER), at + 1
        return (PAUSE if _PAUSE.match(token) else WORD), at + 1

    def _numeric(self, at: int, before: list[Piece]) -> tuple[Piece, int] | None:
        """A number of any form that begins here, with what follows it: a point, a half, coins."""
        token = self.token(at)
        for pattern, made in FIGURES:
            match = re.fullmatch(pattern, token)
            if match is not None:
                found = self._scaled_fraction(made(match), at + 1)
                return self._followed(*found)
        quantity = self.quantity(at)
        if quantity is not None:
            return self._followed(number(quantity[0]), quantity[1])
        run, end = self.run(at, before)
        if run:
            return self._followed(digits(run), end)
        ordinal = self.lexicon.ordinals.get(token)
        if ordinal is not None:
            return number(ordinal), at + 1
        if token in self.lexicon.point:
            fraction, end = self._fraction(at + 1)
            if fraction and not _numeric_before(before):
                return self._scaled_fraction(number(float(f"0.{fraction}")), end)
        if token in self.lexicon.one and (self.token(at + 1) in self.lexicon.half):
            return number(0.5), at + 2
        if token in self.lexicon.half:
            return number(0.5), at + 1
        return None

    def _followed(self, piece: Piece, at: int) -> tuple[Piece, int]:
        value = piece.value if piece.value is not None else int(piece.keys[:16])
        if self.token(at) in self.lexicon.point and piece.keys:
            fraction, end = self._fraction(at + 1)
            if fraction:
                return self._scaled_fraction(number(float(f"{piece.keys[:16]}.{fraction}")), end)
        for after in self.lexicon.half_after:
            if tuple(self.tokens[at : at + len(after)]) == after:
                return number(value + 0.5), at + len(after)
        if self.token(at) in self.lexicon.coin:
            start = at + 1
            start += self.token(start) in self.lexicon.and_
            cents = self._small(start)
            if cents is not None and self.token(cents[1]) in self.lexicon.cent:
                return number(round(value + cents[0] / 100, 2)), cents[1] + 1
            if cents is not None and cents[0] >= 10 and cents[1] >= len(self.tokens):
                return number(round(value + cents[0] / 100, 2)), cents[1]
        if self.token(at) in self.lexicon.cent:
            return number(round(value / 100, 2)), at + 1
        return piece, at

    def _scaled_fraction(self, piece: Piece, at: int) -> tuple[Piece, int]:
        scale = self.lexicon.scales.get(self.token(at))
        if scale is None or piece.value is None:
            return piece, at
        return number(round(piece.value * scale, 6)), at + 1

    def _fraction(self, at: int) -> tuple[str, int]:
        """The figures after a point: digits one by one, or one small number."""
        run, end = self.run(at, [digits("0")])
        if run:
            return run[:12], end
        small = self._small(at)
        return ("", at) if small is None else (str(small[0]), small[1])

    def run(self, at: int, before: list[Piece]) -> tuple[str, int]:
        """Digits one by one, as many as follow each other."""
        run = ""
        while True:
            one = self._one(at, before if not run else [digits(run)])
            if one is None or (run and self.quantity(at) is not None):
                return run, at
            run += one[0]
            at = one[1]

    def _one(self, at: int, before: list[Piece]) -> tuple[str, int] | None:
        token = self.token(at)
        figures = _FIGURES.match(token)
        if figures is not None:
            return figures[1], at + 1
        digit = self._digit(token)
        if digit:
            return digit, at + 1
        if token in self.lexicon.weak_zero and (_numeric_before(before) or self._starts_number(at + 1)):
            return "0", at + 1
        times = self.lexicon.repeats.get(token)
        if times is not None:
            after = self.token(at + 1)
            digit = self._digit(after) or ("0" if after in self.lexicon.weak_zero else "")
            digit = digit or (after if len(after) == 1 and after.isdigit() else "")
            return (digit * times, at + 2) if digit else None
        return None

    def _digit(self, token: str) -> str:
        value = self.lexicon.small.get(token, 10)
        return str(value) if value < 10 else "0" if token in self.lexicon.zero else ""

    def _starts_number(self, at: int) -> bool:
        token = self.token(at)
        lexicon = self.lexicon
        return (
            token in lexicon.small
            or token in lexicon.zero
            or token in lexicon.weak_zero
            or token in lexicon.repeats
            or token in lexicon.hundreds
            or token in lexicon.hundred
            or _FIGURES.match(token) is not None
        )

    def _small(self, at: int) -> tuple[int, int] | None:
        """1 to 99, and where it ends."""
        value = self.lexicon.small.get(self.token(at))
        if value is None:
            return None
        if value < 20 or value % 10:
            return value, at + 1
        end = at + 1
        if self.lexicon.and_in_tens:
            if self.token(end) not in self.lexicon.and_:
                return value, at + 1
            end += 1
        digit = self.lexicon.small.get(self.token(end)) or self.lexicon.ordinals.get(self.token(end), 10)
        return (value + digit, end + 1) if digit < 10 else (value, at + 1)

    def _hundreds(self, at: int) -> tuple[int, int, bool] | None:
        """1 to 9,999 ("twenty six hundred"), where it ends, and whether hundreds were named."""
        token = self.token(at)
        figures = _FIGURES.match(token)
        if token in self.lexicon.hundreds:
            value, end = self.lexicon.hundreds[token], at + 1
        elif token in self.lexicon.hundred:
            value, end = 100, at + 1
        else:
            small = (int(figures[1]), at + 1) if figures and len(figures[1]) <= 4 else self._small(at)
            if small is None and token in self.lexicon.one:
                small = (1, at + 1)
            if small is None:
                return None
            value, end = small
            if self.token(end) not in self.lexicon.hundred or value > 99:
                return value, end, False
            value, end = value * 100, end + 1
        joined = self.token(end) in self.lexicon.and_
        rest = self._small(end + joined)
        if rest is not None and (joined or rest[0] >= 10 or not self._starts_number(rest[1])):
            return value + rest[0], rest[1], True
        return value, end, True

    def quantity(self, at: int) -> tuple[int, int] | None:
        """A number of two figures and more that is said as one; digits and articles alone are none."""
        total, end, bound, named = 0, at, 10**10, False
        start = at
        while True:
            part = self._hundreds(start)
            if part is None:
                scale = self.lexicon.scales.get(self.token(start))
                if named or scale != 1000:
                    break
                part = (1, start, False)
            value, after, hundreds = part
            scale = self.lexicon.scales.get(self.token(after), 1)
            if scale >= bound:
                break
            if scale == 1:
                alone = not named and not hundreds
                article_or_figures = self.token(start) in self.lexicon.one or bool(
                    _FIGURES.match(self.token(start))
                )
                digit_of_more = named and value < 10 and self._starts_number(after)
                if not digit_of_more and not (alone and (value < 10 or article_or_figures)):
                    total, end, named = total + value, after, True
                break
            total, end, bound, named = total + value * scale, after + 1, scale, True
            start = end + (self.token(end) in self.lexicon.and_)
        return (total, end) if named else None


def _numeric_before(before: list[Piece]) -> bool:
    for piece in reversed(before):
        if piece.kind != "pause":
            return piece.kind in ("digits", "number")
    return False
