"""Where somebody lives, down to the house; e-mail addresses; sums of money. Pure.

Of an address only house, entrance and flat are found: the street is what a city's calls are about and must be found
again; without the number it is no home.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from storage.personal.spans import Span

_COUNT: Final = "[0-9０-９零〇一二三四五六七八九十百幺两]"
_LETTERED: Final = rf"(?:[A-Za-z甲乙丙丁东西南北]?{_COUNT}{{1,6}}[A-Za-z]?|[A-Za-z])"
_WITHIN: Final = "号楼|号院|单元|栋|幢|座|弄|组|层|楼|室|户|房间?|门牌?|号"
_CHAIN: Final = re.compile(
    rf"(?:(?:之|的|第|门牌)?{_LETTERED}[\s\-－]?(?:{_WITHIN})[，,、\s]?)+(?:{_COUNT}{{2,5}}(?!{_COUNT}|[年月日点分元块个]))?"
)
_HOME: Final = re.compile(rf"{_COUNT}{{2,}}室|(?:单元|栋|幢|号楼|座|弄|号院).*{_COUNT}")
_FLOOR: Final = re.compile(rf"第?{_COUNT}+[楼层]")
_DOOR: Final = re.compile(rf"门牌号?码?[是为：:\s]{{0,2}}(?P<house>{_COUNT}{{1,6}}号?)")
_STREET_BEFORE: Final = re.compile(
    r"(?:路|街|巷|弄|大道|胡同|里|村|屯|社区|小区|花园|花苑|公寓|家园|新村|大厦|苑|府|庭|湾|城|坊|园)[，,、\s]?$"
)
_LIVES_BEFORE: Final = re.compile(r"(?:住在?|家在|家是|地址是?|门牌(?:号)?是?)[：:，,\s]?$")

_NUMBER_WORDS: Final = (
    "(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    "eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|oh|zero|and)"
)
_STREET: Final = (
    r"(?:street|st|avenue|ave|road|rd|drive|dr|lane|ln|boulevard|blvd|court|ct|place|pl|way|terrace|parkway|pkwy)"
    r"\b"
)
_HOUSE: Final = re.compile(
    rf"\b(?P<house>\d{{1,6}}[a-z]?|{_NUMBER_WORDS}(?:[\s\-]{_NUMBER_WORDS}){{0,8}})\s+"
    rf"(?:(?!{_NUMBER_WORDS}\b)[a-z0-9]+[.'’]?\s+){{1,3}}?{_STREET}",
    re.IGNORECASE,
)
_FLAT: Final = re.compile(
    rf"\b(?:apartment|apt|flat|unit|suite|room|floor)\.?\s*(?:number\s*|#\s*)?"
    rf"(?:\d{{1,5}}\s?[a-z]?\b|[a-z]\b|{_NUMBER_WORDS}(?:[\s\-]{_NUMBER_WORDS}){{0,8}}(?:\s[a-z]\b)?)",
    re.IGNORECASE,
)

_WRITTEN: Final = re.compile(r"[A-Za-z0-9._%+\-]+\s?@\s?[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+")
_AT_HOST: Final = re.compile(
    r"\s*(?:艾特|圈[aA]|小老鼠|(?i:\bat\b))\s*[A-Za-z0-9一二三六幺]{1,20}(?:[\s\-][A-Za-z0-9]{1,20})?"
    r"\s*(?:点|\.|(?i:\bdot\b))\s*(?:(?i:com|cn|net|org|gov|edu|io)|康姆)(?:\s*(?:点|\.|dot)\s*(?:cn|uk))?"
)
_MAILBOX: Final = re.compile(
    r"(?:(?:\b[A-Za-z0-9]\s){1,20}|[A-Za-z0-9]{1,30}"
    r"(?:\s?(?:[._\-]|点|下划线|(?i:\b(?:dot|underscore|dash)\b))\s?[A-Za-z0-9]{1,30}){0,4})$"
)
_LONGEST_MAILBOX: Final = 80

_MESSENGER: Final = re.compile(
    r"(?:微信号?|(?i:wechat|qq)号?码?|抖音号|(?i:\bwechat id|\btelegram))"
    r"(?:\s*(?:是|叫|为|：|:|is)\s*)(?P<id>[A-Za-z0-9_\-]{4,})"
)

_MONEY: Final = re.compile(
    rf"(?:[¥￥$€£]\s?\d[\d,]*(?:\.\d+)?(?:\s?[万千百亿])?)|"
    rf"(?:(?<!\d)\d[\d,]*(?:\.\d+)?|(?<![零〇一二三四五六七八九十百千万亿两半])[零〇一二三四五六七八九十百千万亿两半]+)[多几]?\s?[万千百亿]?[多几]?\s?"
    r"(?:元|块钱?|人民币|美元|美金|港币|欧元|万元|毛钱)(?:[零一二三四五六七八九]毛?)?|"
    rf"(?i:(?:\d[\d,]*(?:\.\d+)?|{_NUMBER_WORDS}(?:[\s\-]{_NUMBER_WORDS}){{0,8}})\s+(?:dollars?|bucks|yuan|rmb|euros?|pounds|cents))"
)


def addresses(text: str) -> Iterator[Span]:
    for chain in _CHAIN.finditer(text):
        end = chain.start() + len(chain.group().rstrip("，,、 "))
        if _house(text, chain.group(), chain.start(), end):
            yield Span(chain.start(), end, "address")
    for match in (*_HOUSE.finditer(text), *_DOOR.finditer(text)):
        yield Span(match.start("house"), match.end("house"), "address")
    for match in _FLAT.finditer(text):
        yield Span(match.start(), match.end(), "address")


def _house(text: str, chain: str, start: int, end: int) -> bool:
    before = text[:start]
    if re.match("线|文件|令|工作人员|话务员|坐席|窗口", text[end:]) or _FLOOR.fullmatch(
        chain.rstrip("，,、 ")
    ):
        return False
    if _STREET_BEFORE.search(before) or _LIVES_BEFORE.search(before):
        return True
    return bool(_HOME.search(chain))


def emails(text: str) -> Iterator[Span]:
    for match in _WRITTEN.finditer(text):
        yield Span(match.start(), match.end(), "email")
    for host in _AT_HOST.finditer(text):
        before = text[max(0, host.start() - _LONGEST_MAILBOX) : host.start()]
        mailbox = _MAILBOX.search(before)
        if mailbox is not None:
            yield Span(host.start() - len(mailbox.group()), host.end(), "email")
    for match in _MESSENGER.finditer(text):
        yield Span(match.start("id"), match.end("id"), "email")


def amounts(text: str) -> Iterator[Span]:
    for match in _MONEY.finditer(text):
        yield Span(match.start(), match.end(), "amount")
