"""CEL's grammar, read into a tree with offsets. The library has no tree to offer, so this is our own reader.

Precedence from loose to tight: `? :`, `||`, `&&`, relations and `in`, `+ -`, `* / %`, `! -`, then `.` `[]` `()`.
It reads whatever the library compiles, but for messages (`Name{field: 1}`), which no expression here can have, and
nesting beyond `MAX_DEPTH`. That both agree is tested (`tests/flow/expressions/test_parser.py`).
"""

from __future__ import annotations

import dataclasses
from typing import Final

from ivr.flow.expressions.habits import broken_text_at, habit_at
from ivr.flow.expressions.lexer import WORDS, BadCharacter, Token, tokens_of
from ivr.flow.expressions.literals import SyntaxFault, constant
from ivr.flow.expressions.tree import (
    Binary,
    Call,
    Choice,
    Constant,
    Fold,
    Has,
    Index,
    ListOf,
    Macro,
    MapOf,
    Name,
    Node,
    Select,
    Unary,
)

MAX_DEPTH: Final = 40
"""Brackets within brackets; the library itself gives up at about 96."""
MAX_LINKS: Final = 150
"""Operators and links (`a.b`, `a[0]`) of an expression: so deep a tree can lean."""

RESERVED: Final = frozenset(
    {"as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package"}
    | {"namespace", "return", "var", "void", "while"}
)
"""No variable may have such a name; a key of a map may."""

_BINDING: Final = {
    "||": 1,
    "&&": 2,
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!=", "in"), 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "/", "%"), 5),
}
_MACROS: Final[dict[str, Macro]] = {
    "all": "all",
    "exists": "exists",
    "exists_one": "exists_one",
    "existsOne": "exists_one",
    "map": "map",
    "filter": "filter",
}


def parse(source: str) -> Node:
    """The tree. Raises SyntaxFault."""
    try:
        tokens = tokens_of(source)
    except BadCharacter as bad:
        broken = broken_text_at(source, bad.offset)
        if broken is not None:
            raise SyntaxFault(bad.offset, broken.length, broken.cause, broken.mend) from bad
        raise _fault_at(
            source, bad.tokens, bad.offset, 1, f"`{source[bad.offset]}` means nothing here"
        ) from bad
    reader = _Reader(source, tokens)
    tree = reader.expression(0)
    if reader.token.kind:
        raise reader.left_over()
    return tree


def _fault_at(
    source: str, before: list[Token], offset: int, length: int, cause: str, mend: str = ""
) -> SyntaxFault:
    """The fault there; a habit of another language, begun up to two words before, explains it better."""
    starts = [token.start for token in before[-2:]]
    habits = [(start, habit) for start in (*starts, offset) if (habit := habit_at(source, start)) is not None]
    # `+=` goes wrong at its second sign, `not x` behind its word: what reaches up to here comes first.
    habits.sort(key=lambda found: found[0] + found[1].length <= offset)
    if habits:
        start, habit = habits[0]
        return SyntaxFault(start, habit.length, habit.cause, habit.mend)
    return SyntaxFault(offset, length, cause, mend)


