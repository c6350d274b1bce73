"""The words that a text is found by, and what somebody looks for as conditions on them. Pure, and the same for both
databases: neither cuts Chinese into words, and each would cut and stem the rest in its own way.

Letters and digits make words: folded to lower case, English ones to their stem. Chinese, which has no spaces, becomes
overlapping pairs of characters, one at each character's place (路灯坏 -> 路灯 灯坏 坏), whatever stands between the
characters. So every text is found by every part of it that somebody may remember, which no cutting by a dictionary
gives: what it takes for a word in one sentence is two halves in the next. The dictionary cuts what is asked:
`小区停水` asks for a text with 小区 and 停水.
"""

from __future__ import annotations

import functools
import re
import threading
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

LONGEST_WORD: Final = 64
_HAN: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_UNIT: Final = re.compile(rf"[{_HAN}]|[^\W_{_HAN}]+")
_IS_HAN: Final = re.compile(rf"[{_HAN}]")


@dataclass(frozen=True, slots=True)
class Word:
    """text[start:end] is where it comes from."""

    word: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Term:
    """Words that must follow each other. prefix: the last of them is only the beginning of one."""

    words: tuple[str, ...]
    prefix: bool = False


def search_words(text: str) -> list[Word]:
    """In order; the place of a word in the list is its place in the text for phrases."""
    plain, places = _plain(text)
    units = [(match.group(), match.start(), match.end()) for match in _UNIT.finditer(plain)]
    found = []
    for index, (unit, start, end) in enumerate(units):
        if not _IS_HAN.match(unit):
            found.append(Word(_stem(unit[:LONGEST_WORD]), places[start], places[end - 1] + 1))
            continue
        following = units[index + 1] if index + 1 < len(units) else None
        if following is not None and _IS_HAN.match(following[0]):
            found.append(Word(unit + following[0], places[start], places[following[2] - 1] + 1))
        else:
            found.append(Word(unit, places[start], places[end - 1] + 1))
    return found


def term(text: str) -> Term | None:
    """Of a phrase: what its words are in a text that has it. None where it has no letter and no digit."""
    found = [word.word for word in search_words(text)]
    if not found:
        return None
    ends_in_chinese = _IS_HAN.match(found[-1]) is not None
    if ends_in_chinese and len(found) > 1 and len(found[-2]) == 2 and _IS_HAN.match(found[-2]):
        # The pair before it holds the last character already.
        return Term(tuple(found[:-1]))
    return Term(tuple(found), prefix=ends_in_chinese)


def chunks(text: str) -> Iterator[str]:
    """What stands without a space, parted into runs of Chinese and other words."""
    for match in re.finditer(rf"[{_HAN}]+|[^\W_{_HAN}]+", unicodedata.normalize("NFKC", text)):
        yield match.group()


def is_chinese(text: str) -> bool:
    return _IS_HAN.match(text) is not None


def places(wanted: Term, words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """(start, end) in the text, of every place where the term is. What a database finds, this finds too."""
    size = len(wanted.words)
    for index in range(len(words) - size + 1):
        found = [word.word for word in words[index : index + size]]
        same = found[:-1] == list(wanted.words[:-1])
        last = found[-1].startswith(wanted.words[-1]) if wanted.prefix else found[-1] == wanted.words[-1]
        if same and last:
            end = words[index + size - 1].end
            if wanted.prefix:
                end = words[index + size - 1].start + len(wanted.words[-1])
            yield words[index].start, end


def _plain(text: str) -> tuple[str, Sequence[int]]:
    """(the text with one way of writing each character, the place of each of its characters in `text`)"""
    if text.isascii():
        return text.lower(), range(len(text))
    plain, places = [], []
    for place, character in enumerate(text):
        for one in unicodedata.normalize("NFKC", character).casefold():
            plain.append(one)
            places.append(place)
    return "".join(plain), places


@functools.lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    if not (word.isascii() and word.isalpha()):
        return word
    with _stemming:
        return str(_stemmer()(word))


_stemming: Final = threading.Lock()
"""The stemmer keeps the word that it works on."""


@functools.lru_cache(maxsize=1)
def _stemmer() -> Callable[[str], Any]:
    import snowballstemmer

    stem: Callable[[str], Any] = snowballstemmer.stemmer("english").stemWord
    return stem
