"""What is done to telephone audio before an engine hears it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soxr
from hypothesis import given
from hypothesis import strategies as st

from asr.upsampling import WINDOW, Samples, Widener, how_for
from tests.support.speech import RATE, silence

SPEECH = np.random.default_rng(3).normal(0, 0.1, RATE).astype(np.float32)
"""A second of noise over the whole band: for what is asked here, as good as speech."""


def pcm(samples: Samples) -> bytes:
    return bytes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def narrow() -> bytes:
    return pcm(soxr.resample(soxr.resample(SPEECH, RATE, 8000), 8000, RATE))


def through(audio: bytes, piece: int = 640) -> tuple[bytes, Widener]:
    widener = Widener()
    pieces = [widener.widen(audio[begin : begin + piece]) for begin in range(0, len(audio), piece)]
    return b"".join(pieces), widener


def power(audio: bytes, low: float, high: float) -> float:
    samples = np.frombuffer(audio, "<i2").astype(np.float64) / 32768
    hertz = np.fft.rfftfreq(samples.size, 1 / RATE)
    band = np.abs(np.fft.rfft(samples)) ** 2
    return float(band[(hertz >= low) & (hertz < high)].sum() / samples.size**2 * 2)


def test_a_telephone_call_gets_an_upper_half_twenty_decibels_below_its_speech() -> None:
    call = narrow()
    wide, widener = through(call)
    assert widener.narrow and len(wide) == len(call)
    assert power(call, 4400, 8000) < 1e-5 * power(call, 0, 4000)
    added_db = 10 * np.log10(power(wide, 4000, 8000) / power(call, 0, 4000))
    assert added_db == pytest.approx(-20, abs=1.5)
    assert power(wide, 0, 3900) == pytest.approx(power(call, 0, 3900), rel=0.02)


def test_a_wide_band_call_is_left_as_it_is() -> None:
    call = pcm(SPEECH)
    wide, widener = through(call)
    assert not widener.narrow
    assert wide == call


def test_where_nobody_speaks_it_is_faint() -> None:
    wide, _ = through(narrow() + silence(0.5))
    level = 20 * np.log10(np.std(np.frombuffer(wide[-12_800:], "<i2")) / 32768)
    assert level == pytest.approx(-65, abs=1.5)


def test_digital_silence_tells_nothing_yet() -> None:
    wide, widener = through(silence(0.5))
    assert wide == silence(0.5) and not widener.narrow


@given(st.lists(st.integers(1, 900), min_size=1, max_size=40))
def test_how_the_audio_is_cut_changes_nothing(sizes: list[int]) -> None:
    """But for the first 20 ms, in which it is not known yet what it is."""
    call = narrow()
    first = 2 * WINDOW
    one, other, cut, at = Widener(), Widener(), b"", first
    one.widen(call[:first]), other.widen(call[:first])
    for size in sizes:
        cut += one.widen(call[at : at + 2 * size])
        at += 2 * size
    whole = other.widen(call[first:at])
    apart = np.abs(np.frombuffer(cut, "<i2").astype(int) - np.frombuffer(whole, "<i2").astype(int))
    assert apart.max() <= 1


def test_which_engines_it_is_for_is_data(tmp_path: Path) -> None:
    assert how_for("vosk", tmp_path) == "noise"
    assert how_for("whisper", tmp_path) == "plain"
    (tmp_path / "UPSAMPLING").write_text("plain\n")
    assert how_for("vosk", tmp_path) == "plain"
    (tmp_path / "UPSAMPLING").write_text("noise")
    assert how_for("sherpa", tmp_path) == "noise"
    (tmp_path / "UPSAMPLING").write_text("louder!")
    assert how_for("vosk", tmp_path) == "noise"
