"""What the literals of an expression stand for."""

from __future__ import annotations

import math
import re
from typing import Final, cast

from ivr.flow.expressions.lexer import ESCAPE, Token
from ivr.flow.expressions.tree import Constant, LiteralKind
from ivr.flow.expressions.types import INT_LIMIT

_SHORT: Final[dict[str, str]] = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
}
_ESCAPED = re.compile(ESCAPE)


class SyntaxFault(Exception):
    """The source cannot be read, from `offset` on. cause: what is there; mend: what to write."""

    def __init__(self, offset: int, length: int, cause: str, mend: str = "") -> None:
        super().__init__(cause)
        self.offset = offset
        self.length = length
        self.cause = cause
        self.mend = mend


def constant(token: Token, minus: str, start: int) -> Constant:
    """The literal that the token is. minus: "-" where one stands in front. Raises SyntaxFault."""

    def fault(cause: str, mend: str = "") -> SyntaxFault:
        return SyntaxFault(start, token.end - start, cause, mend)

    try:
        value: int | float | str | bytes
        if token.kind == "text":
            value = _text(token.text)
        elif token.kind == "bytes":
            value = _bytes(token.text)
        elif token.kind == "double":
            value = float(minus + token.text)
            if math.isinf(value):
                raise fault("the number is too large")
        else:
            digits = token.text.rstrip("uU")
            value = int(minus + digits, 16 if digits.startswith("0x") else 10)
            low, high = (0, 2 * INT_LIMIT) if token.kind == "uint" else (-INT_LIMIT, INT_LIMIT)
            if not low <= value < high:
                raise fault("the number is too large", "quote it, if it is digits and not an amount")
    except ValueError as error:
        raise fault(str(error)) from error
    return Constant(start, token.end, cast(LiteralKind, token.kind), value)


def _text(written: str) -> str:
    """What a quoted text says. Raises ValueError: a code that is no character."""
    raw = written[0] in "rR"
    quoted = written[1:] if raw else written
    width = 3 if len(quoted) >= 6 and quoted[:3] in ('"""', "'''") else 1
    inner = quoted[width:-width]
    if raw or "\\" not in inner:
        return inner
    return _ESCAPED.sub(lambda found: _character(found.group()), inner)


def _bytes(written: str) -> bytes:
    """`\\xff` is one byte here. Raises ValueError: bytes have no `\\u`."""
    quoted = written[1:]
    if quoted[0] in "rR" or "\\" not in quoted:
        return _text(quoted).encode()
    width = 3 if len(quoted) >= 6 and quoted[:3] in ('"""', "'''") else 1
    parts: list[bytes] = []
    position, inner = 0, quoted[width:-width]
    for found in _ESCAPED.finditer(inner):
        if found.group()[1] in "uU":
            raise ValueError("bytes have no `\\u`")
        parts += [inner[position : found.start()].encode(), _character(found.group()).encode("latin-1")]
        position = found.end()
    return b"".join([*parts, inner[position:].encode()])


def _character(escape: str) -> str:
    letter = escape[1]
    if letter in "xXuU":
        code = int(escape[2:], 16)
    elif letter in "0123":
        code = int(escape[1:], 8)
    else:
        return _SHORT.get(letter, letter)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise ValueError(f"`{escape}` is no character")
    return chr(code)
