"""A recording of a voice artist, judged and made fit: what is well stays, what can be mended is, the rest is refused.

From the file's bytes to a mono WAV at the loudness of the house. No file is written here.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import soundfile

from ivr.prompts import audio
from ivr.prompts.audio import Samples
from ivr.prompts.decode import NotAudio, decode, lufs
from ivr.prompts.edges import PART, WHOLE, Edges
from ivr.prompts.review import characters
from ivr.prompts.takes import Take

HOUSE_LUFS = -21.0
"""Of the voices that ship: the middle of all their sentences, by the same measure."""
LOWEST_RATE = 8000
"""Hz: a telephone line's own."""
_LOUDNESS_BAND = 1.5
"""LU from the house loudness that nobody hears."""
_QUIETEST = -50.0
"""LUFS under which there is more noise than voice."""
_CLIPPED = 0.985
_MOST_CLIPPED = 0.002
"""Share of the samples at full scale: speech that was not cut off has hardly any."""
_FLAT = 4
"""So many equal samples at the peak are a peak that was cut off, even if it was turned down later."""
_MOST_FLAT = 5
_NOISE_MARGIN = 18.0
"""dB that the voice must stand above the sound of the room."""
_ABOVE_ROOM = 6.0
"""dB above the sound of the room from which on a frame is taken for speech."""
_LONG_SILENCE_S = 1.5
"""More than the half second at each end that the script asks for."""
_LONG_PAUSE_S = 2.5
_ONE_SIDED = 30.0
"""dB between the channels from which on only one of them has the voice."""
_PACE = {"zh": (1.6, 9.5), "en": (4.5, 30.0)}
_OTHER_PACE = (3.5, 32.0)
"""Characters a second, letters and figures only: beyond these it is another text, or one cut off."""
_SHORT = 4
"""Of so few characters the pace says nothing."""

