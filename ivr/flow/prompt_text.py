"""The text of a prompt: literal words and the places where a value is said. Pure.

Grammar: `{name}` or `{name:say_as}` names a value; `{{` and `}}` are plain braces. A name may have dots
(`survey.rating`), as the variables of a flow do. The words before and after a value stay as written,
spaces included, so that `"".join` over the parts gives the sentence back.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal as OneOf
from typing import get_args

from ivr.errors import FlowError

SayAs = OneOf["auto", "number", "digits", "date", "time", "money", "text"]
"""How a value is said. auto: a number as a number, a date as a date, everything else as text."""

SAY_AS: frozenset[str] = frozenset(get_args(SayAs))

_NAME = r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*"
_TOKEN = re.compile(r"\{\{|\}\}|\{[^{}]*\}|\{|\}|[^{}]+")
_PLACE = re.compile(rf"\{{\s*({_NAME})\s*(?::\s*([A-Za-z_]+)\s*)?\}}\Z")


@dataclass(frozen=True, slots=True)
class Literal:
    text: str


@dataclass(frozen=True, slots=True)
class Value:
    name: str
    say_as: SayAs = "auto"


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
    name, say_as = match.group(1), match.group(2) or "auto"
    for known in get_args(SayAs):
        if say_as == known:
            return Value(name, known)
    raise PromptTextError(
        f"unknown way to say a value: `{say_as}`", offset, mend=f"one of {', '.join(get_args(SayAs))}"
    )


def names(parts: Sequence[Part]) -> frozenset[str]:
    """The values that a text needs."""
    return frozenset(part.name for part in parts if isinstance(part, Value))


def render(parts: Sequence[Part], values: Mapping[str, object], language: str) -> str:
    """Plain text for screens, the simulator and transcripts; the sound is the prompts room's matter.

    A missing value shows as `{name}`, so that it is seen and nothing fails.
    """
    said = []
    for part in parts:
        if isinstance(part, Literal):
            said.append(part.text)
        elif part.name in values:
            said.append(_shown(values[part.name], part.say_as, language))
        else:
            said.append("{" + part.name + "}")
    return "".join(said)


def _shown(value: object, say_as: SayAs, language: str) -> str:
    if isinstance(value, bool):
        yes, no = ("是", "否") if language.startswith("zh") else ("yes", "no")
        return yes if value else no
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, str) and say_as in ("date", "time"):
        value = _moment(value)
    if isinstance(value, dt.datetime | dt.time) and say_as == "time":
        return value.strftime("%H:%M")
    if isinstance(value, dt.datetime) and say_as == "date":
        return value.date().isoformat()
    if say_as == "digits":
        return " ".join(str(value)) if language.startswith("en") else str(value)
    return str(value)


def _moment(value: str) -> object:
    for read in (dt.datetime.fromisoformat, dt.time.fromisoformat):
        try:
            return read(value)
        except ValueError:
            continue
    return value
