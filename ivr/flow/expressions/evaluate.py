"""One expression, compiled once and evaluated often. Pure: what it may name is handed to it, `now` too."""

from __future__ import annotations

import datetime as dt
import functools
import logging
import math
from collections.abc import Callable, Mapping

from ivr.errors import FlowError
from ivr.flow.actions import JsonValue
from ivr.flow.expressions.alone import cel
from ivr.flow.expressions.functions import MAX_ITEMS, bounded
from ivr.flow.expressions.literals import SyntaxFault
from ivr.flow.expressions.plan import prepare, pruned
from ivr.flow.expressions.standard import with_fixed_zone

MAX_SOURCE = 1000
"""Characters of an expression."""
_MAX_NESTED = 8

# Whatever fails is raised here and noted in the call's journal; the library would write it into the log once more.
logging.getLogger("cel").setLevel(logging.CRITICAL)


class ExpressionError(FlowError):
    """The expression cannot be read (at load). offset, length: where, in characters of the source."""

    def __init__(self, message: str, *, mend: str = "", offset: int = 0, length: int = 1) -> None:
        super().__init__(message, mend=mend)
        self.offset = offset
        self.length = length


class ExpressionFailed(FlowError):
    """The expression gave no value (at run time): a missing key, types that do not go together, a division by 0."""


class Expression:
    """One compiled expression. `names`: the variables it needs, `now` too where a function counts from it."""

    __slots__ = ("_functions", "_keys", "_longest", "_program", "_timed", "names", "source")

    def __init__(self, source: str) -> None:
        """Raises ExpressionError."""
        if len(source) > MAX_SOURCE:
            raise ExpressionError(f"an expression of {len(source)} characters", mend=f"{MAX_SOURCE} at most")
        try:
            plan = prepare(source)
        except SyntaxFault as fault:
            raise ExpressionError(
                f"at character {fault.offset + 1}: {fault.cause}",
                mend=fault.mend,
                offset=fault.offset,
                length=fault.length,
            ) from fault
        try:
            self._program = cel.compile(plan.source)
        except BaseException as error:
            # The parser is in Rust: a fault in it surfaces as PanicException, which is no Exception.
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            raise ExpressionError(_cause(error), mend="CEL: a == 1 && b != 'x'") from error
        self.source = source
        self.names = frozenset(plan.names)
        self._keys = tuple(plan.names.items())
        self._functions = plan.functions
        self._timed = plan.timed
        self._longest = plan.longest

    def evaluate(self, scope: Mapping[str, object]) -> JsonValue:
        """scope: at least `names`. Raises ExpressionFailed."""
        try:
            values = {
                name: with_fixed_zone(scope[name] if keys is None else pruned(scope[name], keys))
                for name, keys in self._keys
                if name in scope
            }
            if self._longest:
                _refuse_long(values, self._longest)
            if self._timed or self._functions:
                return _json(self._program.execute(cel.Context(values, self._bound(values))), 0)
            return _json(self._program.execute(values), 0)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            raise ExpressionFailed(f"`{self.source}`: {_cause(error)}") from error

    def _bound(self, values: Mapping[str, object]) -> dict[str, Callable[..., object]]:
        if not self._timed:
            return self._functions
        now = values["now"]
        timed = {name: functools.partial(call, now) for name, call in self._timed.items()}
        return {**self._functions, **timed}


def _refuse_long(values: object, at_most: int) -> None:
    """Raises ValueError where a list or map in it has more items."""
    waiting = [values]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list | dict):
            if len(value) > at_most:
                raise ValueError(f"a list of {len(value)} items; {at_most} at most here")
            waiting += value.values() if isinstance(value, dict) else value


def _cause(error: BaseException) -> str:
    """What the library says, in a sentence that fits into a journal."""
    text = str(error).strip()
    if isinstance(error, KeyError):
        return f"no key {text.strip(chr(34))}"
    if text.startswith("No such overload"):
        return "the types of its values do not go together"
    if "ERROR:" in text:
        # "Failed to parse expression '...': ERROR: <input>:1:9: Syntax error: ..." repeats the whole expression.
        text = "at character " + text.split("ERROR:", 1)[1].strip().removeprefix("<input>:1:")
    text = text.split("\n", 1)[0].split(". Check ", 1)[0]
    if text.startswith("Function '"):
        # "Function 'age' error: Python function call failed: ValueError: the text is no date"
        name, _, why = text.removeprefix("Function '").partition("' error: ")
        why = why.removeprefix("Python function call failed: ")
        return f"{name}: {why.partition('Error: ')[2] or why}"[:300]
    return text[:300] or type(error).__name__


def _json(value: object, depth: int) -> JsonValue:
    """What CEL gave as something that a journal can hold."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return bounded(value)
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if depth < _MAX_NESTED and isinstance(value, list) and len(value) <= MAX_ITEMS:
        return [_json(item, depth + 1) for item in value]
    if depth < _MAX_NESTED and isinstance(value, dict) and len(value) <= MAX_ITEMS:
        return {str(key): _json(item, depth + 1) for key, item in value.items()}
    raise ValueError(f"a value of kind {type(value).__name__}, or too large a one")
