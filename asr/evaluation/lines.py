"""What telephone lines do to speech, made on purpose: the narrow band, noise, losses, codecs, faint callers.

Audio is float32 in -1..1 at 16 kHz unless said otherwise. Every effect is the same for the same seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from asr.rtp import Packet, Receiver, build, swap_bytes

RATE: Final = 16_000
TELEPHONE_RATE: Final = 8_000
PACKET: Final = 320
"""Samples in a packet of 20 ms."""

ACTIVE: Final = 0.1
"""A frame counts as speech when it is louder than this share of the loudest."""

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """voices: other recordings, to be heard as babble. seed: for every effect."""

    voices: Sequence[Samples] = ()
    seed: int = 7

    def random(self) -> np.random.Generator:
        return np.random.default_rng(self.seed)


@dataclass(frozen=True, slots=True)
class Line:
    """name: as a person asks for it. about: what it stands for."""

    name: str
    about: str
    spoil: Callable[[Samples, Surroundings], Samples] = field(repr=False)


def to_pcm(samples: Samples) -> bytes:
    """16-bit little-endian; what is too loud is clipped."""
    return bytes((np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes())


def from_pcm(pcm: bytes) -> Samples:
    return np.frombuffer(pcm, dtype="<i2").astype(np.float32) / 32768.0


def narrow(samples: Samples) -> Samples:
    """As after a line of 8 kHz."""
    return _resampled(_resampled(samples, RATE, TELEPHONE_RATE), TELEPHONE_RATE, RATE)


def level(samples: Samples) -> float:
    """Root mean square of what is speech in it; 0.0 for silence."""
    whole = len(samples) // PACKET * PACKET
    if not whole:
        return 0.0
    energy = np.mean(samples[:whole].reshape(-1, PACKET) ** 2, axis=1)
    loud = energy[energy >= ACTIVE**2 * energy.max()]
    return float(np.sqrt(np.mean(loud)))


def with_noise(samples: Samples, noise: Samples, snr_db: float) -> Samples:
    """The noise so much below the speech."""
    loudness = float(np.sqrt(np.mean(noise**2)))
    if loudness == 0.0:
        return samples
    return np.asarray(samples + noise * (level(samples) / loudness / 10 ** (snr_db / 20)), dtype=np.float32)


def line_noise(length: int, surroundings: Surroundings) -> Samples:
    """Hiss that falls off with frequency, and the hum of the mains with its harmonics."""
    random = surroundings.random()
    spectrum = np.fft.rfft(random.standard_normal(length))
    frequency = np.fft.rfftfreq(length, 1 / RATE)
    hiss = np.fft.irfft(spectrum / np.sqrt(np.maximum(frequency, 50.0)), length)
    time = np.arange(length) / RATE
    hum = sum(np.sin(2 * np.pi * 50 * times * time) / times for times in (1, 2, 3, 5))
    return np.asarray(hiss / np.std(hiss) + 0.3 * hum, dtype=np.float32)


def babble(length: int, surroundings: Surroundings, talkers: int = 5) -> Samples:
    """Several people in the room. Without other recordings: noise with the spectrum of the line's."""
    voices = [voice for voice in surroundings.voices if len(voice) > RATE // 4 and np.any(voice)]
    if not voices:
        return line_noise(length, surroundings)
    random = surroundings.random()
    room = np.zeros(length, dtype=np.float32)
    for _ in range(talkers):
        voice = voices[int(random.integers(len(voices)))]
        again = np.tile(voice, length // len(voice) + 2)
        begin = int(random.integers(len(voice)))
        room += again[begin : begin + length] / max(level(voice), 1e-6)
    return room


def lossy(samples: Samples, surroundings: Surroundings, share: float) -> Samples:
    """As RTP of 20 ms packets of which a share is lost, put together by our own receiver."""
    random, receiver = surroundings.random(), Receiver()
    pcm = to_pcm(samples)
    heard = bytearray()
    for number, begin in enumerate(range(0, len(pcm), 2 * PACKET)):
        piece = pcm[begin : begin + 2 * PACKET]
        if number and random.random() < share:
            continue
        heard += receiver.push(build(Packet(118, number, PACKET * number, 7, False, swap_bytes(piece))))
    return from_pcm(bytes(heard + receiver.flush()))


def transcoded(samples: Samples, times: int = 2) -> Samples:
    """Through G.711 so many times, A-law and mu-law by turns, each at another gain as networks have it."""
    telephone = _resampled(samples, RATE, TELEPHONE_RATE)
    for turn in range(times):
        levels = _LAWS[turn % 2]
        nearest = np.clip(np.searchsorted(levels[:-1] + np.diff(levels) / 2, telephone), 0, len(levels) - 1)
        telephone = levels[nearest] * np.float32(0.9)
    return _resampled(telephone, TELEPHONE_RATE, RATE)


def _resampled(samples: Samples, before: int, after: int) -> Samples:
    return np.asarray(soxr.resample(samples, before, after), dtype=np.float32)


def _mu_law() -> Samples:
    """The 256 levels of G.711 mu-law, ascending."""
    codes = np.arange(128)
    sizes = ((((codes & 15) << 3) + 132) << (codes >> 4)) - 132
    return np.unique(np.concatenate([-sizes, sizes]) / 32768.0).astype(np.float32)


def _a_law() -> Samples:
    """The 256 levels of G.711 A-law, ascending."""
    codes = np.arange(128)
    steps, segment = (codes & 15) << 4, codes >> 4
    sizes = np.where(segment == 0, steps + 8, (steps + 264) << np.maximum(segment - 1, 0))
    return np.unique(np.concatenate([-sizes, sizes]) / 32768.0).astype(np.float32)


_LAWS: Final = (_a_law(), _mu_law())


def _noisy(
    noise: Callable[[int, Surroundings], Samples], snr_db: float
) -> Callable[[Samples, Surroundings], Samples]:
    def spoil(samples: Samples, surroundings: Surroundings) -> Samples:
        return narrow(with_noise(samples, noise(len(samples), surroundings), snr_db))

    return spoil


LINES: Final[Mapping[str, Line]] = {
    line.name: line
    for line in (
        Line("clean", "as recorded", lambda samples, _: samples),
        Line("narrow", "a line of 8 kHz", lambda samples, _: narrow(samples)),
        Line(
            "quiet", "8 kHz, a caller 20 dB too faint", lambda samples, _: narrow(samples) * np.float32(0.1)
        ),
        Line("noise15", "8 kHz, line noise 15 dB below", _noisy(line_noise, 15.0)),
        Line("noise10", "8 kHz, line noise 10 dB below", _noisy(line_noise, 10.0)),
        Line("babble15", "8 kHz, people talking 15 dB below", _noisy(babble, 15.0)),
        Line("babble10", "8 kHz, people talking 10 dB below", _noisy(babble, 10.0)),
        Line("loss5", "8 kHz, 5 % of the packets lost", lambda one, where: lossy(narrow(one), where, 0.05)),
        Line("g711x2", "twice through G.711", lambda samples, _: transcoded(samples)),
    )
}
