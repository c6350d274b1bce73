"""What to write instead, where the types of an expression do not go together. `written`: a slice of the source."""

from __future__ import annotations

import re
from typing import Final

from ivr.flow.expressions.tree import Constant, Node
from ivr.flow.expressions.types import NUMBERS, Kind, Type, base, describe
from ivr.flow.findings import did_you_mean

Side = tuple[Node, Type, str]
"""A value beside an operator: its node, its type, and how it is written."""

_PLAIN: Final = frozenset({"any", "null", "bool", "bytes"})
_NUMERAL = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")


def a(type_: Type) -> str:
    """`a text`, `an unsigned number`, `true or false`."""
    words = describe(type_)
    if type_.kind in _PLAIN:
        return words
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"


def brief(written: str) -> str:
    """A part of the source, in backquotes, short enough for a sentence."""
    one_line = " ".join(written.split())
    return f"`{one_line}`" if len(one_line) <= 40 else f"`{one_line[:37]}...`"


def as_condition(type_: Type, written: str) -> str:
    """How to make true or false of it."""
    match base(type_):
        case "text":
            return f"write {written} != ''"
        case "int" | "uint" | "double" | "number":
            return f"write {written} > 0"
        case "list" | "map":
            return f"write size({written}) > 0"
        case "null":
            return "write true or false"
    return "compare it with something"


def as_type(type_: Type, wanted: Type, written: str) -> str:
    """How to make the wanted type of it; "" where nothing simple does."""
    match base(wanted):
        case "text" if wanted.values and base(type_) == "text":
            return f"one of {', '.join(wanted.values)}"
        case "text" if base(type_) in ("int", "double", "number", "bool", "null", "timestamp"):
            return f"write text({written})"
        case "int" if type_.kind in ("double", "number"):
            return f"write round({written})"
        case "int" if base(type_) == "text":
            return f"write int({written})"
        case "double" | "number" if base(type_) == "text":
            return f"write number({written})"
        case "list":
            return f"write [{written}]"
    return ""


def operands(operator: str, left: Side, right: Side) -> tuple[str, str]:
    """Cause and suggestion, for an operator of arithmetic or order that does not take these."""
    one, other = a(left[1]), a(right[1])
    if one == other:
        cause = f"`{operator}` does not work on {one}: {brief(left[2])}, {brief(right[2])}"
    else:
        cause = f"`{operator}` does not take these: {brief(left[2])} is {one}, {brief(right[2])} is {other}"
    return cause, _instead(operator, left, right)


def _instead(operator: str, left: Side, right: Side) -> str:
    kinds = base(left[1]), base(right[1])
    for (node, type_, written), (_, other, other_written) in ((left, right), (right, left)):
        hint = _one_side(operator, node, type_, written, other, other_written)
        if hint:
            return hint
    if operator == "+" and kinds == ("duration", "timestamp"):
        return f"write {right[2]} + {left[2]}: the point in time comes first"
    return ""


def _one_side(operator: str, node: Node, type_: Type, written: str, other: Type, other_written: str) -> str:
    kind, beside = base(type_), base(other)
    if kind == "null":
        return f"write default({written}, ...) to have a value in any case"
    if kind == "text" and beside in NUMBERS:
        numeral = _numeral(node)
        if numeral:
            return f"write {numeral}, without quotes"
        if operator == "+":
            return f"write text({other_written})"
        return f"write number({written}) for what it says, size({written}) for its length"
    if kind == "text" and beside == "timestamp":
        return f"write timestamp({written}), or compare with time.date or time.clock"
    if kind in ("list", "map") and beside in NUMBERS and operator != "+":
        return f"write size({written})"
    if kind == "list" and operator == "+":
        return f"write [{other_written}]"
    if kind in ("timestamp", "duration") and beside in NUMBERS:
        return "write duration('10m') for ten minutes"
    if kind == "bool" and beside in NUMBERS:
        return f"write ({written} ? 1 : 0)"
    if operator == "%" and kind in ("double", "number"):
        return f"write int({written}): `%` is for whole numbers"
    return _number(node, kind, written, beside)


def _number(node: Node, kind: Kind, written: str, beside: Kind) -> str:
    """CEL calculates with numbers of one kind only."""
    if kind == "int" and beside == "double":
        return f"write {written}.0" if isinstance(node, Constant) else f"write double({written})"
    if kind == "number":
        return f"write double({written}): it may have decimals"
    return f"write int({written})" if kind == "uint" and beside in NUMBERS else ""


def never_equal(left: Side, right: Side) -> tuple[str, str]:
    """Cause and suggestion, for two that are compared in vain."""
    one, other = brief(left[2]), brief(right[2])
    if base(left[1]) == base(right[1]) == "text":
        value, known = sorted((left[1].values, right[1].values), key=len)
        mend = did_you_mean(value[0], known) or f"one of {', '.join(known)}"
        return f"{one} and {other} are never equal", mend
    cause = f"{one} is {a(left[1])}, {other} is {a(right[1])}: never equal"
    return cause, _equality(left, right)


def _equality(left: Side, right: Side) -> str:
    for (node, type_, written), (_, other, other_written) in ((left, right), (right, left)):
        kind, beside = base(type_), base(other)
        if kind == "text" and beside in NUMBERS:
            numeral = _numeral(node)
            return f"write {numeral}, without quotes" if numeral else f"write text({other_written})"
        if kind == "text" and beside == "bool":
            if isinstance(node, Constant) and node.value in ("true", "false"):
                return f"write {node.value}, without quotes"
            return f"write {other_written} or !({other_written})"
        if kind == "bool" and beside in NUMBERS:
            return f"write {written} or !({written})"
        if kind == "list" and beside != "list":
            return f"write {other_written} in {written}"
        if kind == "timestamp" and beside == "text":
            return f"write timestamp({other_written}), or compare with time.date or time.clock"
    return ""


def _numeral(node: Node) -> str:
    if isinstance(node, Constant) and isinstance(node.value, str) and _NUMERAL.match(node.value):
        return node.value
    return ""
