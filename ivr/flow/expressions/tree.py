"""An expression as a tree. Offsets are characters of the source, from 0; `end` is the first one after.

A node in brackets begins and ends at its brackets, so the text between its offsets always stands for itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LiteralKind = Literal["null", "bool", "int", "uint", "double", "text", "bytes"]
Macro = Literal["all", "exists", "exists_one", "map", "filter"]


@dataclass(frozen=True, slots=True)
class Constant:
    start: int
    end: int
    kind: LiteralKind
    value: None | bool | int | float | str | bytes


@dataclass(frozen=True, slots=True)
class Name:
    start: int
    end: int
    name: str


@dataclass(frozen=True, slots=True)
class ListOf:
    start: int
    end: int
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class MapOf:
    start: int
    end: int
    entries: tuple[tuple[Node, Node], ...]


@dataclass(frozen=True, slots=True)
class Select:
    """`operand.field`"""

    start: int
    end: int
    operand: Node
    field: str
    field_start: int


@dataclass(frozen=True, slots=True)
class Index:
    """`operand[index]`"""

    start: int
    end: int
    operand: Node
    index: Node


@dataclass(frozen=True, slots=True)
class Call:
    """`function(arguments)`, or `target.function(arguments)`."""

    start: int
    end: int
    function: str
    function_start: int
    target: Node | None
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Has:
    """`has(select)`"""

    start: int
    end: int
    select: Select


@dataclass(frozen=True, slots=True)
class Fold:
    """`range.macro(variable, body)`; `map` may have a condition in between."""

    start: int
    end: int
    macro: Macro
    macro_start: int
    range: Node
    variable: str
    condition: Node | None
    body: Node


@dataclass(frozen=True, slots=True)
class Unary:
    """`!operand`, `-operand`"""

    start: int
    end: int
    operator: Literal["!", "-"]
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    start: int
    end: int
    operator: str
    operator_start: int
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Choice:
    """`condition ? yes : no`"""

    start: int
    end: int
    condition: Node
    yes: Node
    no: Node


Node = Constant | Name | ListOf | MapOf | Select | Index | Call | Has | Fold | Unary | Binary | Choice
