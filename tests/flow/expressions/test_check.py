"""What operators are told about an expression: which part, what is wrong with it, what to write."""

from __future__ import annotations

import pytest

from ivr.flow.expressions import (
    ANY,
    BOOL,
    DOUBLE,
    INT,
    LIST,
    STANDARD,
    TEXT,
    Expression,
    ExpressionFailed,
    Type,
    check,
    column_of,
    list_of,
    map_of,
    one_of,
)
from ivr.flow.expressions.added import FUNCTIONS
from ivr.flow.expressions.codes import CODES
from ivr.flow.expressions.types import DURATION, NUMBER

TYPES: dict[str, Type] = {
    **STANDARD,
    "tries": INT,
    "said": TEXT,
    "vip": BOOL,
    "wait_s": DOUBLE,
    "choice": one_of("complaint", "consult"),
    "words": list_of(TEXT),
    "queue": map_of(outcome=one_of("answered", "timeout"), waited_s=DOUBLE),
    "response": ANY,
    "n": NUMBER,
    "waits": list_of(DOUBLE),
    "span": DURATION,
}
AS_TIME = "write timestamp(said), or compare with time.date or time.clock"
CHEAPER = r"write [0-9] for \d and [a-z] for \w, with fewer {n}"


@pytest.mark.parametrize(
    ("source", "code", "where", "mend"),
    [
        # names and keys
        ("trys > 1", "undefined-variable", "trys", "did you mean `tries`?"),
        ("choice == complaint", "undefined-variable", "complaint", "a text stands in quotes: 'complaint'"),
        ("vip == True", "undefined-variable", "True", "write true"),
        ("said == None", "undefined-variable", "None", "write null"),
        (".tries > 1", "undefined-variable", ".tries", "did you mean `tries`?"),
        ("size > 3", "undefined-variable", "size", "call it: size('漏水') == 2"),
        ("call.caler == ''", "undefined-key", "caler", "did you mean `caller`?"),
        ("call['caler'] == ''", "undefined-key", "'caler'", "did you mean `caller`?"),
        ("call.history.call > 1", "undefined-key", "call", "did you mean `calls`?"),
        ("has(queue.result)", "undefined-key", "result", "one of outcome, waited_s"),
        ("'outcom' in queue", "undefined-key", "'outcom' in queue", "did you mean `outcome`?"),
        ("said.length > 3", "undefined-key", "length", "write size(said)"),
        ("said.trim == ''", "undefined-key", "trim", "write trim(said)"),
        ("said.contains", "undefined-key", "contains", "call it: said.contains(...)"),
        ("tries.count", "undefined-key", "count", ""),
        # functions
        ("len(said) > 3", "undefined-function", "len", "write size, as in size('漏水') == 2"),
        ("said.length() > 3", "undefined-function", "length", "write size, as in size('漏水') == 2"),
        ("math.round(wait_s)", "undefined-function", "round", "write round, as in round(2.5) == 3"),
        ("said.startsWit('a')", "undefined-function", "startsWit", "did you mean `startsWith`?"),
        ("now() > now", "undefined-function", "now", "`now` is a value: write it without brackets"),
        ("any(words)", "undefined-function", "any", "write list.exists(x, x > 1)"),
        ("words.filter(x)", "undefined-function", "filter", "write list.filter(x, x > 1)"),
        ("contains(said, 'a')", "wrong-arguments", "contains", "write said.contains('a')"),
        ("said.int() > 1", "wrong-arguments", "int", "write int(said)"),
        ("last(said)", "wrong-arguments", "last(said)", "as in last('13812345678', 4) == '5678'"),
        ("last(said, '4')", "wrong-arguments", "'4'", "write int('4')"),
        ("lower(tries)", "wrong-arguments", "tries", "write text(tries)"),
        ("contains_any(said, 'a')", "wrong-arguments", "'a'", "write ['a']"),
        ("said.contains(3)", "wrong-arguments", "3", "write text(3)"),
        ("first(said, wait_s)", "wrong-arguments", "wait_s", "write round(wait_s)"),
        ("round('2.5')", "wrong-arguments", "'2.5'", "write number('2.5')"),
        # arithmetic
        ("tries + \"1\"", "wrong-operands", "tries + \"1\"", "write 1, without quotes"),
        ("'No. ' + tries", "wrong-operands", "'No. ' + tries", "write text(tries)"),
        ("wait_s / 60", "wrong-operands", "wait_s / 60", "write 60.0"),
        ("wait_s * tries", "wrong-operands", "wait_s * tries", "write double(tries)"),
        ("abs(n) + 1.0", "wrong-operands", "abs(n) + 1.0", "write double(abs(n)): it may have decimals"),
        ("wait_s % 60.0", "wrong-operands", "wait_s % 60.0", "write int(wait_s): `%` is for whole numbers"),
        ("now + 10", "wrong-operands", "now + 10", "write duration('10m') for ten minutes"),
        ("span + now", "wrong-operands", "span + now", "write now + span: the point in time comes first"),
        ("words + 'a'", "wrong-operands", "words + 'a'", "write ['a']"),
        ("vip + 1", "wrong-operands", "vip + 1", "write (vip ? 1 : 0)"),
        ("-said", "wrong-operands", "-said", "write number(said)"),
        # order
        ("said > 3", "wrong-operands", "said > 3", "write number(said) for what it says, size(said) for its length"),
        ("words > 3", "wrong-operands", "words > 3", "write size(words)"),
        ("now > said", "wrong-operands", "now > said", AS_TIME),
        ("null < 3", "wrong-operands", "null < 3", "write default(null, ...) to have a value in any case"),
        ("1 < tries < 5", "wrong-operands", "1 < tries < 5", "write (1 < tries ? 1 : 0)"),
        ("time.clock >= '8:00'", "wrong-operands", "'8:00'", "write it like '08:30'"),
        ("time.date == '1.10.2026'", "wrong-operands", "'1.10.2026'", "write it like '2026-10-01'"),
        # conditions
        ("vip && said", "wrong-operands", "said", "write said != ''"),
        ("!tries", "wrong-operands", "tries", "write tries > 0"),
        ("words || vip", "wrong-operands", "words", "write size(words) > 0"),
        ("tries ? 1 : 2", "wrong-operands", "tries", "write tries > 0"),
        ("vip ? 50 : 'none'", "wrong-operands", "vip ? 50 : 'none'", "write int('none')"),
        ("words.filter(x, size(x))", "wrong-operands", "size(x)", "write size(x) > 0"),
        ("said.exists(x, x == 'a')", "wrong-operands", "exists", ""),
        # lists and maps
        ("said[0]", "wrong-operands", "said[0]", "write substring(said, 0, 1)"),
        ("words['0']", "wrong-operands", "'0'", "write int('0')"),
        ("words[-1]", "wrong-operands", "-1", "the last is words[size(words) - 1]"),
        ("'水' in said", "wrong-operands", "'水' in said", "write said.contains('水')"),
        ("{topic: 'noise'}", "undefined-variable", "topic", "write 'topic'"),
        ("{1.5: 'noise'}", "wrong-operands", "1.5", "write text(1.5)"),
        # never equal
        ("tries == '3'", "never-equal", "tries == '3'", "write 3, without quotes"),
        ("said == tries", "never-equal", "said == tries", "write text(tries)"),
        ("vip == 'true'", "never-equal", "vip == 'true'", "write true, without quotes"),
        ("vip == 1", "never-equal", "vip == 1", "write vip or !(vip)"),
        ("words == 'noise'", "never-equal", "words == 'noise'", "write 'noise' in words"),
        ("time.weekday == 'monday'", "never-equal", "time.weekday == 'monday'", "did you mean `mon`?"),
        ("choice != 'complant'", "never-equal", "choice != 'complant'", "did you mean `complaint`?"),
        ("queue.outcome == 'x'", "never-equal", "queue.outcome == 'x'", "one of answered, timeout"),
        ("time.weekday in ['Sat', 'Sun']", "never-equal", "time.weekday in ['Sat', 'Sun']", "did you mean `sat`?"),
        ("tries in ['1', '2']", "never-equal", "tries in ['1', '2']", "write text(tries)"),
        # the whole
        ("tries // 2", "comment-in-expression", "// 2", "write `/` to divide; a comment goes into the YAML, after #"),
        ("tries = 2", "bad-expression", "=", "write `==`"),
        ("said.matches('(')", "bad-expression", "'('", "patterns are those of RE2: no (?=...), no \\1"),
        ("said.matches(choice)", "bad-expression", "choice", "matches('^1[3-9][0-9]{9}$')"),
        (r"said.matches('\\w{200}')", "bad-expression", r"'\\w{200}'", CHEAPER),
    ],
)  # fmt: skip
def test_a_fault_and_where_it_is(source: str, code: str, where: str, mend: str) -> None:
    (fault,) = check(source, TYPES).faults
    assert (fault.code, source[fault.offset : fault.offset + fault.length]) == (code, where)
    assert fault.suggestion == mend
    assert fault.cause


