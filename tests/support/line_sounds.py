"""What is on telephone lines besides the caller's words, made by numpy: the same every time, 16 kHz floats in -1..1.

Levels are dBFS of the whole sound (mean square). `telephone` is what a line makes of it: 300 to 3,400 Hz and µ-law.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from asr.evaluation.lines import transcoded, with_noise

RATE: Final = 16_000
Sound = NDArray[np.float32]


def _floats(samples: Any) -> Sound:
    return np.asarray(samples, dtype=np.float32)


def filtered(samples: Any, gain: Callable[[NDArray[Any]], Any], rate: int = RATE) -> NDArray[Any]:
    """gain: of each frequency in Hz. Without delay; what is at the end rings into the beginning."""
    spectrum = np.fft.rfft(samples)
    return np.fft.irfft(spectrum * gain(np.fft.rfftfreq(len(samples), 1 / rate)), len(samples))


def telephone(sound: Sound) -> Sound:
    """As it sounds at the far end of a line: 300 to 3,400 Hz, G.711 coded."""

    def line(hertz: NDArray[Any]) -> Any:
        return 1 / np.sqrt(1 + (260 / np.maximum(hertz, 1)) ** 8) / np.sqrt(1 + (hertz / 3500) ** 16)

    return transcoded(_floats(filtered(sound, line)), times=1)


def level_dbfs(sound: Sound) -> float:
    return float(10 * np.log10(np.mean(np.square(sound)) + 1e-12))


def speech_dbfs(sound: Sound) -> float:
    """Of its loud half, in pieces of 32 ms: pauses do not count."""
    pieces = sound[: len(sound) // 512 * 512].reshape(-1, 512)
    powers = np.sort(np.mean(np.square(pieces), axis=1))
    return float(10 * np.log10(np.mean(powers[len(powers) // 2 :]) + 1e-12))


def at_level(sound: Sound, dbfs: float, *, of: Callable[[Sound], float] = level_dbfs) -> Sound:
    return _floats(sound * 10 ** ((dbfs - of(sound)) / 20))


def mixed(sound: Sound, noise: Sound, snr_db: float) -> Sound:
    """Speech with noise below it by so many dB; the noise is repeated as needed."""
    return with_noise(sound, np.resize(noise, len(sound)), snr_db)


def _random(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def _time(seconds: float) -> NDArray[np.float64]:
    return np.arange(int(seconds * RATE)) / RATE


def _at(events: Sequence[tuple[float, Sound]], seconds: float) -> Sound:
    out = np.zeros(int(seconds * RATE), dtype=np.float32)
    for begin_s, sound in events:
        begin = int(begin_s * RATE)
        part = sound[: len(out) - begin]
        out[begin : begin + len(part)] += part
    return out


def _resonances(source: NDArray[Any], formants: Sequence[tuple[float, float]]) -> NDArray[Any]:
    """A mouth: (frequency, width) of each formant."""

    def mouth(hertz: NDArray[Any]) -> Any:
        return sum(1 / (1 + ((hertz - centre) / width) ** 2) for centre, width in formants)

    out = filtered(source, mouth)
    return np.asarray(out / (np.abs(out).max() + 1e-9))


def white(seconds: float, seed: int = 1) -> Sound:
    return _random(seed).normal(0, 0.1, int(seconds * RATE)).astype(np.float32)


def cough(seed: int) -> Sound:
    """The burst, the breath after it through an open mouth, the voiced end: 0.3 to 0.45 s."""
    random = _random(seed)
    t = _time(random.uniform(0.3, 0.45))
    burst = random.normal(0, 1, len(t)) * np.exp(-t / 0.03)
    breath = random.normal(0, 1, len(t)) * 0.35 * np.exp(-np.maximum(0, t - 0.05) / 0.09)
    pitch = random.uniform(150, 260)
    voiced = (
        np.sign(np.sin(2 * np.pi * pitch * t * (1 - 0.3 * t)))
        * 0.25
        * (t > 0.18)
        * np.exp(-np.maximum(0, t - 0.18) / 0.06)
    )
    mouth = ((random.uniform(600, 900), 150), (random.uniform(1300, 1700), 200), (2700, 300))
    return _resonances(burst + breath + voiced, mouth).astype(np.float32)


def coughs(seconds: float) -> Sound:
    random = _random(11)
    events, at_s = [], 0.4
    while at_s < seconds - 1:
        for number in range(int(random.integers(1, 4))):
            events.append((at_s + 0.42 * number, cough(int(at_s * 100) + number)))
        at_s += random.uniform(1.8, 3.0)
    return _at(events, seconds)


def _hit(random: np.random.Generator, frequency: float, decay_s: float) -> Sound:
    t = _time(6 * decay_s)
    noise = random.normal(0, 1, len(t))
    tone = np.sin(2 * np.pi * frequency * t) + 0.5 * np.sin(2 * np.pi * 2.3 * frequency * t)
    return _floats((0.6 * tone + 0.4 * noise) * np.exp(-t / decay_s))


def knocks(seconds: float) -> Sound:
    random = _random(12)
    events = [
        (begin_s + 0.18 * number, _hit(random, random.uniform(180, 450), 0.02))
        for begin_s in np.arange(0.3, seconds - 1, 1.7)
        for number in range(4)
    ]
    return _at(events, seconds)


def claps(seconds: float) -> Sound:
    random = _random(13)
    events = [(float(begin_s), _hit(random, 1200, 0.012)) for begin_s in np.arange(0.2, seconds - 0.5, 0.31)]
    return _at(events, seconds)


def doors(seconds: float) -> Sound:
    random = _random(14)
    events = [
        (float(begin_s), _hit(random, random.uniform(70, 320), 0.09))
        for begin_s in np.arange(0.5, seconds - 1, 2.3)
    ]
    return _at(events, seconds)


def dog(seconds: float) -> Sound:
    random = _random(15)

    def bark() -> Sound:
        t = _time(random.uniform(0.14, 0.26))
        pitch = random.uniform(350, 600) * (1 + 0.4 * np.sin(np.pi * t / t[-1]))
        phase = 2 * np.pi * np.cumsum(pitch) / RATE
        source = sum(np.sin(n * phase) / n for n in range(1, 7)) + random.normal(0, 0.5, len(t))
        shaped = np.asarray(source) * np.sqrt(np.abs(np.sin(np.pi * t / t[-1])))
        return _resonances(shaped, ((900, 200), (1800, 300))).astype(np.float32)

    events = [
        (begin_s + 0.34 * number, bark())
        for begin_s in np.arange(0.4, seconds - 1.5, 2.4)
        for number in range(3)
    ]
    return _at([(float(begin_s), sound) for begin_s, sound in events], seconds)


def music(seconds: float) -> Sound:
    """Chords, a melody of plucked notes and a drum."""
    random = _random(16)
    scale = 220 * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12]) / 12)
    whole, beat = _time(1.0), _time(0.2)

    def plucked() -> Sound:
        note = float(random.choice(scale)) * float(random.choice([1, 2]))
        partials = sum(np.sin(2 * np.pi * n * note * whole) / n**1.5 for n in range(1, 6))
        return _floats(0.4 * np.exp(-whole / 0.25) * partials)

    def chord() -> Sound:
        root = float(random.choice(scale[:5]))
        return _floats(0.2 * sum(np.sin(2 * np.pi * root * ratio * whole) for ratio in (1, 1.25, 1.5)))

    def drum() -> Sound:
        return _floats(0.5 * np.exp(-beat / 0.03) * random.normal(0, 1, len(beat)))

    parts: list[tuple[float, Callable[[], Sound]]] = [(0.25, plucked), (1.0, chord), (0.5, drum)]
    events = [(float(at_s), make()) for every_s, make in parts for at_s in np.arange(0, seconds, every_s)]
    out = _at(events, seconds)
    return _floats(out / np.abs(out).max())


def traffic(seconds: float) -> Sound:
    random = _random(17)
    t = _time(seconds)
    rumble = filtered(random.normal(0, 5, len(t)), lambda hertz: 1 / (1 + hertz / 80))
    passing = 0.3 + np.abs(np.sin(2 * np.pi * 0.17 * t)) ** 3
    horn = sum(np.sign(np.sin(2 * np.pi * f * t)) for f in (410, 515)) * (np.mod(t, 6.1) > 5.6) * 2.0
    out = rumble * passing + np.asarray(horn)
    return _floats(out / np.abs(out).max())


def hum(seconds: float) -> Sound:
    t = _time(seconds)
    tones = sum(np.sin(2 * np.pi * 50 * n * t + n) / n for n in range(1, 30))
    return _floats(np.asarray(tones) * 0.3 + _random(18).normal(0, 0.05, len(t)))


def wind(seconds: float) -> Sound:
    """Breath or wind on the microphone: low noise in gusts."""
    random = _random(19)
    t = _time(seconds)
    gusts = np.clip(np.sin(2 * np.pi * 0.4 * t) + 0.5 * np.sin(2 * np.pi * 0.93 * t), 0, None)
    noise = filtered(random.normal(0, 1, len(t)), lambda hertz: 1 / (1 + (hertz / 900) ** 4))
    return _floats(noise * gusts * 0.5)


def tones(seconds: float, frequencies: Sequence[float], on_s: float, off_s: float) -> Sound:
    t = _time(seconds)
    return (
        sum(np.sin(2 * np.pi * one * t) for one in frequencies) * (np.mod(t, on_s + off_s) < on_s) * 0.4
    ).astype(np.float32)


def dtmf(seconds: float) -> Sound:
    keys = [(low, high) for low in (697, 770, 852, 941) for high in (1209, 1336, 1477)]
    events = [
        (float(begin_s), tones(0.16, keys[number * 5 % 12], 1, 0))
        for number, begin_s in enumerate(np.arange(0.3, seconds - 0.3, 0.45))
    ]
    return _at(events, seconds)


def fax(seconds: float) -> Sound:
    """CNG, the answering tone, then frequency shift keying."""
    t = _time(seconds)
    bits = _random(20).integers(0, 2, int(seconds * 300) + 1)[(t * 300).astype(int)]
    keyed = np.sin(2 * np.pi * np.cumsum(1650 + 200 * bits) / RATE)
    return (
        np.where(
            t % 8 < 1, np.sin(2 * np.pi * 1100 * t), np.where(t % 8 < 4, np.sin(2 * np.pi * 2100 * t), keyed)
        )
        * 0.5
    ).astype(np.float32)


def room(sound: Sound, seconds: float = 0.35, seed: int = 22) -> Sound:
    """From the other end of a room: reverberation and little direct sound."""
    t = _time(seconds)
    tail = _random(seed).normal(0, 1, len(t)) * np.exp(-t / (seconds / 5))
    long_enough = np.concatenate([tail, np.zeros(max(0, len(sound) - len(tail)))])[: len(sound)]
    return _floats(filtered(sound, lambda _: np.fft.rfft(long_enough)))


def echo(prompt: Sound, delay_s: float, loss_db: float) -> Sound:
    """Our own prompt as it comes back through a caller's telephone: later, duller, quieter than it was sent."""
    path = np.concatenate(
        [
            np.zeros(int(delay_s * RATE)),
            _random(int(delay_s * 1000)).normal(0, 1, 64) * np.exp(-np.arange(64) / 12),
        ]
    )
    heard = np.convolve(prompt, path / np.sqrt(np.sum(path**2)))[: len(prompt) + int(delay_s * RATE)]
    return _floats(heard * 10 ** (-loss_db / 20))
