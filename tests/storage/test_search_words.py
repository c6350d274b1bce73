"""The words that a text is found by, and what is typed to find it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.search_query import LONGEST, MOST_TERMS, QueryFault, parse, postgres, sqlite
from storage.search_words import LONGEST_WORD, Term, places, search_words, term


def cut(run: str) -> list[str]:
    """Every two characters, instead of a dictionary."""
    return [run[start : start + 2] for start in range(0, len(run), 2)]


def words(text: str) -> list[str]:
    return [word.word for word in search_words(text)]


def test_chinese_is_overlapping_pairs_and_the_rest_are_stems() -> None:
    assert words("路灯坏") == ["路灯", "灯坏", "坏"]
    assert words("路 灯。坏") == ["路灯", "灯坏", "坏"]
    assert words("Street LIGHTS broken") == ["street", "light", "broken"]
    assert words("打12345，Ａ栋") == ["打", "12345", "a", "栋"]
    assert words("…？ !") == []


def test_a_word_knows_its_place_in_the_text_as_it_was() -> None:
    text = "㎡ ＡＢ坏了"
    assert [text[word.start : word.end] for word in search_words(text)] == ["㎡", "ＡＢ", "坏了", "了"]


def test_a_word_without_end_is_cut() -> None:
    assert len(words("x" * 500)[0]) == LONGEST_WORD


def test_terms() -> None:
    assert term("路灯坏") == Term(("路灯", "灯坏"))
    assert term("水") == Term(("水",), prefix=True)
    assert term("A栋") == Term(("a", "栋"), prefix=True)
    assert term("打12345") == Term(("打", "12345"))
    assert term("!?") is None


def test_what_is_typed() -> None:
    query = parse('路灯的 "main street" -误报了 －"x y" leaking', cut)
    assert query.wanted == (
        Term(("路灯",)),
        Term(("main", "street")),
        Term(("leak",)),
    )
    assert query.without == (Term(("误报", "报了")), Term(("x", "y")))


def test_a_particle_alone_is_looked_for() -> None:
    assert parse("的", cut).wanted == (Term(("的",), prefix=True),)


def test_the_languages_of_the_databases() -> None:
    query = parse("路灯 水 -误报", cut)
    assert postgres(query) == "('路灯') & ('水':*) & !('误报')"
    assert sqlite(query) == '("路灯" AND "水" *) NOT ("误报")'
    assert sqlite(query, "open_words") == 'open_words : (("路灯" AND "水" *) NOT ("误报"))'


@pytest.mark.parametrize(
    "typed", ["", "  ", "!?", "-路灯", '""', "x" * (LONGEST + 1), "a b c d e " * 5 + "f " * 30]
)
def test_what_cannot_be_looked_for_is_said(typed: str) -> None:
    with pytest.raises(QueryFault):
        parse(typed if len(typed.split()) < MOST_TERMS else " ".join(f"w{n}" for n in range(21)), cut)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="路灯坏了水abcs12 ，。\"'-", min_size=1, max_size=30), st.data())
def test_every_part_of_a_text_finds_it(text: str, data: st.DataObject) -> None:
    """Chinese by any part, other words whole."""
    there = search_words(text)
    if not there:
        return
    first = data.draw(st.integers(0, len(there) - 1))
    last = data.draw(st.integers(first, len(there) - 1))
    part = text[there[first].start : there[last].end]
    wanted = term(part)
    assert wanted is not None
    assert any(places(wanted, there)), (text, part)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_nothing_typed_is_more_than_words_in_quotes(typed: str) -> None:
    try:
        query = parse(typed, cut)
    except QueryFault:
        return
    for wanted in (*query.wanted, *query.without):
        assert not set("".join(wanted.words)) & set("\"'\\ ()[]{}&|!*:<>+-^\0\n"), wanted