@pytest.mark.parametrize(
    "source",
    [
        "vip || tries >= 3 && !(choice in ['consult'])",
        "choice == '' || choice == 'complaint'",
        "said == null",
        "time.weekday in ['sat', 'sun'] || time.hour < 8 || time.clock >= '17:30'",
        "time.date >= '2026-10-01' && time.date <= '2026-10-07'",
        "wait_s > 60 && wait_s / 60.0 > 2",
        "size(said) > 20 ? first(said, 20) + '...' : said",
        "response.items.filter(i, i.open).map(i, i.id)",
        "default(call.facts.level, 'none') == 'gold'",
        "has(call.facts.age) && call.facts.age >= 65",
        "words.map(w, {'word': w, 'long': size(w) > 4})[0].long",
        "call.history.known && minutes_since(call.history.last_at) < 30",
        "{'a': 1, 'b': 2}.b + [1, 2][0]",
        "type(response) == string",
        "event.count >= 2 && event.name.startsWith('error.')",
        "max(tries, 1) + min(words.map(w, size(w))) + round(wait_s)",
        "vip ? null : 3",
        "[1, 'a', null]",
        "[] + words == words",
    ],
)
def test_what_is_right_has_no_fault(source: str) -> None:
    assert check(source, TYPES).faults == ()


