"""Which engines this machine has."""

from __future__ import annotations

from importlib.util import find_spec

from ivr.prompts.speech import SpeechUnavailable, Synthesizer
from ivr.prompts.speech.espeak import Espeak
from ivr.prompts.speech.kokoro import Kokoro
from ivr.prompts.speech.weights import find

_NO_WEIGHTS = "the natural voices are not on this machine"
_NO_PROGRAM = "the program of the natural voices (the extra `voices`) is left out here, as in the container"


def natural(threads: int = 1) -> Synthesizer:
    """Raises SpeechUnavailable when Kokoro's weights or its program are not here."""
    weights = find()
    if weights is None:
        raise SpeechUnavailable(_NO_WEIGHTS, mend="`ivr prompts voices` fetches them")
    if find_spec("kokoro_onnx") is None:
        raise SpeechUnavailable(
            _NO_PROGRAM, mend="`make service` installs it; or render the prompts elsewhere"
        )
    return Kokoro(weights, threads=threads)


def has_natural() -> bool:
    return find() is not None and find_spec("kokoro_onnx") is not None


def stand_in() -> Synthesizer:
    """Raises SpeechUnavailable when espeak-ng is not installed."""
    return Espeak()
