"""The reader agrees with the library: what the one compiles, the other reads, and the other way round."""

from __future__ import annotations

import cel
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ivr.flow.expressions.lexer import comment_in
from ivr.flow.expressions.literals import SyntaxFault
from ivr.flow.expressions.parser import MAX_DEPTH, MAX_LINKS, RESERVED, parse
from ivr.flow.expressions.tree import Binary, Call, Choice, Constant, Fold, Has, Index, Name, Select, Unary
from tests.flow.expressions.sources import anything

TOKENS = [
    *("a", "b", "v", "in", "true", "null", "size", "map", "all", "has", "if", "x1", "_", "r", "rb", "u"),
    *("0", "1", "9223372036854775808", "0x1F", "0x", "1u", "1.5", ".5", "1.", "1e3", "2E-1", "1e400", "07"),
    *(
        "'a'",
        '"b"',
        "''",
        "'''c'''",
        "r'\\d'",
        "b'x'",
        "br'y'",
        "'\\n'",
        "'\\q'",
        "'",
        '"',
        "'\\u4e2d'",
        "'\\ud800'",
    ),
    *("+", "-", "*", "/", "%", "<", "<=", ">", ">=", "==", "!=", "=", "&&", "||", "&", "|", "!", "?", ":"),
    *(
        ".",
        ",",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        " ",
        "  ",
        "\n",
        "//",
        "/*",
        "\t",
        "水",
        "`",
        "$",
        "@",
        "\\",
        ";",
    ),
]
pieces = st.lists(st.sampled_from(TOKENS), max_size=10).map("".join)


def compiles(source: str) -> bool:
    try:
        cel.compile(source)
    except BaseException as error:
        # A fault of the Rust parser is a PanicException, which is no Exception.
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        return False
    return True


def is_read(source: str) -> bool:
    try:
        parse(source)
    except SyntaxFault as fault:
        assert 0 <= fault.offset <= len(source)
        assert fault.length > 0
        assert fault.cause
        return False
    return True


@settings(deadline=None)
@given(st.one_of(anything, pieces, st.text(max_size=20)))
@example("1 // c\n + 2")
@example("'''a'''b'''")
@example("--9223372036854775808")
@example("a ? b ? 1 : 2 : 3")
@example("!-1")
@example("[,]")
@example("{'a': 1,,}")
@example("f(a,)")
@example("[1].map(.x, 1)")
@example("b'\\\\u'")
@example("'\\400'")
@example("'\\377'")
@example("'''a\\'''")
@example("r'a\\'")
@example("0xFFFFFFFFFFFFFFFF")
@example("18446744073709551615u")
@example("a.b.c{x: 1}")
@example("(a)(1)")
@example("x?.y:1")
@example("has((m.a))")
@example("a\f+1")
@example("a\v+1")
def test_what_the_library_compiles_is_read_and_nothing_else(source: str) -> None:
    compiled, read = compiles(source), is_read(source)
    if compiled and not read:
        # The one thing left out: messages, which fail at run time because there are none.
        assert "{" in source
        with pytest.raises(SyntaxFault, match="in front of a map"):
            parse(source)
    else:
        assert compiled == read


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_reserved_words_are_the_library_s(word: str) -> None:
    for source in (
        word,
        f"{word}(1)",
        f"a.{word}",
        f"has(a.{word})",
        f"[1].map({word}, 1)",
        f"{{'a': {word}}}",
    ):
        assert compiles(source) == is_read(source), source
    assert not compiles(word)


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        (r"'\a\b\f\n\r\t\v\\\'\"\?\`'", "\a\b\f\n\r\t\v\\'\"?`"),
        (r"'\101\x41\X42\u4e2d\U0001F600'", "AAB中😀"),
        (r"r'\d\n'", r"\d\n"),
        ("'''a'b'''", "a'b"),
        ('"""a\nb"""', "a\nb"),
        (r"b'\377\x41中\n'", b"\xffA\xe4\xb8\xad\n"),
        (r"bR'\x'", b"\\x"),
        ("0x1F", 31),
        ("-0x10", -16),
        ("-9223372036854775808", -(2**63)),
        ("18446744073709551615u", 2**64 - 1),
        (".5", 0.5),
        ("- 1.5E-1", -0.15),
    ],
)
def test_literals_are_what_the_library_makes_of_them(literal: str, value: object) -> None:
    tree = parse(literal)
    assert isinstance(tree, Constant)
    assert tree.value == value == cel.evaluate(literal)


def test_a_tree_and_its_offsets() -> None:
    source = "a.b[0] == f(x, 'y') && (has(m.k) ? !c : -d.e(1))"
    tree = parse(source)
    assert isinstance(tree, Binary)
    assert (tree.operator, source[tree.operator_start :][:2]) == ("&&", "&&")
    equal, choice = tree.left, tree.right
    assert isinstance(equal, Binary)
    assert isinstance(equal.left, Index)
    assert source[equal.left.start : equal.left.end] == "a.b[0]"
    assert isinstance(equal.right, Call)
    assert source[equal.right.function_start :].startswith("f(")
    assert isinstance(choice, Choice)
    # Brackets belong to what they hold.
    assert source[choice.start : choice.end] == "(has(m.k) ? !c : -d.e(1))"
    assert isinstance(choice.condition, Has)
    assert source[choice.condition.select.field_start :].startswith("k")
    assert isinstance(choice.yes, Unary)
    assert isinstance(choice.no, Unary)
    assert source[choice.no.operand.start : choice.no.operand.end] == "d.e(1)"


