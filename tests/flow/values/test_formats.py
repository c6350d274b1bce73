"""The formats that a `collect` asks for: keys as they come, the value, the fault, and the same from speech."""

from __future__ import annotations

import datetime as dt
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.flow.values.formats import FAULTS, FORMATS, Format, FormatError, make_format
from ivr.flow.values.identity import check_digit

NOW = dt.datetime(2026, 11, 26, 14, 30, tzinfo=dt.timezone(dt.timedelta(hours=8)))
EVERY = {
    "digits": make_format("digits", least=2, most=6),
    "digits patterns": make_format("digits", patterns=["12X", "1[3-9]X{3}"]),
    "number": make_format("number", least=5, most=150),
    "amount": make_format("amount", most=500.0),
    "amount whole": make_format("amount", decimals=0, most=99.0),
    "phone": make_format("phone", kinds=["mobile", "fixed", "service"], area="0519"),
    "phone us": make_format("phone", country="us"),
    "phone any": make_format("phone", country="any"),
    "id_card": make_format("id_card"),
    "date": make_format("date"),
    "date mdy": make_format("date", order="mdy", when="future", within=30),
    "date dmy": make_format("date", order="dmy", year="required", when="past"),
    "time": make_format("time"),
    "year": make_format("year", most=2030),
    "ticket": make_format("ticket", prefix="GD"),
    "ticket luhn": make_format("ticket", least=6, most=6, check="luhn"),
    "ticket mod97": make_format("ticket", least=6, most=6, check="mod97"),
    "postcode": make_format("postcode"),
    "postcode us": make_format("postcode", country="us"),
    "extension": make_format("extension"),
}


@pytest.mark.parametrize(
    ("name", "keys", "value"),
    [
        ("digits", "0042", "0042"),
        ("number", "042", 42),
        ("amount", "12*5", 12.5),
        ("amount", "12", 12.0),
        ("phone", "13812345678", "13812345678"),
        ("phone", "051985551234", "051985551234"),
        ("phone", "01062345678", "01062345678"),
        ("phone", "85551234", "051985551234"),
        ("phone", "4008123456", "4008123456"),
        ("phone", "12345", "12345"),
        ("phone", "95588", "95588"),
        ("phone us", "12125550123", "2125550123"),
        ("phone us", "2125550123", "2125550123"),
        ("phone any", "442083661177", "442083661177"),
        ("id_card", "11010519491231002*", "11010519491231002X"),
        ("date", "1126", "2026-11-26"),
        ("date", "1125", "2027-11-25"),
        ("date", "0229", "2028-02-29"),
        ("date", "20261126", "2026-11-26"),
        ("date mdy", "12012026", "2026-12-01"),
        ("date mdy", "1201", "2026-12-01"),
        ("date dmy", "05031984", "1984-03-05"),
        ("time", "1430", "14:30"),
        ("time", "930", "09:30"),
        ("time", "0000", "00:00"),
        ("year", "1984", 1984),
        ("ticket", "20261126001", "GD20261126001"),
        ("ticket luhn", "123455", "123455"),
        ("ticket mod97", "123482", "123482"),
        ("postcode", "213000", "213000"),
        ("postcode us", "90210", "90210"),
        ("extension", "8001", "8001"),
    ],
)
def test_keys_give_a_value(name: str, keys: str, value: object) -> None:
    form = EVERY[name]
    assert form.verdict(keys) == "complete"
    assert form.fault(keys, NOW) == ""
    assert form.normalise(keys, NOW) == value
    assert type(form.normalise(keys, NOW)) is type(value)


