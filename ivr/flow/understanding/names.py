"""The names of a hotline's city: streets, bureaus, services (names.yaml), found in what was said, also misheard. Pure.

A recogniser that has not learnt 大理路 writes 大礼路. A name is taken for what was written where that has the same
syllables, or nearly so in a name of three syllables and more, and makes no words of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ivr.flow.match import contains, normalise
from ivr.flow.understanding.alike import letters_said, places, sounds_in, word_places, words_said
from ivr.flow.understanding.segments import crossed, is_word

MOST_HOT = 500
"""Names that one listening tells its recogniser, at most: with more, none of them helps any more."""


@dataclass(frozen=True, slots=True)
class Name:
    """kind: street, bureau, service ... said: by language, what people call it; the first is how it is written."""

    kind: str
    said: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """Where a name is in a text as `words_said` gives it (other languages: in `normalise`d text, begin and end -1)."""

    name: str
    kind: str
    begin: int
    end: int
    heard: str


class Names:
    """Compiled."""

    __slots__ = ("_by_language", "_hot", "kinds")

    def __init__(self, names: Iterable[Name]) -> None:
        names = tuple(names)
        self.kinds = frozenset(name.kind for name in names)
        self._by_language: dict[str, list[tuple[str, str, str]]] = {}
        """Language -> (what is said, how the name is written, kind), the longest first."""
        for name in names:
            for language, said in name.said.items():
                listed = self._by_language.setdefault(language, [])
                listed += [(each, said[0], name.kind) for each in said]
        for listed in self._by_language.values():
            listed.sort(key=lambda each: -len(each[0]))
        self._hot = {
            language: tuple(dict.fromkeys(each for name in names for each in name.said.get(language, ())))[
                :MOST_HOT
            ]
            for language in self._by_language
        }

    def hot_words(self, language: str) -> tuple[str, ...]:
        """What a recogniser should expect in that language, in the order of the file."""
        return self._hot.get(language, ())

    def find(self, text: str, language: str, kinds: frozenset[str] | None = None) -> list[Found]:
        """All that are said, none within another, in their order. kinds: None = of any."""
        listed = [each for each in self._by_language.get(language, ()) if kinds is None or each[2] in kinds]
        found: list[Found] = []
        for said, name, kind in listed:
            for one in _in_zh(text, said, name, kind) if language == "zh" else _in(text, said, name, kind):
                if not any(one.begin < other.end and other.begin < one.end for other in found):
                    found.append(one)
        return sorted(found, key=lambda one: one.begin)

    def corrected(self, text: str, language: str) -> str:
        """The text with misheard names as they are written: 大礼路 -> 大理路. Chinese only: others come out right."""
        if language != "zh" or language not in self._by_language:
            return text
        for one in self.find(text, language):
            # A name may be said in a short form, which stays: only what was misheard is written anew.
            if one.heard in text and not any(one.heard == said for said, _, _ in self._by_language["zh"]):
                text = text.replace(one.heard, one.name)
        return text


def _in_zh(text: str, said: str, name: str, kind: str) -> list[Found]:
    heard, wanted = words_said(text), words_said(said)
    found: list[Found] = []
    begin = heard.find(wanted)
    while begin >= 0 and wanted:
        found.append(Found(name, kind, begin, begin + len(wanted), wanted))
        begin = heard.find(wanted, begin + len(wanted))
    if found or len(wanted) < 2:
        return found
    if len(wanted) < 3 and not sounds_in(heard, wanted):
        return found
    for place in places(heard, wanted):
        written = heard[place.begin : place.end]
        if place.different > (1 if len(wanted) > 2 and place.literal else 0):
            continue
        # 人尼|路口: the name's own last word may begin another one.
        end = place.end - 1 if len(wanted) > 2 and written[-1] == wanted[-1] else place.end
        if not is_word(written) and not crossed(heard, place.begin, end):
            found.append(Found(name, kind, place.begin, place.end, written))
    return found


def _in(text: str, said: str, name: str, kind: str) -> list[Found]:
    plain, wanted = normalise(text), normalise(said)
    if contains(plain, wanted):
        begin = f" {plain} ".find(f" {wanted} ")
        return [Found(name, kind, begin, begin + len(wanted), wanted)]
    words = letters_said(text)
    for place in word_places(words, letters_said(said)):
        heard = " ".join(words[place.begin : place.end])
        begin = max(plain.find(heard), 0)
        return [Found(name, kind, begin, begin + len(heard), heard)]
    return []
