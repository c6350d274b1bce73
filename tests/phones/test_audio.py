"""The checks that other tests lean on must themselves say no."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from ivr.demo.phone import PhoneError
from tests.support.audio import (
    Samples,
    contains,
    is_silent,
    load_recording,
    save_wav,
    silence,
    speech,
    tone,
    tone_present,
)

GREETING = "Welcome to the city hotline. This call is recorded. For a person press zero at any time."
OTHER = "All of our agents are talking to other callers. You are number three in the line, please hold."


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Samples]:
    folder = tmp_path_factory.mktemp("speech")
    return {"greeting": speech(GREETING, folder), "other": speech(OTHER, folder)}


def through_g711(samples: Samples, folder: Path) -> Samples:
    path = folder / "coded.ulaw"
    soundfile.write(path, samples, 8000, subtype="ULAW", format="RAW")
    return load_recording(path)


def mixed(base: Samples, noise_level: float) -> Samples:
    noise = np.random.default_rng(7).normal(0, noise_level, len(base))
    return np.clip(base + noise, -32768, 32767).astype(np.int16)


def test_clip_is_found_where_it_begins(said: dict[str, Samples]) -> None:
    recording = np.concatenate([silence(1.5), said["greeting"], silence(1)])
    match = contains(recording, said["greeting"])
    assert match
    assert match.at_s == pytest.approx(1.5, abs=0.01)
    assert match.heard_s == pytest.approx(len(said["greeting"]) / 8000)


def test_clip_survives_g711_gain_and_noise(said: dict[str, Samples], tmp_path: Path) -> None:
    quiet = (through_g711(said["greeting"], tmp_path) * 0.25).astype(np.int16)
    recording = mixed(np.concatenate([said["other"], quiet]), 40)
    match = contains(recording, said["greeting"])
    assert match.score > 0.8
    assert match.at_s == pytest.approx(len(said["other"]) / 8000, abs=0.01)


def test_clip_survives_a_lost_packet_and_clocks_apart(said: dict[str, Samples]) -> None:
    clip = said["greeting"]
    lost = np.concatenate([clip[:16000], clip[16160:]])
    assert contains(lost, clip)
    positions = np.arange(0, len(clip) - 1, 1.0002)  # one clock 200 ppm fast
    drifted = np.interp(positions, np.arange(len(clip)), clip).astype(np.int16)
    assert contains(drifted, clip)


def test_other_speech_of_the_same_voice_is_not_it(said: dict[str, Samples]) -> None:
    assert not contains(said["other"], said["greeting"])
    assert not contains(said["greeting"], said["other"])


def test_same_words_with_one_other_are_not_it(tmp_path: Path) -> None:
    one = speech("For complaints about the water supply, please press one.", tmp_path)
    two = speech("For complaints about the water supply, please press seven.", tmp_path)
    assert contains(one, one)
    assert not contains(two, one)


def test_silence_noise_and_nothing_contain_no_clip(said: dict[str, Samples]) -> None:
    clip = said["greeting"]
    assert not contains(silence(20), clip)
    assert not contains(silence(0), clip)
    assert not contains(mixed(silence(20), 3000), clip)


def test_clip_cut_short_is_not_all_of_it_but_says_how_much(said: dict[str, Samples]) -> None:
    clip = said["greeting"]
    match = contains(np.concatenate([silence(0.5), clip[: 3 * 8000], said["other"]]), clip)
    assert not match
    assert 1.9 <= match.heard_s <= 3.2


def test_pieces_in_the_wrong_order_are_not_it(said: dict[str, Samples]) -> None:
    clip = said["greeting"]
    half = len(clip) // 2
    assert not contains(np.concatenate([clip[half:], clip[:half]]), clip)


@pytest.mark.parametrize("clip", [silence(2), tone(440, 0.05)], ids=["silent", "short"])
def test_a_clip_that_proves_nothing_is_refused(clip: Samples) -> None:
    with pytest.raises(ValueError, match=r"silent|under 0\.1 s"):
        contains(tone(440, 2), clip)


def test_tone_is_placed() -> None:
    recording = np.concatenate([silence(0.5), tone(440, 1), tone(880, 0.6), silence(0.2)])
    low, high = tone_present(recording, 440), tone_present(recording, 880)
    assert low is not None and (low.start_s, low.end_s) == pytest.approx((0.5, 1.5), abs=0.021)
    assert high is not None and (high.start_s, high.end_s) == pytest.approx((1.5, 2.1), abs=0.021)


def test_tone_of_another_pitch_speech_and_silence_are_not_it(said: dict[str, Samples]) -> None:
    assert tone_present(tone(440, 2), 880) is None
    assert tone_present(said["greeting"], 440) is None
    assert tone_present(silence(2), 440) is None
    assert tone_present(tone(440, 0.1), 440) is None, "shorter than asked for"


def test_silence_is_told_from_sound(said: dict[str, Samples]) -> None:
    assert is_silent(silence(1))
    assert is_silent(mixed(silence(1), 8)), "comfort noise"
    assert is_silent(silence(0))
    assert not is_silent(np.concatenate([silence(5), tone(440, 0.2), silence(5)]))
    assert not is_silent(said["greeting"])


@pytest.mark.parametrize(
    ("suffix", "rate", "options"),
    [
        (".ulaw", 8000, {"format": "RAW", "subtype": "ULAW"}),
        (".alaw", 8000, {"format": "RAW", "subtype": "ALAW"}),
        (".sln", 8000, {"format": "RAW", "subtype": "PCM_16", "endian": "LITTLE"}),
        (".sln16", 16000, {"format": "RAW", "subtype": "PCM_16", "endian": "LITTLE"}),
        (".wav", 44100, {}),
        (".opus", 48000, {"format": "OGG", "subtype": "OPUS"}),
    ],
)
def test_every_format_is_loaded_at_the_rate_asked_for(
    tmp_path: Path, suffix: str, rate: int, options: dict[str, str]
) -> None:
    path = tmp_path / f"tone{suffix}"
    soundfile.write(path, tone(700, 1.0, rate=rate), rate, **options)
    loaded = load_recording(path)
    span = tone_present(loaded, 700)
    assert span is not None and span.length_s == pytest.approx(1.0, abs=0.05)


def test_a_file_that_is_no_audio_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_text("no audio")
    for path in (tmp_path / "x.wav", tmp_path / "missing.ulaw"):
        with pytest.raises(PhoneError, match=path.name):
            load_recording(path)


def test_saved_wav_is_read_back(tmp_path: Path) -> None:
    sound = tone(300, 0.5)
    assert np.abs(load_recording(save_wav(tmp_path / "t.wav", sound)) - sound).max() <= 1
