"""Calls of functions: that there is one of this name, and that it takes these values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ivr.flow.expressions import advice
from ivr.flow.expressions.signatures import Function, Shape
from ivr.flow.expressions.tree import Call, Name
from ivr.flow.expressions.types import Type, fits
from ivr.flow.findings import did_you_mean

if TYPE_CHECKING:
    from ivr.flow.expressions.rules import Checker

_FOREIGN: Final = {
    "len": "size",
    "length": "size",
    "count": "size",
    "str": "text",
    "toString": "text",
    "float": "number",
    "parseInt": "int",
    "toLowerCase": "lower",
    "lowerAscii": "lower",
    "toUpperCase": "upper",
    "upperAscii": "upper",
    "strip": "trim",
    "includes": "contains",
    "startswith": "startsWith",
    "endswith": "endsWith",
    "match": "matches",
    "substr": "substring",
    "slice": "substring",
    "left": "first",
    "right": "last",
    "coalesce": "default",
    "get": "default",
    "date": "timestamp",
    "any": "exists",
    "some": "exists",
    "every": "all",
}
"""What other languages call it."""
_SPACES: Final = frozenset({"math", "strings", "lists", "sets"})
"""What CEL's extensions put in front of their names."""
_MACROS: Final = frozenset({"all", "exists", "exists_one", "existsOne", "map", "filter", "has"})


def call_type(checker: Checker, node: Call) -> Type:
    """The type that the call gives."""
    written = checker.written
    start, end = node.function_start, node.function_start + len(node.function)
    function = checker.functions.get(node.function)
    space = isinstance(node.target, Name) and node.target.name in _SPACES
    if function is None or space:
        if node.function not in _MACROS and not space:
            # Of a macro written wrong the names are not yet what they will be.
            for value in (*node.arguments, *((node.target,) if node.target is not None else ())):
                checker.type_of(value)
        cause = f"no function is called `{node.function}`"
        return checker.say(start, end, "undefined-function", cause, _near(checker, node))
    values = ((node.target,) if node.target is not None else ()) + node.arguments
    types = [checker.type_of(value) for value in values]
    if node.target is None and function.style == "method":
        cause = f"`{function.name}` is called on a value"
        mend = (
            f"write {written(values[0])}.{function.name}({', '.join(map(written, values[1:]))})"
            if values
            else function.example
        )
        return checker.say(start, end, "wrong-arguments", cause, mend)
    if node.target is not None and function.style == "function":
        mend = f"write {function.name}({', '.join(map(written, values))})"
        return checker.say(start, end, "wrong-arguments", f"`{function.name}` is not called on a value", mend)
    shape = next((shape for shape in function.shapes if _takes(shape, types)), None)
    if shape is not None:
        return shape.result if isinstance(shape.result, Type) else shape.result(types)
    counted = [shape for shape in function.shapes if _counts(shape, len(types))]
    if not counted:
        cause = f"`{function.name}` takes {_counts_of(function)}, here are {len(types)}"
        return checker.say(start, node.end, "wrong-arguments", cause, f"as in {function.example}")
    at = max(_first_wrong(shape, types) for shape in counted)
    wrong, type_ = values[at], types[at]
    takes = [_parameter(shape, at) for shape in counted if _first_wrong(shape, types) == at]
    wanted = " or ".join(dict.fromkeys(advice.a(each) for each in takes))
    cause = f"`{function.name}` takes {wanted} here, {advice.brief(written(wrong))} is {advice.a(type_)}"
    mend = next(filter(None, (advice.as_type(type_, each, written(wrong)) for each in takes)), "")
    return checker.say(wrong.start, wrong.end, "wrong-arguments", cause, mend)


def _parameter(shape: Shape, at: int) -> Type:
    if at < len(shape.parameters):
        return shape.parameters[at]
    assert shape.rest is not None  # only shapes that take so many are asked
    return shape.rest


def _counts(shape: Shape, count: int) -> bool:
    return count == len(shape.parameters) or (shape.rest is not None and count > len(shape.parameters))


def _first_wrong(shape: Shape, types: Sequence[Type]) -> int:
    return next((at for at, type_ in enumerate(types) if not fits(type_, _parameter(shape, at))), len(types))


def _takes(shape: Shape, types: Sequence[Type]) -> bool:
    return _counts(shape, len(types)) and _first_wrong(shape, types) == len(types)


def _counts_of(function: Function) -> str:
    counts = sorted({len(shape.parameters) for shape in function.shapes})
    more = " or more" if any(shape.rest is not None for shape in function.shapes) else ""
    plural = "" if counts == [1] and not more else "s"
    return f"{' or '.join(map(str, counts))}{more} value{plural}"


def _near(checker: Checker, node: Call) -> str:
    name = _FOREIGN.get(node.function, "")
    if node.function in checker.functions:
        name = node.function
    if name in ("exists", "all"):
        return f"write list.{name}(x, x > 1)"
    if name:
        return f"write {name}, as in {checker.functions[name].example}" if name in checker.functions else ""
    if node.function in _MACROS:
        return "has(call.facts.age)" if node.function == "has" else f"write list.{node.function}(x, x > 1)"
    if node.function == "now":
        return "`now` is a value: write it without brackets"
    return did_you_mean(node.function, checker.functions)
