"""What an expression needs to run: its names, its functions, and the text that the library compiles.

The text differs from what was written in two calls: `size` counts characters (the library's counts the bytes of a
text), and `default` with a path looks it up key by key, because CEL would fail at the first one missing. Of a map that
is only used by key (`call.history.calls`) only those keys are handed over: the library converts all it is given.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ivr.flow.expressions.added import OURS
from ivr.flow.expressions.effort import guard
from ivr.flow.expressions.functions import default_at
from ivr.flow.expressions.parser import parse
from ivr.flow.expressions.tree import (
    Binary,
    Call,
    Choice,
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

Keys = dict[str, "Keys | None"]
"""The keys of a map that are used, each with those used of its value; None: all of them."""

_RENAMED: Final = {"size": "size_of_any", "default": "default_at"}


@dataclass(slots=True)
class Plan:
    """source: for the library. names: free ones, each with the keys used of it. functions: to register.

    timed: those among them that are given `now`. longest: of the lists it may be handed; 0: it goes through none.
    """

    tree: Node
    source: str
    longest: int = 0
    names: dict[str, Keys | None] = field(default_factory=dict)
    functions: dict[str, Callable[..., Any]] = field(default_factory=dict)
    timed: dict[str, Callable[..., Any]] = field(default_factory=dict)


@functools.lru_cache(maxsize=4096)
def prepare(source: str) -> Plan:
    """Read it, bound its work, plan its run: once for the check and the compiling. Raises SyntaxFault.

    The plan is shared: nobody changes it.
    """
    tree = parse(source)
    planner = _Planner(Plan(tree, source, guard(tree)))
    planner.visit(tree, frozenset())
    plan = planner.plan
    if plan.timed:
        plan.names.setdefault("now", None)
    for start, end, text in sorted(planner.edits, reverse=True):
        plan.source = plan.source[:start] + text + plan.source[end:]
    return plan


def pruned(value: object, keys: Keys | None) -> object:
    """The value with only these keys."""
    if keys is None or not isinstance(value, Mapping):
        return value
    return {key: pruned(value[key], inner) for key, inner in keys.items() if key in value}


class _Planner:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.edits: list[tuple[int, int, str]] = []

    def visit(self, node: Node, bound: frozenset[str]) -> None:
        match node:
            case Name() | Select():
                self._path(node, bound)
            case Has(select=select):
                self._path(select, bound)
            case Index(operand=operand, index=index):
                self.visit(operand, bound)
                self.visit(index, bound)
            case ListOf(items=items):
                for item in items:
                    self.visit(item, bound)
            case MapOf(entries=entries):
                for key, value in entries:
                    self.visit(key, bound)
                    self.visit(value, bound)
            case Unary(operand=operand):
                self.visit(operand, bound)
            case Binary(left=left, right=right):
                self.visit(left, bound)
                self.visit(right, bound)
            case Choice(condition=condition, yes=yes, no=no):
                for part in (condition, yes, no):
                    self.visit(part, bound)
            case Call():
                self._call(node, bound)
            case Fold():
                self.visit(node.range, bound)
                inner = bound | {node.variable}
                if node.condition is not None:
                    self.visit(node.condition, inner)
                self.visit(node.body, inner)

    def _path(self, node: Node, bound: frozenset[str]) -> None:
        keys: list[str] = []
        while isinstance(node, Select):
            keys.append(node.field)
            node = node.operand
        if not isinstance(node, Name):
            self.visit(node, bound)
        elif node.name not in bound:
            self._use(node.name, keys[::-1])

    def _use(self, name: str, keys: list[str]) -> None:
        if not keys:
            self.plan.names[name] = None
            return
        known = self.plan.names.setdefault(name, {})
        for key in keys[:-1]:
            if known is None:
                return
            known = known.setdefault(key, {})
        if known is not None:
            known[keys[-1]] = None

    def _call(self, node: Call, bound: frozenset[str]) -> None:
        function = OURS.get(node.function)
        if function is not None and function.call is not None:
            end = node.function_start + len(node.function)
            if function.name == "default" and node.target is None and self._default(node, end):
                self.plan.functions["default_at"] = default_at
            elif function.name == "size":
                self.edits.append((node.function_start, end, _RENAMED["size"]))
                self.plan.functions[_RENAMED["size"]] = function.call
            elif function.timed:
                self.plan.timed[function.name] = function.call
            else:
                self.plan.functions[function.name] = function.call
        if node.target is not None:
            self.visit(node.target, bound)
        for argument in node.arguments:
            self.visit(argument, bound)

    def _default(self, node: Call, end: int) -> bool:
        """`default(a.b[0], x)` becomes `default_at(a, ['b', 0], x)`. False: its first argument is no path."""
        if len(node.arguments) != 2:
            return False
        path = node.arguments[0]
        links: list[Select | Index] = []
        link = path
        while isinstance(link, Select | Index):
            links.append(link)
            link = link.operand
        # What begins with a bracket begins before its name.
        if not links or not isinstance(link, Name) or link.start != path.start:
            return False
        separator = ", ["
        for each in reversed(links):
            if isinstance(each, Select):
                self.edits.append((each.operand.end, each.end, f"{separator}'{each.field}'"))
            else:
                self.edits.append((each.operand.end, each.index.start, separator))
                self.edits.append((each.index.end, each.end, ""))
            separator = ", "
        self.edits.append((path.end, path.end, "]"))
        self.edits.append((node.function_start, end, _RENAMED["default"]))
        return True
