"""Numbers that say who somebody is or open something, told from those that anybody may know. Pure.

What stays: dates, times, quantities, the numbers of public services (110, 12345, 95588, 400 ...). What is short stays
unless the words before it ask for a code or the end of a number, or it is all that is said: people dictate a telephone
number in pieces, each an utterance of its own.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Final

from storage.personal.digits import Run, runs
from storage.personal.spans import PersonalClass, Span

_PUBLIC: Final = re.compile(
    r"11[0-49]|12[0-2]|12[1-9]\d{2}|1212\d|100\d\d|10[01]\d{2}|95\d{3}|95\d{4}|96\d{3,4}|[2-9]11|988|999|"
    r"1?(?:400|800|888|877|866)\d{7}"
)
"""Of public services: short numbers of China and North America, and those whose owner pays."""
_MOBILE: Final = re.compile(r"(?:0{0,2}86)?1[3-9]\d{9}")
_LANDLINE: Final = re.compile(r"(?:0{0,2}86)?0?(?:10|2\d|[3-9]\d{2})\d{7,8}")
_AMERICAN: Final = re.compile(r"1?[2-9]\d{2}[2-9]\d{6}")

_NUMERAL: Final = "[0-9０-９零〇一二三四五六七八九十百千两]"
_MONTHS: Final = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    "oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_SPOKEN_NUMBER: Final = (
    r"(?:[\s,]+(?:the|of|and|oh|\d{1,4}(?:st|nd|rd|th)?|[a-z]*(?:one|two|three|four|five|six|seven|eight|nine|first|"
    r"second|third|fth|ixth|eventh|ighth|inth|tenth|ten|eleven|twelve|teen|teenth|twenty|twentieth|thirty|thirtieth|"
    r"forty|fifty|sixty|seventy|eighty|ninety)|thousand|hundred)\b){1,7}"
)
_HARMLESS: Final = re.compile(
    rf"{_NUMERAL}{{2,4}}\s*年(?:\s*{_NUMERAL}{{1,3}}\s*月)?(?:\s*{_NUMERAL}{{1,3}}\s*[日号])?|"
    rf"{_NUMERAL}{{1,3}}\s*月\s*{_NUMERAL}{{1,3}}\s*[日号]|"
    r"(?<!\d)(?P<year>(?:19|20)\d{2})(?P<apart>[-/.\s]?)(?P<month>\d{1,2})(?P=apart)(?P<day>\d{1,2})(?!\d|[-.]\d|\s\d{4})|"
    r"(?<!\d)\d{1,2}[/.]\d{1,2}[/.](?:19|20)\d{2}(?!\d)|"
    r"(?<!\d)\d{1,2}[:：]\d{2}(?:[:：]\d{2})?(?!\d)|"
    r"(?<![\d,])\d{1,3}(?:,\d{3}){1,2}(?![\d,])|"
    rf"(?i:\b{_MONTHS}{_SPOKEN_NUMBER})|"
    rf"(?i:\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTHS}(?:,?\s+(?:19|20)\d{{2}}(?!\d))?)"
)
"""Dates, times and quantities with commas."""
_MEASURE: Final = re.compile(
    r"\s*(?:平方|立方|公里|千米|米|吨|度电|度|人次|人|户|次|个|件|辆|块|元|%|％|公斤|千克|小时|分钟|天|号线|路公交|"
    r"(?i:people|times|homes|households|km|miles|meters|metres|tons|percent|dollars|yuan)\b)"
)

_CLOSE: Final = r"[是为：:\s，,]{0,3}$"
_ENDS: Final = re.compile(
    rf"(?:尾号|后[三四五六]位|末[三四五六]位|最后[三四五六]位|验证码|校验码|密码|口令|编号|单号|工单号?|取件码|"
    rf"(?i:last (?:three|four|five|six)(?: digits)?|ending(?: in| with)?|\bcode|\bpin|password|ticket(?: number)?|"
    rf"case number|reference(?: number)?)(?: is| was| are| were)?){_CLOSE}"
)
_IDENTITY: Final = re.compile(
    rf"(?:身份证|证件|护照|社保|医保|(?i:\bid|identity|passport|social security|ssn)).{{0,14}}{_CLOSE}"
)
_BANK: Final = re.compile(
    rf"(?:银行卡|储蓄卡|信用卡|卡号|账号|帐号|账户|(?i:\bcard|\baccount|\brouting)).{{0,14}}{_CLOSE}"
)
_PHONE: Final = re.compile(
    rf"(?:电话|手机|座机|号码|联系方式|回电|(?i:\bphone|\bmobile|\bcell|call me|reach me|number)).{{0,14}}{_CLOSE}"
)
_PLATE: Final = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Za-z][\s·.\-]?[A-Za-z0-9]{5,6}(?![A-Za-z0-9])"
)
_BLANK: Final = "\0"
DICTATED: Final = 0.7
"""So much of an utterance is digits, and it is a piece of a number that is being dictated."""


def numbers(text: str) -> Iterator[Span]:
    """In no order; they do not overlap but for plates."""
    for plate in _PLATE.finditer(text):
        yield Span(plate.start(), plate.end(), "number")
    bare = _HARMLESS.sub(_blanked, text)
    for run in runs(bare):
        part = _without_public(bare, run)
        if part is None or _MEASURE.match(bare, part.end):
            continue
        kind = _kind(bare, part)
        if kind is not None:
            yield Span(part.start, part.end, kind)


def _blanked(match: re.Match[str]) -> str:
    if match["year"] is not None:
        try:
            dt.date(int(match["year"]), int(match["month"]), int(match["day"]))
        except ValueError:
            return match.group()
    return _BLANK * len(match.group())


def _without_public(text: str, run: Run) -> Run | None:
    """`12345, 13800138000` are two numbers: the public one, before or after a longer one, is nobody's."""
    groups = run.groups
    first, last = 0, len(groups)
    while first < last and _apart(text, run, first, first + 1) and _PUBLIC.fullmatch(groups[first].digits):
        first += 1
    while first < last and _apart(text, run, last - 1, last) and _PUBLIC.fullmatch(groups[last - 1].digits):
        last -= 1
    if first == last:
        return None
    return run if (first, last) == (0, len(groups)) else run.part(first, last)


