"""Whisper through CTranslate2: one utterance at a time, in some 90 languages.

What is done against its habits (../docs/speech.md has the figures):
- It pads to 30 s and pays for them; here the window is as long as the utterance needs, six seconds at least.
- With a short window it may repeat itself: asked for time stamps it finds its end (the digits of telephone numbers:
  CER 52 % -> 11 %), the length is bounded by the time spoken, and a loop that is left is cut.
- The usual lead-in prompt ("以下是普通话的句子。") made it no better and was sometimes read aloud: there is none.
- It writes something even for noise: likely silence without likely words is text "".
- It knows no grammar: the text is compared with the phrases by sound, and the nearest few are weighed by forcing
  the decoder through them on the audio already encoded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asr.catalogue import WHISPER_LANGUAGES
from asr.models import language_tag
from asr.phrases import SHORTLIST, Candidate, candidates, choose, shortlist
from asr.protocol import AsrUnavailable, Capabilities, Final, Heard, ListenRequest
from asr.text import cut_repeats, spoken, tidy, with_figures

SAMPLE_RATE = 16_000
SHORTEST_WINDOW_S = 6.0
LONGEST_WINDOW_S = 30.0
TAIL_S = 3.0
"""Silence after the speech that the encoder sees; with less it does not notice the end."""

LONGER_TAIL_S = 7.0
"""When the first try went wrong."""

GLIMPSE_S = 5.0
GLIMPSE_TAIL_S = 1.0

LEAD_S = 0.3
"""Silence put before the speech: without it the first syllable is weighed wrongly (人工: -7.6 instead of -3.7)."""

NOTHING_S = 1.0
NOTHING_SHARE = 0.7
"""A phrase's likelihood on silence, by this share, is taken off: what its words owe to being frequent."""

CERTAIN = 2.2
"""A likelihood of minus this is still no evidence; the wrong phrases of our recordings stay below -2.4."""

TOKENS_PER_S = 12.0
SYLLABLES_PER_S = 6.5
WORDS_PER_S = 5.0
OPEN_BEAM = 4
CLOSED_BEAM = 1
LATEST_BEGIN = 50
"""Of the first time stamp, in steps of 20 ms."""

