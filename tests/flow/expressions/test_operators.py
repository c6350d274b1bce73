"""The tables of operators and functions against the library itself, for every combination of types."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable

import cel
import pytest

from ivr.flow.expressions import Expression, ExpressionFailed, check
from ivr.flow.expressions.added import FUNCTIONS, OURS
from ivr.flow.expressions.signatures import LIBRARY, Function
from ivr.flow.expressions.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    INT,
    NULL,
    TEXT,
    TIMESTAMP,
    TYPE,
    UINT,
    Kind,
    Type,
    list_of,
    open_map,
)

NOW = dt.datetime(2026, 11, 26, 10, 30, tzinfo=dt.UTC)
VALUES: dict[str, tuple[Type, str, object]] = {
    "null": (NULL, "x0", None),
    "bool": (BOOL, "x1", True),
    "int": (INT, "x2", 3),
    "uint": (UINT, "3u", None),
    "double": (DOUBLE, "x4", 1.5),
    "text": (TEXT, "x5", "12"),
    "bytes": (BYTES, "x6", b"ab"),
    "list": (list_of(INT), "x7", [1, 2]),
    "texts": (list_of(TEXT), "x8", ["a", "b"]),
    "map": (open_map(INT), "x9", {"a": 1}),
    "timestamp": (TIMESTAMP, "now", NOW),
    "duration": (DURATION, "x10", dt.timedelta(hours=1)),
    "type": (TYPE, "type(1)", None),
}
"""Of each type: how it is written and what it is."""
TYPES = {written: type_ for type_, written, _ in VALUES.values() if written.isidentifier()}
SCOPE = {written: value for _, written, value in VALUES.values() if written.isidentifier()}
PAIRS = list(itertools.product(VALUES.values(), repeat=2))

OF_RESULT: dict[str, Kind] = {
    "bool": "bool",
    "int": "int",
    "float": "double",
    "str": "text",
    "bytes": "bytes",
    "list": "list",
    "dict": "map",
    "datetime": "timestamp",
    "timedelta": "duration",
}


def outcome(source: str) -> str:
    """The kind of what the library gives; "type error"; "" where the types were right and the value was not."""
    try:
        result = cel.compile(source).execute(SCOPE)
    except TypeError:
        return "type error"
    except RuntimeError as error:
        return "type error" if "Undefined variable or function" in str(error) else ""
    except (KeyError, IndexError, ValueError, OverflowError):
        return ""
    return OF_RESULT.get(type(result).__name__, "null")


@pytest.mark.parametrize("operator", ["+", "-", "*", "/", "%"])
def test_arithmetic(operator: str) -> None:
    for (_, one, _), (_, other, _) in PAIRS:
        source = f"{one} {operator} {other}"
        result = check(source, TYPES)
        happened = outcome(source)
        if one in ("x7", "x8") and other == "x9":
            # The library adds the keys of a map to a list; no other CEL does.
            assert (happened, bool(result.faults)) == ("list" if operator == "+" else "type error", True)
        elif result.faults:
            assert happened == "type error", source
        else:
            assert happened == ("int" if result.type == UINT else result.type.kind), source


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">="])
def test_order(operator: str) -> None:
    for (_, one, _), (_, other, _) in PAIRS:
        source = f"{one} {operator} {other}"
        assert bool(check(source, TYPES).faults) == (outcome(source) == "type error"), source


def test_equality_always_works_and_what_is_refused_is_never_equal() -> None:
    for (_, one, _), (_, other, _) in PAIRS:
        source = f"{one} == {other}"
        assert outcome(source) == "bool"
        if check(source, TYPES).faults:
            assert cel.evaluate(source, SCOPE) is False, source


def test_membership() -> None:
    for (_, one, _), (_, other, _) in PAIRS:
        source = f"{one} in {other}"
        codes = {fault.code for fault in check(source, TYPES).faults}
        if codes == {"never-equal"}:
            assert cel.evaluate(source, SCOPE) is False
        else:
            assert bool(codes) == (outcome(source) == "type error"), source


def test_indexing() -> None:
    for (_, one, _), (_, other, _) in PAIRS:
        source = f"{one}[{other}]"
        assert bool(check(source, TYPES).faults) == (outcome(source) == "type error"), source


@pytest.mark.parametrize(
    "form",
    [
        "!{}",
        "({}).a",
        "has(({}).a)",
        "{} ? 1 : 2",
        "({}).map(v, v)",
        "({}).filter(v, true)",
        "({}).all(v, true)",
        "({}).exists(v, false)",
        "({}).exists_one(v, true)",
        "[1].filter(v, {})",
        "[1].map(v, {}, v)",
        "[1].all(v, {})",
        "[1].exists(v, {})",
        "[1].exists_one(v, {})",
        "{} && true",
        "true && {}",
        "{} || false",
        "false || {}",
        "{{{}: 1}}",
    ],
)
def test_what_takes_one_value(form: str) -> None:
    for _, written, _ in VALUES.values():
        source = form.format(written)
        assert bool(check(source, TYPES).faults) == (outcome(source) == "type error"), source


def test_negation() -> None:
    for _, written, _ in VALUES.values():
        refused = bool(check(f"-{written}", TYPES).faults)
        # The library negates true and false too; no other CEL does.
        assert refused == (outcome(f"-({written})") == "type error" or written == "x1"), written


def calls(function: Function, arguments: tuple[str, ...]) -> list[str]:
    """Both ways to write it."""
    method = [f"({arguments[0]}).{function.name}({', '.join(arguments[1:])})"] if arguments else []
    return [f"{function.name}({', '.join(arguments)})", *method]


def _written(count: int) -> list[tuple[str, ...]]:
    return [
        tuple(written for _, written, _ in chosen)
        for chosen in itertools.product(VALUES.values(), repeat=count)
    ]


@pytest.mark.parametrize("name", LIBRARY)
def test_functions_of_the_library_take_what_it_takes(name: str) -> None:
    for arguments in (*_written(0), *_written(1), *_written(2)):
        for source in calls(LIBRARY[name], arguments):
            if name == "matches" and (len(arguments) < 2 or not source.endswith("x5)")):
                continue
            if name == "matches":
                # A pattern stands there in quotes.
                source = source.replace("x5)", "'1')")
            result, happened = check(source, TYPES), outcome(source)
            assert bool(result.faults) == (happened == "type error"), source
            if happened not in ("type error", "", "null") and result.type.kind not in ("any", "type"):
                assert happened == ("int" if result.type == UINT else result.type.kind), source


def is_type_error(error: ExpressionFailed) -> bool:
    cause, text = error.__cause__, str(error.__cause__)
    return isinstance(cause, TypeError) or "call failed: TypeError" in text or "Undefined variable" in text


def attempt(source: str, found: Callable[[ExpressionFailed], bool]) -> bool:
    try:
        Expression(source).evaluate(SCOPE)
    except ExpressionFailed as error:
        return found(error)
    return False


@pytest.mark.parametrize("name", OURS)
def test_functions_of_ours_take_what_they_say(name: str) -> None:
    counts = {len(shape.parameters) for shape in FUNCTIONS[name].shapes}
    accepted = 0
    for arguments in itertools.chain.from_iterable(_written(count) for count in counts):
        for source in calls(OURS[name], arguments):
            if not check(source, TYPES).faults:
                accepted += 1
                assert not attempt(source, is_type_error), source
    assert accepted
    for count in {0, 1, 2, 3, 4} - counts:
        if not any(shape.rest for shape in FUNCTIONS[name].shapes):
            (fault,) = check(f"{name}({', '.join(['x2'] * count)})", TYPES).faults
            assert fault.code == "wrong-arguments"
