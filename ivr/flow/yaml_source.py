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
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from ivr.flow.findings import Finding, FlowLoadError

MAX_BYTES = 1_000_000
MAX_VALUES = 100_000
MAX_DEPTH = 40

MERGE = "<<"
"""The key that takes over another mapping's entries: not of YAML 1.2, but what authors know from everywhere else."""

Path = tuple[str | int, ...]
Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?\Z")


@dataclass(frozen=True, slots=True)
class Mark:
    """Counted from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Document:
    """data: the value. values: path -> where the value begins. keys: path -> where its key begins (libyaml's marks)."""

    file: str
    data: Plain
    values: dict[Path, Any] = field(default_factory=dict)
    keys: dict[Path, Any] = field(default_factory=dict)
    text: str = ""

    def line(self, number: int) -> str:
        """A line of the file, counted from 1; "" when there is none."""
        lines = self.text.split("\n", number)
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def place(self, path: Path, *, key: bool = False) -> Mark:
        """Where that path stands; a path that is not there stands where its nearest parent does."""
        first, second = (self.keys, self.values) if key else (self.values, self.keys)
        for length in range(len(path), -1, -1):
            part = path[:length]
            found = first.get(part) or second.get(part)
            if found is not None:
                return Mark(found.line + 1, found.column + 1)
        return Mark(1, 1)


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
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=yaml.CSafeLoader))
        self._document = Document(file, None, text=text)
        self._anchors: dict[str, tuple[Plain, int]] = {}
        self._values = 0

    def document(self) -> Document:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                break
        else:
            return self._document
        self._document.data = self._value(next(self._events), (), 0)[0]
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                raise self._no(event, "several-documents", "a second document begins here", "one flow a file")
        return self._document

    def _no(self, event: Any, code: str, cause: str, suggestion: str) -> FlowLoadError:
        return _refused(self._file, _mark(event), code, cause, suggestion)

    def _value(self, event: Any, path: Path, depth: int) -> tuple[Plain, int]:
        """The value and how many values it holds, itself included."""
        self._document.values[path] = event.start_mark
        if depth > MAX_DEPTH:
            raise self._no(event, "too-deep", f"nested more than {MAX_DEPTH} deep", "flatten it")
        if isinstance(event, yaml.AliasEvent):
            found = self._anchors.get(str(event.anchor))
            if found is None:
                raise self._no(
                    event,
                    "unknown-alias",
                    f"`*{event.anchor}` stands for nothing before it",
                    "define it first",
                )
            self._count(event, found[1])
            return found
        if event.tag is not None:
            raise self._no(event, "unknown-tag", f"the tag `{event.tag}` means nothing here", "leave it out")
        self._count(event, 1)
        value: Plain
        if isinstance(event, yaml.ScalarEvent):
            value, size = _scalar(event.value, plain=event.implicit[0]), 1
        elif isinstance(event, yaml.SequenceStartEvent):
            value, size = self._sequence(path, depth)
        else:
            value, size = self._mapping(path, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, size)
        return value, size

    def _count(self, event: Any, more: int) -> None:
        self._values += more
        if self._values > MAX_VALUES:
            raise self._no(
                event,
                "too-many-values",
                f"the file expands to more than {MAX_VALUES} values",
                "use fewer aliases",
            )

    def _sequence(self, path: Path, depth: int) -> tuple[Plain, int]:
        items: list[Plain] = []
        size = 1
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            item, more = self._value(event, (*path, len(items)), depth + 1)
            items.append(item)
            size += more
        return items, size

    def _mapping(self, path: Path, depth: int) -> tuple[Plain, int]:
        entries: dict[str, Plain] = {}
        merged: dict[str, Plain] = {}
        size = 1
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            if not isinstance(event, yaml.ScalarEvent):
                raise self._no(event, "key-not-text", "a key must be a plain text", "write `name: value`")
            key = event.value
            if key == MERGE and event.implicit[0]:
                size += self._merge(event, path, depth, merged)
                continue
            if key in entries:
                first = self._document.keys[(*path, key)]
                raise self._no(
                    event,
                    "duplicate-key",
                    f"`{key}` stands here twice (first in line {first.line + 1})",
                    "keep one",
                )
            self._document.keys[(*path, key)] = event.start_mark
            entries[key], more = self._value(next(self._events), (*path, key), depth + 1)
            size += more + 1
        return {**merged, **entries} if merged else entries, size

    def _merge(self, event: Any, path: Path, depth: int, merged: dict[str, Plain]) -> int:
        """`<<: *other`: its entries, unless written here. Gives how many values came in."""
        value, size = self._value(next(self._events), (*path, MERGE), depth + 1)
        for each in value if isinstance(value, list) else [value]:
            if not isinstance(each, dict):
                raise self._no(
                    event, "wrong-type", "`<<` takes the entries of a mapping", "write `<<: *name`"
                )
            for key, item in each.items():
                merged.setdefault(key, item)
                self._document.keys.setdefault((*path, key), event.start_mark)
                self._document.values.setdefault((*path, key), event.start_mark)
        return size


def _mark(event: Any) -> Mark:
    return Mark(event.start_mark.line + 1, event.start_mark.column + 1)


def _scalar(text: str, *, plain: bool) -> Plain:
    """A quoted scalar is a text; a plain one is what YAML 1.2's core schema makes of it, decimal numbers only."""
    if not plain:
        return text
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if _INTEGER.match(text):
        return int(text)
    if _FLOAT.match(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text
