"""How much an expression could do at most, counted before it ever runs, so that none can stall the calls.

CEL has no loops, but `list.map(x, list.map(y, ...))` multiplies and `.map(x, x + x)` doubles. An evaluation is counted
as steps of about 0.1 µs, a value as items and characters; a variable counts as a text of 4,000 characters or a list
of 1,000 items, of 200 where lists are gone through within each other: `Expression` refuses longer ones at run time. A
regular expression has to stand there in quotes, because it is compiled at each evaluation.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ivr.flow.expressions.alone import cel
from ivr.flow.expressions.functions import MAX_ITEMS, MAX_TEXT
from ivr.flow.expressions.literals import SyntaxFault
from ivr.flow.expressions.tree import (
    Binary,
    Call,
    Choice,
    Constant,
    Fold,
    Has,
    Index,
    ListOf,
    MapOf,
    Name,
    Node,
    Select,
    Unary,
)

MAX_ITEMS_NESTED: Final = 200
MAX_STEPS: Final = 20_000_000
MAX_WEIGHT: Final = 20_000_000
"""Characters and items that a value on the way may have."""
MAX_PATTERN_STEPS: Final = 100_000
_CALL_STEPS: Final = 20

_REPEATED = re.compile(r"\{([0-9]+)(?:,([0-9]*))?\}")
_HEAVY = re.compile(r"\\[wWdDpP]")


@dataclass(frozen=True, slots=True)
class Effort:
    """steps: of the evaluation. items: of the list or map that it gives. weight: of all that it gives."""

    steps: float = 1
    items: float = 1
    weight: float = 1


def guard(tree: Node) -> int:
    """The longest list that it may be given; 0: it goes through none.

    Raises SyntaxFault where an expression could do too much, or where a pattern cannot be read.
    """
    bound = _Bound(MAX_ITEMS)
    try:
        _effort(tree, bound)
    except _TooMuch:
        pass
    else:
        return MAX_ITEMS if bound.folds else 0
    try:
        _effort(tree, _Bound(MAX_ITEMS_NESTED))
    except _TooMuch as much:
        raise SyntaxFault(
            much.node.start,
            much.node.end - much.node.start,
            "this could take too long on long lists",
            "use fewer `map`, `filter`, `exists` and `all` within each other",
        ) from much
    return MAX_ITEMS_NESTED


class _TooMuch(Exception):
    def __init__(self, node: Node) -> None:
        self.node = node


class _Bound(dict[str, Effort]):
    """The names that macros bind; any other is a variable with at most so many items. folds: a macro was met."""

    def __init__(self, items: int, names: Mapping[str, Effort] | None = None) -> None:
        super().__init__(names or {})
        self.items_at_most = items
        self.folds = False

    def __missing__(self, name: str) -> Effort:
        return Effort(1, self.items_at_most, MAX_TEXT)

    def with_name(self, name: str, effort: Effort) -> _Bound:
        return _Bound(self.items_at_most, {**self, name: effort})


def _effort(node: Node, bound: _Bound) -> Effort:
    match node:
        case Constant():
            weight = len(node.value) if isinstance(node.value, str | bytes) else 1
            return Effort(1, 1, max(1, weight))
        case Name():
            return bound[node.name]
        case Select(operand=operand) | Has(select=Select(operand=operand)):
            return _plus(1, _effort(operand, bound))
        case Unary(operand=operand):
            return _plus(1, _effort(operand, bound))
        case Index(operand=operand, index=index):
            return _plus(1 + _effort(index, bound).steps, _effort(operand, bound))
        case ListOf(items=items):
            return _sum(node, [_effort(item, bound) for item in items], len(items))
        case MapOf(entries=entries):
            parts = [_effort(part, bound) for entry in entries for part in entry]
            return _sum(node, parts, len(entries))
        case Choice():
            condition, yes, no = (_effort(part, bound) for part in (node.condition, node.yes, node.no))
            steps = condition.steps + yes.steps + no.steps
            return Effort(steps, max(yes.items, no.items), max(yes.weight, no.weight))
        case Binary(operator="+", left=left, right=right):
            parts = [_effort(left, bound), _effort(right, bound)]
            return _sum(node, parts, sum(part.items for part in parts))
        case Binary(left=left, right=right):
            return Effort(1 + _effort(left, bound).steps + _effort(right, bound).steps)
        case Call():
            return _call(node, bound)
        case Fold():
            return _fold(node, bound)


def _plus(steps: float, effort: Effort) -> Effort:
    return Effort(effort.steps + steps, effort.items, effort.weight)


def _sum(node: Node, parts: list[Effort], items: float) -> Effort:
    return _within(
        node, Effort(1 + sum(p.steps for p in parts), max(1, items), 1 + sum(p.weight for p in parts))
    )


def _within(node: Node, effort: Effort) -> Effort:
    if effort.steps > MAX_STEPS or effort.weight > MAX_WEIGHT:
        raise _TooMuch(node)
    return effort


def _call(node: Call, bound: _Bound) -> Effort:
    parts = [_effort(part, bound) for part in (*node.arguments, *((node.target,) if node.target else ()))]
    steps = _CALL_STEPS + sum(part.steps for part in parts)
    if node.function == "matches" and node.target is not None and len(node.arguments) == 1:
        steps += _pattern_steps(node.arguments[0])
    return _within(node, Effort(steps, MAX_ITEMS, MAX_TEXT))


def _fold(node: Fold, bound: _Bound) -> Effort:
    bound.folds = True
    over = _effort(node.range, bound)
    # Each item as heavy as their mean: the sum over all is right then, because bodies are linear in it.
    inner = bound.with_name(node.variable, Effort(1, bound.items_at_most, max(1, over.weight / over.items)))
    body = _effort(node.body, inner)
    each = 1 + body.steps + (_effort(node.condition, inner).steps if node.condition is not None else 0)
    steps = over.steps + over.items * each
    if node.macro == "map":
        return _within(node, Effort(steps + _growing(over.items), over.items, over.items * body.weight))
    if node.macro == "filter":
        return _within(node, Effort(steps + _growing(over.items), over.items, over.weight))
    return _within(node, Effort(steps))


def _growing(items: float) -> float:
    """The library copies the list at each item that it adds: 29 ms for 1,000."""
    return items * items * 0.3


def _pattern_steps(pattern: Node) -> int:
    """Of compiling it. Raises SyntaxFault."""
    length = pattern.end - pattern.start
    if not isinstance(pattern, Constant) or not isinstance(pattern.value, str):
        raise SyntaxFault(
            pattern.start, length, "a pattern stands here in quotes", "matches('^1[3-9][0-9]{9}$')"
        )
    steps, fault = _compiled(pattern.value)
    if fault:
        raise SyntaxFault(pattern.start, length, fault, "patterns are those of RE2: no (?=...), no \\1")
    if steps > MAX_PATTERN_STEPS:
        raise SyntaxFault(
            pattern.start,
            length,
            "this pattern takes too long to compile",
            "write [0-9] for \\d and [a-z] for \\w, with fewer {n}",
        )
    return steps


@functools.lru_cache(maxsize=512)
def _compiled(pattern: str) -> tuple[int, str]:
    """About how many steps it takes, and why it cannot be read ("": it can)."""
    times = math.prod(max(1, int(least), int(most or 0)) for least, most in _REPEATED.findall(pattern))
    heavy = len(_HEAVY.findall(pattern))
    if heavy == 0 and re.search(r"\(\?[a-zA-Z]*i", pattern):
        heavy = 1
    steps = 100 + times * (len(pattern) * 3 + heavy * 3000)
    if steps <= MAX_PATTERN_STEPS:
        try:
            cel.compile("''.matches(pattern)").execute({"pattern": pattern})
        except RuntimeError as error:
            lines = [line for line in str(error).splitlines() if line.startswith("error: ")]
            cause = (
                lines[0].removeprefix("error: ").split(". Check")[0].rstrip(".") if lines else "not readable"
            )
            return steps, f"not a pattern: {cause}"
    return steps, ""
