"""What the operators between two values take and give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ivr.flow.expressions import advice
from ivr.flow.expressions.advice import Side
from ivr.flow.expressions.codes import FaultCode
from ivr.flow.expressions.signatures import ARITHMETIC, KEYS, ORDERED
from ivr.flow.expressions.tree import Constant, Node
from ivr.flow.expressions.types import (
    ANY,
    BYTES,
    DOUBLE,
    DURATION,
    INT,
    LIST,
    NUMBERS,
    TEXT,
    TIMESTAMP,
    UINT,
    Kind,
    Type,
    accepts,
    base,
    join,
    list_of,
)
from ivr.flow.findings import did_you_mean

_OF_KIND: Final[Mapping[Kind, Type]] = {
    type_.kind: type_ for type_ in (INT, UINT, DOUBLE, TEXT, BYTES, LIST, TIMESTAMP, DURATION)
}


def arithmetic(operator: str, left: Type, right: Type) -> Type | None:
    """The type of the result; None: the operator does not take these."""
    kinds = base(left), base(right)
    results = [
        result
        for one, other, result in ARITHMETIC[operator]
        if kinds[0] in (one, "any") and kinds[1] in (other, "any")
    ]
    if not results:
        return None
    if len(set(results)) > 1:
        return ANY
    if results[0] == "list":
        return (
            list_of(join(side.item or ANY for side in (left, right) if side.kind == "list"))
            if "any" not in kinds
            else LIST
        )
    return _OF_KIND[results[0]]


def order(left: Type, right: Type) -> bool:
    """Whether `<` compares these."""
    one, other = base(left), base(right)
    if "any" in (one, other):
        return all(kind == "any" or kind in NUMBERS or kind in ORDERED for kind in (one, other))
    return (one in NUMBERS and other in NUMBERS) or (one == other and one in ORDERED)


def may_equal(left: Type, right: Type) -> bool:
    """Whether two values of these types could ever be equal. Whatever failed is null, so null may equal anything."""
    one, other = base(left), base(right)
    if {"any", "null"} & {one, other} or (one in NUMBERS and other in NUMBERS):
        return True
    if one != other:
        return False
    known, also = set(left.values), set(right.values)
    return not known or not also or "" in known | also or bool(known & also)


def membership(left: Side, right: Side) -> tuple[FaultCode, str, str] | None:
    """What is wrong with `left in right`: code, cause, suggestion."""
    (node, type_, written), (_, among, among_written) = left, right
    if among.kind == "any":
        return None
    if among.kind == "list":
        item = among.item or ANY
        if may_equal(type_, item):
            return None
        cause = f"{advice.brief(among_written)} is {advice.a(among)} and never has {advice.brief(written)}"
        if base(type_) == base(item) and type_.values and item.values:
            few, many = (type_, item) if len(type_.values) == 1 else (item, type_)
            return "never-equal", cause, did_you_mean(few.values[0], many.values)
        return "never-equal", cause, advice.as_type(type_, item, written)
    if among.kind == "map":
        if type_.kind != "any" and base(type_) not in KEYS:
            return "wrong-operands", f"{advice.a(type_)} is no key of a map", ""
        if among.fields is not None and isinstance(node, Constant) and node.value not in among.fields:
            mend = did_you_mean(str(node.value), among.fields)
            return "undefined-key", f"{advice.brief(among_written)} has no {advice.brief(written)}", mend
        return None
    cause = f"`in` looks into lists and maps, {advice.brief(among_written)} is {advice.a(among)}"
    mend = f"write {among_written}.contains({written})" if base(among) == base(type_) == "text" else ""
    return "wrong-operands", cause, mend


def wrong_format(left: Side, right: Side) -> tuple[Node, str, str] | None:
    """A text beside a date or time of day that is not written as one: where, cause, suggestion.

    `'8:00'` comes after `'17:30'`, as texts go, so such a comparison would be wrong in silence.
    """
    for (_, type_, _), (node, _, written) in ((left, right), (right, left)):
        wanted = type_.item if type_.kind == "list" else type_
        if wanted is None or wanted.kind not in ("date", "clock"):
            continue
        if isinstance(node, Constant) and isinstance(node.value, str) and not accepts(wanted, node.value):
            form = "'2026-10-01'" if wanted.kind == "date" else "'08:30'"
            return (
                node,
                f"{advice.brief(written)} is no {wanted.kind if wanted.kind == 'date' else 'time of day'}",
                (f"write it like {form}"),
            )
    return None
