"""Whisper through CTranslate2: one utterance at a time, in some 90 languages.

What is done against its habits (../docs/speech.md has the figures):
- It pads to 30 s and pays for them; here the window is as long as the utterance needs, six seconds at least.
- With a short window it may repeat itself: the length is bounded by the time spoken and a loop is cut.
- It writes something even for noise: likely silence without likely words is text "".
- It knows no grammar: the text is compared with the phrases by sound, and the nearest few are weighed by forcing
  the decoder through them on the audio already encoded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asr.models import WHISPER_LANGUAGES, language_tag
from asr.phrases import SHORTLIST, Candidate, candidates, choose
from asr.protocol import AsrUnavailable, Capabilities, Final, Heard, ListenRequest
from asr.text import cut_repeats, spoken, tidy

SAMPLE_RATE = 16_000
SHORTEST_WINDOW_S = 6.0
LONGEST_WINDOW_S = 30.0
TAIL_S = 1.0
"""Silence after the speech that the encoder sees; without it last syllables get lost."""

TOKENS_PER_S = 7.0
NO_SPEECH = 0.6
UNLIKELY = -1.0
POSITIONS_PER_S = 50

PROMPTS = {"zh": "以下是普通话的句子。"}
"""Leads it to simplified characters and punctuation."""

CREDITS = (
    "字幕",
    "订阅",
    "点赞",
    "明镜",
    "amara",
    "thanks for watching",
    "thank you for watching",
    "subtitles by",
)
"""What it learnt to write over silence: the end of videos."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """likelihood: mean log probability per token. no_speech: 0..1."""

    text: str
    tokens: tuple[int, ...]
    likelihood: float
    no_speech: float


class WhisperRecognizer:
    """The loaded model. `decode` may be called from several threads: CTranslate2 queues them."""

    def __init__(
        self, folder: Path, *, threads: int = 2, languages: frozenset[str] = WHISPER_LANGUAGES
    ) -> None:
        import ctranslate2
        import tokenizers
        from faster_whisper.feature_extractor import FeatureExtractor

        self._ctranslate2: Any = ctranslate2
        self._model: Any = ctranslate2.models.Whisper(
            str(folder), device="cpu", compute_type="int8", intra_threads=threads, inter_threads=1
        )
        self._pieces: Any = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._features: Any = FeatureExtractor()
        self._tokenizers: dict[str, Any] = {}
        self.capabilities = Capabilities(
            engine="whisper",
            version=f"{folder.name} ctranslate2-{version('ctranslate2')}",
            languages=languages,
            streaming=False,
            grammar=True,
            word_times=False,
            confidence=True,
        )

    def stream(self, request: ListenRequest) -> WhisperStream:
        language = language_tag(request.language)
        if language not in self.capabilities.languages:
            raise AsrUnavailable(f"Whisper does not know {request.language!r}", "language")
        return WhisperStream(self, language, request.phrases)

    def hear(self, pcm: bytes, language: str, phrases: Sequence[str] = ()) -> Final:
        """One utterance, 16 kHz 16-bit mono. Blocks for 0.3 to 1 s."""
        audio = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / 32768.0
        audio = audio[: int(LONGEST_WINDOW_S * SAMPLE_RATE)]
        spoken_s = len(audio) / SAMPLE_RATE
        encoded = self._encode(audio, spoken_s)
        decoded = self._write(encoded, language, spoken_s)
        if phrases:
            return self._closed(encoded, decoded, language, phrases, spoken_s)
        sure = math.exp(decoded.likelihood) if decoded.text else 0.0
        return Final(decoded.text, language, "whisper", confidence=round(sure, 3))

    def detect_language(self, pcm: bytes) -> list[tuple[str, float]]:
        """The likely languages of an utterance, best first."""
        audio = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / 32768.0
        encoded = self._encode(audio[: int(LONGEST_WINDOW_S * SAMPLE_RATE)], len(audio) / SAMPLE_RATE)
        return [
            (token.strip("<|>"), float(share)) for token, share in self._model.detect_language(encoded)[0]
        ]

    def _tokenizer(self, language: str) -> Any:
        if language not in self._tokenizers:
            from faster_whisper.tokenizer import Tokenizer

            self._tokenizers[language] = Tokenizer(self._pieces, True, "transcribe", language)
        return self._tokenizers[language]

    def _encode(self, audio: NDArray[np.float32], spoken_s: float) -> Any:
        window_s = min(LONGEST_WINDOW_S, max(SHORTEST_WINDOW_S, math.ceil(spoken_s + TAIL_S)))
        samples = np.zeros(int(window_s * SAMPLE_RATE), dtype=np.float32)
        samples[: len(audio)] = audio[: len(samples)]
        mel = self._features(samples, padding=160)[:, : int(window_s * 100)]
        features = np.ascontiguousarray(mel[None], dtype=np.float32)
        return self._model.encode(self._ctranslate2.StorageView.from_array(features))

    def _write(self, encoded: Any, language: str, spoken_s: float) -> Decoded:
        decoded = self._generate(encoded, language, spoken_s, PROMPTS.get(language, ""))
        if decoded.text and spoken(decoded.text, language) in spoken(PROMPTS.get(language, ""), language):
            # It has only read its own prompt aloud.
            decoded = self._generate(encoded, language, spoken_s, "")
        return decoded

    def _generate(self, encoded: Any, language: str, spoken_s: float, lead: str) -> Decoded:
        tokenizer = self._tokenizer(language)
        prompt = [tokenizer.sot_prev, *tokenizer.encode(f" {lead}")] if lead else []
        prompt += [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        result = self._model.generate(
            encoded,
            [prompt],
            beam_size=1,
            max_length=len(prompt) + 6 + math.ceil(TOKENS_PER_S * spoken_s),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
        )[0]
        tokens = tuple(token for token in result.sequences_ids[0] if token < tokenizer.eot)
        likelihood = float(result.scores[0])
        text = cut_repeats(tidy(tokenizer.decode(list(tokens)), language))
        silent = result.no_speech_prob > NO_SPEECH and likelihood < UNLIKELY
        credits = any(word in text.lower() for word in CREDITS) and likelihood < -0.5
        if silent or credits or not spoken(text, language):
            text = ""
        return Decoded(text, tokens, likelihood, float(result.no_speech_prob))

    def _closed(
        self, encoded: Any, decoded: Decoded, language: str, phrases: Sequence[str], spoken_s: float
    ) -> Final:
        ranked = candidates(decoded.text, phrases, language)
        weighed = (
            self._weigh(encoded, decoded, ranked[:SHORTLIST], language, spoken_s) if decoded.text else []
        )
        choice = choose(weighed)
        return Final(
            decoded.text,
            language,
            "whisper",
            confidence=choice.confidence,
            phrase=choice.phrase,
            alternatives=tuple(choice.others),
        )

    def _weigh(
        self, encoded: Any, decoded: Decoded, shortlist: Sequence[Candidate], language: str, spoken_s: float
    ) -> list[Candidate]:
        """The candidates with their `fit`: phrase against free text, both forced on the same audio."""
        if shortlist and shortlist[0].sound == 1.0:
            return list(shortlist[:1])
        tokenizer = self._tokenizer(language)
        texts = [spoken(decoded.text, language), *(candidate.phrase for candidate in shortlist)]
        free, *fits = self._force(encoded, [tokenizer.encode(text) for text in texts], tokenizer, spoken_s)
        return [
            Candidate(candidate.phrase, candidate.sound, candidate.contained, fit - free)
            for candidate, fit in zip(shortlist, fits, strict=True)
        ]

    def _force(
        self, encoded: Any, texts: Sequence[list[int]], tokenizer: Any, spoken_s: float
    ) -> list[float]:
        """Mean log probability per token of each text on the audio."""
        positions = int((spoken_s + TAIL_S) * POSITIONS_PER_S)
        # The encoder's output beyond the speech is silence: leaving it out halves the cost.
        audio = np.asarray(encoded)[:, :positions]
        batch = self._ctranslate2.StorageView.from_array(
            np.ascontiguousarray(np.repeat(audio, len(texts), 0))
        )
        frames = min(2 * audio.shape[1], max(2, int(spoken_s * 100)))
        forced = self._model.align(batch, list(tokenizer.sot_sequence), list(texts), [frames] * len(texts))
        return [_mean_log(one.text_token_probs) for one in forced]


def _mean_log(probabilities: Sequence[float]) -> float:
    if not probabilities:
        return -10.0
    return sum(math.log(max(1e-9, probability)) for probability in probabilities) / len(probabilities)


class WhisperStream:
    """Collects the utterance; all the work is in `finish`."""

    def __init__(self, recognizer: WhisperRecognizer, language: str, phrases: Sequence[str]) -> None:
        self._recognizer = recognizer
        self._language = language
        self._phrases = phrases
        self._pcm = bytearray()

    def accept(self, pcm: bytes) -> Sequence[Heard]:
        self._pcm += pcm
        return ()

    def finish(self) -> Sequence[Heard]:
        return (self._recognizer.hear(bytes(self._pcm), self._language, self._phrases),)

    def close(self) -> None:
        self._pcm.clear()
