"""Names of persons, Chinese and English. Pure, apart from the dictionary of `chinese.py`.

Three signs: the words before a name (我叫, my name is), what follows it (先生, or Mr before it), and for Chinese what
the dictionary takes for a name. A family name alone (我姓王, 王先生) is hidden too: with a date and a street it is
enough to name somebody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from storage.personal.chinese import tagged
from storage.personal.name_lists import (
    COMMON,
    COMPOUND,
    NO_CHINESE_NAMES,
    NO_ENGLISH_NAMES,
    PLACE_ENDS,
    SINGLE,
    STRONG,
)
from storage.personal.spans import Span

_FAMILY: Final = rf"(?:{'|'.join(COMPOUND)}|[{SINGLE}])"

_TITLE: Final = (
    "先生|女士|小姐|太太|夫人|同志|师傅|老师|教授|博士|经理|总监|主任|局长|处长|科长|所长|站长|校长|院长|书记|主席|医生|大夫|"
    "护士|警官|律师|法官|工程师|老板|阿姨|大爷|大妈|大姐|大哥|大叔|叔叔|伯伯|奶奶|爷爷"
)
_TITLE_LAST: Final = re.compile(rf"(?:{_TITLE})$")
_END: Final = r"(?=$|[\s，,。.！!？?；;、的在住啊呀哦呢吧了，]|今年|身份|电话|手机|家住|联系)"
_HAN: Final = "[\u4e00-\u9fff]"
_LEADS: Final = (
    "我(?:的名字|的姓名|名字|姓名)?(?:叫做?|是叫)|(?:名字|姓名|本名|本人姓名)(?:叫做?|是|为|：|:)?|(?:[他她]|儿子|女儿|父亲|母亲|"
    "爸爸|妈妈|丈夫|妻子|老公|老婆|爱人|孩子|老人|邻居|房东|患者|病人|当事人|联系人|负责人|司机)(?:名字)?(?:叫做?|名叫)|"
    "联系人(?:是|：|:)?|称呼我(?:为)?|本人"
)
_LED: Final = re.compile(rf"(?:{_LEADS})\s*(?P<name>{_FAMILY}\s?{_HAN}{{1,2}}?){_END}")
_LED_LONGER: Final = re.compile(rf"(?:{_LEADS})\s*(?P<name>{_FAMILY}{_HAN}{{1,2}})")
_LED_LONG: Final = re.compile(
    r"(?:我叫|名字叫|名字是|姓名是?|本人叫)\s*(?P<name>(?!我)[\u4e00-\u9fff·]{2,12}?)(?=$|[，,。.！!？?；;、\s])"
)
"""Names of other peoples, as long as they are.
What follows 我叫 may be a sentence: then a pronoun or particle is in it."""
_NO_NAME: Final = re.compile(r"[你您他她它们了吗呢吧过来去不没着是住家的]|什么|电话|身份|手机")
_I_AM: Final = re.compile(
    rf"我(?:就)?是\s*(?P<name>{_FAMILY}(?!{_HAN}?[人的来个区市]){_HAN}{{1,2}})(?=$|[，,。.！!？?；;、\s])"
)
_SURNAME: Final = re.compile(rf"(?:免贵|贵)?姓\s*(?P<name>{_FAMILY})(?!名|氏)")
_TITLED: Final = re.compile(
    rf"(?P<name>(?:{'|'.join(COMPOUND)}){_HAN}{{0,2}}?|[{SINGLE}]{_HAN}{{0,2}}?)(?={_TITLE})"
)
_SPELT: Final = re.compile(
    r"弓长张|木子李|立早章|耳东陈|口天吴|双木林|草头黄|大肚黄|古月胡|走肖赵|言午许|人可何|干勾于|双人徐|三横王|"
    r"(?:[\u4e00-\u9fff]{2,4}的(?P<letter>[\u4e00-\u9fff]))(?=[，,、\s]?[\u4e00-\u9fff]{2,4}的[\u4e00-\u9fff](?:$|[，,。]))"
)
_OLD: Final = re.compile(rf"(?:^|[^\u4e00-\u9fff])(?:老|小|阿)(?P<name>[{SINGLE}])(?=$|[，,。！？\s])")

_NAMED: Final = re.compile(
    r"\b(?:my (?:full |first |last |family |middle )?name(?:'s| is|:)|"
    r"(?:first|last|full|family|given) name(?:'s| is|:)?|"
    r"surname(?: is|:)?|(?:his|her|their|whose) name(?:'s| is)|the name(?:'s| is)|named|they call me|you can call me|"
    r"i'm called|i am called)\s+(?P<name>[a-z][a-z'’\-]+(?:\s+[a-z][a-z'’\-]+){0,2})",
    re.IGNORECASE,
)
_PRESENTED: Final = re.compile(
    r"\b(?i:i am|i'm|this is|it's|speaking with|talk to|spoke to|spoke with|ask for|thanks|thank you|hello|hi|dear)\s+"
    r"(?P<name>[A-Z][a-z'’\-]+(?:\s+(?:[A-Z]\.\s+)?[A-Z][a-z'’\-]+){0,2})"
)
_MISTER: Final = re.compile(
    r"\b(?i:mr|mrs|ms|miss|mister|missus|dr|doctor|officer|professor)\.?\s+(?P<name>[A-Za-z][a-z'’\-]+(?:\s+[A-Z][a-z'’\-]+)?)"
)
_LETTERS: Final = re.compile(r"\b[A-Za-z](?:(?:\s*-\s*|\s+|\.\s*)[A-Za-z]\b){2,}")


def names(text: str) -> Iterator[Span]:
    """In no order; they may overlap."""
    for pattern in (_LED, _LED_LONGER, _I_AM, _SURNAME, _OLD):
        for match in pattern.finditer(text):
            yield Span(match.start("name"), match.end("name"), "name")
    for match in _LED_LONG.finditer(text):
        if not _NO_NAME.search(match["name"]):
            yield Span(match.start("name"), match.end("name"), "name")
    for match in _TITLED.finditer(text):
        if match["name"] not in COMMON:
            yield Span(match.start("name"), match.end("name"), "name")
    for match in _SPELT.finditer(text):
        yield Span(match.start(), match.end(), "name")
    yield from _by_dictionary(text)
    yield from _english(text)


def _by_dictionary(text: str) -> Iterator[Span]:
    if not any("\u4e00" <= character <= "\u9fff" for character in text):
        return
    place = 0
    for word, flag in tagged(text):
        end = place + len(word)
        name = _TITLE_LAST.sub("", word)
        if flag.startswith("nr") and _like_a_name(name) and not text[end:].startswith(PLACE_ENDS):
            yield Span(place, place + len(name), "name")
        place = end


def _like_a_name(word: str) -> bool:
    """Of what the dictionary takes for a name: it knows those of novels, and takes many a thing for one."""
    if word in NO_CHINESE_NAMES or word.endswith(PLACE_ENDS) or not 2 <= len(word) <= 4:
        return False
    if len(word) == 2:
        return word[0] in STRONG
    return word[:2] in COMPOUND or (word[0] in SINGLE and word[0] not in COMMON)


def _english(text: str) -> Iterator[Span]:
    for pattern in (_NAMED, _PRESENTED, _MISTER):
        for match in pattern.finditer(text):
            end = match.start("name")
            for part in re.finditer(r"[^\s]+", match["name"]):
                if part.group().lower() in NO_ENGLISH_NAMES:
                    break
                end = match.start("name") + part.end()
            if end > match.start("name"):
                yield Span(match.start("name"), end, "name")
    for match in _LETTERS.finditer(text):
        yield Span(match.start(), match.end(), "name")
