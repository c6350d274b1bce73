"""The texts of all prompts, compiled into what must be played: clips, and places where a value is said.

Mandarin and English say values in fragments, between words that are cut out of the whole sentence. In any other
language a sentence with values is spoken as a whole, when it is needed. Pure, but for `read`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ivr.errors import ConfigError
from ivr.flow.catalogue import Catalogue
from ivr.flow.findings import Finding, FlowLoadError
from ivr.flow.plurals import CATEGORIES, MARK, OTHER, category, variant_id
from ivr.flow.prompt_text import Literal, Part, SayAs, Value, parse
from ivr.flow.yaml_source import read as read_yaml
from ivr.prompts import numbers, numbers_zh
from ivr.prompts.clips import Clip

Texts = Mapping[str, Mapping[str, str]]
"""language -> prompt id -> text. A plural form is a text of its own, `<id>~<form>`; the id itself has the form
`other`."""

_SAMPLE_VALUES = {"zh": "八", "en": "three"}
"""Spoken in a value's place while the words around it are recorded. 八 leaves its neighbours as they are: it begins
with a stop and ends in an open vowel (after 三, Whisper took 到 for 闹)."""
_COMMON_VALUES = range(1, 11)
"""A prompt with one number is also rendered whole with these, for they are heard most."""
_SHORT = {"zh": 6}
_SHORT_PACE = 0.85
"""Sentences of so few characters are spoken slower: there is little time to get used to the voice."""
_LISTS = {"zh": ("号码是，", "，", "，谢谢。"), "en": ("The numbers are, ", ", ", ", thank you.")}
"""Fragments are cut out of a list that is read aloud: how it begins, what stands between, how it ends."""
_ORDER: tuple[SayAs, ...] = ("datetime", "relative", "duration", "percent", "ordinal")
"""Ways of saying with fragments of their own."""
_LIST_LENGTH = 8
_LIST_PACE = 0.85
"""Values are said a little slower than sentences: they are what the caller writes down."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value is said. counted: things are counted with it (两位). option: as in `prompt_text.Value`."""

    name: str
    say_as: SayAs
    counted: bool
    option: str = ""


@dataclass(frozen=True, slots=True)
class Whole:
    """A sentence with values that is spoken as a whole."""

    parts: tuple[Part, ...]


Piece = Clip | Place | Whole


def read(folder: Path) -> Texts:
    """`<folder>/<language>.yaml`, each a mapping of id to text or plural forms. Raises ConfigError at a fault."""
    findings: list[Finding] = []
    catalogue = Catalogue(findings.append)
    languages = []
    for path in sorted(folder.glob("*.yaml")):
        languages.append(path.stem)
        try:
            catalogue.add_file(path.stem, read_yaml(str(path), path.read_bytes()))
        except FlowLoadError as error:
            findings += error.findings
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise ConfigError(str(errors[0]), mend="`ivr check` shows all that is wrong")
    return by_language(catalogue.texts, languages)


def by_language(
    catalogue: Mapping[str, Mapping[str, str]], languages: Iterable[str]
) -> dict[str, dict[str, str]]:
    """id -> language -> text, turned round; every one of `languages` is there."""
    found: dict[str, dict[str, str]] = {language: {} for language in languages}
    for prompt_id, translations in catalogue.items():
        for language, text in translations.items():
            found.setdefault(language, {})[prompt_id] = text
    return found


def own_texts(texts: Texts, language: str) -> dict[str, str]:
    """What has a sound of its own: the prompts, and instead of a prompt with plural forms its forms."""
    ours = texts.get(language, {})
    return {name: text for name, text in ours.items() if variant_id(name, OTHER) not in ours}


def compile_text(text: str, language: str) -> tuple[Piece, ...]:
    """A text without values is one clip; else the words around each value are clips cut from the whole sentence.

    Raises prompt_text.PromptTextError.
    """
    parts = parse(text.strip())
    if not any(isinstance(part, Value) for part in parts):
        return (_sentence("".join(part.text for part in parts if isinstance(part, Literal)), language),)
    if language not in numbers.LANGUAGES:
        return (Whole(parts),)
    spoken = [part.text if isinstance(part, Literal) else _SAMPLE_VALUES[language] for part in parts]
    pieces: list[Piece] = []
    for index, part in enumerate(parts):
        if isinstance(part, Value):
            counted = language == "zh" and _counted(parts, index)
            pieces.append(Place(part.name, part.say_as, counted, part.option))
        elif any(character.isalnum() for character in part.text):
            before, after = "".join(spoken[:index]), "".join(spoken[index + 1 :])
            pieces.append(Clip(part.text, language, before, after))
    return tuple(pieces)


