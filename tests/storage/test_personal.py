"""What is found to be personal in texts, and what is left: tricky ones, spoken and written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.personal.mask import find, mask, placeholders
from storage.personal.spans import ALL_CLASSES, HIDDEN_BY_DEFAULT

HIDDEN = {
    # telephone numbers, however they are dictated
    "我电话是138 0013 8000": "我电话是【电话】",
    "一三八，零零幺三，八零零零": "【电话】",
    "幺三八嗯零零幺三然后八零零零": "【电话】",
    "１３８００１３８０００": "【电话】",
    "座机010-12345678": "座机【电话】",
    "five five five two three four double oh one two": "[phone]",
    "triple five, one two three, four oh nine nine": "[phone]",
    "call +1 (212) 555-0187 please": "call +[phone] please",
    "twenty one twenty two fifty five eleven": "[phone]",
    # pieces of one, when that is all that is said or asked for
    "零零幺三": "【号码】",
    "对，八零零零": "对，【号码】",
    "尾号是8000": "尾号是【号码】",
    "the last four digits are 4821": "the last four digits are [number]",
    "last four digits 4821": "last four digits [number]",
    "验证码4821": "验证码【号码】",
    # cards
    "身份证号110105194912310021": "身份证号【证件号】",
    "一一零一零五一九四九一二三一零零二叉": "【证件号】",
    "证件号：11010519491231002X": "证件号：【证件号】",
    "卡号是6222 0202 0000 1234 567": "卡号是【银行卡】",
    "my social security number is 123-45-6789": "my social security number is [identity]",
    # other numbers
    "工单号20261126001": "工单号【号码】",
    "车牌京A12345": "车牌【号码】",
    # a hotline beside a caller's number
    "我打了12345，我的号码是13800138000": "我打了12345，我的号码是【电话】",
    # names
    "我叫张伟，家住长江路十八号": "我叫【姓名】，家住长江路【门牌】",
    "免贵姓欧阳": "免贵姓【姓名】",
    "请问李女士在吗": "请问【姓名】女士在吗",
    "弓长张，伟大的伟": "【姓名】，伟大的伟",
    "我叫艾合买提": "我叫【姓名】",
    "王小明先生的电话": "【姓名】先生的电话",
    "My name is John Smith and I live here": "My name is [name] and I live here",
    "my name's maria garcia": "my name's [name]",
    "this is Sarah calling": "this is [name] calling",
    "S-M-I-T-H": "[name]",
    "thank you Dr. Lee": "thank you Dr. [name]",
    # homes
    "我住在长江路18号3栋2单元501室": "我住在长江路【门牌】",
    "人民路八十八弄十二号六零二室": "人民路【门牌】",
    "1200 Main Street apartment 4B": "[address] Main Street [address]",
    "twelve hundred main street": "[address] main street",
    # addresses of letters
    "邮箱是zhangsan@qq.com": "邮箱是【邮箱】",
    "zhangsan艾特qq点com": "【邮箱】",
    "john dot smith at gmail dot com": "[email]",
    "微信号是abc_123": "微信号是【邮箱】",
}
LEFT = [
    "请拨打12345或者110、120、12315",
    "call 311, 911 or 1-800-555-1234",
    "400-820-8820",
    "2026年11月26日，二零二六年十一月",
    "2026-11-26 14:30",
    "20261126",
    "on November 26, 2026",
    "november twenty six twenty twenty six",
    "一九八六年",
    "十点二十分，三百二十一块",
    "12000平方米，12,345 people",
    "three hundred and five",
    "公交302路，地铁3号线，3号窗口",
    "我住三楼，我今年三十五",
    "26号上午停水",
    "长江路的路灯坏了，白云路也是",
    "the light on Main Street is broken near 5th avenue",
    "我是江苏人，我很高兴",
    "黄河路上的井盖丢了，叶子掉了",
    "谢谢您，许多人，温度很低，马上处理",
    "安全问题，方便的话，向经理反映",
    "this is the third time, I'm calling about it",
    "Thank you Mandarin",
    "",
]


@pytest.mark.parametrize(("text", "shown"), HIDDEN.items())
def test_it_is_hidden(text: str, shown: str) -> None:
    language = "en" if text.isascii() else "zh"
    assert mask(text, HIDDEN_BY_DEFAULT, language).text == shown


@pytest.mark.parametrize("text", LEFT)
def test_it_is_left(text: str) -> None:
    assert mask(text, HIDDEN_BY_DEFAULT, "zh").text == text


def test_sums_of_money_are_a_matter_of_policy() -> None:
    text = "罚了我三千五百块，又交了12000元，two hundred dollars"
    assert mask(text, HIDDEN_BY_DEFAULT).text == text
    assert mask(text, ALL_CLASSES).text == "罚了我【金额】，又交了【金额】，【金额】"


def test_only_the_classes_that_are_asked_for() -> None:
    text = "我叫张伟，电话13800138000，邮箱a@b.cn"
    assert mask(text, frozenset({"phone"})).text == "我叫张伟，电话【电话】，邮箱a@b.cn"
    assert mask(text, frozenset()).text == text
    assert mask(text, frozenset({"name", "email"})).kinds == {"name", "email"}


def test_spans_are_those_of_the_text_as_it_was() -> None:
    text = "我叫张伟，电话13800138000"
    spans = find(text)
    assert [(text[span.start : span.end], span.kind) for span in spans] == [
        ("张伟", "name"),
        ("13800138000", "phone"),
    ]


def test_the_words_that_stand_for_it_are_themselves_left() -> None:
    for language in ("zh", "en"):
        text = "、".join(placeholders(language).values())
        assert mask(text, ALL_CLASSES, language).text == text


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([*HIDDEN, *LEFT, " ", "，", "12", "王", "\U00020bb7", "é"]), max_size=4))
def test_whatever_the_text_spans_are_within_it_and_apart(parts: list[str]) -> None:
    text = "".join(parts)
    place = 0
    for span in find(text):
        assert place <= span.start < span.end <= len(text)
        place = span.end


@pytest.mark.parametrize(
    "part", ["1", "one two ", "a", "a b ", "一二三", "a.", "november twenty ", "3号", " ", "at "]
)
def test_no_text_takes_long(part: str) -> None:
    """Each rule reads a text a bounded number of times: the number of steps that `re` takes is not told, but a rule
    that tries every way to part such a text would not end within the time of a test."""
    find(part * 600)
