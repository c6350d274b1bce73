"""Vosk (Kaldi): streaming, with real grammars. The default where a model for the language is at hand.

Traps that this file is built around: `Model(lang=...)` would download, so only a folder is given; some models cannot
up-sample, so audio is 16 kHz always; words that a model does not know vanish from a grammar with only a log line,
so each is looked up first; Chinese results come with spaces between words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from asr.models import language_tag
from asr.protocol import AsrError, AsrUnavailable, Capabilities, Final, Heard, ListenRequest, Partial, Word
from asr.text import spoken, tidy

SAMPLE_RATE = 16_000
UNKNOWN = "[unk]"
LONGEST_WORD = 8
"""Characters of the longest word looked for when a phrase without spaces is cut into words."""

SURE_WITHIN_GRAMMAR = 0.6
"""Vosk's word confidences within a grammar run from 0.3 (forced) to 1.0; at this mean a match is as good as not."""


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
        if known(piece):
            words.append(piece)
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


class VoskRecognizer:
    """The loaded model, shared by all streams; its calls release the interpreter."""

    def __init__(self, folder: Path, language: str) -> None:
        import vosk

        vosk.SetLogLevel(-1)
        self._vosk: Any = vosk
        self._model: Any = vosk.Model(model_path=str(folder))
        self._language = language_tag(language)
        self.capabilities = Capabilities(
            engine="vosk",
            version=f"{folder.name} vosk-{version('vosk')}",
            languages=frozenset({self._language}),
            streaming=True,
            grammar=True,
            word_times=True,
            confidence=True,
        )

    def knows(self, word: str) -> bool:
        return int(self._model.vosk_model_find_word(word)) >= 0

    def grammar(self, phrases: Sequence[str]) -> Grammar:
        """For a flow's check as well: `refused` names each phrase that cannot be heard and why."""
        lines: dict[str, str] = {}
        refused: list[UnknownWords] = []
        for phrase in phrases:
            try:
                lines.setdefault(segment(phrase, self.knows, self._language), phrase)
            except UnknownWords as unknown:
                refused.append(unknown)
        return Grammar(lines, tuple(refused))

    def stream(self, request: ListenRequest) -> VoskStream:
        """Costs 0.6 ms with phrases, 130 ms without: never on an event loop. Raises AsrUnavailable."""
        if language_tag(request.language) != self._language:
            raise AsrUnavailable(f"this model knows {self._language!r} only", "language")
        grammar = self.grammar(request.phrases)
        if request.phrases and not grammar.lines:
            raise AsrUnavailable(
                f"the model knows no phrase of the grammar: {grammar.refused[0]}", "unavailable"
            )
        if grammar.lines:
            # Without it (some models lack it) anything said is forced into the grammar.
            garbage = [UNKNOWN] if self.knows(UNKNOWN) else []
            words = json.dumps([*grammar.lines, *garbage], ensure_ascii=False)
            recognizer = self._vosk.KaldiRecognizer(self._model, float(SAMPLE_RATE), words)
        else:
            recognizer = self._vosk.KaldiRecognizer(self._model, float(SAMPLE_RATE))
        recognizer.SetWords(True)
        return VoskStream(recognizer, self._language, grammar.lines)


class VoskStream:
    """One utterance. Vosk's own end points within it only cut it in pieces: when it is over, the owner says."""

    def __init__(self, recognizer: Any, language: str, lines: dict[str, str]) -> None:
        self._recognizer = recognizer
        self._language = language
        self._lines = lines
        self._words: list[Word] = []
        self._partial = ""

    def accept(self, pcm: bytes) -> Sequence[Heard]:
        if self._recognizer.AcceptWaveform(pcm):
            self._keep(self._recognizer.Result())
            return ()
        partial = json.loads(self._recognizer.PartialResult()).get("partial", "")
        text = self._readable([*(word.text for word in self._words), *partial.split()])
        if not text or text == self._partial:
            return ()
        self._partial = text
        return (Partial(text),)

    def finish(self) -> Sequence[Heard]:
        self._keep(self._recognizer.FinalResult())
        text = self._readable([word.text for word in self._words])
        scores = [word.confidence for word in self._words if word.confidence is not None]
        mean = sum(scores) / len(scores) if scores else 0.0
        if not self._lines:
            return (self._final(text, round(mean, 3)),)
        phrase = self._phrase(text)
        unknown = sum(word.text == UNKNOWN for word in self._words)
        # What was outside the grammar weighs against the phrase found beside it.
        sure = mean * (1.0 - unknown / max(1, len(self._words))) if phrase else 0.0
        return (self._final(text, round(sure, 3), phrase if sure >= SURE_WITHIN_GRAMMAR else ""),)

    def close(self) -> None:
        self._recognizer = None

    def _final(self, text: str, confidence: float, phrase: str = "") -> Final:
        words = tuple(word for word in self._words if word.text != UNKNOWN)
        return Final(text, self._language, "vosk", confidence, phrase, words)

    def _phrase(self, text: str) -> str:
        """The one phrase that makes up the text, said once or again; several different ones are no answer."""
        for line, phrase in self._lines.items():
            readable = self._readable(line.split())
            if readable and not text.replace(readable, "").strip():
                return phrase if text else ""
        return ""

    def _keep(self, result: str) -> None:
        for word in json.loads(result).get("result", ()):
            self._words.append(Word(word["word"], word["start"], word["end"], word.get("conf")))

    def _readable(self, words: Sequence[str]) -> str:
        return tidy(" ".join(word for word in words if word != UNKNOWN), self._language)
