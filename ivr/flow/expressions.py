"""Conditions and computed values: CEL, the Common Expression Language (decision 0031). Pure.

CEL has no loops, no assignment and no access to Python, so an operator's expression can do no harm but fail; it is
typed (`"a" + 1` fails instead of guessing) and its variables are known before it runs, which is what the linter uses.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping

import cel

from ivr.errors import FlowError
from ivr.flow.actions import JsonValue

MAX_LENGTH = 1000
"""Characters of an expression."""
MAX_TEXT = 4000
"""Characters of a text that an expression may give, so that no flow grows its variables without end."""
MAX_ITEMS = 1000


class ExpressionError(FlowError):
    """The expression cannot be read (at load)."""


class ExpressionFailed(FlowError):
    """The expression gave no value (at run time): a missing key, types that do not go together, a division by 0."""


class Expression:
    """One compiled expression. `names`: the variables it needs."""

    __slots__ = ("_program", "names", "source")

    def __init__(self, source: str) -> None:
        """Raises ExpressionError."""
        if len(source) > MAX_LENGTH:
            raise ExpressionError(f"an expression of {len(source)} characters", mend=f"{MAX_LENGTH} at most")
        try:
            self._program = cel.compile(source)
            self.names = frozenset(self._program.variables())
        except BaseException as error:
            # The parser is in Rust: a fault in it surfaces as PanicException, which is no Exception.
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            raise ExpressionError(_first_line(error), mend="CEL: a == 1 && b != 'x'") from error
        self.source = source

    def evaluate(self, scope: Mapping[str, object]) -> JsonValue:
        """scope: at least `names`. Raises ExpressionFailed."""
        try:
            return _json(
                self._program.execute({name: scope[name] for name in self.names if name in scope}), 0
            )
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            raise ExpressionFailed(f"`{self.source}`: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    if "ERROR:" in text:
        # "Failed to parse expression '...': ERROR: <input>:1:9: Syntax error: ..." repeats the whole expression.
        text = text.split("ERROR:", 1)[1].strip().removeprefix("<input>:1:")
        text = "at character " + text
    return text.split("\n", 1)[0][:300] or type(error).__name__


def _json(value: object, depth: int) -> JsonValue:
    """What CEL gave as something that a journal can hold."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise ValueError(f"a text of {len(value)} characters")
        return value
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if depth < 8 and isinstance(value, list) and len(value) <= MAX_ITEMS:
        return [_json(item, depth + 1) for item in value]
    if depth < 8 and isinstance(value, dict) and len(value) <= MAX_ITEMS:
        return {str(key): _json(item, depth + 1) for key, item in value.items()}
    raise ValueError(f"a value of kind {type(value).__name__}, or too large a one")