@pytest.mark.parametrize(
    ("name", "keys", "fault"),
    [
        ("digits", "1", "length"),
        ("digits", "1234567", "length"),
        ("digits", "12*", "form"),
        ("number", "4", "too_small"),
        ("number", "151", "too_large"),
        ("number", "1510", "too_large"),
        ("amount", "501", "too_large"),
        ("amount", "12*", "length"),
        ("amount", "12**5", "form"),
        ("phone", "98", "form"),
        ("phone", "1381234567", "length"),
        ("phone us", "2115550123", "area"),
        ("phone us", "2129110123", "area"),
        ("phone us", "1125550123", "form"),
        ("id_card", "1101051949123100", "length"),
        ("id_card", "110105194912310021", "check_digit"),
        ("id_card", "99010519491231002*", "area"),
        ("id_card", "110105194913310021", "no_such_date"),
        ("id_card", "110105203012310021", "future"),
        ("date", "1326", "no_such_date"),
        ("date", "20260230", "no_such_date"),
        ("date", "11", "length"),
        ("date", "202611", "length"),
        ("date mdy", "11252026", "past"),
        ("date mdy", "12312026", "too_far"),
        ("date dmy", "27112026", "future"),
        ("date dmy", "0503", "length"),
        ("time", "2460", "no_such_time"),
        ("time", "961", "no_such_time"),
        ("year", "1850", "too_small"),
        ("year", "2031", "too_large"),
        ("ticket luhn", "123456", "check_digit"),
        ("ticket mod97", "123456", "check_digit"),
        ("postcode", "9", "form"),
    ],
)
def test_keys_that_are_no_value_say_why(name: str, keys: str, fault: str) -> None:
    assert EVERY[name].fault(keys, NOW) == fault
    assert fault in FAULTS
    assert EVERY[name].normalise(keys, NOW) == keys


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("number", "150"),
        ("amount", "12*55"),
        ("amount whole", "12"),
        ("phone", "13812345678"),
        ("phone us", "12125550123"),
        ("phone us", "2125550123"),
        ("id_card", "11010519491231002*"),
        ("date", "1126"),
        ("date", "20261126"),
        ("date mdy", "11262026"),
        ("time", "1430"),
        ("postcode us", "902100000"),
    ],
)
def test_keys_after_which_nothing_can_come_are_full(name: str, keys: str) -> None:
    assert EVERY[name].full(keys)
    assert not any(EVERY[name].full(keys[:length]) for length in range(len(keys)))
    assert all(EVERY[name].verdict(keys + key) == "invalid" for key in "0123456789*#")


@pytest.mark.parametrize(
    ("name", "keys"),
    [("date mdy", "1126"), ("time", "930"), ("amount", "12"), ("phone", "95588"), ("number", "15")],
)
def test_keys_that_would_do_but_may_go_on_are_complete_and_not_full(name: str, keys: str) -> None:
    assert EVERY[name].verdict(keys) == "complete"
    assert not EVERY[name].full(keys)


@pytest.mark.parametrize(
    ("name", "language", "text", "keys"),
    [
        ("phone", "zh", "我的号码是一三三零七八零七零五零", ["13307807050"]),
        ("phone", "zh", "+86 138 1234 5678", ["13812345678"]),
        ("phone", "zh", "八六幺零六二三四五六七八", ["01062345678"]),
        ("phone", "zh", "我住三号楼，电话是13812345678", ["13812345678"]),
        ("phone", "zh", "四零零八一二三四五六", ["4008123456"]),
        ("phone", "zh", "一三三零七八", ["133078"]),
        ("phone us", "en", "one eight hundred five five five oh one two three", ["18005550123"]),
        ("phone us", "es", "dos uno dos, cinco cinco cinco, cero uno veintitrés", ["2125550123"]),
        ("id_card", "zh", "一一零一零五一九四九一二三一零零二叉", ["11010519491231002*"]),
        ("id_card", "zh", "11010519491231002X", ["11010519491231002*"]),
        ("id_card", "zh", "幺幺零幺零五幺九四九幺二三幺零零二，艾克斯", ["11010519491231002*"]),
        (
            "id_card",
            "en",
            "one one oh one oh five one nine four nine one two three one oh oh two x",
            ["11010519491231002*"],
        ),
        ("date", "zh", "下周三", ["20261202"]),
        ("date", "zh", "十一月二十六号", ["20261126"]),
        ("date", "zh", "一一二六", ["1126"]),
        ("date", "zh", "二月三十号", ["0000"]),
        ("date mdy", "en", "tomorrow", ["11272026"]),
        ("date mdy", "en", "yesterday", ["11252026"]),
        ("date dmy", "es", "cinco de marzo de mil novecientos ochenta y cuatro", ["05031984"]),
        ("time", "zh", "下午两点半", ["1430"]),
        ("time", "en", "half past two", ["1430", "0230"]),
        ("time", "zh", "二十五点", ["9999"]),
        ("number", "zh", "一百零五", ["105"]),
        ("number", "zh", "三千二", ["3200"]),
        ("number", "zh", "两个半", []),
        ("number", "zh", "几十", []),
        ("amount", "zh", "三块五", ["3*50"]),
        ("amount", "en", "twelve point five", ["12*50"]),
        ("amount", "en", "twelve star five", ["12*5"]),
        ("amount", "zh", "负五", []),
        ("year", "zh", "八四年", ["1984"]),
        ("year", "zh", "去年", ["2025"]),
        ("year", "en", "nineteen eighty four", ["1984"]),
        ("year", "es", "dos mil cinco", ["2005"]),
        ("ticket", "zh", "工单号二零二六一一二六零零一", ["20261126001"]),
        ("ticket", "en", "GD20261126001 please", ["20261126001"]),
        ("postcode", "zh", "两一三零零零", ["213000"]),
        ("postcode us", "en", "nine oh two one oh", ["90210"]),
        ("extension", "zh", "转八零零一分机", ["8001"]),
        ("digits", "zh", "一二三四井号", ["1234"]),
        ("digits", "zh", "你好", []),
    ],
)
def test_speech_gives_the_keys_that_could_have_been_pressed(
    name: str, language: str, text: str, keys: list[str]
) -> None:
    assert EVERY[name].said(text, language, NOW)[: len(keys) or None] == keys


