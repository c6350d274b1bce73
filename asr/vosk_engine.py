"""Vosk (Kaldi): streaming, with real grammars. The default where a model for the language is at hand.

    asked for                        grammar                              confidence, alternatives
    -----------------------------------------------------------------------------------------------------------------
    phrases (a menu)                 the phrases                          of the phrase, calibrated; none
    expects "digits", "date" ...     the words that such values are said  of the text; the next likely texts
                                     in, and the hot words
    anything else                    none: the whole language             of the text; the next likely texts

Traps that this file is built around: `Model(lang=...)` would download, so only a folder is given; some models cannot
up-sample, so audio is 16 kHz always; Chinese results come with spaces between words. One model is shared by all
callers; a recogniser is made for each utterance. Hot words cannot be made likelier in open speech: a model of this kind
takes words at run time as a grammar only (docs/administrators/speech-models.md).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from asr.expected_words import expected_words
from asr.models import language_tag
from asr.protocol import AsrUnavailable, Capabilities, Final, Heard, ListenRequest, Partial, Word
from asr.text import tidy
from asr.upsampling import Widener, how_for
from asr.vosk_grammar import GARBAGE, UNKNOWN, Grammar, garbage, grammar
from asr.vosk_results import (
    ACCEPTED,
    Piece,
    Reading,
    calibrated,
    match,
    of_words,
    readings,
    with_alternatives,
)

SAMPLE_RATE = 16_000
ALTERNATIVES = 5
"""Readings asked for of each piece of speech; more cost time and say nothing new."""

TOLD_ALTERNATIVES = 3
CORE_WEIGHT = 5
"""A word of an expected value counts as often as so many of the words around it: lines weigh by their number."""
MOST_HOT_WORDS = 20
"""Of a hotline's, beside the words of a value: whoever is asked for a number seldom names a street."""


class VoskRecognizer:
    """The loaded model, shared by all streams; its calls release the interpreter."""

    def __init__(self, folder: Path, language: str) -> None:
        import vosk

        vosk.SetLogLevel(-1)
        self._vosk: Any = vosk
        self._model: Any = vosk.Model(model_path=str(folder))
        self.widens = how_for("vosk", folder) == "noise"
        self._language = language_tag(language)
        self._garbage = garbage(self.knows)
        self._version = f"{folder.name} vosk-{version('vosk')}"
        self.capabilities = Capabilities(
            engine="vosk",
            version=self._version,
            languages=frozenset({self._language}),
            streaming=True,
            grammar=True,
            word_times=True,
            confidence=True,
            alternatives=True,
        )

    def knows(self, word: str) -> bool:
        return int(self._model.vosk_model_find_word(word)) >= 0

    def grammar(self, phrases: Sequence[str]) -> Grammar:
        """As this model can hear them: `refused` names each phrase that it cannot and why."""
        return grammar(phrases, self.knows, self._language)

    def stream(self, request: ListenRequest) -> VoskStream:
        """Costs 0.6 ms with a grammar, 130 ms without: never on an event loop. Raises AsrUnavailable."""
        if language_tag(request.language) != self._language:
            raise AsrUnavailable(f"this model knows {self._language!r} only", "language")
        wanted = self.grammar(request.phrases)
        if request.phrases and not wanted.lines:
            # Another engine may know the words.
            raise AsrUnavailable(f"the model knows no phrase of the grammar: {wanted.refused[0]}", "language")
        lines = list(wanted.lines) or self._expected(request)
        if lines:
            # Without garbage (some models lack it) anything said is forced into the grammar.
            words = json.dumps([*lines, *self._garbage], ensure_ascii=False)
            recognizer = self._vosk.KaldiRecognizer(self._model, float(SAMPLE_RATE), words)
        else:
            recognizer = self._vosk.KaldiRecognizer(self._model, float(SAMPLE_RATE))
        recognizer.SetWords(True)
        if not wanted.lines:
            recognizer.SetMaxAlternatives(ALTERNATIVES)
        widener = Widener() if self.widens else None
        rejects = self._garbage == [UNKNOWN]
        return VoskStream(recognizer, self._language, wanted.lines, self._version, widener, rejects)

    def _expected(self, request: ListenRequest) -> list[str]:
        core, around = expected_words(request.expects, self._language)
        if not core:
            return []
        hot = self.grammar(request.hot_words[:MOST_HOT_WORDS]).lines
        weighty = [*(word for word in core if self.knows(word)), *hot] * CORE_WEIGHT
        return [*weighty, *(word for word in around if self.knows(word))]


class VoskStream:
    """One utterance. Vosk's own end points within it only cut it in pieces: when it is over, the owner says."""

    def __init__(
        self,
        recognizer: Any,
        language: str,
        lines: dict[str, str],
        version: str,
        widener: Widener | None,
        rejects: bool,
    ) -> None:
        self._recognizer = recognizer
        self._language = language
        self._lines = lines
        self._version = version
        self._widener = widener
        self._rejects = rejects
        self._pieces: list[Piece] = []
        self._partial = ""

    def accept(self, pcm: bytes) -> Sequence[Heard]:
        if self._recognizer.AcceptWaveform(self._widener.widen(pcm) if self._widener else pcm):
            self._keep(self._recognizer.Result())
            return ()
        partial = json.loads(self._recognizer.PartialResult()).get("partial", "")
        before = [word.text for piece in self._pieces for word in piece[0].words]
        text = self._readable([*before, *partial.split()])
        if not text or text == self._partial:
            return ()
        self._partial = text
        return (Partial(text),)

    def finish(self) -> Sequence[Heard]:
        self._keep(self._recognizer.FinalResult())
        return (self._of_grammar() if self._lines else self._of_open_speech(),)

    def close(self) -> None:
        self._recognizer = None

    def _of_grammar(self) -> Final:
        words = [word for piece in self._pieces for word in piece[0].words]
        text = self._readable([word.text for word in words])
        readable = {self._readable(line.split()): phrase for line, phrase in self._lines.items()}
        phrase = match(text, readable)
        sure = calibrated(of_words(words), rejects=self._rejects) if phrase else 0.0
        return self._final(text, sure, words, phrase if sure >= ACCEPTED else "")

    def _of_open_speech(self) -> Final:
        best, *others = with_alternatives(self._pieces, TOLD_ALTERNATIVES + 1) or [Reading((), 0.0)]
        text = self._readable([word.text for word in best.words])
        told: dict[str, float] = {}
        for other in others:
            readable = self._readable([word.text for word in other.words])
            if readable and readable != text:
                told.setdefault(readable, other.share)
        return self._final(text, best.share if text else 0.0, best.words, others=tuple(told.items()))

    def _final(
        self,
        text: str,
        confidence: float,
        words: Sequence[Word],
        phrase: str = "",
        others: tuple[tuple[str, float], ...] = (),
    ) -> Final:
        return Final(
            text,
            self._language,
            "vosk",
            round(confidence, 3),
            phrase,
            tuple(word for word in words if word.text not in GARBAGE),
            tuple((other, round(share, 3)) for other, share in others),
            version=self._version,
        )

    def _keep(self, result: str) -> None:
        piece = readings(json.loads(result))
        if piece:
            self._pieces.append(piece)

    def _readable(self, words: Sequence[str]) -> str:
        return tidy(" ".join(word for word in words if word not in GARBAGE), self._language)