def _apart(text: str, run: Run, index: int, after: int) -> bool:
    """Whether more than a space or a dash parts this group from its neighbour, or it is long enough to stand alone."""
    groups = run.groups
    if len(groups) == 1 or len(groups[index].digits) >= 5:
        return True
    first = max(index - 1, 0)
    between = text[groups[first].end : groups[first + 1].start]
    return bool(re.search(r"[，、。,.]|[a-z\u4e00-\u9fff]", between))


def _kind(text: str, run: Run) -> PersonalClass | None:
    digits, before = run.digits, text[max(0, run.start - 40) : run.start]
    length = len(digits) + run.letter
    if run.letter or (length == 18 and _birth(digits[6:14])):
        return "identity"
    if length >= 4 and _IDENTITY.search(before):
        return "identity"
    if length >= 4 and _BANK.search(before):
        return "bank"
    if _PUBLIC.fullmatch(digits):
        return None
    if any(pattern.fullmatch(digits) for pattern in (_MOBILE, _LANDLINE, _AMERICAN)) or length in (7, 8):
        return "phone"
    if length >= 5 and _PHONE.search(before):
        return "phone"
    if 13 <= length <= 19:
        return "bank"
    if length == 9 and tuple(len(group.digits) for group in run.groups) == (3, 2, 4):
        return "identity"
    if length >= 5:
        return "number"
    if length >= 3 and (_ENDS.search(before) or _dictated(text, run)):
        return "number"
    return None


def _birth(digits: str) -> bool:
    try:
        return 1900 <= dt.datetime.strptime(digits, "%Y%m%d").replace(tzinfo=dt.UTC).year < 2100
    except ValueError:
        return False


def _dictated(text: str, run: Run) -> bool:
    said = sum(character.isalnum() for character in text)
    digits = sum(character.isalnum() for character in text[run.start : run.end])
    return digits >= DICTATED * said
