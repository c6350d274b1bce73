"""Recordings as people send them: any common format decoded, its loudness measured by ITU-R BS.1770 (EBU R 128).

Both by FFmpeg's libraries, through PyAV; they come with the recogniser, so no program has to be installed.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import av
import numpy as np
import numpy.typing as npt
from av.error import FFmpegError

from ivr.errors import HotlineError
from ivr.prompts.audio import Samples

FORMATS = {
    ".wav": "wav",
    ".flac": "flac",
    ".mp3": "mp3",
    ".m4a": "mov",
    ".mp4": "mov",
    ".aac": "aac",
    ".ogg": "ogg",
    ".opus": "ogg",
    ".aif": "aiff",
    ".aiff": "aiff",
    ".caf": "caf",
    ".webm": "matroska",
    ".amr": "amr",
}
"""Extension -> the only reader that may look at such a file: guessing would let a playlist open other files."""

LONGEST_S = 120.0
_SILENT = -70.0
"""LUFS, where the measure ends."""
_SHORTEST_S = 1.2
"""The measure looks at 0.4 s at a time, so a short word is repeated until it is as long as this."""


class NotAudio(HotlineError):
    """The file cannot be read as sound."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """samples: float32 of shape (channels, length); a format with more room than 16 bits may pass 1. rate: Hz."""

    samples: npt.NDArray[np.float32]
    rate: int


def decode(data: bytes, extension: str) -> Decoded:
    """extension: ".wav" ... Raises NotAudio, also for what is longer than LONGEST_S."""
    reader = FORMATS.get(extension.lower())
    if reader is None:
        known = ", ".join(sorted(each.removeprefix(".") for each in FORMATS))
        raise NotAudio(f"`{extension}` is no format that is read here", mend=f"send one of {known}")
    pieces: list[npt.NDArray[np.float32]] = []
    try:
        with av.open(io.BytesIO(data), "r", format=reader) as container:
            if not container.streams.audio:
                raise NotAudio("there is no sound in the file", mend="export it again as WAV")
            stream = container.streams.audio[0]
            resampler = av.AudioResampler(format="fltp")
            rate, length = stream.rate or 0, 0
            for frame in container.decode(stream):
                pieces += [each.to_ndarray().astype(np.float32) for each in resampler.resample(frame)]
                length += frame.samples
                if length > LONGEST_S * rate:
                    raise NotAudio(
                        f"it is longer than {LONGEST_S:.0f} s", mend="one file a line of the script"
                    )
            pieces += [each.to_ndarray().astype(np.float32) for each in resampler.resample(None)]
    except (FFmpegError, ValueError, EOFError) as error:
        raise NotAudio(
            "the file cannot be read", mend="export it again, as WAV with 16 or 24 bits"
        ) from error
    if not pieces or not rate:
        raise NotAudio("the file is empty", mend="record it again")
    return Decoded(np.concatenate(pieces, axis=1), rate)


def lufs(samples: Samples, rate: int) -> float:
    """Integrated loudness in LUFS; -70 and less is silence."""
    if not len(samples):
        return _SILENT
    repeated = np.tile(samples, max(1, -(-round(_SHORTEST_S * rate) // len(samples)))).astype(np.float32)
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=rate, format="flt", layout="mono")
    meter, sink = graph.add("ebur128", "metadata=1"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(np.clip(repeated, -4.0, 4.0)[None, :], format="flt", layout="mono")
    frame.sample_rate = rate
    graph.push(frame)
    graph.push(None)
    measured = _SILENT
    while True:
        try:
            out = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return measured
        if "lavfi.r128.I" in out.metadata:  # the last piece is too short to have one
            measured = float(out.metadata["lavfi.r128.I"])
