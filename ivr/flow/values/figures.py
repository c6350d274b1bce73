"""Figures as recognisers write them, the same in every language: `1,234`, `3.5`, `555.1212`. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from ivr.flow.values.pieces import FILLER, PAUSE, SIGN, WORD, Piece, digits, number
from ivr.flow.values.plain import plain


def _grouped(match: re.Match[str]) -> Piece:
    figures = match[0].replace(",", "")
    return number(float(figures)) if "." in figures else digits(figures)


def _decimal(match: re.Match[str]) -> Piece:
    """Three figures and more after the point are a telephone number written with dots."""
    return number(float(match[0])) if len(match[0].split(".")[1]) < 3 else digits(match[0].replace(".", ""))


GROUPED = r"(?<![0-9])[0-9]{1,3}(?:,[0-9]{3}){1,5}(?![0-9])(?:\.[0-9]{1,2}(?![0-9.]))?"
DECIMAL = r"(?<![0-9.])[0-9]{1,12}\.[0-9]{1,12}(?![0-9]|\.[0-9])"
FIGURES: tuple[tuple[str, Callable[[re.Match[str]], Piece]], ...] = ((GROUPED, _grouped), (DECIMAL, _decimal))

_RULES: tuple[tuple[re.Pattern[str], Piece | Callable[[re.Match[str]], Piece]], ...] = (
    *((re.compile(pattern), made) for pattern, made in FIGURES),
    (re.compile(r"[0-9]+"), lambda match: digits(match[0])),
    (re.compile(r"[*#]"), lambda match: Piece("mark", match[0])),
    (re.compile(r"(?<![^\s])-(?=[0-9])"), SIGN),
    (re.compile(r"[\s()+–-]+"), FILLER),
    (re.compile(r"[,.;:!?]+"), PAUSE),
    (re.compile(r"[^\s0-9*#(),.;:!?+–-]+"), WORD),
)


def read(text: str) -> tuple[Piece, ...]:
    """Figures and keys only: what is left of a language whose words nobody here reads."""
    text = plain(text)
    pieces: list[Piece] = []
    at = 0
    while at < len(text):
        for pattern, made in _RULES:
            match = pattern.match(text, at)
            if match is not None:
                pieces.append(made if isinstance(made, Piece) else made(match))
                at = match.end()
                break
        else:
            pieces.append(WORD)
            at += 1
    return tuple(pieces)
