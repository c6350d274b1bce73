"""A line of a talk -> what is done: the caller's and others' turns, or a question to the simulator. No I/O."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pydantic
import yaml

from ivr.flow.findings import did_you_mean
from ivr.flow.scenarios.model import Turn

KEYS: Final = frozenset("0123456789*#")
_CONFIDENCE = re.compile(r"(?P<text>.*\S)\s+@(?P<figure>[01](?:\.[0-9]+)?)\Z")


class LineError(Exception):
    """The line cannot be understood; says what to write instead."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something that the simulator does: `/vars topic` is ("vars", "topic")."""

    name: str
    rest: str = ""


def read(line: str, questions: Sequence[str]) -> Turn | Question:
    """questions: the commands that are none of the call's. Raises LineError."""
    at_once = line.startswith("!")
    line = line.removeprefix("!").strip()
    if line.startswith("/"):
        name, _, rest = line[1:].strip().partition(" ")
        name = _SHORT.get(name, name)
        if name in questions and not at_once:
            return Question(name, rest.strip())
        if name not in TURNS:
            hint = did_you_mean(name, [*TURNS, *questions])
            raise LineError(f"there is no /{name}; {hint or '/help lists the commands'}")
        return _turn({**TURNS[name](rest.strip()), "at_once": at_once}, f"/{name}")
    if not line:
        return _turn({"silence": True, "at_once": at_once}, "silence")
    if set(line) <= KEYS:
        return _turn({"press": line, "at_once": at_once}, line)
    found = _CONFIDENCE.match(line)
    if found is not None:
        said: object = {"text": found["text"], "confidence": min(1.0, float(found["figure"]))}
        return _turn({"say": said, "at_once": at_once}, line)
    return _turn({"say": line, "at_once": at_once}, line)


def value(text: str) -> Any:
    """JSON, or what YAML makes of it: `70`, `true`, `{name: 李梅}`, a text. Raises LineError."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise LineError(f"`{text}` is no value: {str(error).splitlines()[0]}") from error


def assignments(text: str) -> dict[str, Any]:
    """`age=70 name="李 梅"` -> names and values. Raises LineError."""
    try:
        words = shlex.split(text, posix=False)
    except ValueError as error:
        raise LineError(f"`{text}`: {error}") from error
    found: dict[str, Any] = {}
    for word in words:
        name, equals, written = word.partition("=")
        if not (name and equals):
            raise LineError(f"`{word}`: write name=value")
        found[name] = value(written)
    if not found:
        raise LineError("write name=value")
    return found


def _turn(data: Mapping[str, object], written: str) -> Turn:
    try:
        return Turn.model_validate(data)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise LineError(f"{written}: {first['msg'][:1].lower()}{first['msg'][1:]}") from error


def _number(text: str, what: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise LineError(f"{what} is a number, not `{text}`") from None


def _wait(rest: str) -> dict[str, object]:
    if rest in ("joined", "served", "end"):
        return {"wait": rest}
    return {"wait": _number(rest or "1", "how long")}


def _place(rest: str) -> dict[str, object]:
    figures = [_number(word, "a place, and a wait in seconds,") for word in rest.split()]
    if len(figures) not in (1, 3):
        raise LineError("/place 3, or /place 3 60 120 with the wait in seconds")
    return {"place": {"place": int(figures[0]), "wait_s": figures[1:] or None}}


def _request(rest: str) -> dict[str, object]:
    """`200 {"open": true}`, `404`, `timeout`, `{"open": true}`."""
    first, _, more = rest.partition(" ")
    if first.isdecimal():
        body = value(more) if more.strip() else None
        return {"request": {"status": int(first), "body": body}}
    if first.startswith(("{", "[", '"')):
        return {"request": {"body": value(rest)}}
    return {"request": {"outcome": first or "ok"}}


def _lookup(rest: str) -> dict[str, object]:
    """`found {name: 李梅}`, `{name: 李梅}`, `none`, `timeout`."""
    first, _, more = rest.partition(" ")
    if first == "found" or first.startswith(("{", "[")):
        found = value(more if first == "found" else rest)
        if found is None:
            raise LineError("/lookup found {name: ...}: what was found")
        return {"lookup": {"found": found}}
    return {"lookup": {"outcome": first or "none"}}


def _record(rest: str) -> dict[str, object]:
    return {"recorded": "failed" if rest == "failed" else _number(rest or "5", "how long the message is")}


def _said_at_once(rest: str) -> dict[str, object]:
    if not rest:
        raise LineError("/say and the words")
    return {"say": rest}


TURNS: Final[Mapping[str, Callable[[str], dict[str, object]]]] = {
    "say": _said_at_once,
    "press": lambda rest: {"press": rest},
    "hangup": lambda _: {"hangup": True},
    "wait": _wait,
    "time": lambda rest: {"time": rest},
    "agent": lambda rest: {"agent": "leaves" if rest in ("leaves", "done") else "joins"},
    "done": lambda _: {"agent": "leaves"},
    "queue": lambda rest: {"queue": rest},
    "place": _place,
    "request": _request,
    "lookup": _lookup,
    "transfer": lambda rest: {"party": rest or "answers"},
    "record": _record,
    "callback": lambda rest: {"callback": rest or "placed"},
    "asr": lambda rest: {"speech_fails": rest or "unavailable"},
}
"""Command -> the fields of the turn that it is."""
_SHORT: Final[Mapping[str, str]] = {"q": "quit", "h": "help", "?": "help", "u": "undo", "party": "transfer"}
