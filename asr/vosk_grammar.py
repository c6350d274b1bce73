"""A menu's phrases as a grammar of a Vosk model: each word looked up, phrases cut into words it has. Pure.

Words that a model does not know vanish from a grammar with only a line in the log, so each is looked up first. For
scripts without spaces a phrase is cut into the fewest words of the model, down to single characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from asr.protocol import AsrError
from asr.text import spoken

UNKNOWN = "[unk]"
"""What models made for grammars call a word that is none of theirs: with it in the grammar, other speech need not be
forced into it."""

GARBAGE = (UNKNOWN, "<unk>", "<UNK>", "[UNK]")
"""By what other names it goes; those stand for noises, and help little (bench.asr_vosk)."""

LONGEST_WORD = 8
"""Characters of the longest word looked for when a phrase without spaces is cut into words."""


class UnknownWords(AsrError):
    """A phrase holds words that this model cannot hear. words: which."""

    def __init__(self, phrase: str, words: tuple[str, ...]) -> None:
        super().__init__(f"{phrase!r}: this model does not know {', '.join(words)}")
        self.phrase = phrase
        self.words = words


@dataclass(frozen=True, slots=True)
class Grammar:
    """lines: as the engine takes them -> the phrase each stands for. refused: phrases it cannot hear."""

    lines: dict[str, str]
    refused: tuple[UnknownWords, ...]


def segment(phrase: str, known: Callable[[str], bool], language: str) -> str:
    """The phrase as words of the model joined by spaces. Raises UnknownWords.

    Words with spaces between them stay when the model knows them; else, and for scripts without spaces, the fewest
    known words that make it up, down to single characters.
    """
    words: list[str] = []
    missing: list[str] = []
    for piece in spoken(phrase, language).split():
        written = next((form for form in (piece, piece.upper(), piece.capitalize()) if known(form)), "")
        if written:
            words.append(written)
        elif cut := _fewest_words(piece, known):
            words.extend(cut)
        else:
            missing.extend(
                [piece] if piece.isascii() else [one for one in piece if not known(one)] or [piece]
            )
    if missing or not words:
        raise UnknownWords(phrase, tuple(missing) or (phrase,))
    return " ".join(words)


def _fewest_words(piece: str, known: Callable[[str], bool]) -> list[str]:
    """[] when it cannot be made up of known words. Latin words are not cut: half of one is another word."""
    if piece.isascii():
        return []
    best: list[list[str] | None] = [[]]
    for end in range(1, len(piece) + 1):
        choice: list[str] | None = None
        for begin in range(max(0, end - LONGEST_WORD), end):
            before = best[begin]
            shorter = before is not None and (choice is None or len(before) + 1 < len(choice))
            if before is not None and shorter and known(piece[begin:end]):
                choice = [*before, piece[begin:end]]
        best.append(choice)
    return best[-1] or []


def grammar(phrases: Sequence[str], known: Callable[[str], bool], language: str) -> Grammar:
    """For a flow's check as well: `refused` names each phrase that cannot be heard and why."""
    lines: dict[str, str] = {}
    refused: list[UnknownWords] = []
    for phrase in phrases:
        try:
            line = segment(phrase, known, language)
        except UnknownWords as unknown:
            refused.append(unknown)
            continue
        lines.setdefault(line, phrase)
        if language == "zh" and _AS_NUMBER.search(line) and known(_YAO):
            lines.setdefault(" ".join(_yao(word) for word in line.split()), phrase)
    return Grammar(lines, tuple(refused))


_YAO = "幺"
_DIGIT = "[零一二两三四五六七八九]"
_AS_NUMBER = re.compile(f"{_DIGIT} ?一|一 ?{_DIGIT}")


def _yao(word: str) -> str:
    """`一一 零` is mostly said 幺幺零: another sound, so another line of the grammar."""
    return word.replace("一", _YAO) if re.fullmatch(f"{_DIGIT}+", word) else word


def garbage(known: Callable[[str], bool]) -> list[str]:
    """The model's own word for words it does not know; [] where it has none."""
    return [name for name in GARBAGE if known(name)][:1]
