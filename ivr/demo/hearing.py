"""Was it heard? A clip is looked for in what a phone received, by its content.

`contains` finds it whatever happened on the way that people would not mind: G.711, a change of loudness, resampling, a
lost packet, clocks a little apart. Recordings are mono int16 arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ivr.demo.phone import PHONE_RATE, Samples

PIECE_S: Final = 1.0
"""The clip is looked for in pieces of about this length, which must all be found where the clip's start says."""
DRIFT_S: Final = 0.05
"""A piece may lie this far from where the clip's start says (a lost packet, clocks apart)."""
ALIKE: Final = 0.6
"""Normalised correlation from which a piece counts as heard. The same audio through G.711 gives 0.95 and more,
other speech of the same voice stays below 0.45."""
FAINT: Final = 30.0
"""Loudness (root mean square of int16 samples) below which there is nothing to compare."""


@dataclass(frozen=True, slots=True)
class Match:
    """How well a clip was found. score: -1..1, of its worst piece that is not silent, where the clip fits best.

    at_s: where in the recording the clip would begin (may be negative when its beginning is missing).
    heard_s: length of clip heard from its beginning on without a break, in steps of a piece.
    """

    score: float
    at_s: float
    heard_s: float

    def __bool__(self) -> bool:
        return self.score >= ALIKE


def contains(recording: Samples, clip: Samples, *, rate: int = PHONE_RATE) -> Match:
    """Look for the whole clip. The result is true when all of it was heard; a tone matches every tone of its pitch.

    Both at `rate` (Hz). Raises ValueError when the clip itself is silent or shorter than 0.1 s.
    """
    if len(clip) < rate // 10:
        raise ValueError("a clip under 0.1 s cannot be recognised")
    pieces = _pieces(clip, rate)
    audible = [start for start, piece in pieces if loudness(piece) >= FAINT]
    if not audible:
        raise ValueError("the clip is silent: nothing to look for")
    # Room before and after, so that a clip cut off at either end is still placed.
    margin = len(clip)
    padded = np.concatenate([np.zeros(margin), recording.astype(float), np.zeros(margin + rate)])
    starts = len(padded) - len(clip)
    reach = round(DRIFT_S * rate)
    exact = {
        start: _correlation(padded, piece.astype(float))[start : start + starts]
        for start, piece in pieces
        if start in audible
    }
    likeness = {start: _widened(values, reach) for start, values in exact.items()}
    total = sum(likeness.values(), np.zeros(starts))
    best = int(np.argmax(total >= total.max() - 0.02 * len(likeness)))  # the earliest of the equally good
    best += int(np.argmax(total[best : best + 2 * reach + 1]))
    scores = {start: float(values[best]) for start, values in likeness.items()}
    shifts = [int(np.argmax(values[max(best - reach, 0) : best + reach + 1])) for values in exact.values()]
    begins = max(best - reach, 0) + float(np.median(shifts))
    heard = 0
    for start, piece in pieces:
        if start in scores and scores[start] < ALIKE:
            break
        heard = start + len(piece)
    return Match(min(scores.values()), (begins - margin) / rate, heard / rate)


def _pieces(clip: Samples, rate: int) -> list[tuple[int, Samples]]:
    """(first sample, samples) of equal pieces of about PIECE_S that cover the clip."""
    count = max(1, round(len(clip) / rate / PIECE_S))
    edges = np.linspace(0, len(clip), count + 1).astype(int)
    return [(int(a), clip[a:b]) for a, b in zip(edges, edges[1:], strict=False)]


def _correlation(
    recording: npt.NDArray[np.float64], piece: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Normalised cross-correlation, -1..1, of the piece laid at every sample of the recording."""
    size = 1 << (len(recording) + len(piece) - 1).bit_length()
    spectrum = np.fft.rfft(recording, size) * np.conj(np.fft.rfft(piece, size))
    products = np.fft.irfft(spectrum, size)[: len(recording)]
    running = np.concatenate([[0.0], np.cumsum(recording**2)])
    ends = np.minimum(np.arange(len(recording)) + len(piece), len(recording))
    energy = running[ends] - running[: len(recording)]
    floor = len(piece) * (FAINT / 4) ** 2
    result: npt.NDArray[np.float64] = products / np.sqrt(np.maximum(energy, floor) * np.sum(piece**2))
    return result


def _widened(values: npt.NDArray[np.float64], reach: int) -> npt.NDArray[np.float64]:
    """Each value replaced by the greatest within `reach` samples on both sides."""
    result = values
    done = 0
    while done < reach:
        step = min(max(done, 1), reach - done)
        later = np.concatenate([result[step:], np.full(step, -1.0)])
        earlier = np.concatenate([np.full(step, -1.0), result[:-step]])
        result = np.maximum(result, np.maximum(later, earlier))
        done += step
    return result


def loudness(samples: Samples) -> float:
    """Root mean square of the samples, 0..32767. 0 of nothing."""
    return float(np.sqrt(np.mean(samples.astype(float) ** 2))) if len(samples) else 0.0


def is_silent(recording: Samples, *, rate: int = PHONE_RATE) -> bool:
    """True when no 100 ms of it are louder than `FAINT`: comfort noise and the zero of G.711 pass, speech does not."""
    window = rate // 10
    return all(loudness(recording[i : i + window]) < FAINT for i in range(0, len(recording), window))