def _sentence(text: str, language: str) -> Clip:
    is_short = sum(map(str.isalnum, text)) <= _SHORT.get(language, 0)
    return Clip(text, language, pace=_SHORT_PACE if is_short else 1.0)


def common_values(name: str, text: str, language: str) -> Mapping[int, Clip]:
    """The whole sentence with each common value, for a text that says one number; empty for all others.

    name: its id, for a plural form is only said with the numbers that are its own.
    """
    parts = parse(text.strip())
    places = [(index, part) for index, part in enumerate(parts) if isinstance(part, Value)]
    if len(places) != 1 or places[0][1].say_as not in ("auto", "number") or language not in numbers.LANGUAGES:
        return {}
    index, _ = places[0]
    counted = language == "zh" and _counted(parts, index)
    form = name.partition(MARK)[2]
    clips = {}
    for value in _COMMON_VALUES:
        if form and (form not in CATEGORIES or category(language, value) != form):
            continue
        said = numbers.say(value, "number", language, counted=counted)
        spoken = "".join(fragment for fragment in said if isinstance(fragment, str))
        words = [part.text if isinstance(part, Literal) else spoken for part in parts]
        clips[value] = _sentence("".join(words), language)
    return clips


def _counted(parts: tuple[Part, ...], index: int) -> bool:
    def words(at: int) -> str:
        part = parts[at] if 0 <= at < len(parts) else None
        return part.text if isinstance(part, Literal) else ""

    return numbers_zh.counted(words(index - 1), words(index + 1), words(index + 3))


def fragment_clip(fragment: str, language: str) -> Clip:
    """The clip of one fragment that `numbers.say` gave."""
    return _fragment_clips(language)[fragment]


@cache
def _fragment_clips(language: str) -> Mapping[str, Clip]:
    """In the order of `numbers.fragments`, so that neighbours are cut from the same list. Those that few hotlines need
    are lists of their own, so that they change no others."""
    clips: dict[str, Clip] = {}
    for everything in (
        numbers.fragments(language),
        *(numbers.more_fragments(language, each) for each in _ORDER),
    ):
        for fragment, clip in _list_clips(tuple(each for each in everything if each not in clips), language):
            clips[fragment] = clip
    return clips


def _list_clips(everything: tuple[str, ...], language: str) -> Iterator[tuple[str, Clip]]:
    opening, comma, ending = _LISTS[language]
    for start in range(0, len(everything), _LIST_LENGTH):
        group = everything[start : start + _LIST_LENGTH]
        for index, fragment in enumerate(group):
            before = opening + "".join(other + comma for other in group[:index])
            after = "".join(comma + other for other in group[index + 1 :]) + ending
            yield fragment, Clip(fragment, language, before, after, _LIST_PACE)


def needed_fragments(texts: Texts, language: str) -> tuple[str, ...]:
    """Those of all values, and those of the ways of saying that the texts name, in a fixed order; each once."""
    if language not in numbers.LANGUAGES:
        return ()
    used = {
        part.say_as
        for text in texts.get(language, {}).values()
        for part in parse(text)
        if isinstance(part, Value)
    }
    more = [
        fragment for each in _ORDER if each in used for fragment in numbers.more_fragments(language, each)
    ]
    return tuple(dict.fromkeys([*numbers.fragments(language), *more]))


def text_clip(text: str, language: str) -> Clip:
    """The clip of free words: a value that is said as text, or a whole sentence with values."""
    return Clip(text, language)


def all_clips(texts: Texts, language: str) -> Iterator[Clip]:
    """All that a language should have, each once, first-needed first: prompts in their order, fragments, luxuries."""
    seen: set[Clip] = set()
    for text in own_texts(texts, language).values():
        for piece in compile_text(text, language):
            if isinstance(piece, Clip) and piece not in seen:
                seen.add(piece)
                yield piece
    for fragment in needed_fragments(texts, language):
        yield fragment_clip(fragment, language)
    yield from luxuries(texts, language)


def luxuries(texts: Texts, language: str) -> Iterator[Clip]:
    """Those of `all_clips` that only make a prompt more natural: it can be said without them."""
    for name, text in own_texts(texts, language).items():
        yield from common_values(name, text, language).values()
