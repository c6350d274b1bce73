"""Digit strings and numbers out of what callers say."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.flow.values.spoken import digit_strings, digits_said, number_said
from tests.flow.values.speakers import EN, EN_TENS, SPEAKERS, ZH

SHARED = Path(__file__).parents[4] / "shared" / "data" / "audio" / "MANIFEST.tsv"
"""Transcripts of recorded callers, where the folder is there; STAND_IN is always there."""
STAND_IN = [
    ("zh/a.wav", "一三三零七八零七零五零", "digits"),
    ("zh/b.wav", "一三八零八五五三三幺六", "digits"),
    ("zh/c.wav", "设定二十九度", "command"),
    ("en/a.wav", "one zero zero zero one nine oh two one oh zero one eight zero three", "digits"),
    ("en/b.wav", "zero seven five two", "digits"),
    ("en/c.wav", "he was not an ill disposed young man", "sentence"),
]


def recorded() -> list[tuple[str, str, str]]:
    if not SHARED.exists():
        return STAND_IN
    with SHARED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return STAND_IN + sorted({(row["file"], row["transcript"], row["kind"]) for row in rows})


def one_by_one(transcript: str, language: str) -> str:
    """The digits of a transcript that holds nothing else."""
    if language == "zh":
        return "".join(str(ZH.index("一" if character == "幺" else character)) for character in transcript)
    return "".join(str(EN.index("zero" if word == "oh" else word)) for word in transcript.split())


def test_recorded_callers_are_read_digit_for_digit() -> None:
    digits = 0
    for file, transcript, kind in recorded():
        language = file[:2]
        if kind in ("digit", "digits"):
            digits += 1
            assert digits_said(transcript, language) == one_by_one(transcript, language), transcript
            assert number_said(transcript, language) == int(one_by_one(transcript, language))
        elif kind == "sentence" and language == "en":
            assert digits_said(transcript, language) is None, transcript
    assert digits >= 4


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("一三三零七八零", "1330780"),
        ("幺三八", "138"),
        ("腰三八", "38"),
        ("一三腰八", "1318"),
        ("洞拐洞两", "0702"),
        ("洞", None),
        ("我们去洞庭湖", None),
        ("133 0780 7056", "13307807056"),
        ("１３３０７８０", "1330780"),
        ("133零七八零", "1330780"),
        ("二十三", "23"),
        ("一百零五", "105"),
        ("一百一十五", "115"),
        ("三千二", "3200"),
        ("三千零二", "3002"),
        ("两万五", "25000"),
        ("两万三千五", "23500"),
        ("十二万三", "123000"),
        ("一亿三千万", "130000000"),
        ("3万5", "35000"),
        ("3.5万", "35000"),
        ("一百二三四", "100234"),
        ("一百二十三四五", "12345"),
        ("幺三八二十三四十五", "1382345"),
        ("二零二六年", "2026"),
        ("伍佰", "500"),
        ("兩萬五", "25000"),
        ("陆家嘴", None),
        ("三个八", "888"),
        ("幺三八三个八两个六", "13888866"),
        ("一二三井号", "123#"),
        ("星号五", "*5"),
        ("我的号码是一三三零七八零七零五零，谢谢", "13307807050"),
        ("区号零五一九，电话八五五五一二三四", "051985551234"),
        ("请等一下", None),
        ("万一呢", None),
        ("十分感谢", None),
        ("第三", "3"),
        ("几十", None),
        ("三点五", None),
        ("两三", "23"),
        ("两三个", None),
        ("两个零一", "001"),
        ("555.1212", "5551212"),
        ("1,234", "1234"),
        ("我住三号楼，电话是13812345678", "13812345678"),
        ("一三八不对一三九一二三四", "1391234"),
        ("一三八一二三四，说错了", None),
        ("不是二十三，是二十四", "24"),
        ("不是，是二十四", "24"),
        ("你好", None),
        ("", None),
    ],
)
def test_digits_in_chinese(text: str, digits: str | None) -> None:
    assert digits_said(text, "zh-CN") == digits


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("one three three oh seven eight zero", "1330780"),
        ("double five seven", "557"),
        ("double oh seven", "007"),
        ("triple zero", "000"),
        ("nineteen eighty four", "1984"),
        ("twenty twenty six", "2026"),
        ("two thousand twenty six", "2026"),
        ("one hundred and five", "105"),
        ("hundred and five", "105"),
        ("thirteen oh seven", "1307"),
        ("twenty-three", "23"),
        ("twenty, three", "203"),
        ("one twenty three", "123"),
        ("one eight hundred five five five one two one two", "18005551212"),
        ("four one five eight double two five thousand", "4158225000"),
        ("twenty six hundred", "2600"),
        ("my number is (555) 123-4567, please", "5551234567"),
        ("555.123.4567", "5551234567"),
        ("+1 212 555 0123", "12125550123"),
        ("five 5 five", "555"),
        ("one two three pound", "123#"),
        ("star five sharp", "*5#"),
        ("oh, five five five", "555"),
        ("five, oh, seven", "507"),
        ("um five uh six", "56"),
        ("one moment please", None),
        ("no one", None),
        ("three point five", None),
        ("five five five no wait five five six", "556"),
        ("five five five, no, five five six", "556"),
        ("five five five sorry", "555"),
        ("the 26th", "26"),
        ("several", None),
        ("hello", None),
    ],
)
def test_digits_in_english(text: str, digits: str | None) -> None:
    assert digits_said(text, "en") == digits


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("mi número es cinco cinco cinco uno dos uno dos", "5551212"),
        ("doble cero siete", "007"),
        ("treinta y cinco", "35"),
        ("seis quince", "615"),
        ("mil novecientos ochenta y cuatro", "1984"),
        ("ochocientos cinco cinco cinco", "800555"),
        ("cinco, no, seis", "6"),
        ("uno dos almohadilla", "12#"),
        ("un momento", None),
    ],
)
def test_digits_in_spanish(text: str, digits: str | None) -> None:
    assert digits_said(text, "es-MX") == digits


def test_other_languages_give_their_figures() -> None:
    assert digits_said("номер 123 456", "ru") == "123456"
    assert digits_said("١٢٣", "ar") == "123"
    assert digits_said("cinq", "fr") is None
    assert number_said("-5", "fr") == -5
    assert number_said("3.5", "") == 3.5


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("三个人", 3),
        ("两个半", 2.5),
        ("半", 0.5),
        ("三天半", 3.5),
        ("负五", -5),
        ("零下十度", -10),
        ("三点一四", 3.14),
        ("一百二十点五", 120.5),
        ("1.5万", 15000),
        ("三块五", 3.5),
        ("三块五毛二", 3.52),
        ("十二块零五毛", 12.5),
        ("十二块零五分", 12.05),
        ("五毛", 0.5),
        ("一百二十块钱", 120),
        ("百分之三十", 30),
        ("第三", 3),
        ("第二十一", 21),
        ("一二三", 123),
        ("零零七", 7),
        ("几十", None),
        ("十几个", None),
        ("二十多", None),
        ("两三", None),
        ("两三个", None),
        ("三四百", None),
        ("三千五六百", None),
        ("十五六个", None),
        ("二十三四个", None),
        ("一个也没有", None),
        ("有一点", None),
        ("零点五", 0.5),
        ("大概三百块", 300),
        ("三分之一", None),
        ("三个大人两个孩子", None),
        ("井号", None),
        ("很多", None),
    ],
)
def test_numbers_in_chinese(text: str, number: float | None) -> None:
    assert number_said(text, "zh") == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("three people", 3),
        ("two and a half", 2.5),
        ("half", 0.5),
        ("minus five", -5),
        ("negative twenty", -20),
        ("three point one four", 3.14),
        ("two point five million", 2_500_000),
        ("three dollars and fifty cents", 3.5),
        ("three dollars fifty", 3.5),
        ("fifty cents", 0.5),
        ("a dozen", 12),
        ("two dozen", 24),
        ("third", 3),
        ("twenty third", 23),
        ("one million two hundred thousand and five", 1_200_005),
        ("twelve hundred", 1200),
        ("1,234.50", 1234.5),
        ("a few", None),
        ("two adults and three children", None),
        ("five hundred five five", None),
    ],
)
def test_numbers_in_english(text: str, number: float | None) -> None:
    assert number_said(text, "en") == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("dos y medio", 2.5),
        ("tres coma cinco", 3.5),
        ("menos cinco", -5),
        ("tengo una hija", 1),
        ("tercero", 3),
        ("dos millones trescientos mil", 2_300_000),
        ("tres pesos con cincuenta centavos", 3.5),
        ("una docena", 12),
        ("treinta y pico", None),
        ("varios", None),
    ],
)
def test_numbers_in_spanish(text: str, number: float | None) -> None:
    assert number_said(text, "es") == number


def test_every_string_that_may_have_been_meant_comes_longest_first() -> None:
    assert digit_strings("二号楼五零三室", "zh") == ["503", "2503", "2"]
    assert digit_strings("一二三叉", "zh", letters=True) == ["123*"]
    assert digit_strings("one two x", "en", letters=True) == ["12*"]
    assert digit_strings("你好", "zh") == []


@pytest.mark.parametrize("name", SPEAKERS)
@settings(deadline=None)
@given(digits=st.text("0123456789", min_size=1, max_size=18))
def test_a_digit_string_comes_back_from_every_way_of_saying_it(name: str, digits: str) -> None:
    language, speaker = SPEAKERS[name]
    assert digits_said(speaker(digits), language) == digits


@settings(deadline=None)
@given(value=st.integers(min_value=0, max_value=999_999_999))
def test_a_chinese_quantity_comes_back(value: int) -> None:
    assert number_said(_quantity(value), "zh") == value
    assert digits_said(_quantity(value), "zh") == str(value)


@settings(deadline=None)
@given(value=st.integers(min_value=0, max_value=999_999_999))
def test_an_english_quantity_comes_back(value: int) -> None:
    assert number_said(_words(value), "en") == value
    assert digits_said(_words(value), "en") == str(value)


number_texts = st.one_of(
    st.text(max_size=40),
    st.lists(
        st.sampled_from(
            [
                *"零一二三四五六七八九十百千万亿两半点块毛负第几多个不对是号叉0123456789.,-#* ",
                "不是",
                "hundred",
                "five",
            ]
            + [
                "twenty",
                "and",
                "a",
                "oh",
                "double",
                "point",
                "minus",
                "half",
                "dollars",
                "cents",
                "third",
                "x",
                "no",
                "y",
            ]
            + ["mil", "ciento", "treinta", "un", "medio", "doble", "menos", "pesos"]
        ),
        max_size=30,
    ).map(" ".join),
    st.lists(st.sampled_from("零一二三十百千万亿两半点块毛负第几多个不对是号叉腰洞019.,-"), max_size=40).map(
        "".join
    ),
)
languages = st.sampled_from(["zh", "en", "es", "fr", "zh-TW", "", "EN_us"])


@settings(deadline=None)
@given(text=number_texts, language=languages)
def test_no_text_makes_it_raise_and_keys_are_keys(text: str, language: str) -> None:
    for keys in digit_strings(text, language, letters=True):
        assert keys
        assert set(keys) <= set("0123456789*#")
    number = number_said(text, language)
    assert number is None or abs(number) < 10**15


def _quantity(value: int) -> str:
    """As it is said in full: 10,005 -> 一万零五."""
    if value == 0:
        return "零"
    for unit, name in ((10**8, "亿"), (10**4, "万"), (1000, "千"), (100, "百"), (10, "十")):
        if value >= unit:
            head, rest = divmod(value, unit)
            zero = "零" if 0 < rest < unit // 10 else ""
            return _quantity(head) + name + zero + (_quantity(rest) if rest else "")
    return ZH[value]


def _words(value: int) -> str:
    if value < 20:
        return EN[value]
    if value < 100:
        return EN_TENS[value // 10] + (f" {EN[value % 10]}" if value % 10 else "")
    for unit, name in ((10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if value >= unit:
            head, rest = divmod(value, unit)
            joined = " and " if unit == 100 or rest < 100 else " "
            return f"{_words(head)} {name}" + (joined + _words(rest) if rest else "")
    raise AssertionError(value)
