"""Audio made fit for the telephone: trimmed, even in loudness, compressed for the shelf, raw for Asterisk. No state.

Samples are float32 mono in -1..1. Loudness is the mean level of the frames with speech in them, in dBFS (a full-scale
square wave is 0), so that pauses do not make a clip seem quiet.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

Samples = npt.NDArray[np.float32]

SHELF_RATE = 24_000
"""Hz of the compressed files: the rate that Kokoro speaks at."""
SPEECH_LEVEL = -20.0
"""dBFS of speech after `level`."""
PEAK_LIMIT = -2.0
"""dBFS that no sample passes after `level`."""

_FRAME_S = 0.010
_SPEECH_BELOW_LOUDEST = 38.0
"""dB below its loudest frame, under which a frame of a clip counts as silence."""
_FADE_S = 0.004
_SHORTEST_WITH_PAUSE_S = 1.0
_OPUS_LEVEL = 0.935
"""libsndfile's scale from 0 (256 kbit/s) to 1 (6 kbit/s): about 24 kbit/s."""


def _frames(samples: Samples, rate: int) -> npt.NDArray[np.float64]:
    """Level of each 10 ms in dBFS; silence is -120."""
    size = max(1, round(rate * _FRAME_S))
    padded = np.zeros(-(-len(samples) // size) * size)
    padded[: len(samples)] = samples
    power = (padded.reshape(-1, size) ** 2).mean(axis=1)
    levels: npt.NDArray[np.float64] = 10 * np.log10(np.maximum(power, 1e-12))
    return levels


def _spoken(samples: Samples, rate: int, floor: float = -70.0) -> npt.NDArray[np.bool_]:
    levels = _frames(samples, rate)
    spoken: npt.NDArray[np.bool_] = levels > max(float(levels.max()) - _SPEECH_BELOW_LOUDEST, floor)
    return spoken


def loudness(samples: Samples, rate: int) -> float:
    """Mean level of the speech in dBFS; -120 where there is none."""
    if not len(samples) or not (spoken := _spoken(samples, rate)).any():
        return -120.0
    power = 10 ** (_frames(samples, rate)[spoken] / 10)
    return float(10 * np.log10(power.mean()))


def room_level(samples: Samples, rate: int) -> float | None:
    """Level of the quietest tenth of it, in dBFS: the room's, wherever somebody pauses. None where it is too short."""
    levels = np.sort(_frames(samples, rate))
    if len(levels) * _FRAME_S < _SHORTEST_WITH_PAUSE_S:
        return None
    quietest = levels[: -(-len(levels) // 10)]
    return float(10 * np.log10((10 ** (quietest / 10)).mean()))


def longest_pause(samples: Samples, rate: int, *, floor: float = -70.0) -> float:
    """The longest stretch without speech, in seconds. floor: as of `trim`."""
    if not len(samples):
        return 0.0
    spoken = np.concatenate([[True], _spoken(samples, rate, floor), [True]])
    return float((np.diff(np.flatnonzero(spoken)) - 1).max() * _FRAME_S)


def peak(samples: Samples) -> float:
    """The largest sample in dBFS."""
    return float(20 * np.log10(max(float(np.abs(samples).max(initial=0.0)), 1e-6)))


def trim(samples: Samples, rate: int, *, before_s: float, after_s: float, floor: float = -70.0) -> Samples:
    """Cut the silence around the speech down to `before_s` and `after_s`; edges faded. Empty when nothing is said.

    floor: dBFS that a room may sound at without being speech.
    """
    if not len(samples) or not (spoken := np.flatnonzero(_spoken(samples, rate, floor))).size:
        return np.zeros(0, dtype=np.float32)
    size = round(rate * _FRAME_S)
    start = int(spoken[0]) * size - round(before_s * rate)
    end = (int(spoken[-1]) + 1) * size + round(after_s * rate)
    cut = samples[max(0, start) : max(0, end)]
    cut = np.concatenate([np.zeros(max(0, -start)), cut, np.zeros(max(0, end - len(samples)))]).astype(
        np.float32
    )
    ramp = np.linspace(0.0, 1.0, max(2, round(rate * _FADE_S)), dtype=np.float32)[: len(cut)]
    cut[: len(ramp)] *= ramp
    cut[len(cut) - len(ramp) :] *= ramp[::-1]
    return cut


def level(samples: Samples, rate: int) -> Samples:
    """Bring the speech to SPEECH_LEVEL; peaks above the limit are bent, not cut off."""
    now = loudness(samples, rate)
    if now <= -100:
        return samples
    return gain(samples, SPEECH_LEVEL - now)


def gain(samples: Samples, decibels: float) -> Samples:
    """Louder or quieter; peaks above the limit are bent, not cut off."""
    return _limit(samples * np.float32(10 ** (decibels / 20)))


def _limit(samples: Samples) -> Samples:
    """Linear up to 70 % of the limit, above that bent towards it."""
    most = np.float32(10 ** (PEAK_LIMIT / 20))
    knee = most * np.float32(0.7)
    size = np.abs(samples)
    bent = knee + (most - knee) * np.tanh((size - knee) / (most - knee))
    return np.where(size > knee, np.sign(samples) * bent, samples).astype(np.float32)


def resample(samples: Samples, rate: int, to: int) -> Samples:
    if rate == to:
        return samples
    return np.asarray(soxr.resample(samples, rate, to), dtype=np.float32)


def pack(samples: Samples, rate: int) -> bytes:
    """Ogg Opus at SHELF_RATE."""
    target = io.BytesIO()
    soundfile.write(
        target,
        resample(samples, rate, SHELF_RATE),
        SHELF_RATE,
        format="OGG",
        subtype="OPUS",
        compression_level=_OPUS_LEVEL,
    )
    return target.getvalue()


def unpack(data: bytes) -> tuple[Samples, int]:
    """Any file that libsndfile reads, its channels mixed to one, and its rate. Raises soundfile.LibsndfileError."""
    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    return np.ascontiguousarray(samples.mean(axis=1), dtype=np.float32), int(rate)


def save_wav(path: Path, samples: Samples, rate: int) -> None:
    soundfile.write(path, samples, rate, subtype="PCM_16", format="WAV")


def raw_formats(samples: Samples, rate: int) -> Mapping[str, bytes]:
    """What Asterisk reads without a header, by file extension: mu-law and A-law at 8 kHz, slin16 at 16 kHz."""
    narrow = _to_16_bit(resample(samples, rate, 8000))
    wide = _to_16_bit(resample(samples, rate, 16_000))
    return {
        "ulaw": _MU_LAW[narrow.astype(np.int32) + 32768].tobytes(),
        "alaw": _A_LAW[narrow.astype(np.int32) + 32768].tobytes(),
        "sln16": wide.astype("<i2").tobytes(),
    }


def _to_16_bit(samples: Samples) -> npt.NDArray[np.int16]:
    return np.clip(np.rint(samples * 32767), -32768, 32767).astype(np.int16)


def _mu_law_table() -> npt.NDArray[np.uint8]:
    """ITU-T G.711 for every 16-bit sample, from -32768 up."""
    samples = np.arange(-32768, 32768)
    size = np.minimum(np.abs(samples), 32635) + 132
    exponent = np.floor(np.log2(size)).astype(np.int64) - 7
    mantissa = (size >> (exponent + 3)) & 0x0F
    sign = np.where(samples < 0, 0x80, 0)
    table: npt.NDArray[np.uint8] = (~(sign | exponent << 4 | mantissa) & 0xFF).astype(np.uint8)
    return table


def _a_law_table() -> npt.NDArray[np.uint8]:
    samples = np.arange(-32768, 32768)
    size = np.where(samples < 0, -samples - 1, samples) >> 4
    exponent = np.where(size > 15, np.floor(np.log2(np.maximum(size, 1))).astype(np.int64) - 4, 0)
    segment = np.where(size > 15, exponent + 1, 0)
    mantissa = np.where(segment > 1, size >> np.maximum(segment - 1, 0), size) & 0x0F
    sign = np.where(samples < 0, 0, 0x80)
    table: npt.NDArray[np.uint8] = ((sign | segment << 4 | mantissa) ^ 0x55).astype(np.uint8)
    return table


_MU_LAW = _mu_law_table()
_A_LAW = _a_law_table()


def silence(seconds: float) -> Samples:
    """At `SHELF_RATE`."""
    return np.zeros(round(seconds * SHELF_RATE), dtype=np.float32)
