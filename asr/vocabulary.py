"""Which words the models at hand can hear: for those who write dialogues. Reads lists of words; loads no model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from asr.models import Preference, choose
from asr.vosk_grammar import UnknownWords, segment
from asr.vosk_words import UnreadableWords, read_words


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Of the model that is asked first for a language."""

    model: str
    language: str
    known: Callable[[str], bool]

    def unheard(self, phrase: str) -> tuple[str, ...]:
        """The words in it that the model can never hear; () = it can hear the phrase."""
        try:
            segment(phrase, self.known, self.language)
        except UnknownWords as unknown:
            return unknown.words
        return ()


def vocabularies(
    languages: Sequence[str] = (), *, preference: Preference | None = None
) -> dict[str, Vocabulary]:
    """Language -> its words, where the model asked first has a fixed list of them (Vosk). A third of a second each.

    languages: of the hotline, empty = all that a model serves. Raises what the engine raises when it has to be loaded,
    because its list cannot be read otherwise.
    """
    found: dict[str, Vocabulary] = {}
    for language, models in choose(languages, preference=preference).items():
        if models[0].engine == "vosk":
            found[language] = Vocabulary(models[0].name, language, _known(models[0].folder, language))
    return found


def _known(folder: Path, language: str) -> Callable[[str], bool]:
    try:
        return read_words(folder).__contains__
    except UnreadableWords:
        from asr.vosk_engine import VoskRecognizer  # takes seconds, and half a gigabyte

        return VoskRecognizer(folder, language).knows
