"""sherpa-onnx: streaming transducers (zipformer) and paraformers that an operator brings. An optional package.

It has no grammar. A menu's phrases and the hotline's hot words are made likelier while it decodes (its "contextual
biasing"; transducers only), and the text is compared with the phrases by sound, as Whisper's is.

The package ends the whole process over a damaged model instead of raising, so the files are looked at first.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from asr.models import language_tag
from asr.onnx_about import NotOnnx, about
from asr.own_models import SherpaFiles, sherpa_files
from asr.phrases import candidates, choose
from asr.protocol import AsrError, AsrUnavailable, Capabilities, Final, Heard, ListenRequest, Partial, Word
from asr.text import CJK, spoken, tidy
from asr.upsampling import Widener, how_for

SAMPLE_RATE = 16_000
HOT_WORD_SCORE = 2.0
"""Added to the log probability of each token of a hot word; its authors' default is 1.5, for single rare words."""

MOST_HOT_WORDS = 500
TAIL_S = 0.66
"""Silence after the speech: the encoder looks ahead by up to so much before it writes the last words."""

WORD_BEGIN = "\u2581"
"""SentencePiece's mark of the first piece of a word."""

LAST_TOKEN_S = 0.2
_HARMFUL = re.compile(r"[/:#@\n]")
"""What separates or scores hot words in the package's own notation."""


class SherpaRecognizer:
    """The loaded model, shared by all streams; its calls release the interpreter."""

    def __init__(self, folder: Path, languages: frozenset[str]) -> None:
        """Raises AsrError: the package is missing, or this is no streaming model; what the package raises itself."""
        files = _checked(folder)
        try:
            import sherpa_onnx
        except ImportError as error:
            raise AsrError(
                "the package sherpa-onnx is not installed: pip install 'open-hotline[sherpa]'"
            ) from error
        self._widens = how_for("sherpa", folder) == "noise"
        self._languages = languages
        self._symbols = _symbols(files.tokens)
        unit = _modelling_unit(folder, self._symbols)
        bpe = folder / "bpe.vocab"
        self._hot = files.joiner is not None and (unit == "cjkchar" or bpe.is_file())
        if files.joiner is None:
            self._recognizer: Any = sherpa_onnx.OnlineRecognizer.from_paraformer(
                tokens=str(files.tokens),
                encoder=str(files.encoder),
                decoder=str(files.decoder),
                num_threads=1,
                enable_endpoint_detection=False,
            )
        else:
            self._recognizer = sherpa_onnx.OnlineRecognizer.from_transducer(
                tokens=str(files.tokens),
                encoder=str(files.encoder),
                decoder=str(files.decoder),
                joiner=str(files.joiner),
                num_threads=1,
                enable_endpoint_detection=False,
                decoding_method="modified_beam_search" if self._hot else "greedy_search",
                hotwords_score=HOT_WORD_SCORE,
                modeling_unit=unit,
                bpe_vocab=str(bpe) if bpe.is_file() and unit != "cjkchar" else "",
            )
        self.capabilities = Capabilities(
            engine="sherpa",
            version=f"{folder.name} sherpa-onnx-{version('sherpa-onnx')}",
            languages=languages,
            streaming=True,
            grammar=True,
            word_times=True,
            confidence=files.joiner is not None,
            hot_words=self._hot,
        )

    def stream(self, request: ListenRequest) -> SherpaStream:
        """Raises AsrUnavailable: not a language of this model."""
        language = language_tag(request.language)
        if language not in self._languages:
            raise AsrUnavailable(f"this model knows {', '.join(sorted(self._languages))} only", "language")
        hot = self.hot_words([*request.phrases, *request.hot_words], language) if self._hot else []
        stream = self._recognizer.create_stream(hotwords="/".join(hot)) if hot else None
        if stream is None:
            stream = self._recognizer.create_stream()
        widener = Widener() if self._widens else None
        return SherpaStream(self._recognizer, stream, language, request.phrases, widener)

    def hot_words(self, words: Sequence[str], language: str) -> list[str]:
        """Those that this model can write, as it takes them: one that it cannot makes the package drop all."""
        found: dict[str, None] = {}
        for word in words[:MOST_HOT_WORDS]:
            said = _HARMFUL.sub(" ", spoken(word, language)).strip()
            if said and self._writable(said):
                found[said] = None
        return list(found)

    def _writable(self, text: str) -> bool:
        """Latin letters are made up of pieces of words, which there are for every letter; characters are whole."""
        return all(char in self._symbols for char in text if not char.isspace() and not char.isascii()) and (
            not any(char.isascii() and not char.isspace() for char in text) or self._has_pieces
        )

    @property
    def _has_pieces(self) -> bool:
        return any(symbol.startswith(WORD_BEGIN) for symbol in self._symbols)


