"""What each part of an expression has to be, and what type it gives: the rules behind `check`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ivr.flow.expressions import advice
from ivr.flow.expressions.calls import call_type
from ivr.flow.expressions.codes import FaultCode
from ivr.flow.expressions.operators import arithmetic, may_equal, membership, order, wrong_format
from ivr.flow.expressions.signatures import KEYS, NEGATED, TYPE_NAMES, Function
from ivr.flow.expressions.tree import (
    Binary,
    Call,
    Choice,
    Constant,
    Fold,
    Has,
    Index,
    ListOf,
    LiteralKind,
    MapOf,
    Name,
    Node,
    Select,
    Unary,
)
from ivr.flow.expressions.types import (
    ANY,
    BOOL,
    BYTES,
    DOUBLE,
    INT,
    NULL,
    TEXT,
    TYPE,
    UINT,
    Type,
    base,
    join,
    list_of,
    map_of,
    one_of,
    open_map,
)
from ivr.flow.findings import did_you_mean

_CONSTANTS: Final[Mapping[LiteralKind, Type]] = {
    "null": NULL,
    "bool": BOOL,
    "int": INT,
    "uint": UINT,
    "double": DOUBLE,
    "text": TEXT,
    "bytes": BYTES,
}
_FOREIGN_NAMES: Final = {
    "True": "true",
    "False": "false",
    "None": "null",
    "nil": "null",
    "undefined": "null",
    "yes": "true",
    "no": "false",
}

Fault = tuple[int, int, FaultCode, str, str]
"""Offset, length, code, cause, suggestion."""


class Checker:
    def __init__(self, source: str, types: Mapping[str, Type], functions: Mapping[str, Function]) -> None:
        self.source = source
        self.types = types
        self.functions = functions
        self.faults: list[Fault] = []
        self._bound: dict[str, Type] = {}

    def say(self, start: int, end: int, code: FaultCode, cause: str, mend: str = "") -> Type:
        """Note a fault. What follows from it is not checked: its type is `any`."""
        self.faults.append((start, end - start, code, cause, mend))
        return ANY

    def written(self, node: Node) -> str:
        return self.source[node.start : node.end]

    def type_of(self, node: Node) -> Type:
        match node:
            case Constant():
                return one_of(node.value) if isinstance(node.value, str) else _CONSTANTS[node.kind]
            case Name():
                return self._name(node)
            case Select():
                return self._select(node)
            case Binary():
                return self._binary(node)
            case Call():
                return call_type(self, node)
            case Unary():
                return self._unary(node)
            case Choice():
                return self._choice(node)
            case Has():
                self._select(node.select)
                return BOOL
            case Index():
                return self._index(node)
            case Fold():
                return self._fold(node)
            case ListOf():
                return list_of(join([self.type_of(item) for item in node.items]))
            case MapOf():
                return self._map(node)

    def condition(self, node: Node, by: str) -> None:
        """It has to be true or false."""
        type_ = self.type_of(node)
        if type_.kind not in ("bool", "any"):
            written = self.written(node)
            cause = f"{by} needs true or false, {advice.brief(written)} is {advice.a(type_)}"
            self.say(node.start, node.end, "wrong-operands", cause, advice.as_condition(type_, written))

    def _known(self, name: str) -> bool:
        return name in self._bound or name in self.types or name in TYPE_NAMES

    def _name(self, node: Name) -> Type:
        name = node.name
        if name in self._bound:
            return self._bound[name]
        known = self.types.get(name)
        if known is not None:
            return known
        if name in TYPE_NAMES:
            return TYPE
        if name in self.functions:
            cause, mend = f"`{name}` is a function", f"call it: {self.functions[name].example}"
        else:
            cause = f"nothing is called `{name}`"
            mend = (
                f"write {_FOREIGN_NAMES[name]}"
                if name in _FOREIGN_NAMES
                else did_you_mean(name, (*self.types, *self._bound)) or f"a text stands in quotes: '{name}'"
            )
        return self.say(node.start, node.end, "undefined-variable", cause, mend)

    def _select(self, node: Select) -> Type:
        operand = self.type_of(node.operand)
        if operand.kind == "any":
            return ANY
        if operand.kind == "map":
            return self._key(operand, node.field, node.field_start, node.end, self.written(node.operand))
        written = self.written(node.operand)
        if node.field in ("length", "size", "len", "count") and base(operand) in ("text", "list"):
            mend = f"write size({written})"
        elif node.field in self.functions:
            method = self.functions[node.field].style == "method"
            mend = f"call it: {written}.{node.field}(...)" if method else f"write {node.field}({written})"
        else:
            mend = ""
        cause = f"{advice.brief(written)} is {advice.a(operand)} and has no keys"
        return self.say(node.field_start, node.end, "undefined-key", cause, mend)

    def _key(self, operand: Type, key: str, start: int, end: int, written: str) -> Type:
        """The value under this key of a map."""
        if operand.fields is None:
            return operand.item or ANY
        if key in operand.fields:
            return operand.fields[key]
        mend = did_you_mean(key, operand.fields) or f"one of {', '.join(operand.fields)}"
        return self.say(start, end, "undefined-key", f"{advice.brief(written)} has no `{key}`", mend)

    def _index(self, node: Index) -> Type:
        operand, index = self.type_of(node.operand), self.type_of(node.index)
        written, key = self.written(node.operand), node.index
        constant = key.value if isinstance(key, Constant) else None
        if operand.kind == "any":
            return ANY
        if operand.kind == "map":
            if isinstance(constant, str):
                return self._key(operand, constant, key.start, key.end, written)
            if base(index) not in KEYS and index.kind != "any":
                cause = f"{advice.a(index)} is no key of a map"
                return self.say(
                    key.start, key.end, "wrong-operands", cause, f"write text({self.written(key)})"
                )
            return operand.item or ANY if operand.fields is None else join(operand.fields.values())
        if operand.kind != "list":
            cause = f"{advice.brief(written)} is {advice.a(operand)}; `[...]` is for lists and maps"
            mend = f"write substring({written}, 0, 1)" if base(operand) == "text" else ""
            return self.say(node.start, node.end, "wrong-operands", cause, mend)
        if index.kind not in ("int", "uint", "any"):
            cause = (
                f"items are counted by whole numbers, {advice.brief(self.written(key))} is {advice.a(index)}"
            )
            return self.say(
                key.start, key.end, "wrong-operands", cause, advice.as_type(index, INT, self.written(key))
            )
        if isinstance(constant, int) and constant < 0:
            mend = f"the last is {written}[size({written}) - 1]"
            return self.say(key.start, key.end, "wrong-operands", "items are counted from 0", mend)
        return operand.item or ANY

    def _map(self, node: MapOf) -> Type:
        fields: dict[str, Type] | None = {}
        values: list[Type] = []
        for key, value in node.entries:
            if isinstance(key, Name) and not self._known(key.name):
                cause = f"the key `{key.name}` without quotes"
                self.say(key.start, key.end, "undefined-variable", cause, f"write '{key.name}'")
            else:
                type_ = self.type_of(key)
                if base(type_) not in KEYS and type_.kind != "any":
                    cause = f"{advice.a(type_)} is no key of a map"
                    self.say(key.start, key.end, "wrong-operands", cause, f"write text({self.written(key)})")
            values.append(self.type_of(value))
            if fields is not None and isinstance(key, Constant) and isinstance(key.value, str):
                fields[key.value] = values[-1]
            else:
                fields = None
        return map_of(**fields) if fields else open_map(join(values))

    def _unary(self, node: Unary) -> Type:
        if node.operator == "!":
            self.condition(node.operand, "`!`")
            return BOOL
        operand = self.type_of(node.operand)
        if operand.kind in NEGATED or operand.kind in ("number", "any"):
            return operand
        cause = f"`-` needs a number, {advice.brief(self.written(node.operand))} is {advice.a(operand)}"
        mend = advice.as_type(operand, DOUBLE, self.written(node.operand))
        return self.say(node.start, node.end, "wrong-operands", cause, mend)

    def _choice(self, node: Choice) -> Type:
        self.condition(node.condition, "`?`")
        yes, no = self.type_of(node.yes), self.type_of(node.no)
        joined = join((yes, no))
        if joined.kind == "any" and not {"any", "null"} & {yes.kind, no.kind}:
            one, other = advice.brief(self.written(node.yes)), advice.brief(self.written(node.no))
            cause = f"`? :` gives {advice.a(yes)} ({one}) or {advice.a(no)} ({other})"
            mend = advice.as_type(no, yes, self.written(node.no)) or advice.as_type(
                yes, no, self.written(node.yes)
            )
            return self.say(node.start, node.end, "wrong-operands", cause, mend or "give both the same type")
        return joined

    def _fold(self, node: Fold) -> Type:
        over = self.type_of(node.range)
        item = ANY
        if over.kind == "list":
            item = over.item or ANY
        elif over.kind == "map":
            # Of a map, its keys; those of an unknown one need not be texts.
            item = one_of(*over.fields) if over.fields else ANY
        elif over.kind != "any":
            written = advice.brief(self.written(node.range))
            cause = f"`{node.macro}` is for lists and maps, {written} is {advice.a(over)}"
            self.say(node.macro_start, node.macro_start + len(node.macro), "wrong-operands", cause)
        outer, self._bound = self._bound, {**self._bound, node.variable: item}
        if node.condition is not None:
            self.condition(node.condition, f"`{node.macro}`")
        if node.macro == "map":
            body = self.type_of(node.body)
        else:
            self.condition(node.body, f"`{node.macro}`")
            body = item
        self._bound = outer
        return list_of(body) if node.macro in ("map", "filter") else BOOL

    def _binary(self, node: Binary) -> Type:
        operator = node.operator
        if operator in ("&&", "||"):
            self.condition(node.left, f"`{operator}`")
            self.condition(node.right, f"`{operator}`")
            return BOOL
        left, right = self.type_of(node.left), self.type_of(node.right)
        sides = (node.left, left, self.written(node.left)), (node.right, right, self.written(node.right))
        wrong = wrong_format(*sides) if operator not in ("+", "-", "*", "/", "%") else None
        if wrong is not None:
            place, cause, mend = wrong
            self.say(place.start, place.end, "wrong-operands", cause, mend)
            return BOOL
        if operator in ("==", "!="):
            if not may_equal(left, right):
                self.say(node.start, node.end, "never-equal", *advice.never_equal(*sides))
            return BOOL
        if operator == "in":
            fault = membership(*sides)
            if fault is not None:
                self.say(node.start, node.end, *fault)
            return BOOL
        result = BOOL if operator[0] in "<>" and order(left, right) else None
        if operator in ("+", "-", "*", "/", "%"):
            result = arithmetic(operator, left, right)
        if result is not None:
            return result
        self.say(node.start, node.end, "wrong-operands", *advice.operands(operator, *sides))
        return BOOL if operator[0] in "<>" else ANY
