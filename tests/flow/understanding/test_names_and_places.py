"""Names of the city in what was said, also misheard; places; texts as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.flow.understanding.location import place_said
from ivr.flow.understanding.names import MOST_HOT, Name, Names
from ivr.flow.understanding.normal import written

NAMES = Names(
    [
        Name("street", {"zh": ("大理路", "大理街"), "en": ("Dali Road",)}),
        Name("street", {"zh": ("人民路",)}),
        Name("area", {"zh": ("阳光小区",), "en": ("Sunshine Estate",)}),
        Name("bureau", {"zh": ("城市管理局", "城管局", "城管"), "en": ("Urban Management Bureau",)}),
    ]
)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("大理路的路灯坏了", ["大理路"]),
        ("大礼路的路灯坏了", ["大理路"]),
        ("大李街口", ["大理路"]),
        ("人明路口出车祸了", ["人民路"]),
        ("我要找成管投诉", ["城市管理局"]),
        ("人民路和大理路的路口", ["人民路", "大理路"]),
        # Words of their own, and parts of other words.
        ("大理石路面", []),
        ("为人民服务", []),
        ("今天天气不错", []),
        ("", []),
    ],
)
def test_names_are_found_by_their_sound(text: str, names: list[str]) -> None:
    assert [found.name for found in NAMES.find(text, "zh")] == names


def test_only_names_of_the_kinds_asked_for() -> None:
    text = "大理路归城管局管吗"
    assert [found.name for found in NAMES.find(text, "zh", frozenset({"bureau"}))] == ["城市管理局"]
    assert [found.kind for found in NAMES.find(text, "zh")] == ["street", "bureau"]


def test_english_names() -> None:
    assert [found.name for found in NAMES.find("the light in dali road", "en")] == ["Dali Road"]
    assert [found.name for found in NAMES.find("the urban managment bureau", "en")] == [
        "Urban Management Bureau"
    ]
    assert (
        NAMES.find("the daily news", "en") == NAMES.find("人民路", "en") == NAMES.find("大理路", "fr") == []
    )


def test_what_was_misheard_is_put_right_and_short_forms_stay() -> None:
    assert NAMES.corrected("大礼路归城管管", "zh") == "大理路归城管管"
    assert NAMES.corrected("Dolly Road", "en") == "Dolly Road"


def test_the_recogniser_is_told_so_many_in_the_order_written() -> None:
    assert NAMES.hot_words("zh")[:3] == ("大理路", "大理街", "人民路")
    assert NAMES.hot_words("fr") == ()
    many = Names(Name("street", {"zh": (f"第{number}路",)}) for number in range(MOST_HOT + 5))
    assert len(many.hot_words("zh")) == MOST_HOT


@pytest.mark.parametrize(
    ("language", "text", "place"),
    [
        ("zh", "我住在人民路三十八号三栋二单元", "人民路38号3栋2单元"),
        ("zh", "大礼路十五号的路灯坏了", "大理路15号"),
        ("zh", "幸福路五十号附近有人烧烤", "幸福路50号附近"),
        ("zh", "在第一人民医院门口", "第一人民医院门口"),
        ("zh", "阳光小区三号楼很吵", "阳光小区3号楼"),
        ("zh", "我家门口的路灯坏了", ""),
        ("zh", "我每天走路去的", ""),
        ("zh", "小区停电了", ""),
        ("en", "I live at 38 Main Street please", "38 Main Street"),
        ("en", "the light on Dali Road is broken", "Dali Road"),
        ("en", "it is in Sunshine Estate", "Sunshine Estate"),
        ("en", "on the corner of Fifth Avenue", "Fifth Avenue"),
        ("en", "the street light is broken", ""),
        ("en", "somewhere else", ""),
    ],
)
def test_places(language: str, text: str, place: str) -> None:
    assert place_said(text, language, NAMES) == place


def test_a_place_among_names_of_some_kinds() -> None:
    text = "城管局在人民路"
    assert place_said(text, "zh", NAMES, frozenset({"street"})) == "人民路"


@pytest.mark.parametrize(
    ("language", "text", "people"),
    [
        ("zh", "我住在人民路三十八号三栋二单元五零一室", "我住在人民路38号3栋2单元501室。"),
        ("zh", "明天下午三点半二十六号", "明天下午3点半26号。"),
        ("zh", "我 想 咨询一下一起的事情万一", "我想咨询一下一起的事情万一。"),
        ("zh", "五百二十块三毛百分之二十五点五", "520块3毛25.5%。"),
        ("zh", "電話一三三零七八零七零五零！", "电话13307807050！"),
        ("zh", "有一点吵，三亚的三轮车", "有一点吵，三亚的三轮车。"),
        ("zh", "十几个人几十块", "十几个人几十块。"),
        ("en", "the street  lamp is broken", "The street lamp is broken."),
        ("en", "Is it open?", "Is it open?"),
        ("zh", "", ""),
        ("en", " ", ""),
    ],
)
def test_texts_as_people_write_them(language: str, text: str, people: str) -> None:
    assert written(text, language) == people


@given(st.text(max_size=40), st.sampled_from(["zh", "en"]))
def test_no_text_makes_them_raise(text: str, language: str) -> None:
    place_said(text, language, NAMES)
    NAMES.corrected(text, language)
    written(text, language)
