"""Whisper's model as CTranslate2 runs it: audio -> encoded -> readings, likelihoods, languages, word times.

What is done against its habits (../docs/speech.md has the figures):
- It pads to 30 s and pays for them; here the window is as long as the utterance needs, six seconds at least.
- With a short window it may repeat itself: asked for time stamps it finds its end, and the length is bounded by the
  time spoken.
- It hears a quiet caller worse than a loud one: speech is brought to one level first.
Everything here may be called from several threads: CTranslate2 queues them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asr.protocol import Word
from asr.text import tidy

SAMPLE_RATE = 16_000
SHORTEST_WINDOW_S = 6.0
LONGEST_WINDOW_S = 30.0
TAIL_S = 3.0
"""Silence after the speech that the encoder sees; with less it does not notice the end."""

LEAD_S = 0.3
"""Silence put before the speech: without it the first syllable is weighed wrongly (人工: -7.6 instead of -3.7)."""

SPEECH_DBFS = -20.0
LOUDEST_GAIN_DB = 36.0
"""Speech is brought to this level of its louder parts, but noise alone is not blown up without end."""

STEADY = 2.0
"""Speech is at times so much louder than at others; what is not is noise, and stays as it is."""

TOKENS_PER_S = 12.0
LATEST_BEGIN = 50
"""Of the first time stamp, in steps of 20 ms."""

FRAME_S = 0.02
PORTION = 4
"""Texts forced at once: a greater batch costs more per text, and somebody else's utterance waits for it."""

LEAST_LOG = math.log(1e-9)

Audio = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Encoded:
    """states: the encoder's output as CTranslate2 holds it. spoken_s: of the audio, without the silence behind it."""

    states: Any
    spoken_s: float


@dataclass(frozen=True, slots=True)
class Reading:
    """likelihood: mean log probability per token, time stamps and end among them."""

    text: str
    tokens: tuple[int, ...]
    likelihood: float


@dataclass(frozen=True, slots=True)
class Readings:
    """Different texts, the likeliest first; at least one. no_speech: 0..1."""

    found: tuple[Reading, ...]
    no_speech: float

    @property
    def best(self) -> Reading:
        return self.found[0]


