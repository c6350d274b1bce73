"""What a caller said, as a digit string or a number: the front door of the readers. Pure, and no text makes it raise.

Languages: `zh`, `en`, `es` and their variants (`zh-CN`); of any other language only the figures are read.
How form decides between a digit string and a quantity is said in `pieces`.
"""

from __future__ import annotations

from ivr.flow.values import chinese, figures, words
from ivr.flow.values.assent import yes_no as yes_no
from ivr.flow.values.english import ENGLISH
from ivr.flow.values.pieces import Piece, one_number, runs
from ivr.flow.values.plain import family
from ivr.flow.values.spanish import SPANISH

_LEXICONS = {"en": ENGLISH, "es": SPANISH}


def pieces(text: str, language: str) -> tuple[Piece, ...]:
    """What a text is made of, as far as numbers go."""
    spoken = family(language)
    if spoken == "zh":
        return chinese.read(text)
    lexicon = _LEXICONS.get(spoken)
    return figures.read(text) if lexicon is None else words.read(text, lexicon)


def digits_said(text: str, language: str) -> str | None:
    """The keys said: 我的号码是一三三零七八零 -> `1330780`, "one hundred and five pound" -> `105#`. None: none.

    When other words part what was said into several strings, the longest is taken, the first of equals.
    """
    return max(runs(pieces(text, language)), key=len, default=None)


def digit_strings(text: str, language: str, *, letters: bool = False) -> list[str]:
    """All that may have been meant, likeliest first: the longest string, all in one, the other strings.

    letters: the X that may end an identity card counts, as the key `*`.
    """
    said = runs(pieces(text, language), letters=letters)
    ordered = sorted(said, key=len, reverse=True)
    return list(dict.fromkeys([*ordered[:1], *(["".join(said)] if said else []), *ordered[1:]]))


def number_said(text: str, language: str) -> int | float | None:
    """The one amount, count or rank said: 三千二 -> 3200, 两个半 -> 2.5, "twenty third" -> 23, "minus five" -> -5.

    None: no number, several, or only about one (几十, "several").
    """
    return one_number(pieces(text, language))
