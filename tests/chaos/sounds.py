"""The hotline's prompts are tones of different pitch: by what it hears a telephone knows where its call stands."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import numpy as np

from ivr.demo.phone import PHONE_RATE, Samples
from ivr.demo.rtp import decode
from tests.support.audio import save_wav, silence, tone

FLOWS: Final = Path(__file__).parent / "flows"
SHIPPED: Final = Path(__file__).parents[2] / "flows"
PROMPTS: Final = {
    "choose": 1500, "number": 1600, "story": 1700, "back": 1800, "speak": 1900, "heard": 2000,
    "right": 2100, "wrong": 2200, "promised": 2300, "sorry": 2400, "bye": 2600,
}  # fmt: skip
"""Prompt -> its pitch, Hz: higher than music is where it is as pure as that."""
SECONDS: Final = {"story": 45.0}
USUAL_S: Final = 0.5
BEEP_HZ: Final = 700
"""Of Asterisk itself, before a recording."""
CODES_HZ: Final = 3100
"""Whatever an agent's code is answered with."""
CITIZEN_HZ: Final = 2800
AGENT_HZ: Final = 2950
WINDOW: Final = 10
"""Packets of 20 ms that are listened to: 200 ms."""
NEAR_HZ: Final = 25.0
LOUD: Final = 1000.0
PURE: Final = 0.9


def write_flows(folder: Path) -> Path:
    """The dialogue with its tones recorded."""
    shutil.copytree(FLOWS, folder)
    shutil.copy(SHIPPED / "agent_codes.yaml", folder)
    recordings = folder / "recordings" / "zh"
    recordings.mkdir(parents=True)
    for line in (folder / "prompts" / "zh.yaml").read_text(encoding="utf-8").splitlines():
        name = line.partition(":")[0]
        if line.startswith("#") or not name:
            continue
        hz = PROMPTS.get(name, CODES_HZ)
        sound = tone(hz, SECONDS.get(name, USUAL_S), level=0.3)
        save_wav(recordings / f"{name}.wav", np.concatenate([sound, silence(0.1)]))
    return folder


def person(hz: int, seconds: float = 60.0) -> Samples:
    """Somebody who speaks without a pause."""
    return tone(hz, seconds, level=0.3)


def named(hz: float | None) -> str:
    """The prompt; `agent`, `citizen`, `code`; `other` for what is no tone of ours (music); "" for silence."""
    if hz is None:
        return ""
    known = {**PROMPTS, "agent": AGENT_HZ, "citizen": CITIZEN_HZ, "code": CODES_HZ, "beep": BEEP_HZ}
    return next((name for name, of in known.items() if abs(of - hz) < NEAR_HZ), "other")


def pitch_of(payloads: list[bytes]) -> float | None:
    """Hz of what these packets sound like, 0 for what is no pure tone, None for silence."""
    if not payloads:
        return None
    samples = decode(b"".join(payloads)).astype(float)
    if float(np.sqrt(np.mean(samples**2))) < LOUD:
        return None
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    peak = int(np.argmax(spectrum))
    share = float(np.sum(spectrum[max(0, peak - 3) : peak + 4]) / np.sum(spectrum))
    return peak * PHONE_RATE / len(samples) if share >= PURE else 0.0
