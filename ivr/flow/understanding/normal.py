"""What was said, as people write it: simplified characters, numbers, times and amounts in figures, a full stop. Pure.

人民路三十八号三栋 -> 人民路38号3栋。 Only what is a number for sure is turned into figures: 一下 and 三亚 stay words.
"""

from __future__ import annotations

import re

from asr.text import tidy
from ivr.flow.understanding.segments import crossed
from ivr.flow.values.chinese_quantity import DIGITS, quantity
from ivr.flow.values.plain import family

_NUMERALS = "零〇一二三四五六七八九十百千万亿两幺"
_RUN = re.compile(rf"[{_NUMERALS}]+")
_SHARE = re.compile(rf"百分之([{_NUMERALS}点]+)")
_UNITS = re.compile(
    r"号|栋|幢|楼|层|单元|室|年|月|日|点|分钟?|块|元|毛|角|岁|天|米|公里|平方|平米|度|路公交|弄|组|小时|个小时|个月|个人|户|次|级|斤|吨"
)
"""What a number of one or two characters is followed by, if it is one."""
_OF_PLACES = frozenset(["号", "栋", "幢", "楼", "单元", "室", "弄"])
"""一 before another unit is as often no number: 一点, 一次, 一年到头."""
_LONG = 3
"""A run of so many numerals is a number whatever follows."""
_END = re.compile(r"[。！？!?.…]$")


def written(text: str, language: str) -> str:
    """A transcript as an agent wants to read it; "" of one without words."""
    spoken = family(language)
    text = tidy(text, spoken)
    if spoken == "zh":
        text = _SHARE.sub(lambda found: f"{_share(found[1])}%", text)
        text = _RUN.sub(lambda found: _figures(found, text), text)
    elif text:
        text = text[0].upper() + text[1:]
    if not text or _END.search(text):
        return text
    return text + ("。" if spoken == "zh" else ".")


def _figures(found: re.Match[str], text: str) -> str:
    run, begin, end = found[0], found.start(), found.end()
    if len(run) < _LONG:
        unit = _UNITS.match(text, end)
        if unit is None or (run == "一" and unit[0] not in _OF_PLACES):
            return run
        if crossed(text, begin, end + len(unit[0])):
            return run
    return _number(run) or run


def _number(run: str) -> str:
    """A quantity or a string of digits as figures; "" when it is neither."""
    if all(sign in DIGITS for sign in run):
        return "".join(DIGITS[sign] for sign in run)
    whole = quantity(run, 0)
    if whole is None or whole[1] != len(run) or not isinstance(whole[0], int):
        return ""
    return str(whole[0])


def _share(run: str) -> str:
    whole, point, part = run.partition("点")
    figures = _number(whole) or whole
    return f"{figures}.{_number(part) or part}" if point and part else figures
