"""Whether what was heard is one of the phrases. Pure text, no engine.

The recogniser does the fuzzy work (grammar, homophones by pinyin) and names the phrase it matched; this is what the
machine does with plain text: equality after normalising, then containment.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Mapping
from functools import lru_cache

_PUNCTUATION = re.compile(r"[^\w\s']+|_", re.UNICODE)
_SPACES = re.compile(r"\s+")
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_SPACE_AT_HAN = re.compile(rf"(?<=[{_HAN}])\s+|\s+(?=[{_HAN}])")
_BEFORE = (
    *(
        "我想要",
        "我想",
        "我要",
        "我是",
        "请给我",
        "请帮我",
        "帮我",
        "给我",
        "麻烦你",
        "麻烦",
        "那个",
        "嗯",
        "呃",
        "请",
        "就",
    ),
    *("please ", "i want to ", "i want ", "i would like to ", "i would like ", "um ", "uh ", "to "),
)
_AFTER = ("谢谢", "一下", "吧", "吗", "啊", "呢", "了", " please", " thank you", " thanks")
SHORT_MORE = 6
"""So many characters more than its longest phrase still make it that command."""
_FILLERS = re.compile(f"^(?:{'|'.join(_BEFORE)})+")
_TAILS = re.compile(f"(?:{'|'.join(_AFTER)})+$")


@lru_cache(maxsize=4096)
def normalise(text: str) -> str:
    """Lower case, half width, no punctuation, no spaces between Chinese characters, one space between words."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = _PUNCTUATION.sub(" ", text)
    text = _SPACES.sub(" ", text).strip()
    return _SPACE_AT_HAN.sub("", text)


def bare(text: str) -> str:
    """A normalised text without the polite words around a command: 请帮我转人工一下 -> 转人工."""
    core = _TAILS.sub("", _FILLERS.sub("", text))
    return core or text


def contains(text: str, phrase: str) -> bool:
    """Whether a normalised text holds a normalised phrase; words of letters match as whole words."""
    if not phrase or phrase not in text:
        return False
    if not phrase.isascii():
        return True
    return f" {phrase} " in f" {text} "


class Phrases:
    """The phrases of one set of choices in one language: normalised phrase -> the choice's name."""

    __slots__ = ("_longest_first", "by_phrase", "spoken")

    def __init__(self, choices: Mapping[str, tuple[str, ...]]) -> None:
        """choices: name -> the phrases an author wrote. The first choice keeps a phrase that two claim."""
        self.spoken = tuple(dict.fromkeys(phrase for phrases in choices.values() for phrase in phrases))
        self.by_phrase: dict[str, str] = {}
        for name, phrases in choices.items():
            for phrase in phrases:
                self.by_phrase.setdefault(normalise(phrase), name)
        self._longest_first = sorted(self.by_phrase, key=len, reverse=True)

    def equal(self, text: str, but: Container[str] = ()) -> str | None:
        """The choice whose phrase is this normalised text, polite words aside. but: choices not on offer now."""
        name = self.by_phrase.get(text) or self.by_phrase.get(bare(text))
        return None if name in but else name

    def short(self, text: str, but: Container[str] = ()) -> str | None:
        """As `within`, but only when little else was said.

        Whoever says 我要投诉人工服务的态度 is complaining about the service, not asking for it.
        """
        name = self.within(text, but)
        if name is None:
            return None
        longest = max(len(phrase) for phrase, owner in self.by_phrase.items() if owner == name)
        return name if len(bare(text)) <= longest + SHORT_MORE else None

    def within(self, text: str, but: Container[str] = ()) -> str | None:
        """The choice with the longest phrase inside this normalised text."""
        for phrase in self._longest_first:
            if self.by_phrase[phrase] not in but and contains(text, phrase):
                return self.by_phrase[phrase]
        return None


NO_PHRASES = Phrases({})