class WhisperModel:
    """The loaded model and its tokens. threads: of one utterance; utterances wait for each other."""

    def __init__(self, folder: Path, *, threads: int) -> None:
        import ctranslate2
        import tokenizers
        from faster_whisper.feature_extractor import FeatureExtractor

        self._view: Any = ctranslate2.StorageView
        self._model: Any = ctranslate2.models.Whisper(
            str(folder), device="cpu", compute_type="int8", intra_threads=threads, inter_threads=1
        )
        self._pieces: Any = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._features: Any = FeatureExtractor()
        self._tokenizers: dict[str, Any] = {}
        self.version = f"{folder.name} ctranslate2-{version('ctranslate2')}"

    @property
    def first_special(self) -> int:
        """Tokens from this number on are no text."""
        return int(self._pieces.token_to_id("<|endoftext|>"))

    def piece(self, token: int) -> str:
        """How a token reads; those of half a character read as the replacement character."""
        return str(self._pieces.decode([token]))

    def tokens(self, text: str, language: str) -> list[int]:
        return list(self._tokenizer(language).encode(_spaced(text, language)))

    def encode(self, audio: Audio, tail_s: float = TAIL_S) -> Encoded:
        """The audio and silence after it, through the encoder. About 0.1 s for six seconds of window."""
        needed_s = math.ceil(len(audio) / SAMPLE_RATE + tail_s)
        window_s = min(LONGEST_WINDOW_S, max(SHORTEST_WINDOW_S + tail_s - TAIL_S, needed_s))
        samples = np.zeros(int(window_s * SAMPLE_RATE), dtype=np.float32)
        samples[: len(audio)] = audio[: len(samples)]
        mel = self._features(samples, padding=160)[:, : int(window_s * 100)]
        features = np.ascontiguousarray(mel[None], dtype=np.float32)
        states = self._model.encode(self._view.from_array(features))
        return Encoded(states, min(window_s, len(audio) / SAMPLE_RATE))

    def read(self, encoded: Encoded, language: str, *, beam: int, hidden: Sequence[int] = (-1,)) -> Readings:
        """Decode freely. hidden: tokens that must not be written (-1: those its configuration names)."""
        tokenizer = self._tokenizer(language)
        prompt = list(tokenizer.sot_sequence)
        result = self._model.generate(
            encoded.states,
            [prompt],
            beam_size=beam,
            num_hypotheses=beam,
            max_length=len(prompt) + 8 + math.ceil(TOKENS_PER_S * encoded.spoken_s),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=list(hidden),
            max_initial_timestamp_index=LATEST_BEGIN,
        )[0]
        found: dict[str, Reading] = {}
        for sequence, score in zip(result.sequences_ids, result.scores, strict=True):
            tokens = tuple(token for token in sequence if token < tokenizer.eot)
            text = tidy(tokenizer.decode(list(tokens)), language)
            # The same words with other time stamps are one reading.
            if text not in found:
                found[text] = Reading(text, tokens, float(score))
        return Readings(tuple(found.values()), float(result.no_speech_prob))

    def force(self, encoded: Encoded, texts: Sequence[str], language: str) -> list[list[float]]:
        """For each text the log probability of each of its tokens on the audio; about 20 ms a text."""
        return [
            [max(LEAST_LOG, math.log(max(1e-9, share))) for share in one.text_token_probs]
            for one in self._align(encoded, [self.tokens(text, language) for text in texts], language)
        ]

    def languages(self, encoded: Encoded, among: Collection[str]) -> tuple[tuple[str, float], ...]:
        """The shares of these languages, best first, as if no other were spoken. 15 ms."""
        shares = {token.strip("<|>"): float(share) for token, share in self._detect(encoded)}
        known = {language: shares[language] for language in among if language in shares}
        total = sum(known.values()) or 1.0
        ranked = sorted(known.items(), key=lambda one: one[1], reverse=True)
        return tuple((language, share / total) for language, share in ranked)

    def words(self, encoded: Encoded, reading: Reading, language: str) -> tuple[Word, ...]:
        """When each word was said, in seconds of the audio given; Chinese by character."""
        tokenizer = self._tokenizer(language)
        tokens = list(reading.tokens)
        if not tokens:
            return ()
        (aligned,) = self._align(encoded, [tokens], language)
        starts: dict[int, int] = {}
        for token, frame in aligned.alignments:
            starts.setdefault(int(token), int(frame))
        texts, pieces = tokenizer.split_to_word_tokens(tokens)
        found: list[Word] = []
        first, end_frame = 0, int(encoded.spoken_s / FRAME_S)
        for text, piece in zip(texts, pieces, strict=True):
            after = first + len(piece)
            shares = aligned.text_token_probs[first:after]
            begin, end = starts.get(first, end_frame), starts.get(after, end_frame)
            sure = sum(shares) / max(1, len(shares))
            word = tidy(text, language)
            if found and not any(letter.isalnum() for letter in word):
                # A full stop belongs to the word before it.
                found[-1] = replace(found[-1], text=found[-1].text + word)
            else:
                found.append(Word(word, begin * FRAME_S, max(begin, end) * FRAME_S, round(sure, 3)))
            first = after
        return tuple(word for word in found if word.text)

    def _detect(self, encoded: Encoded) -> list[tuple[str, float]]:
        return list(self._model.detect_language(encoded.states)[0])

    def _align(self, encoded: Encoded, texts: Sequence[list[int]], language: str) -> list[Any]:
        # The whole window, silence too: without the end of it the decoder is lost on some recordings (-1 -> -5).
        states = np.asarray(encoded.states)
        start = list(self._tokenizer(language).sot_sequence)
        frames = min(2 * states.shape[1], max(2, int(encoded.spoken_s * 100)))
        found: list[Any] = []
        for begin in range(0, len(texts), PORTION):
            portion = list(texts[begin : begin + PORTION])
            batch = self._view.from_array(np.repeat(states, len(portion), 0))
            found += self._model.align(batch, start, portion, [frames] * len(portion))
        return found

    def _tokenizer(self, language: str) -> Any:
        if language not in self._tokenizers:
            from faster_whisper.tokenizer import Tokenizer

            self._tokenizers[language] = Tokenizer(self._pieces, True, "transcribe", language)
        return self._tokenizers[language]


def audio_of(pcm: bytes) -> Audio:
    """16-bit little-endian 16 kHz -> what `encode` takes: levelled, a little silence before it, at most a window."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / 32768.0
    lead = np.zeros(int(LEAD_S * SAMPLE_RATE), dtype=np.float32)
    return np.concatenate([lead, levelled(samples)])[: int(LONGEST_WINDOW_S * SAMPLE_RATE)]


def levelled(samples: Audio) -> Audio:
    """The same at the level of `SPEECH_DBFS`, without a constant offset. Noise and silence stay what they are."""
    width = int(FRAME_S * SAMPLE_RATE)
    if len(samples) < width:
        return samples
    samples = samples - samples.mean()
    frames = samples[: len(samples) // width * width].reshape(-1, width)
    quiet, loud = (float(level) for level in np.percentile(np.sqrt((frames**2).mean(axis=1)), (10, 90)))
    if loud <= STEADY * quiet:
        return samples
    gain_db = min(SPEECH_DBFS - 20.0 * math.log10(loud), LOUDEST_GAIN_DB)
    changed: Audio = (samples * np.float32(10.0 ** (gain_db / 20.0))).astype(np.float32)
    return changed


def _spaced(text: str, language: str) -> str:
    """Words begin with a space in Whisper's vocabulary, where the language has spaces."""
    return text if language in ("zh", "ja", "th", "yue") else f" {text}"
