"""The words of an expression, as CEL's grammar has them."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

ESCAPE: Final = (
    r"""\\(?:[abfnrtv"'\\?`]|[0-3][0-7][0-7]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})"""
)
_STRING = (
    rf'(?:"""(?:{ESCAPE}|[^\\])*?"""'
    rf"|'''(?:{ESCAPE}|[^\\])*?'''"
    rf'|"(?:{ESCAPE}|[^\\"\n\r])*"'
    rf"|'(?:{ESCAPE}|[^\\'\n\r])*'"
    r'|[rR]"""[\s\S]*?"""'
    r"|[rR]'''[\s\S]*?'''"
    r'|[rR]"[^"\n\r]*"'
    r"|[rR]'[^'\n\r]*')"
)
_TOKEN = re.compile(
    rf"""(?P<space>[ \t\r\n\f]+)
|(?P<comment>//[^\n]*)
|(?P<text>{_STRING})
|(?P<bytes>[bB]{_STRING})
|(?P<name>[A-Za-z_][A-Za-z0-9_]*)
|(?P<double>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)
|(?P<uint>(?:0x[0-9a-fA-F]+|[0-9]+)[uU])
|(?P<int>0x[0-9a-fA-F]+|[0-9]+)
|(?P<sign>==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()\[\]{{}}])""",
    re.VERBOSE,
)
WORDS: Final = frozenset({"true", "false", "null", "in"})
"""Names that are words of the grammar. Their kind is their own text."""


class Token(NamedTuple):
    """kind: text, bytes, name, double, uint, int; for a sign or one of WORDS its own text; "" at the end."""

    kind: str
    text: str
    start: int
    end: int


class BadCharacter(Exception):
    """Nothing of the grammar begins at `offset`. `tokens`: those before it."""

    def __init__(self, offset: int, tokens: list[Token]) -> None:
        super().__init__(offset)
        self.offset = offset
        self.tokens = tokens


def tokens_of(source: str) -> list[Token]:
    """All tokens and the end. Raises BadCharacter."""
    tokens: list[Token] = []
    position = 0
    match = _TOKEN.match
    while position < len(source):
        found = match(source, position)
        if found is None:
            raise BadCharacter(position, tokens)
        kind, text, end = str(found.lastgroup), found.group(), found.end()
        if kind == "sign" or (kind == "name" and text in WORDS):
            tokens.append(Token(text, text, position, end))
        elif kind not in ("space", "comment"):
            tokens.append(Token(kind, text, position, end))
        position = end
    tokens.append(Token("", "", len(source), len(source)))
    return tokens


def comment_in(source: str) -> int | None:
    """Where `//` begins a comment, if one does; the source must be readable."""
    if "//" not in source:
        return None
    position = 0
    while position < len(source):
        found = _TOKEN.match(source, position)
        if found is None or found.lastgroup == "comment":
            return position
        position = found.end()
    return None