class SherpaStream:
    """One utterance; where it ends, its owner says."""

    def __init__(
        self, recognizer: Any, stream: Any, language: str, phrases: Sequence[str], widener: Widener | None
    ) -> None:
        self._recognizer = recognizer
        self._stream = stream
        self._language = language
        self._phrases = phrases
        self._widener = widener
        self._partial = ""

    def accept(self, pcm: bytes) -> Sequence[Heard]:
        pcm = self._widener.widen(pcm) if self._widener else pcm
        self._feed(np.frombuffer(pcm, "<i2").astype(np.float32) / 32768.0)
        text = self._readable(self._recognizer.get_result(self._stream))
        if not text or text == self._partial:
            return ()
        self._partial = text
        return (Partial(text),)

    def finish(self) -> Sequence[Heard]:
        self._feed(np.zeros(int(TAIL_S * SAMPLE_RATE), np.float32), last=True)
        result = self._recognizer.get_result_all(self._stream)
        text = self._readable(result.text)
        words = _words(result.tokens, result.timestamps, result.ys_probs)
        if self._phrases:
            choice = choose(candidates([text], self._phrases, self._language))
            return (self._final(text, choice.confidence, words, choice.phrase, choice.others),)
        scores = [word.confidence for word in words if word.confidence is not None]
        return (self._final(text, round(sum(scores) / len(scores), 3) if scores else None, words),)

    def close(self) -> None:
        self._stream = None

    def _feed(self, samples: np.ndarray[Any, np.dtype[np.float32]], *, last: bool = False) -> None:
        self._stream.accept_waveform(SAMPLE_RATE, samples)
        if last:
            self._stream.input_finished()
        while self._recognizer.is_ready(self._stream):
            self._recognizer.decode_stream(self._stream)

    def _readable(self, text: str) -> str:
        return tidy(text.replace("<unk>", " "), self._language)

    def _final(
        self,
        text: str,
        confidence: float | None,
        words: tuple[Word, ...],
        phrase: str = "",
        others: tuple[tuple[str, float], ...] = (),
    ) -> Final:
        return Final(text, self._language, "sherpa", confidence if text else 0.0, phrase, words, others)


def _words(tokens: Sequence[str], times: Sequence[float], scores: Sequence[float]) -> tuple[Word, ...]:
    """Pieces joined to words: a new one begins with each mark, each space and each Chinese character."""
    words: list[tuple[str, float, float, list[float]]] = []
    for index, token in enumerate(tokens):
        begin = times[index] if index < len(times) else 0.0
        end = times[index + 1] if index + 1 < len(times) else begin + LAST_TOKEN_S
        score = [math.exp(min(0.0, scores[index]))] if index < len(scores) else []
        text = token.replace(WORD_BEGIN, " ")
        new = not words or text[:1].isspace() or bool(re.match(f"[{CJK}]", text))
        if new or re.search(f"[{CJK}]$", words[-1][0]):
            words.append((text.strip(), begin, end, score))
        else:
            before = words[-1]
            words[-1] = (before[0] + text, before[1], end, before[3] + score)
    return tuple(
        Word(text, round(begin, 3), round(end, 3), round(sum(score) / len(score), 3) if score else None)
        for text, begin, end, score in words
        if text
    )


def _symbols(path: Path) -> frozenset[str]:
    """Raises AsrError: a line that is not `symbol number` makes the package end the process."""
    symbols: set[str] = set()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        fields = line.rsplit(maxsplit=1)
        if not line.strip():
            continue
        if not fields[-1].isdigit():
            raise AsrError(f"{path}, line {number}: not `symbol number`; fetch the model again")
        symbols.add(fields[0] if len(fields) > 1 else " ")
    return frozenset(symbols)


def _modelling_unit(folder: Path, symbols: frozenset[str]) -> str:
    characters = any(re.fullmatch(f"[{CJK}]", symbol) for symbol in symbols)
    pieces = any(symbol.startswith(WORD_BEGIN) for symbol in symbols)
    if characters and not pieces:
        return "cjkchar"
    return "cjkchar+bpe" if characters else "bpe"


def _checked(folder: Path) -> SherpaFiles:
    """Raises AsrError where the package would end the process or misread: a part missing, damaged, of another kind."""
    files = sherpa_files(folder)
    if files is None:
        raise AsrError(f"{folder}: no tokens.txt with encoder*.onnx and decoder*.onnx")
    _symbols(files.tokens)
    needed = {files.encoder: ("encoder_output_size",), files.decoder: ()}
    if files.joiner is not None:
        needed = {
            files.encoder: ("model_type", "T", "decode_chunk_len"),
            files.decoder: ("context_size", "vocab_size"),
            files.joiner: ("joiner_dim",),
        }
    for path, keys in needed.items():
        try:
            said = about(path)
        except (NotOnnx, OSError) as error:
            raise AsrError(f"{path}: {error}; fetch the model again") from error
        missing = [key for key in keys if key not in said]
        if missing:
            raise AsrError(f"{path} says nothing of {', '.join(missing)}: it is no part of a streaming model")
    return files