@pytest.mark.parametrize(
    ("source", "expected", "mend"),
    [
        ("said", BOOL, "write said != ''"),
        ("tries + 1", BOOL, "write tries + 1 > 0"),
        ("words", BOOL, "write size(words) > 0"),
        ("null", BOOL, "write true or false"),
        ("tries", TEXT, "write text(tries)"),
        ("wait_s", INT, "write round(wait_s)"),
        ("said", DOUBLE, "write number(said)"),
        ("said", LIST, "write [said]"),
        ("'complant'", one_of("complaint", "consult"), "one of complaint, consult"),
    ],
)
def test_another_type_than_is_wanted(source: str, expected: Type, mend: str) -> None:
    (fault,) = check(source, TYPES, expected=expected).faults
    assert (fault.code, fault.suggestion) == ("wrong-result", mend)
    assert (fault.offset, fault.length) == (0, len(source))


def test_what_can_be_the_wanted_type_passes() -> None:
    assert check("response.ok", TYPES, expected=BOOL).faults == ()
    assert check("tries", TYPES, expected=DOUBLE).faults == ()
    assert check("choice", TYPES, expected=TEXT).faults == ()
    assert check("said", TYPES, expected=one_of("a", "b")).faults == ()
    assert check("[1]", TYPES, expected=list_of(INT)).faults == ()
    # Where a part is wrong already, that is said, and not that the whole is.
    assert [fault.code for fault in check("trys", TYPES, expected=BOOL).faults] == ["undefined-variable"]


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("tries + 1", "int"),
        ("wait_s + 1.0", "double"),
        ("now - duration('1h')", "timestamp"),
        ("now - now", "duration"),
        ("vip ? 1 : 2.5", "number"),
        ("vip ? said : null", "any"),
        ("response.total + 1", "int"),
        ("response.total + response.tax", "any"),
        ("words.map(w, size(w))[0]", "int"),
        ("default(response.n, 1)", "any"),
        ("call.history.calls", "int"),
        ("time.date", "date"),
    ],
)
def test_inferred_types(source: str, kind: str) -> None:
    result = check(source, TYPES)
    assert (result.faults, result.type.kind) == ((), kind)


