"""What an operator may record, and the name of each recording. Pure.

A prompt without values is one take, named as the prompt. Of a prompt with values, the words before, between and after
them are takes of their own (`queue.place+1`, `queue.place+2`), for a recording of the whole could not say the value.
The words that values are made of may be recorded too (`say+twenty-one`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ivr.flow.prompt_text import Value, parse
from ivr.prompts import numbers, texts
from ivr.prompts.clips import Clip

PART = "+"
"""Between a prompt's id and the number of its part: no author can write it in an id."""
VALUES = f"say{PART}"


@dataclass(frozen=True, slots=True)
class Take:
    """id: the file's name without its extension. clip: the part of a sentence that it is; None: a whole prompt."""

    id: str
    text: str
    prompt: str = ""
    clip: Clip | None = None


def takes(library: texts.Texts, language: str, *, values: bool = False) -> list[Take]:
    """All of a language, in the order of its texts. values: also the words that values are made of."""
    found: list[Take] = []
    for name, text in texts.own_texts(library, language).items():
        found += prompt_takes(name, text, language)
    if values:
        found += [
            Take(value_id(fragment), fragment, clip=texts.fragment_clip(fragment, language))
            for fragment in texts.needed_fragments(library, language)
        ]
    return found


def prompt_takes(name: str, text: str, language: str) -> list[Take]:
    """[] for a sentence with values in a language that says these as a whole."""
    if not has_values(text):
        return [Take(name, text, name)]
    clips = [piece for piece in texts.compile_text(text, language) if isinstance(piece, Clip)]
    return [
        Take(f"{name}{PART}{number}", clip.text, name, clip) for number, clip in enumerate(clips, start=1)
    ]


def has_values(text: str) -> bool:
    return any(isinstance(part, Value) for part in parse(text))


def value_id(fragment: str) -> str:
    """ "one hundred" -> "say+one_hundred", "a.m." -> "say+a_m"."""
    return VALUES + re.sub(r"[^\w-]+", "_", fragment).strip("_")


def can_say_values(language: str) -> bool:
    """Whether values are said in recorded words."""
    return language in numbers.LANGUAGES
