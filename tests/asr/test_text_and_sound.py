"""Numbers, scripts and sounds: what makes two texts the same to a caller."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.sound import found_by_sound, likeness
from asr.text import cut_repeats, en_number, spoken, tidy, with_figures, zh_quantity


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "零"),
        (9, "九"),
        (10, "十"),
        (29, "二十九"),
        (105, "一百零五"),
        (110, "一百一十"),
        (2024, "二千零二十四"),
        (10_005, "一万零五"),
        (10_500, "一万零五百"),
        (120_000_000, "一亿二千万"),
    ],
)
def test_chinese_quantities(value: int, said: str) -> None:
    assert zh_quantity(value) == said


@pytest.mark.parametrize(
    ("written", "language", "said"),
    [
        ("设定29度", "zh", "设定二十九度"),
        ("133 0780 7056", "zh", "一三三零七八零七零五六"),
        ("13307807056", "zh", "一三三零七八零七零五六"),
        ("138.85553316", "zh", "一三八八五五五三三一六"),
        ("幺三三", "zh", "一三三"),
        ("八三要四八，我要", "zh", "八三一四八我要"),
        ("設定，三十度。", "zh", "设定三十度"),
        ("Go forward 10 meters.", "en", "go forward ten meters"),
        ("Room 0780", "en", "room zero seven eight zero"),
        ("I'm 21", "en", "i'm twenty one"),
    ],
)
def test_what_was_said(written: str, language: str, said: str) -> None:
    assert spoken(written, language) == said


def test_chinese_words_are_not_spaced() -> None:
    assert tidy("我 要 投诉 ， 谢谢", "zh") == "我要投诉，谢谢"
    assert tidy("one  two", "en") == "one two"


def test_figures_for_words() -> None:
    assert with_figures("Option two five", "en") == "option 2 5"
    assert with_figures("二五", "zh") == "二五"


@given(st.integers(0, 99))
def test_english_numbers_are_words(value: int) -> None:
    assert all(word.isalpha() for word in en_number(str(value)).split())


@pytest.mark.parametrize(
    ("looped", "once"),
    [
        ("恐家花园恐家花园恐家花园", "恐家花园"),
        ("他跟大师他跟大师他跟大师他跟", "他跟大师"),
        ("你好你好", "你好你好"),
        ("133133133", "133133133"),
        ("88888888", "88888888"),
        ("1 3 8 5 1 2 3 1 2 3 1 2 3 1 2 3 1 2 3", "1 3 8 5 1 2 3"),
        ("go forward", "go forward"),
    ],
)
def test_a_decoder_in_a_loop_is_cut(looped: str, once: str) -> None:
    assert cut_repeats(looped) == once


@pytest.mark.parametrize(
    ("heard", "meant", "other"),
    [
        ("设定29多", "设定二十九度", "设定三十度"),
        ("少新饭店", "绍兴饭店", "外滩名店"),
        ("余剧水足管", "渔具水族馆", "精灵守护人"),
        ("姜武飞红", "精武飞鸿", "精武家庭"),
        ("去大礼", "去大理", "去上海"),
        ("RDQ", "LDQ", "EYN"),
        ("牛来", "刘来", "周来"),
    ],
)
def test_homophones_are_nearer_than_other_phrases(heard: str, meant: str, other: str) -> None:
    assert likeness(heard, meant, "zh").whole > likeness(heard, other, "zh").whole + 0.15


def test_the_same_sound_is_full_likeness() -> None:
    assert likeness("大礼", "大理", "zh").whole == 1.0
    assert likeness("to night", "two knight", "en").whole > 0.7


def test_a_phrase_within_a_longer_answer() -> None:
    assert likeness("我要人工服务", "人工", "zh").inside == 1.0
    assert likeness("i'd like to talk to a person please", "person", "en").inside == 1.0
    assert likeness("天气很好", "人工", "zh").inside < 0.5


@given(st.text(max_size=30), st.text(max_size=30), st.sampled_from(["zh", "en", "ko"]))
def test_likeness_stays_within_bounds_for_any_text(heard: str, phrase: str, language: str) -> None:
    found = likeness(heard, phrase, language)
    assert 0.0 <= found.whole <= 1.0
    assert 0.0 <= found.inside <= 1.0


@pytest.mark.parametrize(("heard", "meant"), [("寄宰恩", "EYN"), ("RDQ", "LDQ"), ("西贼夫", "CZF")])
def test_letters_are_compared_by_their_names(heard: str, meant: str) -> None:
    assert likeness(heard, meant, "zh").whole > 0.55
    assert likeness(heard, meant, "zh").whole > likeness(heard, "OXP", "zh").whole + 0.2


@pytest.mark.parametrize(
    ("heard", "meant", "other"),
    [
        ("complaints", "complaint", "continue"),
        ("lite", "light", "late"),
        ("talk to a purse on", "talk to a person", "talk to a parking guard"),
        ("school kill", "Schuylkill", "sky"),
    ],
)
def test_english_is_compared_by_its_sounds_not_its_spelling(heard: str, meant: str, other: str) -> None:
    near, far = (likeness(heard, phrase, "en").whole for phrase in (meant, other))
    assert near > 0.65 and near > far


def test_a_phrase_is_found_within_a_text_by_whole_words() -> None:
    assert found_by_sound("there has been a car accident here", "car accident", "en") == 1.0
    assert found_by_sound("我家找火了", "着火", "zh") > 0.8
    assert found_by_sound("the weather is fine", "car accident", "en") < 0.6
