"""A caller who thinks for a while is heard from the first word on: the detector forgets long silences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from asr.vad import CHUNK_S, SAMPLE_RATE, VoiceDetector

SAYINGS = Path(__file__).parents[2] / "ivr" / "demo" / "audio"


@pytest.mark.parametrize("silence_s", [0.5, 3.0, 12.0, 60.0])
@pytest.mark.parametrize("name", ["zh-lamp", "zh-noise", "zh-insurance", "en-lamp"])
def test_speech_is_found_at_once_after_silence(name: str, silence_s: float) -> None:
    samples, rate = soundfile.read(SAYINGS / f"{name}.opus", dtype="float32", always_2d=True)
    said = soxr.resample(samples.mean(axis=1), rate, SAMPLE_RATE)
    quiet = np.zeros(int(silence_s * SAMPLE_RATE), dtype=np.float32)
    pcm = (np.concatenate([quiet, said]) * 32767).astype("<i2").tobytes()
    voice = VoiceDetector().voice()
    step = 640  # 20 ms, as packets come
    found = [one for start in range(0, len(pcm), step) for one in voice.feed(pcm[start : start + step])]
    began_s = next((n * CHUNK_S for n, probability in enumerate(found) if probability > 0.5), None)
    assert began_s is not None
    assert silence_s - 0.1 <= began_s <= silence_s + 0.35
