"""What the checker lets pass does not fail with a type error, and gives a value of the type that it said."""

from __future__ import annotations

import contextlib

from hypothesis import HealthCheck, assume, given, settings

from ivr.flow.expressions import Expression, ExpressionError, ExpressionFailed, accepts, check
from ivr.flow.expressions.added import FUNCTIONS
from ivr.flow.expressions.parser import parse
from ivr.flow.expressions.rules import Checker
from ivr.flow.expressions.tree import Node
from ivr.flow.expressions.types import Kind, Type
from tests.flow.expressions.sources import NAMES, SCOPE, anything, well_typed

NOT_JSON = ("bytes", "timestamp", "duration", "type", "uint")


class Watched(Checker):
    """Notes whether any part of the expression is of a type that is not known."""

    unknown = False

    def type_of(self, node: Node) -> Type:
        found = super().type_of(node)
        self.unknown = self.unknown or holds(found, ("any",))
        return found


def holds(type_: Type, kinds: tuple[str, ...]) -> bool:
    inner = [*((type_.item,) if type_.item else ()), *(type_.fields or {}).values()]
    return type_.kind in kinds or any(holds(each, kinds) for each in inner)


def is_type_error(failed: ExpressionFailed) -> bool:
    cause, text = failed.__cause__, str(failed.__cause__)
    return isinstance(cause, TypeError) or "call failed: TypeError" in text or "Undefined variable" in text


@settings(
    max_examples=600, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)
@given(anything)
def test_any_expression(source: str) -> None:
    result = check(source, NAMES)
    try:
        expression = Expression(source)
    except ExpressionError:
        assert [fault.code for fault in result.faults] == ["bad-expression"]
        return
    assert expression.names == result.names
    for fault in result.faults:
        assert fault.code != "bad-expression"
        assert 0 <= fault.offset < fault.offset + fault.length <= len(source)
        assert fault.cause
    if result.faults:
        # It may run all the same (`true || 1` does): then it must only not break anything.
        with contextlib.suppress(ExpressionFailed):
            expression.evaluate(SCOPE)
        return
    watched = Watched(source, NAMES, FUNCTIONS)
    watched.type_of(parse(source))
    try:
        value = expression.evaluate(SCOPE)
    except ExpressionFailed as failed:
        assert watched.unknown or not is_type_error(failed)
        return
    if not watched.unknown and not holds(result.type, NOT_JSON):
        # An infinite number is null in JSON.
        assert accepts(result.type, value) or (value is None and holds(result.type, ("double", "number")))


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(well_typed)
def test_what_is_written_with_care_passes(written: tuple[str, Kind]) -> None:
    source, kind = written
    assume(len(source) <= 1000)
    result = check(source, NAMES)
    assume(not any("take too long" in fault.cause for fault in result.faults))
    assert result.faults == ()
    assert result.type.kind in (kind, "any") or (kind == "text" and result.type.kind in ("date", "clock"))
    try:
        value = Expression(source).evaluate(SCOPE)
    except ExpressionFailed as failed:
        assert not is_type_error(failed)
    else:
        assert accepts(result.type, value) or value is None