State = Literal["accepted", "fixed", "refused"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """changes: what was mended, or why it is refused. mend: what to do about it. wave: a WAV file, b"" if refused."""

    state: State
    changes: tuple[str, ...] = ()
    mend: str = ""
    wave: bytes = b""
    seconds: float = 0.0
    loudness: float = -70.0


def judge(data: bytes, extension: str, take: Take, language: str) -> Verdict:
    """One file, which should hold that take. extension: ".wav" ... Raises nothing."""
    try:
        decoded = decode(data, extension)
    except NotAudio as error:
        return _refused(str(error), error.mend)
    if decoded.rate < LOWEST_RATE:
        return _refused(f"recorded at {decoded.rate} Hz only", "record at 44,100 or 48,000 Hz")
    changes: list[str] = []
    samples = _one_channel(decoded.samples, changes)
    samples = samples - np.float32(samples.mean()) if len(samples) else samples
    before = lufs(samples, decoded.rate)
    fault = _fault(samples, decoded.rate, before)
    if fault is not None:
        return fault
    edges = WHOLE if take.clip is None else PART
    trimmed = _trimmed(samples, decoded.rate, edges, changes)
    if not len(trimmed):
        return _refused("nothing is heard in it", "record it again")
    loudness = lufs(trimmed, decoded.rate)
    if abs(loudness - HOUSE_LUFS) > _LOUDNESS_BAND:
        changes.append(
            f"{'raised' if loudness < HOUSE_LUFS else 'lowered'} by {abs(HOUSE_LUFS - loudness):.0f} dB"
        )
    trimmed = audio.gain(trimmed, HOUSE_LUFS - loudness)
    rate = min(decoded.rate, audio.SHELF_RATE)
    if rate != decoded.rate:
        trimmed = audio.resample(trimmed, decoded.rate, rate)
    wrong = _wrong_length(len(trimmed) / rate, take, language)
    if wrong is not None:
        return wrong
    wave = _wave(trimmed, rate)
    return Verdict(
        "fixed" if changes else "accepted", tuple(changes), "", wave, len(trimmed) / rate, loudness
    )


def _refused(why: str, mend: str) -> Verdict:
    return Verdict("refused", (why,), mend)


def _one_channel(channels: npt.NDArray[np.float32], changes: list[str]) -> Samples:
    """The mix, or the better channel where the other is silent or would cancel it."""
    if len(channels) == 1:
        return np.asarray(channels[0], dtype=np.float32)
    mixed = channels.mean(axis=0)
    powers = (channels.astype(np.float64) ** 2).mean(axis=1)
    best = int(powers.argmax())
    others = np.delete(powers, best)
    if powers[best] > 10 ** (_ONE_SIDED / 10) * max(float(others.max()), 1e-12):
        changes.append("one channel taken, the others are silent")
        return np.asarray(channels[best], dtype=np.float32)
    if float((mixed.astype(np.float64) ** 2).mean()) < 0.1 * powers[best]:
        changes.append("one channel taken, they cancel each other")
        return np.asarray(channels[best], dtype=np.float32)
    changes.append(
        "stereo mixed to mono" if len(channels) == 2 else f"{len(channels)} channels mixed to mono"
    )
    return np.asarray(mixed, dtype=np.float32)


def _fault(samples: Samples, rate: int, loudness: float) -> Verdict | None:
    """What cannot be mended."""
    if not len(samples) or float(np.abs(samples).max()) < 1e-4 or loudness <= -70.0:
        return _refused("nothing is heard in it", "record it again")
    if loudness < _QUIETEST:
        return _refused(
            f"much too quiet ({loudness:.0f} LUFS)", "speak closer to the microphone, or turn it up"
        )
    size = np.abs(samples)
    share = float((size >= _CLIPPED).mean())
    if share > _MOST_CLIPPED or _flat_peaks(samples) > _MOST_FLAT:
        return _refused("cut off at full scale (clipped)", "turn the microphone down and record it again")
    room = audio.room_level(samples, rate)
    if room is not None and audio.loudness(samples, rate) - room < _NOISE_MARGIN:
        return _refused("the room is nearly as loud as the voice", "record in a quiet room")
    return None


def _flat_peaks(samples: Samples) -> int:
    """Runs of equal samples at the highest and the lowest value."""
    count = 0
    for side in (samples, -samples):
        top = float(side.max())
        at_top = np.concatenate([[0], (side >= top * 0.9995).astype(np.int8), [0]])
        starts, ends = np.flatnonzero(np.diff(at_top) == 1), np.flatnonzero(np.diff(at_top) == -1)
        count += int(((ends - starts) >= _FLAT).sum())
    return count


def _trimmed(samples: Samples, rate: int, edges: Edges, changes: list[str]) -> Samples:
    room = audio.room_level(samples, rate)
    floor = -70.0 if room is None else room + _ABOVE_ROOM
    speech = audio.trim(samples, rate, before_s=0, after_s=0, floor=floor)
    trimmed = audio.trim(samples, rate, before_s=edges.before_s, after_s=edges.after_s, floor=floor)
    cut = (len(samples) - len(trimmed)) / rate
    if len(speech) and cut > _LONG_SILENCE_S:
        changes.append(f"{cut:.1f} s of silence cut off")
    pause = audio.longest_pause(speech, rate, floor=floor)
    if pause > _LONG_PAUSE_S:
        changes.append(f"has a pause of {pause:.1f} s inside (left as it is)")
    return trimmed


def _wrong_length(seconds: float, take: Take, language: str) -> Verdict | None:
    count = characters(take.text, language)
    slowest, fastest = _PACE.get(language, _OTHER_PACE)
    if count <= _SHORT:
        slowest = slowest / 3
        fastest = fastest * 3
    if seconds > count / slowest + 1.0:
        return _refused(
            f"{seconds:.1f} s is too long for {count} characters",
            "one line a file, without slating or retakes",
        )
    if seconds < count / fastest:
        return _refused(
            f"{seconds:.1f} s is too short for {count} characters",
            "record the whole line; is it another's file?",
        )
    return None


def _wave(samples: Samples, rate: int) -> bytes:
    target = io.BytesIO()
    soundfile.write(target, samples, rate, format="WAV", subtype="PCM_16")
    return target.getvalue()