def test_what_was_said_wrongly_tells_its_fault() -> None:
    assert _first_fault("phone", "一三三零七八") == "length"
    assert _first_fault("id_card", "一一零一零五一九四九一二三一零零二一") == "check_digit"
    assert _first_fault("date", "二月三十号") == "no_such_date"
    assert _first_fault("time", "二十五点") == "no_such_time"
    assert _first_fault("number", "三千二") == "too_large"


def _first_fault(name: str, text: str) -> str:
    return EVERY[name].fault(EVERY[name].said(text, "zh", NOW)[0], NOW)


@pytest.mark.parametrize(
    ("name", "options", "option", "cause", "mend"),
    [
        ("fone", {}, "", "unknown format `fone`", "`phone`"),
        ("zzz", {}, "", "unknown format", "id_card"),
        ("phone", {"contry": "us"}, "contry", "no option `contry`", "`country`"),
        ("phone", {"country": "uk"}, "country", "`uk` is not one of those possible", "E.164"),
        ("phone", {"country": "us", "area": "0519"}, "", "`area` belongs to country `cn`", "country"),
        ("phone", {"area": "519"}, "area", "`519` does not fit", "0519"),
        ("phone", {"country": "any", "least": 9, "most": 8}, "", "`least` is more than `most`", "least"),
        ("digits", {"least": 5, "most": 3}, "", "`least` is more than `most`", "least"),
        ("digits", {"patterns": ["X{4}"], "least": 3}, "", "`patterns` say the length", "least"),
        ("digits", {"patterns": ["1q"]}, "patterns", "`q` cannot stand at place 2", "any digit"),
        ("number", {"most": "5"}, "most", "a whole number is expected, and this is a text", "greatest"),
        ("number", {"least": 9, "most": 5}, "", "`least` is more than `most`", "least"),
        ("amount", {"least": 9, "most": 5}, "", "`least` is more than `most`", "least"),
        ("year", {"least": 2000, "most": 1999}, "", "`least` is more than `most`", "least"),
        ("date", {"within": 0}, "within", "at least 1 is expected", "days"),
        ("id_card", {"least": 1}, "least", "no option `least`", "it has none"),
    ],
)
def test_options_that_cannot_be_say_so(
    name: str, options: dict[str, object], option: str, cause: str, mend: str
) -> None:
    with pytest.raises(FormatError) as caught:
        make_format(name, **options)
    assert caught.value.option == option
    assert cause in str(caught.value)
    assert mend in caught.value.mend


@pytest.mark.parametrize("name", FORMATS)
def test_the_table_documents_every_format(name: str) -> None:
    info = FORMATS[name]
    keys, value = info.example
    form = make_format(name)
    assert info.document.endswith(".")
    assert form.name == name
    assert form.normalise(keys, NOW) == value
    assert form.least <= len(keys) <= form.most
    assert all(document for _, _, document in info.option_documents())
    assert info.options.model_json_schema()["additionalProperties"] is False


def test_the_options_are_documented_with_their_defaults() -> None:
    assert (
        "country",
        "cn",
        "`cn`; `us` for all of North America; `any` for whatever E.164 allows",
    ) in FORMATS["phone"].option_documents()
    assert ("kinds", "[mobile, fixed]") in [option[:2] for option in FORMATS["phone"].option_documents()]


@settings(deadline=None)
@given(st.text(string.digits, min_size=17, max_size=17))
def test_every_17_digits_have_exactly_one_last_character(seventeen: str) -> None:
    # The check of GB 11643 written as the standard does, by its weights.
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(weight * int(digit) for weight, digit in zip(weights, seventeen, strict=True))
    assert check_digit(seventeen) == "10X98765432"[total % 11]


