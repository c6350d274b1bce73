"""What a hotline has to say with, prompt by prompt, and what is missing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from ivr.flow.catalogue import is_inline
from ivr.flow.plurals import MARK, base_id
from ivr.prompts import texts
from ivr.prompts.book import Book, Use
from ivr.prompts.catalogue import PromptCatalogue
from ivr.prompts.clips import VOICES, Clip
from ivr.prompts.takes import PART, takes

Sound = Literal["recorded", "natural", "stand-in", "none", "live"]
"""live: a sentence with values that is spoken when it is needed."""

HOUSE = ("agent.", "error.")
"""Prompts that the hotline itself says, whatever the flows do, begin so."""


@dataclass(frozen=True, slots=True)
class Row:
    """One text of one language: a prompt, or one of its plural forms."""

    id: str
    language: str
    text: str
    sound: Sound
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class Lacks:
    """Of one language. translations: prompts without a text. sounds: (prompt, its sound) that are not the best there
    could be. values: words of numbers, dates ... without their best sound. recordings: (file's name, why nobody hears
    it)."""

    translations: tuple[str, ...]
    sounds: tuple[tuple[str, Sound], ...]
    values: tuple[str, ...]
    recordings: tuple[tuple[str, str], ...]

    def __bool__(self) -> bool:
        return bool(self.translations or self.sounds or self.values or self.recordings)


def rows(book: Book, catalogue: PromptCatalogue, language: str) -> list[Row]:
    return [
        Row(name, language, text, sound(catalogue, name, text, language), book.used(name))
        for name, text in texts.own_texts(book.texts, language).items()
    ]


def sound(catalogue: PromptCatalogue, name: str, text: str, language: str) -> Sound:
    """The worst of its parts, for that is what a caller notices."""
    if catalogue.is_recorded(name, language):
        return "recorded"
    pieces = texts.compile_text(text, language)
    if any(isinstance(piece, texts.Whole) for piece in pieces):
        return "live"
    clips = [piece for piece in pieces if isinstance(piece, Clip)]
    if not all(catalogue.has_sound(clip) for clip in clips):
        return "none"
    if clips and all(catalogue.sounds.is_recorded(clip) for clip in clips):
        return "recorded"
    return "natural" if all(catalogue.has_natural(clip) for clip in clips) else "stand-in"


def lacks(
    book: Book, catalogue: PromptCatalogue, language: str, recordings: Iterable[tuple[str, str]]
) -> Lacks:
    """recordings: (language, name) of the files that are there."""
    everything = {base_id(name) for ours in book.texts.values() for name in ours}
    ours = book.texts.get(language, {})
    good = {"recorded", "live", "natural" if language in VOICES else "stand-in"}
    has = catalogue.has_natural if language in VOICES else catalogue.has_sound
    fragments = texts.needed_fragments(book.texts, language)
    return Lacks(
        tuple(sorted(name for name in everything if name not in ours)),
        tuple((row.id, row.sound) for row in rows(book, catalogue, language) if row.sound not in good),
        tuple(each for each in fragments if not has(texts.fragment_clip(each, language))),
        tuple(_unheard(book, language, (name for of, name in recordings if of == language))),
    )


def _unheard(book: Book, language: str, recorded: Iterable[str]) -> list[tuple[str, str]]:
    known = {take.id for take in takes(book.texts, language, values=True)}
    found = []
    for name in sorted(recorded):
        if name in known:
            continue
        if any(f"{name}{PART}1" == each for each in known):
            found.append((name, "it cannot say the value: record the parts"))
        elif any(each.startswith(f"{name}{MARK}") for each in known):
            found.append((name, "the prompt has plural forms: record these"))
        else:
            found.append((name, "no prompt has this name"))
    return found


def unused(book: Book) -> tuple[str, ...]:
    """Prompts that no flow says and that are not the house's own."""
    everything: Mapping[str, None] = dict.fromkeys(
        base_id(name) for ours in book.texts.values() for name in ours
    )
    return tuple(
        name for name in everything if not (book.used(name) or is_inline(name) or name.startswith(HOUSE))
    )
