"""Plural forms: CLDR's categories, the choice between the texts of a prompt, and faults in how they are written."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.flow.catalogue import Catalogue, inline_id, is_texts
from ivr.flow.findings import Finding
from ivr.flow.plurals import CATEGORIES, base_id, categories, category, usual
from ivr.flow.yaml_source import read

ENGLISH = """
queue.place:
  by: place
  "=0": You are next.
  one: There is {place:number} caller before you.
  other: There are {place:number} callers before you.
"""
MANDARIN = "queue.place: 前面还有{place:number}位。\n"


def build(**files: str) -> tuple[Catalogue, list[Finding]]:
    """A catalogue of these languages, and what is wrong with it."""
    findings: list[Finding] = []
    catalogue = Catalogue(findings.append)
    for language, text in files.items():
        catalogue.add_file(language, read(f"prompts/{language}.yaml", text.encode()))
    catalogue.check(tuple(files), frozenset(catalogue.texts))
    return catalogue, findings


@pytest.mark.parametrize(
    ("language", "examples"),
    [
        ("en", {"one": [1], "other": [0, 2, 11, 21, Decimal("1.0"), Decimal("1.5")]}),
        ("zh", {"other": [0, 1, 2]}),
        ("es", {"one": [1, -1], "other": [0, 2, 21], "many": [1_000_000]}),
        ("ru", {"one": [1, 21, 101], "few": [2, 24], "many": [0, 5, 11, 12], "other": [Decimal("1.5")]}),
        ("ar", {"zero": [0], "one": [1], "two": [2], "few": [3], "many": [11], "other": [100]}),
        ("pt-BR", {"one": [0, 1], "other": [2]}),
        ("tlh", {"other": [0, 1, 2]}),
    ],
)
def test_numbers_fall_into_the_categories_of_the_language(
    language: str, examples: dict[str, list[Decimal | int]]
) -> None:
    assert {
        name: [n for n in numbers if category(language, n) == name] for name, numbers in examples.items()
    } == examples


def test_a_language_tells_its_categories_and_those_that_people_meet() -> None:
    assert categories("en") == ("one", "other") and categories("zh") == ("other",)
    assert categories("ar") == CATEGORIES
    assert "many" in categories("es") and usual("es") == {"one", "other"}
    assert usual("pl") == {"one", "few", "many"}


@given(
    st.sampled_from(["zh", "en", "es", "ru", "ar", "xx"]), st.decimals(allow_nan=False, allow_infinity=False)
)
def test_every_number_has_a_category_of_its_language(language: str, count: Decimal) -> None:
    assert category(language, count) in categories(language)


@pytest.mark.parametrize(
    ("value", "prompt"),
    [
        (0, "queue.place~0"),
        (1, "queue.place~one"),
        (1.0, "queue.place~one"),
        ("1", "queue.place~one"),
        (-1, "queue.place~one"),
        (2, "queue.place~other"),
        (10**30, "queue.place~other"),
        (1.5, "queue.place~other"),
        ("1e999999999", "queue.place~other"),
        (None, "queue.place~other"),
        ("many", "queue.place~other"),
        (True, "queue.place~other"),
        ([1], "queue.place~other"),
    ],
)
def test_the_form_is_chosen_by_the_value(value: object, prompt: str) -> None:
    catalogue, findings = build(en=ENGLISH, zh=MANDARIN)
    plural = catalogue.variants("queue.place")
    assert not findings and plural is not None
    assert plural.pick("en", {"place": value}) == prompt
    assert plural.pick("zh", {"place": value}) == "queue.place"
    assert prompt in catalogue.texts and base_id(prompt) == "queue.place"


def test_a_value_that_is_not_there_takes_the_form_for_all() -> None:
    catalogue, _ = build(en=ENGLISH)
    plural = catalogue.variants("queue.place")
    assert plural is not None and plural.pick("en", {}) == "queue.place~other"


def test_each_form_is_a_text_and_the_prompt_itself_keeps_the_form_for_all() -> None:
    catalogue, _ = build(en=ENGLISH, zh=MANDARIN)
    assert catalogue.texts["queue.place~one"] == {"en": "There is {place:number} caller before you."}
    assert catalogue.texts["queue.place~0"] == {"en": "You are next."}
    assert catalogue.texts["queue.place"] == {
        "en": catalogue.texts["queue.place~other"]["en"],
        "zh": "前面还有{place:number}位。",
    }
    assert catalogue.names("queue.place") == ("place",)
    assert catalogue.variants("goodbye") is None


def test_a_form_that_is_not_written_falls_back_to_other() -> None:
    catalogue, findings = build(pl="n: {by: n, one: '{n} plik', other: '{n} pliku'}\n")
    plural = catalogue.variants("n")
    assert plural is not None and plural.pick("pl", {"n": 5}) == "n~other"
    (finding,) = findings
    assert finding.code == "missing-plural-form" and finding.severity == "warning"
    assert "`few`, `many`" in finding.cause


@pytest.mark.parametrize(
    ("text", "code", "place", "cause", "suggestion"),
    [
        ("n: {one: a, other: '{c}'}", "bad-plural", (1, 1), "by which value", "by: count"),
        ("n: {by: 3, other: '{c}'}", "bad-plural", (1, 5), "by which value", "by: count"),
        ("n: {by: c, one: '{c}'}", "bad-plural", (1, 1), "no form `other`", "other: ..."),
        (
            "n:\n  by: c\n  few: '{c}'\n  one: '{c}'\n  other: '{c}'",
            "bad-plural",
            (3, 3),
            "no form `few`",
            "one, other",
        ),
        ("n: {by: c, zero: none, one: '{c}', other: '{c}'}", "bad-plural", (1, 12), "no form `zero`", '"=0"'),
        ("n: {by: c, 1: '{c}', other: '{c}'}", "bad-plural", (1, 12), "`1` is no plural form", '"=1"'),
        (
            "n: {by: c, othr: '{c}', one: a, other: '{c}'}",
            "bad-plural",
            (1, 12),
            "`othr`",
            "did you mean `other`?",
        ),
        (
            "n: {by: c, one: 1, other: '{c}'}",
            "wrong-type",
            (1, 17),
            "`one` of `n` has no text",
            "quote numbers",
        ),
        ("n: {by: c, one: '{c', other: '{c}'}", "bad-prompt-text", (1, 17), "single `{`", "double the brace"),
        (
            "n: {by: cuont, one: one, other: '{count}'}",
            "bad-plural",
            (1, 9),
            "says `cuont`",
            "did you mean `count`?",
        ),
    ],
)
def test_what_is_written_wrong_is_located(
    text: str, code: str, place: tuple[int, int], cause: str, suggestion: str
) -> None:
    _, findings = build(en=text + "\n")
    found = {(each.code, each.line, each.column): each for each in findings}
    assert (code, *place) in found, findings
    assert cause in found[code, *place].cause and suggestion in found[code, *place].suggestion


def test_translations_are_compared_over_all_forms() -> None:
    _, findings = build(en=ENGLISH, zh="queue.place: 请稍等。\n")
    assert [(each.code, each.file) for each in findings] == [("different-values", "prompts/zh.yaml")]
    _, findings = build(en=ENGLISH, zh="other: 好\n")
    missing = [each.cause for each in findings if each.code == "missing-translation"]
    assert missing == ["`queue.place` has no text in `zh`", "`other` has no text in `en`"]


def test_a_form_that_cannot_be_read_does_not_hide_what_else_is_wrong() -> None:
    _, findings = build(en="n: {by: c, one: a, few: a, other: '{c'}\n", zh="n: '{c}{d}'\n")
    assert {each.code for each in findings} == {"bad-prompt-text", "bad-plural"}


def test_a_value_that_only_chooses_need_not_be_said_in_other_languages() -> None:
    english = "ready: {by: files, one: Your file is ready., other: Your files are ready.}\n"
    catalogue, findings = build(en=english, zh="ready: 您的文件好了。\n")
    assert catalogue.names("ready") == ("files",)
    assert [each.code for each in findings] == ["bad-plural"] and findings[0].severity == "warning"


def test_texts_in_a_flow_may_have_forms_too() -> None:
    written = {"en": {"by": "n", "one": "{n} minute.", "other": "{n} minutes."}, "zh": "{n}分钟。"}
    assert is_texts(written) and is_texts({"zh": "您好"})
    assert (
        not is_texts({"zh": ["a"]})
        and not is_texts({})
        and not is_texts({"zh": {"id": "x"}})
        and not is_texts("id")
    )
    findings: list[Finding] = []
    catalogue = Catalogue(findings.append)
    prompt_id = catalogue.add_inline(read("main.yaml", b"nodes: {}\n"), ("nodes",), written)
    assert prompt_id == inline_id(written) and not findings
    plural = catalogue.variants(prompt_id)
    assert plural is not None
    assert catalogue.texts[plural.pick("en", {"n": 1})]["en"] == "{n} minute."
    assert catalogue.texts[plural.pick("zh", {"n": 1})]["zh"] == "{n}分钟。"


FORM = st.one_of(st.sampled_from(["by", "one", "other", "few", "=0", "=1"]), st.text(max_size=6))
TEXT = st.one_of(
    st.sampled_from(["n", "{n}", "{n", "{m:number}", " ", "{x:money.ZZZ}"]), st.text(max_size=9), st.none()
)


@given(st.dictionaries(FORM, TEXT, max_size=5), st.dictionaries(FORM, TEXT, max_size=5))
def test_no_translations_whatever_break_the_check(
    english: dict[str, object], russian: dict[str, object]
) -> None:
    findings: list[Finding] = []
    catalogue = Catalogue(findings.append)
    document = read("main.yaml", b"a: b\n")
    for written in ({"en": english, "ru": russian}, {"en": english, "ru": "{n}"}):
        prompt_id = catalogue.add_inline(document, ("a",), written)
        catalogue.check(("en", "ru", "zh"), frozenset({prompt_id}))
        catalogue.names(prompt_id)
    assert findings and all(finding.line and finding.cause for finding in findings)


@given(
    st.dictionaries(st.text(max_size=6), st.one_of(st.text(max_size=9), st.integers(), st.none()), max_size=5)
)
def test_no_forms_whatever_break_the_catalogue(forms: dict[str, object]) -> None:
    findings: list[Finding] = []
    catalogue = Catalogue(findings.append)
    catalogue.add_plural(
        read("prompts/en.yaml", b"a: b\n"), ("a",), "a", "en", {"by": "n", "other": "{n}", **forms}
    )
    catalogue.check(("en",), frozenset({"a"}))
    plural = catalogue.variants("a")
    if plural is not None:
        for value in (0, 1, 2):
            assert plural.pick("en", {"n": value}) in catalogue.texts or findings