@settings(deadline=None)
@given(
    area=st.sampled_from(["110105", "320402", "810000", "931156"]),
    born=st.dates(dt.date(1900, 1, 1), dt.date(2026, 11, 26)),
    order=st.integers(0, 999),
)
def test_exactly_one_key_completes_an_identity_card(area: str, born: dt.date, order: int) -> None:
    front = f"{area}{born:%Y%m%d}{order:03}"
    card = EVERY["id_card"]
    right = [key for key in "0123456789*" if not card.fault(front + key, NOW)]
    assert right == [check_digit(front).replace("X", "*")]
    assert {card.fault(front + key, NOW) for key in "0123456789*"} == {"", "check_digit"}


COMPLETE = {
    "digits": r"[0-9]{2,6}",
    "digits patterns": r"12[0-9]|1[3-9][0-9]{3}",
    "number": r"[0-9]{1,3}",
    "amount": r"[0-9]{1,3}(\*[0-9]{1,2})?",
    "amount whole": r"[0-9]{1,2}",
    "phone": r"1[3-9][0-9]{9}|0(10|2[0-57-9])[2-8][0-9]{7}|05[1-9][0-9][2-8][0-9]{6,7}|95[0-9]{3}|400[0-9]{7}",
    "phone us": r"1?[2-9][0-9]{2}[2-9][0-9]{6}",
    "phone any": r"[0-9]{7,15}",
    "id_card": r"[1-9][0-9]{16}[0-9*]",
    "date": r"[01][0-8][0-3][0-9]|(19|20)[0-9]{6}",
    "date mdy": r"[01][0-9][0-3][0-9](20[0-9]{2})?",
    "date dmy": r"[0-3][0-9][01][0-9](19|20)[0-9]{2}",
    "time": r"[0-9]{3,4}",
    "year": r"[0-9]{4}",
    "ticket": r"[0-9]{8,14}",
    "ticket luhn": r"[0-9]{6}",
    "ticket mod97": r"[0-9]{6}",
    "postcode": r"[0-8][0-9]{5}",
    "postcode us": r"[0-9]{5}([0-9]{4})?",
    "extension": r"[0-9]{2,6}",
}
"""What is complete in each, written by other means than the formats."""


@pytest.mark.parametrize("name", EVERY)
@settings(deadline=None)
@given(data=st.data())
def test_a_prefix_of_something_complete_is_never_invalid(name: str, data: st.DataObject) -> None:
    form = EVERY[name]
    keys = data.draw(st.from_regex(COMPLETE[name], fullmatch=True, alphabet="0123456789*"))
    assert form.verdict(keys) == "complete"
    assert all(form.verdict(keys[:length]) != "invalid" for length in range(len(keys)))
    assert not any(form.full(keys[:length]) for length in range(len(keys)))
    assert form.least <= len(keys) <= form.most


keys_of_all_kinds = st.one_of(
    st.text("0123456789*#", max_size=20),
    *(st.from_regex(pattern, fullmatch=True, alphabet="0123456789*") for pattern in COMPLETE.values()),
)


@pytest.mark.parametrize("name", EVERY)
@settings(deadline=None)
@given(keys=keys_of_all_kinds, key=st.sampled_from("0123456789*#"))
def test_verdict_full_and_fault_agree(name: str, keys: str, key: str) -> None:
    form = EVERY[name]
    if form.full(keys):
        assert form.verdict(keys) == "complete"
        assert form.verdict(keys + key) == "invalid"
    if form.verdict(keys) == "invalid":
        assert form.verdict(keys + key) == "invalid"
    fault = form.fault(keys, NOW)
    assert fault == "" or fault in FAULTS
    assert (form.verdict(keys) == "complete") or fault


ZH = "零一二三四五六七八九十百千万点半块毛月号日年周下明天叉井星0123456789*#-/:. "


@pytest.mark.parametrize("name", EVERY)
@settings(deadline=None)
@given(
    text=st.one_of(
        st.text(max_size=30),
        st.lists(
            st.sampled_from(ZH),
            max_size=24,
        ).map("".join),
        st.lists(
            st.sampled_from(
                ["one", "twenty", "hundred", "oh", "double", "may", "next", "friday", "past", "half", "x"]
            ),
            max_size=20,
        ).map(" ".join),
    ),
    language=st.sampled_from(["zh", "en", "es", "fr"]),
    now=st.datetimes(),
)
def test_no_text_makes_it_raise(name: str, text: str, language: str, now: dt.datetime) -> None:
    form: Format = EVERY[name]
    said = form.said(text, language, now)
    assert len(said) == len(set(said))
    faults = [bool(form.fault(keys, now)) for keys in said]
    assert faults == sorted(faults)
    for keys in said:
        form.normalise(keys, now)
