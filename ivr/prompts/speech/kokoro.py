"""Kokoro 82M (Apache-2.0) on ONNX: natural Mandarin, English and Spanish, at about the speed of speech on two cores.

Words become phonemes through misaki (Mandarin) and espeak-ng's library (the others), as the model was trained. The
model also tells how long it held each phoneme, so the part of a sentence is spoken within that sentence and cut out:
the same words spoken alone come out clipped and with a falling tone (docs/decisions/0042-cut-from-sentences.md).
"""

from __future__ import annotations

import logging
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ivr.prompts.audio import Samples
from ivr.prompts.clips import Clip, Voice
from ivr.prompts.speech import Speech, SpeechUnavailable
from ivr.prompts.speech.reading import readable
from ivr.prompts.speech.weights import MODEL_NAME, VOICE_HASHES, Weights

_RATE = 24_000
_SAMPLES_PER_STEP = 600
"""The model counts a phoneme's length in steps of 25 ms."""
_LEAD_STEPS = 3
"""The sound of a phoneme begins this many steps before the sum of the lengths says (as in the model's own pipeline)."""
_ACCENTS = {"a": "en-us", "b": "en-gb", "e": "es"}
"""espeak-ng's language for the first letter of a voice's name."""
_MARKS = tuple(".,;:!?")
_PAUSES = ".,;:!? "
_LONGEST = 500
"""Phonemes that one run of the model takes."""
_DURATIONS = "/encoder/Clip_output_0"
"""The tensor inside the model that holds each phoneme's length in steps."""


class Kokoro:
    """Loads in about two seconds. threads: of ONNX. Not for several threads at once."""

    def __init__(self, weights: Weights, *, threads: int = 1) -> None:
        import onnxruntime
        from kokoro_onnx.tokenizer import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        model = (weights.folder / MODEL_NAME).read_bytes() + _as_output(_DURATIONS)
        self._session: Any = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._tokenizer: Any = Tokenizer()
        self._voices = {name: _voice(weights.folder / f"{name}.bin") for name in VOICE_HASHES}
        self._pauses = frozenset(self._tokens(_PAUSES))
        """A word's last sound dies away in the pause that follows it: they are cut out together."""
        self._last: tuple[object, tuple[Samples, list[int]]] | None = None
        self._mandarin: Any = None

    def speak(self, clip: Clip, voice: Voice) -> Speech:
        if voice.name not in self._voices:
            known = ", ".join(self._voices)
            raise SpeechUnavailable(f"Kokoro has no voice {voice.name}", mend=f"one of {known}")
        before, text, after = (
            self._phonemes(readable(words, clip.language), voice)
            for words in (clip.before, clip.text, clip.after)
        )
        speed = voice.speed * clip.pace
        if not self._tokens(text):
            raise SpeechUnavailable(
                "nothing in the text can be spoken", mend="write it in the prompt's language"
            )
        if clip.is_part:
            return Speech(self._part(before, text, after, voice, speed), _RATE)
        pieces = [
            self._run(self._tokens(piece), voice, speed)[0] for piece in _cut(text) if self._tokens(piece)
        ]
        return Speech(np.concatenate(pieces), _RATE)

    def _tokens(self, phonemes: str) -> list[int]:
        return list(self._tokenizer.tokenize(phonemes, limit=None))

    def _part(self, before: str, text: str, after: str, voice: Voice, speed: float) -> Samples:
        head, body, tail = self._tokens(before), self._tokens(text), self._tokens(after)
        if len(head) + len(body) + len(tail) > _LONGEST:
            head, tail = [], []
        while tail and tail[0] in self._pauses:
            body.append(tail.pop(0))
        samples, steps = self._run([*head, *body, *tail], voice, speed)
        edges = [max(0, edge - _LEAD_STEPS) * _SAMPLES_PER_STEP for edge in accumulate(steps, initial=0)]
        start = edges[1 + len(head)] if head else 0
        end = edges[1 + len(head) + len(body)] if tail else len(samples)
        return samples[start:end]

    def _run(self, tokens: list[int], voice: Voice, speed: float) -> tuple[Samples, list[int]]:
        """The sound, and the length in steps of each token and of the padding before and after them.

        The last sentence is remembered: many parts are cut from one.
        """
        asked = (tuple(tokens), voice.name, speed)
        if self._last is None or self._last[0] != asked:
            self._last = (asked, self._infer(tokens, voice, speed))
        return self._last[1]

    def _infer(self, tokens: list[int], voice: Voice, speed: float) -> tuple[Samples, list[int]]:
        styles = self._voices[voice.name]
        inputs = {
            "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
            "style": styles[min(len(tokens), len(styles)) - 1],
            "speed": np.array([speed], dtype=np.float32),
        }
        samples, steps = self._session.run(None, inputs)
        return np.asarray(samples, dtype=np.float32).ravel(), np.asarray(steps).ravel().astype(int).tolist()

    def _phonemes(self, text: str, voice: Voice) -> str:
        if not text.strip():
            return ""
        if voice.language == "zh":
            phonemes = self._pinyin_phonemes(text)
        else:
            phonemes = str(self._tokenizer.phonemize(text, _ACCENTS[voice.name[0]]))
        spaced = text[-1].isspace() or phonemes[-1:] in _MARKS
        return f"{phonemes} " if spaced else phonemes

    def _pinyin_phonemes(self, text: str) -> str:
        if self._mandarin is None:
            from misaki.zh import ZHG2P

            logging.getLogger("jieba").setLevel(logging.WARNING)
            self._mandarin = ZHG2P()
        phonemes, _ = self._mandarin(text)
        return str(phonemes)


def _as_output(tensor: str) -> bytes:
    """Appended to an ONNX file, this makes an inner tensor an output of the model.

    ONNX is protobuf, which merges a repeated message into the first: model { graph { output { name } } }.
    """
    message = tensor.encode()
    for field in (1, 12, 7):
        message = bytes([field << 3 | 2, len(message)]) + message
    return message


def _voice(path: Path) -> npt.NDArray[np.float32]:
    """510 styles of 256 figures, one for each length of text in phonemes: float32 of shape (510, 1, 256)."""
    return np.fromfile(path, dtype="<f4").reshape(-1, 1, 256)


def _cut(phonemes: str) -> list[str]:
    """Pieces that the model takes, cut at the last sentence's end, else pause, else anywhere."""
    pieces = []
    phonemes = " ".join(phonemes.split())
    while len(phonemes) > _LONGEST:
        end = max(phonemes.rfind(mark, 0, _LONGEST) for mark in ".!?")
        if end < 0:
            end = max(phonemes.rfind(mark, 0, _LONGEST) for mark in ",;: ")
        end = end + 1 if end >= 0 else _LONGEST
        pieces.append(phonemes[:end])
        phonemes = phonemes[end:].lstrip()
    return [*pieces, phonemes] if phonemes else pieces
