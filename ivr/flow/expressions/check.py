"""The type of an expression and its faults, before it ever runs. Pure.

`check` reads the source as the library does, infers a type for each part from the declared types of the names, and
says what cannot work: a name or key that is not there, types that do not go together, a comparison that is never true.
What passes does not fail with a type error at run time, given values of the declared types. A key that is missing in
a map of unknown keys, a division by 0 or a text that is no number still can; `any` is not checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ivr.flow.expressions import advice
from ivr.flow.expressions.added import FUNCTIONS
from ivr.flow.expressions.codes import FaultCode
from ivr.flow.expressions.evaluate import MAX_SOURCE
from ivr.flow.expressions.lexer import comment_in
from ivr.flow.expressions.literals import SyntaxFault
from ivr.flow.expressions.plan import prepare
from ivr.flow.expressions.rules import Checker
from ivr.flow.expressions.signatures import Function
from ivr.flow.expressions.types import ANY, BOOL, Type, fits


@dataclass(frozen=True, slots=True)
class ExprFault:
    """offset, length: in characters of the source, from 0. suggestion: what to write, "" where there is none."""

    offset: int
    length: int
    code: FaultCode
    cause: str
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """type: of the value, `any` where that is not known. names: the free ones, known or not."""

    type: Type
    faults: tuple[ExprFault, ...]
    names: frozenset[str]


def check(
    source: str,
    types: Mapping[str, Type],
    functions: Mapping[str, Function] = FUNCTIONS,
    expected: Type | None = None,
) -> CheckResult:
    """types: of all that may be named (`STANDARD`, variables, results). expected: what the value has to be.

    Never raises; without faults `Expression(source)` does not either. Faults come in the order of the source.
    """
    if len(source) > MAX_SOURCE:
        cause = f"an expression of {len(source)} characters; {MAX_SOURCE} at most"
        return CheckResult(
            ANY, (ExprFault(0, 1, "bad-expression", cause, "set a variable first"),), frozenset()
        )
    try:
        plan = prepare(source)
    except SyntaxFault as fault:
        found = ExprFault(fault.offset, fault.length, "bad-expression", fault.cause, fault.mend)
        return CheckResult(ANY, (found,), frozenset())
    tree = plan.tree
    checker = Checker(source, types, functions)
    type_ = checker.type_of(tree)
    comment = comment_in(source)
    if comment is not None:
        cause = "`//` begins a comment: the rest is not read"
        mend = "write `/` to divide; a comment goes into the YAML, after #"
        checker.say(comment, len(source), "comment-in-expression", cause, mend)
    if expected is not None and not checker.faults and not fits(type_, expected):
        written = source[tree.start : tree.end]
        cause = f"this is {advice.a(type_)}, not {advice.a(expected)}"
        mend = (
            advice.as_condition(type_, written)
            if expected == BOOL
            else advice.as_type(type_, expected, written)
        )
        checker.say(tree.start, tree.end, "wrong-result", cause, mend)
    faults = sorted((ExprFault(*fault) for fault in checker.faults), key=lambda fault: fault.offset)
    return CheckResult(type_, tuple(faults), frozenset(plan.names))


def column_of(line: str, column: int, source: str, offset: int) -> int:
    """Where a fault stands in a line of the YAML file, counted from 1.

    line: the file's line in which the scalar begins. column: of its first character, from 1. A scalar that the line
    does not hold as it is (folded, with escapes) counts as a whole.
    """
    written = source.strip()
    found = line.find(written, column - 1) if written else -1
    if found < 0:
        return column
    return found + 1 + max(0, offset - (len(source) - len(source.lstrip())))