class _Reader:
    __slots__ = ("at", "links", "source", "token", "tokens")

    def __init__(self, source: str, tokens: list[Token]) -> None:
        self.source = source
        self.tokens = tokens
        self.at = 0
        self.links = 0
        self.token = tokens[0]

    def unexpected(self, wanted: str) -> SyntaxFault:
        token = self.token
        cause = f"`{token.text}` is not expected here" if token.kind else "the expression ends too early"
        before = self.tokens[: self.at]
        return _fault_at(
            self.source, before, token.start, max(1, len(token.text)), cause, f"expected {wanted}"
        )

    def left_over(self) -> SyntaxFault:
        """Something follows a whole expression."""
        kind = self.token.kind
        if kind in (")", "]", "}"):
            wanted = "one bracket less"
        elif kind == ":":
            wanted = "`?` before `:`, as condition ? this : otherwise"
        else:
            wanted = "an operator in front of it, as && or +"
        return self.unexpected(wanted)

    def next(self) -> Token:
        token = self.token
        self.at += 1
        self.token = self.tokens[self.at]
        return token

    def take(self, kind: str, wanted: str = "") -> Token:
        if self.token.kind != kind:
            raise self.unexpected(wanted or f"`{kind}`")
        return self.next()

    def _deep(self, depth: int) -> int:
        if depth > MAX_DEPTH:
            raise SyntaxFault(
                self.token.start,
                1,
                f"brackets nested more than {MAX_DEPTH} deep",
                "set a variable in between",
            )
        return depth + 1

    # From loose to tight

    def expression(self, depth: int) -> Node:
        depth = self._deep(depth)
        condition = self._binary(depth, 1)
        if self.token.kind != "?":
            return condition
        self.next()
        yes = self._binary(depth, 1)
        self.take(":", "`:` (condition ? this : otherwise)")
        no = self.expression(depth)
        return Choice(condition.start, no.end, condition, yes, no)

    def _binary(self, depth: int, least: int) -> Node:
        left = self._unary(depth)
        while True:
            binding = _BINDING.get(self.token.kind, 0)
            if binding < least:
                return left
            self._link()
            sign = self.next()
            right = self._binary(depth, binding + 1)
            left = Binary(left.start, right.end, sign.kind, sign.start, left, right)

    def _link(self) -> None:
        self.links += 1
        if self.links > MAX_LINKS:
            cause = f"more than {MAX_LINKS} operators in one expression"
            raise SyntaxFault(self.token.start, 1, cause, "set a variable in between, or use a list")

    def _unary(self, depth: int) -> Node:
        sign = self.token.kind
        if sign not in ("!", "-"):
            return self._member(depth)
        starts: list[int] = []
        while self.token.kind == sign:
            if sign == "-" and not starts and self.tokens[self.at + 1].kind in ("int", "double"):
                break
            starts.append(self.next().start)
        operand = self._member(depth)
        # As in CEL itself `!!!!x` is `x`: only whether their number is odd matters.
        if len(starts) % 2:
            return Unary(starts[0], operand.end, "!" if sign == "!" else "-", operand)
        return dataclasses.replace(operand, start=starts[0]) if starts else operand

    def _member(self, depth: int) -> Node:
        node = self._primary(depth)
        while self.token.kind in (".", "["):
            self._link()
            if self.next().kind == "[":
                index = self.expression(depth)
                node = Index(node.start, self.take("]").end, node, index)
                continue
            if self.token.kind in WORDS:
                raise self.unexpected(f"a name; this one is written ['{self.token.text}']")
            name = self.take("name", "a name")
            if self.token.kind == "(":
                arguments, end = self._arguments(depth)
                node = self._call(node, name, arguments, node.start, end)
            else:
                node = Select(node.start, name.end, node, name.text, name.start)
        if self.token.kind == "{":
            raise SyntaxFault(self.token.start, 1, "nothing stands in front of a map", "{'key': value}")
        return node

    def _arguments(self, depth: int) -> tuple[tuple[Node, ...], int]:
        self.take("(")
        arguments: list[Node] = []
        if self.token.kind != ")":
            arguments.append(self.expression(depth))
            while self.token.kind == ",":
                self.next()
                arguments.append(self.expression(depth))
        return tuple(arguments), self.take(")", "`,` or `)`").end

    def _call(
        self, target: Node | None, name: Token, arguments: tuple[Node, ...], start: int, end: int
    ) -> Node:
        function = name.text
        if target is None:
            if function == "has" and len(arguments) == 1:
                (select,) = arguments
                if not isinstance(select, Select):
                    raise SyntaxFault(
                        select.start,
                        select.end - select.start,
                        "`has` asks for a key of a map",
                        "has(call.facts.age)",
                    )
                return Has(start, end, select)
        elif function in _MACROS and len(arguments) in ((2, 3) if function == "map" else (2,)):
            variable = arguments[0]
            if not isinstance(variable, Name):
                length = variable.end - variable.start
                raise SyntaxFault(
                    variable.start,
                    length,
                    f"`{function}` begins with a name for each item",
                    "list.map(x, x + 1)",
                )
            condition = arguments[1] if len(arguments) == 3 else None
            macro = _MACROS[function]
            return Fold(start, end, macro, name.start, target, variable.name, condition, arguments[-1])
        return Call(start, end, function, name.start, target, arguments)

    def _primary(self, depth: int) -> Node:
        token = self.token
        match token.kind:
            case "name":
                return self._named(depth, self.next(), token.start, "")
            case "." if self.tokens[self.at + 1].kind == "name":
                self.next()
                return self._named(depth, self.next(), token.start, ".")
            case "text" | "bytes" | "int" | "uint" | "double":
                self.next()
                return constant(token, "", token.start)
            case "-" if self.tokens[self.at + 1].kind in ("int", "double"):
                self.next()
                return constant(self.next(), "-", token.start)
            case "true" | "false":
                self.next()
                return Constant(token.start, token.end, "bool", token.kind == "true")
            case "null":
                self.next()
                return Constant(token.start, token.end, "null", None)
            case "(":
                self.next()
                inner = self.expression(depth)
                return dataclasses.replace(inner, start=token.start, end=self.take(")").end)
            case "[":
                return self._list(depth)
            case "{":
                return self._map(depth)
            case _:
                raise self.unexpected("a value")

    def _named(self, depth: int, name: Token, start: int, dot: str) -> Node:
        if name.text in RESERVED:
            raise _fault_at(
                self.source,
                self.tokens[: self.at],
                name.start,
                len(name.text),
                f"`{name.text}` is a reserved word",
                "call it something else",
            )
        if self.token.kind == "(":
            arguments, end = self._arguments(depth)
            return self._call(None, name._replace(text=dot + name.text), arguments, start, end)
        return Name(start, name.end, dot + name.text)

    def _list(self, depth: int) -> Node:
        start = self.next().start
        items: list[Node] = []
        while self.token.kind not in ("]", ","):
            items.append(self.expression(depth))
            if self.token.kind != ",":
                break
            self.next()
            if self.token.kind == ",":
                raise self.unexpected("a value")
        if not items and self.token.kind == ",":
            self.next()
        return ListOf(start, self.take("]", "`,` or `]`").end, tuple(items))

    def _map(self, depth: int) -> Node:
        start = self.next().start
        entries: list[tuple[Node, Node]] = []
        while self.token.kind not in ("}", ","):
            key = self.expression(depth)
            self.take(":", "`:` (a map is written {'key': value}; a value stands without braces)")
            entries.append((key, self.expression(depth)))
            if self.token.kind != ",":
                break
            self.next()
            if self.token.kind == ",":
                raise self.unexpected("a key")
        if not entries and self.token.kind == ",":
            self.next()
        return MapOf(start, self.take("}", "`,` or `}`").end, tuple(entries))
