"""The text of a prompt: literal words and the places where a value is said. Pure.

Grammar: `{name}`, `{name:say_as}` or `{name:say_as.option}` names a value; `{{` and `}}` are plain braces. A name may
have dots (`survey.rating`), as the variables of a flow do. The words before and after a value stay as written, spaces
included, so that `"".join` over the parts gives the sentence back. What a value holds is never read as a text of this
grammar: a caller who says `{pin}` is shown saying `{pin}`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal as OneOf
from typing import get_args

from ivr.errors import FlowError
from ivr.flow.prompt_shown import shown
from ivr.flow.prompt_values import UNITS

SayAs = OneOf[
    "auto",
    "number",
    "ordinal",
    "digits",
    "date",
    "time",
    "datetime",
    "relative",
    "duration",
    "money",
    "percent",
    "text",
]
"""How a value is said. auto: a number as a number, a date as a date, everything else as text."""

SAY_AS: frozenset[str] = frozenset(get_args(SayAs))

GENDERS = ("masculine", "feminine", "neuter")
"""Options of `number` and `ordinal`, for the languages whose numbers have a gender."""
DEFAULT_CURRENCY = "CNY"
"""An amount's currency does not change with the language it is said in, so there is one for all."""

_NAME = r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*"
_TOKEN = re.compile(r"\{\{|\}\}|\{[^{}]*\}|\{|\}|[^{}]+")
_PLACE = re.compile(rf"\{{\s*({_NAME})\s*(?::\s*([A-Za-z_]+)(?:\.([A-Za-z]+))?\s*)?\}}\Z")


@dataclass(frozen=True, slots=True)
class Literal:
    text: str


@dataclass(frozen=True, slots=True)
class Value:
    """option: the currency of `money` ("USD"), the unit of `duration` ("minutes"), the gender of `number`; or ""."""

    name: str
    say_as: SayAs = "auto"
    option: str = ""


Part = Literal | Value


class PromptTextError(FlowError):
    """The text cannot be read. `offset`: the index of the character where it goes wrong."""

    def __init__(self, message: str, offset: int, *, mend: str) -> None:
        super().__init__(message, mend=mend)
        self.offset = offset


def parse(text: str) -> tuple[Part, ...]:
    """`"第{place:number}位"` -> `(Literal("第"), Value("place", "number"), Literal("位"))`.

    Neighbouring literals are one part, and no part is empty. Raises PromptTextError on a brace that opens or closes
    nothing, a name that is none, and an unknown `say_as`.
    """
    parts: list[Part] = []
    words = ""
    for token in _TOKEN.finditer(text):
        piece = token.group()
        if piece in ("{{", "}}"):
            words += piece[0]
        elif piece[0] not in "{}":
            words += piece
        else:
            if words:
                parts.append(Literal(words))
                words = ""
            parts.append(_value(piece, token.start()))
    if words:
        parts.append(Literal(words))
    return tuple(parts)


def _value(piece: str, offset: int) -> Value:
    if len(piece) == 1:
        raise PromptTextError(
            f"a single `{piece}` in a prompt text",
            offset,
            mend="write {name} for a value, or double the brace to have it said",
        )
    match = _PLACE.match(piece)
    if match is None:
        raise PromptTextError(
            f"`{piece}` does not name a value",
            offset,
            mend="write {name} or {name:say_as}, letters and _ only",
        )
    name, say_as, option = match.group(1), match.group(2) or "auto", match.group(3) or ""
    for known in get_args(SayAs):
        if say_as == known:
            _check_option(known, option, offset)
            return Value(name, known, option)
    raise PromptTextError(
        f"unknown way to say a value: `{say_as}`", offset, mend=f"one of {', '.join(get_args(SayAs))}"
    )


def _check_option(say_as: SayAs, option: str, offset: int) -> None:
    if not option:
        return
    if say_as == "money":
        if option not in _currencies():
            raise PromptTextError(
                f"`{option}` is no currency", offset, mend="its ISO 4217 code: CNY, USD, EUR"
            )
        return
    known: Sequence[str] = ()
    if say_as == "duration":
        known = tuple(UNITS)
    elif say_as in ("number", "ordinal"):
        known = GENDERS
    if option not in known:
        mend = f"one of {', '.join(known)}" if known else f"write {{name:{say_as}}}"
        raise PromptTextError(f"`{say_as}` has no option `{option}`", offset, mend=mend)


@cache
def _currencies() -> frozenset[str]:
    from babel.numbers import list_currencies  # reads its tables; most hotlines never name a currency

    return frozenset(list_currencies())


def names(parts: Sequence[Part]) -> frozenset[str]:
    """The values that a text needs."""
    return frozenset(part.name for part in parts if isinstance(part, Value))


def render(
    parts: Sequence[Part], values: Mapping[str, object], language: str, now: dt.datetime | None = None
) -> str:
    """Plain text for screens, the simulator and transcripts; the sound is the prompts room's matter.

    A missing value shows as `{name}`, so that it is seen and nothing fails. now: says which day is tomorrow, and its
    zone is the one that absolute moments are shown in.
    """
    said = []
    for part in parts:
        if isinstance(part, Literal):
            said.append(part.text)
        elif part.name in values:
            option = part.option or (DEFAULT_CURRENCY if part.say_as == "money" else "")
            said.append(shown(values[part.name], part.say_as, option, language, now))
        else:
            said.append("{" + part.name + "}")
    return "".join(said)
