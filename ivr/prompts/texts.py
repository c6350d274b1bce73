"""The texts of all prompts, compiled into what must be played: clips, and places where a value is said.

Pure, but for `read`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from ivr.errors import ConfigError
from ivr.flow.prompt_text import Literal, Part, SayAs, Value, parse
from ivr.prompts import numbers, numbers_zh
from ivr.prompts.clips import Clip

Texts = Mapping[str, Mapping[str, str]]
"""language -> prompt id -> text."""

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
_LIST_LENGTH = 8
_LIST_PACE = 0.85
"""Values are said a little slower than sentences: they are what the caller writes down."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value is said. counted: things are counted with it (两位)."""

    name: str
    say_as: SayAs
    counted: bool


Piece = Clip | Place


def read(folder: Path) -> Texts:
    """`<folder>/<language>.yaml`, each a mapping of id to text. Raises ConfigError."""
    texts: dict[str, dict[str, str]] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")) or {}
        except YAMLError as error:
            raise ConfigError(f"{path} is not YAML: {error}", mend="`ivr check` shows the place") from error
        if not isinstance(content, dict):
            raise ConfigError(f"{path} does not map ids to texts", mend="write `id: text`, one prompt a line")
        texts[path.stem] = {str(name): str(text) for name, text in content.items()}
    return texts


def compile_text(text: str, language: str) -> tuple[Piece, ...]:
    """A text without values is one clip; else the words around each value are clips cut from the whole sentence.

    Raises prompt_text.PromptTextError.
    """
    parts = parse(text.strip())
    if not any(isinstance(part, Value) for part in parts):
        return (_sentence("".join(part.text for part in parts if isinstance(part, Literal)), language),)
    spoken = [part.text if isinstance(part, Literal) else _SAMPLE_VALUES.get(language, "1") for part in parts]
    pieces: list[Piece] = []
    for index, part in enumerate(parts):
        if isinstance(part, Value):
            pieces.append(Place(part.name, part.say_as, language == "zh" and _counted(parts, index)))
        elif any(character.isalnum() for character in part.text):
            before, after = "".join(spoken[:index]), "".join(spoken[index + 1 :])
            pieces.append(Clip(part.text, language, before, after))
    return tuple(pieces)


def _sentence(text: str, language: str) -> Clip:
    is_short = sum(map(str.isalnum, text)) <= _SHORT.get(language, 0)
    return Clip(text, language, pace=_SHORT_PACE if is_short else 1.0)


def common_values(text: str, language: str) -> Mapping[int, Clip]:
    """The whole sentence with each common value, for a text that says one number; empty for all others."""
    parts = parse(text.strip())
    places = [(index, part) for index, part in enumerate(parts) if isinstance(part, Value)]
    if len(places) != 1 or places[0][1].say_as not in ("auto", "number") or language not in numbers.LANGUAGES:
        return {}
    index, _ = places[0]
    counted = language == "zh" and _counted(parts, index)
    clips = {}
    for value in _COMMON_VALUES:
        said = "".join(numbers.say(value, "number", language, counted=counted))
        words = [part.text if isinstance(part, Literal) else said for part in parts]
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
    """In the order of `numbers.fragments`, so that neighbours are cut from the same list."""
    opening, comma, ending = _LISTS[language]
    everything = numbers.fragments(language)
    clips = {}
    for start in range(0, len(everything), _LIST_LENGTH):
        group = everything[start : start + _LIST_LENGTH]
        for index, fragment in enumerate(group):
            before = opening + "".join(other + comma for other in group[:index])
            after = "".join(comma + other for other in group[index + 1 :]) + ending
            clips[fragment] = Clip(fragment, language, before, after, _LIST_PACE)
    return clips


def text_clip(text: str, language: str) -> Clip:
    """The clip of a value that is said as text."""
    return Clip(text, language)


def all_clips(texts: Texts, language: str) -> Iterator[Clip]:
    """All that a language should have, each once, first-needed first: prompts in their order, fragments, luxuries."""
    seen: set[Clip] = set()
    for text in texts.get(language, {}).values():
        for piece in compile_text(text, language):
            if isinstance(piece, Clip) and piece not in seen:
                seen.add(piece)
                yield piece
    if language in numbers.LANGUAGES:
        yield from _fragment_clips(language).values()
    yield from luxuries(texts, language)


def luxuries(texts: Texts, language: str) -> Iterator[Clip]:
    """Those of `all_clips` that only make a prompt more natural: it can be said without them."""
    for text in texts.get(language, {}).values():
        yield from common_values(text, language).values()
