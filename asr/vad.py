"""Is it speech? Silero VAD (MIT, its ONNX file ships inside faster-whisper): 32 ms of 16 kHz audio -> probability.

One `VoiceDetector` holds the model for the process; each stream has a `Voice` with the model's memory of that caller.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
CHUNK = 512
"""Samples a probability stands for."""

CHUNK_S = CHUNK / SAMPLE_RATE
_CONTEXT = 64
_STATE = (1, 1, 128)
QUIET: Final = 0.15
"""A chunk under this probability is no speech."""
FRESH_AFTER: Final = round(1.0 / CHUNK_S)
"""Chunks of quiet in a row after which the model forgets. Its memory of a long silence makes it miss the next words:
after 12 s of digital silence Mandarin sentences began 0.5 to 1.5 s late, after 1 s within 0.1 s (measured)."""

FAINT_NOISE: Final = np.random.default_rng(1).normal(0.0, 10 ** (-70 / 20), CHUNK).astype(np.float32)
"""Added to what the model hears: -70 dBFS. Out of digital silence it misses more short words: 6 of 50 digits,
in one run; with it none (`bench.asr_noises` has the present figures)."""


class VoiceDetector:
    """The loaded model. Thread-safe; one chunk costs about 0.2 ms of one core."""

    def __init__(self, path: Path | None = None) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 4
        # Idle threads of the runtime would spin on a core that recognition needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session: Any = onnxruntime.InferenceSession(
            str(path or shipped_model()), providers=["CPUExecutionProvider"], sess_options=options
        )

    def voice(self) -> Voice:
        return Voice(self._session)


class Voice:
    """One caller's stream. Not thread-safe."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._hidden: NDArray[np.float32] = np.zeros(_STATE, dtype=np.float32)
        self._cell: NDArray[np.float32] = np.zeros(_STATE, dtype=np.float32)
        self._context: NDArray[np.float32] = np.zeros(_CONTEXT, dtype=np.float32)
        self._pending = b""
        self._quiet = 0

    def feed(self, pcm: bytes) -> list[float]:
        """16-bit little-endian audio in; one probability for each whole chunk of 512 samples so far."""
        data = self._pending + pcm
        whole = len(data) // (2 * CHUNK) * (2 * CHUNK)
        self._pending = data[whole:]
        if not whole:
            return []
        samples = np.frombuffer(data[:whole], dtype="<i2").astype(np.float32) / 32768.0
        chunks = samples.reshape(-1, CHUNK) + FAINT_NOISE
        before = np.concatenate([self._context[None, :], chunks[:-1, -_CONTEXT:]])
        self._context = chunks[-1, -_CONTEXT:].copy()
        probabilities, self._hidden, self._cell = self._session.run(
            None,
            {"input": np.concatenate([before, chunks], axis=1), "h": self._hidden, "c": self._cell},
        )
        found = [float(probability) for probability in np.asarray(probabilities).reshape(-1)]
        self._forget_silence(found)
        return found

    def _forget_silence(self, probabilities: list[float]) -> None:
        for probability in probabilities:
            self._quiet = self._quiet + 1 if probability < QUIET else 0
        if self._quiet >= FRESH_AFTER:
            self._quiet = 0
            self._hidden = np.zeros(_STATE, dtype=np.float32)
            self._cell = np.zeros(_STATE, dtype=np.float32)


def shipped_model() -> Path:
    """The file inside faster-whisper, whatever version of it ships. Raises FileNotFoundError."""
    from faster_whisper.utils import get_assets_path

    found = sorted(Path(get_assets_path()).glob("silero_vad*.onnx"))
    if not found:
        raise FileNotFoundError("faster-whisper ships no silero_vad*.onnx: install the pinned version again")
    return found[-1]
