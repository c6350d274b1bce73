"""One YAML file as plain data that remembers where everything stands. Bytes in, no I/O.

YAML 1.2's core schema: `yes`, `on` and `08:00` are texts, not booleans and sexagesimal numbers. The syntax is read
by libyaml (through PyYAML's events): some twenty times as fast as a round-trip loader in Python, which matters when
hundreds of flows are checked at each save (decision 0030).

Refused, each with its place: more than `MAX_BYTES`, not UTF-8, a duplicate key, a key that is no text, an unknown or
recursive alias, aliases that expand beyond `MAX_VALUES`, nesting beyond `MAX_DEPTH`, several documents, tags.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from ivr.flow.findings import Finding, FlowLoadError
from ivr.flow.yaml_places import MERGE, Places
from ivr.flow.yaml_places import Path as Path

MAX_BYTES = 1_000_000
MAX_VALUES = 100_000
MAX_DEPTH = 40

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]

_CONSTANTS: dict[str, Plain] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NO_TEXT = frozenset("~nNtTfF+-.0123456789")
"""What a plain scalar begins with that may be something else than a text."""
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?\Z")


@dataclass(frozen=True, slots=True)
class Mark:
    """Counted from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Document:
    """data: the value. text: the file. Where its parts stand is looked for when something is to be said of them."""

    file: str
    data: Plain
    text: str = ""
    _places: Places | None = None

    def line(self, number: int) -> str:
        """A line of the file, counted from 1; "" when there is none."""
        lines = self.text.split("\n", number)
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def place(self, path: Path, *, key: bool = False) -> Mark:
        """Where that path stands; a path that is not there stands where its nearest parent does."""
        if self._places is None:
            self._places = Places(self.text)
        return Mark(*self._places.at(path, key=key))


def read(file: str, source: bytes) -> Document:
    """The file as data with places. Raises FlowLoadError with one finding where it cannot be read."""
    if len(source) > MAX_BYTES:
        raise _refused(
            file, Mark(0, 0), "too-large", f"{len(source)} bytes; {MAX_BYTES} at most", "split the flow"
        )
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = source[: error.start]
        mark = Mark(before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1)
        raise _refused(file, mark, "not-utf-8", "the file is not UTF-8", "save it as UTF-8") from error
    try:
        return _Reader(file, text).document()
    except yaml.reader.ReaderError as error:
        line, column = _line_column(text, error.position)
        raise _refused(
            file, Mark(line, column), "yaml-syntax", "a character that YAML forbids", "delete it"
        ) from error
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        mark = Mark(at.line + 1, at.column + 1) if at is not None else Mark(0, 0)
        cause = error.problem or error.context or "not YAML"
        hint = ""
        if "tab" in cause or ("\t" in text and "token" in cause):
            hint = "indent with spaces, never tabs"
        elif "',' or" in cause or "mapping values" in cause:
            hint = "quote a text that holds , : { } [ ] or #"
        raise _refused(file, mark, "yaml-syntax", cause, hint) from error
    except yaml.YAMLError as error:
        raise _refused(file, Mark(0, 0), "yaml-syntax", str(error).split("\n", 1)[0], "") from error


def _refused(file: str, mark: Mark, code: str, cause: str, suggestion: str) -> FlowLoadError:
    return FlowLoadError([Finding(file, mark.line, mark.column, code, cause, suggestion)])


