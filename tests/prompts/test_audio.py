"""Audio made fit for the telephone."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from ivr.prompts import audio
from ivr.prompts.prepared import EXTENSIONS, Prepared
from tests.prompts.conftest import tone

RATE = audio.SHELF_RATE


def with_silence(samples: audio.Samples, before_s: float, after_s: float) -> audio.Samples:
    hiss = np.random.default_rng(1).normal(0, 1e-4, round((before_s + after_s) * RATE)).astype(np.float32)
    split = round(before_s * RATE)
    return np.concatenate([hiss[:split], samples, hiss[split:]])


@pytest.mark.parametrize("level", [0.01, 0.1, 1.0])
def test_every_speaker_comes_out_equally_loud(level: float) -> None:
    quiet = audio.level(tone(300) * np.float32(level), RATE)
    assert audio.loudness(quiet, RATE) == pytest.approx(audio.SPEECH_LEVEL, abs=0.3)


def test_pauses_do_not_make_a_clip_seem_quiet() -> None:
    assert audio.loudness(with_silence(tone(300), 2.0, 2.0), RATE) == pytest.approx(
        audio.loudness(tone(300), RATE), abs=0.5
    )


def test_peaks_are_bent_below_the_limit() -> None:
    spiky = tone(300) * np.float32(0.05)
    spiky[1000:1010] = 1.0
    assert audio.peak(audio.level(spiky, RATE)) <= audio.PEAK_LIMIT + 0.01


def test_silence_around_the_speech_is_cut_to_what_was_asked() -> None:
    cut = audio.trim(with_silence(tone(300), 1.0, 0.7), RATE, before_s=0.05, after_s=0.2)
    assert len(cut) / RATE == pytest.approx(1.25, abs=0.02)
    assert abs(cut[0]) < 1e-6 and abs(cut[-1]) < 1e-6


def test_silence_is_added_where_there_is_too_little() -> None:
    assert len(audio.trim(tone(300), RATE, before_s=0.1, after_s=0.1)) / RATE == pytest.approx(1.2, abs=0.02)


@pytest.mark.parametrize("samples", [np.zeros(0, np.float32), np.zeros(24_000, np.float32)])
def test_nothing_said_gives_nothing(samples: audio.Samples) -> None:
    assert not len(audio.trim(samples, RATE, before_s=0.1, after_s=0.1))
    assert audio.loudness(samples, RATE) == -120.0
    assert len(audio.level(samples, RATE)) == len(samples)


def test_a_packed_clip_keeps_its_length_and_its_sound() -> None:
    samples, rate = audio.unpack(audio.pack(tone(440), RATE))
    assert rate == RATE and len(samples) == RATE
    inner = slice(RATE // 4, RATE // 2)
    spectrum = np.abs(np.fft.rfft(samples[inner]))
    assert np.argmax(spectrum) * RATE / (RATE // 4) == pytest.approx(440, abs=5)


@pytest.mark.parametrize("extension", ["ulaw", "alaw"])
def test_g711_is_as_good_as_a_reference_codec(extension: str) -> None:
    """Decoded by libsndfile, ours lies as near to the original as G.711 can be."""
    original = np.linspace(-0.99, 0.99, 8000, dtype=np.float32)
    packed = audio.raw_formats(original, 8000)[extension]
    decoded = _decode(packed, extension)
    step = np.maximum(np.abs(original) / 16, 2 / 1024)
    assert len(decoded) == len(original)
    assert (np.abs(decoded - original) <= step).all()


def _decode(packed: bytes, extension: str) -> audio.Samples:
    import io

    samples, _ = soundfile.read(
        io.BytesIO(packed),
        channels=1,
        samplerate=8000,
        subtype=extension.upper(),
        format="RAW",
        dtype="float32",
    )
    return np.asarray(samples, dtype=np.float32)


def test_the_forms_have_the_same_length_in_time(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("prepared")
    prepared = Prepared(folder)
    playable = prepared.make(audio.pack(tone(440, 0.5), RATE))
    path = playable.uri.removeprefix("sound:")
    sizes = [(folder / f"{path}.{extension}").stat().st_size for extension in sorted(EXTENSIONS)]
    assert sizes == [4000, 16_000, 4000] and playable.seconds == 0.5


def test_silence_cannot_be_prepared_as_a_prompt(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(ValueError, match="no sound"):
        Prepared(tmp_path_factory.mktemp("prepared")).make(audio.pack(np.zeros(RATE, np.float32), RATE))
