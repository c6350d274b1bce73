"""Names, functions and faults of expressions as Markdown tables, from the data that the checker works with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ivr.flow.expressions.added import FUNCTIONS
from ivr.flow.expressions.codes import CODES
from ivr.flow.expressions.signatures import Function, Shape
from ivr.flow.expressions.standard import ROWS
from ivr.flow.expressions.types import Type, describe

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "Texts": (
        *(
            "contains",
            "contains_any",
            "startsWith",
            "endsWith",
            "matches",
            "size",
            "first",
            "last",
            "substring",
        ),
        *(
            "digits",
            "lower",
            "upper",
            "trim",
            "replace",
            "split",
            "join",
            "masked",
            "is_mobile",
            "text",
            "string",
        ),
    ),
    "Numbers": ("number", "int", "double", "round", "abs", "min", "max", "sum"),
    "Lists, maps and what may be missing": ("default", "sort", "distinct"),
    "Dates and times": (
        *(
            "minutes_since",
            "days_until",
            "age",
            "timestamp",
            "duration",
            "getFullYear",
            "getMonth",
            "getDate",
        ),
        *("getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes", "getSeconds"),
        "getMilliseconds",
    ),
    "Types": ("type", "dyn", "uint", "bytes"),
}
"""Subject -> its functions, in the order of the page."""


def expression_tables() -> str:
    """Sections of a page: names, functions by subject, faults."""
    parts = ["## What can be named\n\n", names_table()]
    parts.append("\n## Functions\n")
    for subject, names in GROUPS.items():
        parts += [f"\n### {subject}\n\n", functions_table(FUNCTIONS[name] for name in names)]
    parts += ["\n## What `ivr check` says\n\n", codes_table()]
    return "".join(parts)


def names_table() -> str:
    """What every expression can name without declaring it."""
    rows = [f"| `{path}` | {_kind(type_)} | {_cell(doc)} |\n" for path, type_, doc in ROWS]
    return "| name | type | |\n|---|---|---|\n" + "".join(rows)


def functions_table(functions: Iterable[Function]) -> str:
    rows = []
    for function in functions:
        calls = "<br>".join(f"`{call}`" for call in signatures(function))
        gives = " or ".join(dict.fromkeys(result(shape) for shape in function.shapes))
        rows.append(f"| {calls} | {gives} | {_cell(function.doc)} | `{_cell(function.example)}` |\n")
    return "| call | gives | | example |\n|---|---|---|---|\n" + "".join(rows)


def codes_table() -> str:
    return "| code | meaning |\n|---|---|\n" + "".join(
        f"| `{code}` | {doc} |\n" for code, doc in CODES.items()
    )


def signatures(function: Function) -> list[str]:
    """`last(text, whole number)`, `text.contains(text)`: one for each number of values that it takes."""
    written = []
    for count in sorted({len(shape.parameters) for shape in function.shapes}):
        shapes = [shape for shape in function.shapes if len(shape.parameters) == count]
        kinds = [
            " or ".join(dict.fromkeys(describe(shape.parameters[at]) for shape in shapes))
            for at in range(count)
        ]
        if any(shape.rest is not None for shape in shapes):
            kinds.append("...")
        if function.style == "method":
            written.append(f"{kinds[0]}.{function.name}({', '.join(kinds[1:])})")
        else:
            written.append(f"{function.name}({', '.join(kinds)})")
    return written


def result(shape: Shape) -> str:
    """What the call gives, in words."""
    return describe(shape.result if isinstance(shape.result, Type) else shape.result(list(shape.parameters)))


def _kind(type_: Type) -> str:
    return " ".join(f"`{value}`" for value in type_.values) if type_.values else describe(type_)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