@pytest.mark.parametrize(
    ("source", "passes"),
    [
        # An empty list sums up to a whole number, whatever it is a list of.
        ("sum(waits) + 1.0", False),
        ("double(sum(waits)) + 1.0", True),
        ("sum(words.map(w, size(w))) + 1", True),
        # What went through a function of ours is no unsigned number any more.
        ("default(3u, 4u) + 1u", False),
        ("default(3u, 4u) + 1", True),
        ("distinct([3u])[0] + 1", True),
        ("default({'a': 3u}, {'a': 4u}).a + 1", True),
        # Keys need not be texts.
        ("{1: 'a'}.map(k, k + 1)", True),
        ("{'a': 1}.map(k, k + 1)", False),
    ],
)
def test_types_are_those_of_the_values_that_come_out(source: str, passes: bool) -> None:
    assert bool(check(source, TYPES).faults) is not passes
    scope = {"waits": [], "words": ["a"]}
    if passes:
        Expression(source).evaluate(scope)
    else:
        with pytest.raises(ExpressionFailed):
            Expression(source).evaluate(scope)


def test_every_fault_is_told_in_the_order_of_the_source() -> None:
    faults = check("trys > 1 && call.caler == 3 || len(said) > 3", TYPES).faults
    assert [fault.code for fault in faults] == ["undefined-variable", "undefined-key", "undefined-function"]
    assert [fault.offset for fault in faults] == sorted(fault.offset for fault in faults)


def test_names_are_those_that_are_not_bound() -> None:
    assert check("words.map(w, w + said)", TYPES).names == {"words", "said"}
    assert check("words.map(w, w).exists(w, missing) && w == ''", TYPES).names == {"words", "missing", "w"}
    assert check("age('1950-01-01') > 65", TYPES).names == {"now"}


def test_a_variable_may_have_the_name_of_a_function_or_a_type() -> None:
    own = {**TYPES, "text": TEXT, "string": TEXT}
    assert check("text(tries) + text + string", own).faults == ()
    assert check("text + string", TYPES).faults != ()


def test_functions_can_be_given() -> None:
    only = {"size": FUNCTIONS["size"]}
    assert check("size(said) > 1", TYPES, only).faults == ()
    assert [fault.code for fault in check("last(said, 1)", TYPES, only).faults] == ["undefined-function"]


def test_too_long_a_source() -> None:
    (fault,) = check("1" + " " * 1000, TYPES).faults
    assert fault.code == "bad-expression"


def test_every_code_is_explained() -> None:
    assert all(CODES.values())


@pytest.mark.parametrize(
    ("line", "column", "source", "offset", "found"),
    [
        ("    if: trys > 1", 9, "trys > 1", 5, 14),
        ("    priority: '= trys + 1'", 15, " trys + 1", 1, 18),
        ('    if: "choice == complaint"', 9, "choice == complaint", 10, 20),
        ("    if: {", 9, "a", 0, 9),
        # Folded or with escapes, the line does not hold it: the scalar itself is the place.
        ('    if: "said == \\"a\\""', 9, 'said == "a"', 8, 9),
        ("    if: >", 9, "trys > 1", 5, 9),
    ],
)
def test_columns_of_the_file(line: str, column: int, source: str, offset: int, found: int) -> None:
    assert column_of(line, column, source, offset) == found