def test_precedence_is_cel_s() -> None:
    tree = parse("a || b && c == d + e * -f.g")
    order = []
    while isinstance(tree, Binary):
        order.append(tree.operator)
        tree = tree.right
    assert order == ["||", "&&", "==", "+", "*"]
    assert isinstance(tree, Unary)
    assert isinstance(tree.operand, Select)
    left = parse("a - b - c")
    assert isinstance(left, Binary)
    assert isinstance(left.left, Binary)
    assert isinstance(left.right, Name)


def test_macros() -> None:
    fold = parse("l.existsOne(x, x > 1)")
    assert isinstance(fold, Fold)
    assert (fold.macro, fold.variable) == ("exists_one", "x")
    three = parse("l.map(x, x > 1, x + 1)")
    assert isinstance(three, Fold)
    assert three.condition is not None
    # Of another number of arguments it is a call like any other.
    assert isinstance(parse("l.filter(x)"), Call)
    assert isinstance(parse("all(l, x, true)"), Call)


@pytest.mark.parametrize(
    "source",
    [
        "(" * (MAX_DEPTH + 1) + "1" + ")" * (MAX_DEPTH + 1),
        "1" + " + 1" * (MAX_LINKS + 1),
        "a" + ".a" * (MAX_LINKS + 1),
        "[" * 400,
        "-" * 400 + "(" * 400,
        "f(" * 300,
        "a ? " * 200,
        "{1:" * 200,
    ],
)
def test_nesting_is_bounded(source: str) -> None:
    assert not is_read(source)


@pytest.mark.parametrize(
    ("source", "where", "mend"),
    [
        ("tries = 3", "=", "write `==`"),
        ("tries === 3", "===", "write `==`"),
        ("tries !== 3", "!==", "write `!=`"),
        ("tries <> 3", "<>", "write `!=`"),
        ("tries => 3", "=>", "write `<=` or `>=`"),
        ("tries += 1", "+=", "write the new value only: tries + 1"),
        ("tries++", "++", "write the new value only: tries + 1"),
        ("vip and old", "and", "write `&&`"),
        ("vip OR old", "OR", "write `||`"),
        ("vip & old", "&", "write `&&`"),
        ("vip | old", "|", "write `||`"),
        ("not vip", "not", "write `!`, as !(a && b)"),
        ("topic not in list", "not in", "write !(x in list)"),
        ("topic is 'noise'", "is", "write `==`"),
        ("topic is not 'noise'", "is not", "write `!=`"),
        ("50 if vip else 0", "if", "write condition ? this : otherwise"),
        ("if vip", "if", "write condition ? this : otherwise"),
        ("[x for x in list]", "for", "write list.map(x, x + 1) or list.filter(x, x > 1)"),
        ("topic ?? 'none'", "??", "write default(x, otherwise)"),
        ("topic ?: 'none'", "?:", "write default(x, otherwise), or condition ? this : otherwise"),
        ("call.?facts", ".?", "write default(a.b.c, otherwise)"),
        ("f'{topic}'", "f", "join them: 'no. ' + text(number)"),
        ("${tries} > 1", "${", "write tries, not ${tries} or {{tries}}"),
        ("topic == `noise`", "`", "write 'noise'"),
        ("tries > 1;", ";", "write one expression a field"),
        ("tries > 1 # often", "#", "write it after the value, with a space and #"),
        ("topic == 噪音", "噪音", "write '噪音'"),
        ("topic == “noise”", "“", 'write `"`, with the keyboard set to English'),
        ("（vip）", "（", "write `(`, with the keyboard set to English"),
        ("tries ＝ 1", "＝", "write `=`, with the keyboard set to English"),
        ("tries\u3000> 1", "\u3000", "write an ordinary one"),
        ("topic == 'noise", "'noise", "close it with the quote it begins with"),
        ("topic == 'noise’", "'noise’", "write 'noise'"),
        (r"said.matches('\d')", r"'\d'", r"write r'...' or `\\`"),
        ("vip ? 50", "", "expected `:` (condition ? this : otherwise)"),
        ("(vip", "", "expected `)`"),
        ("vip)", ")", "expected one bracket less"),
        ("vip old", "old", "expected an operator in front of it, as && or +"),
        ("vip &&", "", "expected a value"),
        ("{topic}", "}", "expected `:` (a map is written {'key': value}; a value stands without braces)"),
        ("has(topic)", "topic", "has(call.facts.age)"),
        ("list.map(1, 2)", "1", "list.map(x, x + 1)"),
        ("call.in", "in", "expected a name; this one is written ['in']"),
        ("loop + 1", "loop", "call it something else"),
        ("Person{name: 'a'}", "{", "{'key': value}"),
        ("99999999999999999999 > 1", "99999999999999999999", "quote it, if it is digits and not an amount"),
        ("", "", "expected a value"),
    ],
)
def test_what_others_write_is_answered_with_what_to_write_here(source: str, where: str, mend: str) -> None:
    assert not compiles(source) or "{" in source
    with pytest.raises(SyntaxFault) as caught:
        parse(source)
    fault = caught.value
    assert source[fault.offset : fault.offset + fault.length] == where
    assert fault.mend == mend


def test_comments_are_found_outside_of_texts() -> None:
    assert comment_in("tries // 2") == 6
    assert comment_in("'http://a'") is None
    assert comment_in("tries / 2") is None