def _line_column(text: str, position: int) -> tuple[int, int]:
    before = text[: max(0, position)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


class _Reader:
    """Builds the data from libyaml's events, counting as it goes."""

    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._text = text
        self._anchors: dict[str, _Anchored] = {}
        self._values = 0
        self._deepest = 0

    def document(self) -> Document:
        loader = yaml.CSafeLoader(self._text)
        self._next: Callable[[], Any] = loader.get_event
        try:
            return Document(self._file, self._data(), self._text)
        finally:
            del self._next
            loader.dispose()

    def _data(self) -> Plain:
        self._next()  # the stream begins
        if isinstance(self._next(), yaml.StreamEndEvent):
            return None
        data = self._value(self._next(), 0)
        self._next()  # the document ends
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            raise self._no(event, "several-documents", "a second document begins here", "one flow a file")
        return data

    def _no(self, event: Any, code: str, cause: str, suggestion: str) -> FlowLoadError:
        return _refused(self._file, _mark(event), code, cause, suggestion)

    def _value(self, event: Any, depth: int) -> Plain:
        kind = type(event)
        if depth > self._deepest:
            if depth > MAX_DEPTH:
                raise self._too_deep(event)
            self._deepest = depth
        if kind is yaml.AliasEvent:
            return self._alias(event, depth)
        if event.tag is not None:
            raise self._no(event, "unknown-tag", f"the tag `{event.tag}` means nothing here", "leave it out")
        if event.anchor is not None:
            return self._anchor(event, depth)
        self._values += 1
        if self._values > MAX_VALUES:
            raise self._too_many(event)
        if kind is yaml.ScalarEvent:
            return _scalar(event.value) if event.implicit[0] else str(event.value)
        return self._sequence(depth + 1) if kind is yaml.SequenceStartEvent else self._mapping(depth + 1)

    def _anchor(self, event: Any, depth: int) -> Plain:
        """A value with a name. How much it holds and how deep it goes counts again wherever it is taken."""
        name, before, outer = event.anchor, self._values, self._deepest
        event.anchor = None
        self._deepest = depth
        value = self._value(event, depth)
        self._anchors[name] = _Anchored(value, self._values - before, self._deepest - depth)
        self._deepest = max(outer, self._deepest)
        return value

    def _alias(self, event: Any, depth: int) -> Plain:
        found = self._anchors.get(event.anchor)
        if found is None:
            cause = f"`*{event.anchor}` stands for nothing before it"
            raise self._no(event, "unknown-alias", cause, "define it first")
        self._values += found.values
        if self._values > MAX_VALUES:
            raise self._too_many(event)
        if depth + found.height > MAX_DEPTH:
            raise self._too_deep(event)
        self._deepest = max(self._deepest, depth + found.height)
        return found.value

    def _too_deep(self, event: Any) -> FlowLoadError:
        return self._no(event, "too-deep", f"nested more than {MAX_DEPTH} deep", "flatten it")

    def _too_many(self, event: Any) -> FlowLoadError:
        cause = f"the file expands to more than {MAX_VALUES} values"
        return self._no(event, "too-many-values", cause, "use fewer aliases")

    def _sequence(self, depth: int) -> Plain:
        items: list[Plain] = []
        while type(event := self._next()) is not yaml.SequenceEndEvent:
            items.append(self._value(event, depth))
        return items

    def _mapping(self, depth: int) -> Plain:
        entries: dict[str, Plain] = {}
        marks: dict[str, Any] = {}
        merged: dict[str, Plain] = {}
        while type(event := self._next()) is not yaml.MappingEndEvent:
            if type(event) is not yaml.ScalarEvent:
                raise self._no(event, "key-not-text", "a key must be a plain text", "write `name: value`")
            key = event.value
            if key == MERGE and event.implicit[0]:
                self._merge(event, depth, merged)
            elif key in entries:
                cause = f"`{key}` stands here twice (first in line {marks[key].line + 1})"
                raise self._no(event, "duplicate-key", cause, "keep one")
            else:
                marks[key] = event.start_mark
                entries[key] = self._value(self._next(), depth)
        return {**merged, **entries} if merged else entries

    def _merge(self, event: Any, depth: int, merged: dict[str, Plain]) -> None:
        """`<<: *other`: its entries, unless written here."""
        value = self._value(self._next(), depth)
        for each in value if isinstance(value, list) else [value]:
            if not isinstance(each, dict):
                raise self._no(
                    event, "wrong-type", "`<<` takes the entries of a mapping", "write `<<: *name`"
                )
            for key, item in each.items():
                merged.setdefault(key, item)


@dataclass(frozen=True, slots=True)
class _Anchored:
    """values: how many it holds, itself included. height: how deep it goes below itself."""

    value: Plain
    values: int
    height: int


def _mark(event: Any) -> Mark:
    return Mark(event.start_mark.line + 1, event.start_mark.column + 1)


def _scalar(text: str) -> Plain:
    """What YAML 1.2's core schema makes of a plain scalar, decimal numbers only."""
    if text and text[0] not in _NO_TEXT:
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.match(text):
        return int(text)
    if _FLOAT.match(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text
