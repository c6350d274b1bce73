"""Where something is, as far as a sentence says it: a name of the city, or what is said as places are. Pure.

我住在人民路三十八号三栋 -> 人民路38号3栋, "at 38 Main Street" -> 38 Main Street.
"""

from __future__ import annotations

import re

from ivr.flow.understanding.names import Names
from ivr.flow.understanding.normal import written
from ivr.flow.understanding.segments import segments

_AREAS_WORDS = """
路 街 大街 大道 巷 弄 胡同 村 镇 乡 小区 花园 广场 大厦 公园 学校 小学 中学 大学 医院 车站 地铁站 市场 菜市场
家园 社区 苑 桥 街道 新村 工业园 园区 商场 超市 路口
"""
_AREAS = _AREAS_WORDS.split()
_AREA = re.compile("(?:" + "|".join(sorted(_AREAS, key=len, reverse=True)) + ")$")
_NUMBER = re.compile(
    r"(?:\d+(?:号楼|号|栋|幢|弄|单元|楼|层|室)?(?:之\d+)?(?:附近|旁边|门口|对面|后面|前面)?)+|(?:附近|旁边|门口|对面|后面|前面)"
)
_BEFORE = frozenset(
    [
        "我",
        "我们",
        "你",
        "你们",
        "他",
        "她",
        "它",
        "咱",
        "咱们",
        "住",
        "住在",
        "在",
        "位于",
        "是",
        "到",
        "从",
        "去",
        "往",
        "于",
        "的",
        "就",
        "就是",
        "这里",
        "这边",
        "那边",
        "那里",
        "家",
        "我家",
        "家住",
        "有",
        "把",
        "请",
        "地址",
        "地点",
        "要",
        "投诉",
        "举报",
        "反映",
        "一下",
        "想",
        "问",
        "请问",
        "说",
        "呢",
        "啊",
        "嗯",
        "呃",
        "那个",
        "这个",
        "和",
        "跟",
        "与",
        "关于",
        "现在",
        "今天",
        "昨天",
        "晚上",
        "楼下",
        "楼上",
        "门口",
        "旁边",
        "附近",
        "了",
        "路灯",
        "一个",
        "一家",
        "有个",
        "有家",
    ]
)
_NO_PLACES = frozenset(
    [
        "走路",
        "马路",
        "道路",
        "铁路",
        "公路",
        "电路",
        "线路",
        "一路",
        "上路",
        "修路",
        "让路",
        "大马路",
        "水泥路",
        "高架桥",
        "天桥",
        "农村",
        "全村",
        "进村",
    ]
)
_MOST_WORDS = 4
_ROADS_WORDS = """
street st road rd avenue ave lane drive boulevard blvd square court place way highway park station bridge
building school hospital library market
"""
_ROADS = _ROADS_WORDS.split()
_ENGLISH = re.compile(
    rf"(?:\b(?P<before>\d+[a-z]?)\s+)?\b(?P<names>(?:[\w']+\s+){{1,3}}?(?:{'|'.join(_ROADS)}))\b(?:\s+(?P<after>\d+))?",
    re.I,
)
_NOT_NAMES = frozenset(
    [
        "a",
        "an",
        "the",
        "in",
        "on",
        "at",
        "of",
        "to",
        "from",
        "near",
        "by",
        "my",
        "our",
        "your",
        "his",
        "her",
        "this",
        "that",
        "is",
        "it",
        "and",
        "or",
        "behind",
        "opposite",
        "lives",
        "live",
        "i",
        "am",
        "we",
        "are",
        "no",
        "any",
        "which",
        "what",
        "every",
        "each",
        "for",
        "with",
        "into",
        "over",
        "under",
        "out",
    ]
)


def place_said(text: str, language: str, names: Names, kinds: frozenset[str] | None = None) -> str:
    """As people write it; "" = none was said. kinds: of the names."""
    if language != "zh":
        return _english(text, language, names, kinds)
    text = written(names.corrected(text, language), language).rstrip("。.!?！？…")
    known = names.find(text, language, kinds)
    if known:
        begin = text.find(known[0].heard)
        end = begin + len(known[0].heard)
        for other in known[1:]:
            at = text.find(other.heard, end)
            if at == end:
                end = at + len(other.heard)
        if begin >= 0:
            return text[begin:end] + _numbers_after(text, end)
        return known[0].name
    return _by_form(text)


def _by_form(text: str) -> str:
    words = segments(text)
    at = 0
    for index, word in enumerate(words):
        at += len(word)
        if word in _NO_PLACES or not _AREA.search(word):
            continue
        name = word
        for earlier in reversed(words[max(0, index - _MOST_WORDS + 1) : index]):
            if earlier in _BEFORE or not re.fullmatch(r"[\u4e00-\u9fff]+", earlier):
                break
            name = earlier + name
        if name in _AREAS:
            continue
        return name + _numbers_after(text, at)
    return ""


def _numbers_after(text: str, end: int) -> str:
    numbers = _NUMBER.match(text, end)
    return numbers[0] if numbers is not None else ""


def _english(text: str, language: str, names: Names, kinds: frozenset[str] | None) -> str:
    known = names.find(text, language, kinds)
    for match in _ENGLISH.finditer(text):
        words = match["names"].split()
        small = [index for index, word in enumerate(words) if word.casefold() in _NOT_NAMES]
        words = words[small[-1] + 1 :] if small else words
        if len(words) > 1 and (match["before"] or match["after"] or words[0].casefold() not in _ROADS):
            return " ".join(filter(None, (match["before"], *words, match["after"])))
    return known[0].name if known else ""