NO_SPEECH = 0.6
UNLIKELY = -1.0

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
        self._silence: Any = None
        self._on_silence: dict[tuple[str, str], float] = {}
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
        audio = _audio(pcm)
        spoken_s = len(audio) / SAMPLE_RATE
        beam = CLOSED_BEAM if phrases else OPEN_BEAM
        encoded = self._encode(audio)
        decoded = self._write(encoded, language, spoken_s, beam)
        if not plausible(decoded.text, language, spoken_s):
            # Another window lets it out of its loop, or makes it speak at all, nearly always.
            encoded = self._encode(audio, tail_s=LONGER_TAIL_S)
            again = self._write(encoded, language, spoken_s, beam)
            if again.text:
                decoded = replace(again, text=cut_repeats(again.text))
            else:
                decoded = replace(decoded, text=cut_repeats(decoded.text))
        if phrases:
            return self._closed(encoded, decoded, language, phrases, spoken_s)
        sure = math.exp(decoded.likelihood) if decoded.text else 0.0
        return Final(decoded.text, language, "whisper", confidence=round(sure, 3))

    def glimpse(self, pcm: bytes, request: ListenRequest) -> str:
        """The likely text of the last `GLIMPSE_S` seconds of speech that goes on; 0.2 s of two cores."""
        audio = _audio(pcm[-int(GLIMPSE_S * SAMPLE_RATE) * 2 :])
        spoken_s = len(audio) / SAMPLE_RATE
        language = language_tag(request.language)
        text = self._write(self._encode(audio, GLIMPSE_TAIL_S), language, spoken_s, CLOSED_BEAM).text
        return cut_repeats(text)

    def detect_language(self, pcm: bytes) -> list[tuple[str, float]]:
        """The likely languages of an utterance, best first."""
        encoded = self._encode(_audio(pcm))
        return [
            (token.strip("<|>"), float(share)) for token, share in self._model.detect_language(encoded)[0]
        ]

    def _tokenizer(self, language: str) -> Any:
        if language not in self._tokenizers:
            from faster_whisper.tokenizer import Tokenizer

            self._tokenizers[language] = Tokenizer(self._pieces, True, "transcribe", language)
        return self._tokenizers[language]

    def _encode(self, audio: NDArray[np.float32], tail_s: float = TAIL_S) -> Any:
        """The encoder's output for the audio and silence after it."""
        needed_s = math.ceil(len(audio) / SAMPLE_RATE + tail_s)
        window_s = min(LONGEST_WINDOW_S, max(SHORTEST_WINDOW_S + tail_s - TAIL_S, needed_s))
        samples = np.zeros(int(window_s * SAMPLE_RATE), dtype=np.float32)
        samples[: len(audio)] = audio[: len(samples)]
        mel = self._features(samples, padding=160)[:, : int(window_s * 100)]
        features = np.ascontiguousarray(mel[None], dtype=np.float32)
        return self._model.encode(self._ctranslate2.StorageView.from_array(features))

    def _write(self, encoded: Any, language: str, spoken_s: float, beam: int) -> Decoded:
        tokenizer = self._tokenizer(language)
        prompt = list(tokenizer.sot_sequence)
        result = self._model.generate(
            encoded,
            [prompt],
            beam_size=beam,
            max_length=len(prompt) + 8 + math.ceil(TOKENS_PER_S * spoken_s),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            max_initial_timestamp_index=LATEST_BEGIN,
        )[0]
        tokens = tuple(token for token in result.sequences_ids[0] if token < tokenizer.eot)
        likelihood = float(result.scores[0])
        text = tidy(tokenizer.decode(list(tokens)), language)
        silent = result.no_speech_prob > NO_SPEECH and likelihood < UNLIKELY
        credits = any(word in text.lower() for word in CREDITS) and likelihood < -0.5
        if silent or credits or not spoken(text, language):
            text = ""
        return Decoded(text, tokens, likelihood, float(result.no_speech_prob))

    def _closed(
        self, encoded: Any, decoded: Decoded, language: str, phrases: Sequence[str], spoken_s: float
    ) -> Final:
        ranked = candidates(decoded.text, phrases, language)
        # Without words there is nothing to be near to, and silence must not be forced into a phrase.
        weighed = self._weigh(encoded, shortlist(ranked), language, spoken_s) if decoded.text else []
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
        self, encoded: Any, likely: Sequence[Candidate], language: str, spoken_s: float
    ) -> list[Candidate]:
        """The candidates with their `fit`: how much more likely each is on this audio than on silence."""
        if likely and likely[0].sound == 1.0:
            return list(likely[:1])
        forms = [_forms(candidate.phrase, language) for candidate in likely]
        self._weigh_on_silence(language, [form for both in forms for form in both])
        scores = iter(self._force(encoded, [form for both in forms for form in both], language, spoken_s))
        fits = [max(_fit(next(scores), self._on_silence[language, form]) for form in both) for both in forms]
        return [replace(candidate, fit=fit) for candidate, fit in zip(likely, fits, strict=True)]

    def prepare(self, language: str, phrases: Sequence[str]) -> None:
        """Weigh new phrases on silence: about 30 ms each, once. Best done while the caller still speaks."""
        self._weigh_on_silence(language, [form for phrase in phrases for form in _forms(phrase, language)])

    def _weigh_on_silence(self, language: str, texts: Sequence[str]) -> None:
        new = [text for text in dict.fromkeys(texts) if (language, text) not in self._on_silence]
        if new and self._silence is None:
            self._silence = self._encode(np.zeros(int(NOTHING_S * SAMPLE_RATE), dtype=np.float32))
        # In portions, so that nobody else's utterance waits for a long menu.
        for begin in range(0, len(new), SHORTLIST):
            portion = new[begin : begin + SHORTLIST]
            scores = self._force(self._silence, portion, language, NOTHING_S)
            self._on_silence.update(zip(((language, text) for text in portion), scores, strict=True))

    def _force(self, encoded: Any, phrases: Sequence[str], language: str, spoken_s: float) -> list[float]:
        """Mean log probability per token of each text on the audio."""
        tokenizer = self._tokenizer(language)
        texts = [tokenizer.encode(phrase if language == "zh" else f" {phrase}") for phrase in phrases]
        # The whole window, silence too: without the end of it the decoder is lost on some recordings (-1 -> -5).
        audio = np.asarray(encoded)
        batch = self._ctranslate2.StorageView.from_array(np.repeat(audio, len(texts), 0))
        frames = min(2 * audio.shape[1], max(2, int(spoken_s * 100)))
        forced = self._model.align(batch, list(tokenizer.sot_sequence), texts, [frames] * len(texts))
        return [_mean_log(one.text_token_probs) for one in forced]


def _audio(pcm: bytes) -> NDArray[np.float32]:
    """With a little silence before it, cut to the longest window."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / 32768.0
    lead = np.zeros(int(LEAD_S * SAMPLE_RATE), dtype=np.float32)
    return np.concatenate([lead, samples])[: int(LONGEST_WINDOW_S * SAMPLE_RATE)]


def plausible(text: str, language: str, spoken_s: float) -> bool:
    """Something was said, not again and again, and not faster than anybody speaks."""
    said = spoken(text, language)
    units = len(said.replace(" ", "")) if language == "zh" else len(said.split())
    fastest = SYLLABLES_PER_S if language == "zh" else WORDS_PER_S
    return bool(units) and units <= 3 + fastest * spoken_s and cut_repeats(text) == text


def _forms(phrase: str, language: str) -> tuple[str, ...]:
    """As it may be written: in words, and in figures where it has numbers."""
    return tuple(dict.fromkeys((phrase, with_figures(phrase, language))))


def _fit(on_audio: float, on_silence: float) -> float:
    """How much more is it on the audio. What is certain on the audio counts even where silence suggests it too."""
    return max(on_audio - NOTHING_SHARE * on_silence, on_audio + CERTAIN)


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
