"""The last seconds of a stream, found by their time. Pure. 16 kHz, 16-bit, mono."""

from __future__ import annotations

SAMPLE_RATE = 16_000
BYTES_PER_S = 2 * SAMPLE_RATE


class Tape:
    """Times are seconds from the first audio ever added. What was forgotten is silently missing from what is asked."""

    def __init__(self) -> None:
        self._audio = bytearray()
        self._begin = 0

    @property
    def begin_s(self) -> float:
        return self._begin / BYTES_PER_S

    @property
    def end_s(self) -> float:
        return (self._begin + len(self._audio)) / BYTES_PER_S

    def add(self, pcm: bytes) -> None:
        self._audio += pcm

    def between(self, from_s: float, until_s: float | None = None) -> bytes:
        """until_s None: all that there is."""
        end = None if until_s is None else self._offset(until_s)
        return bytes(self._audio[self._offset(from_s) : end])

    def forget_before(self, at_s: float) -> None:
        """In steps of a second or more: moving what stays costs."""
        surplus = self._offset(at_s)
        if surplus >= BYTES_PER_S:
            del self._audio[:surplus]
            self._begin += surplus

    def _offset(self, at_s: float) -> int:
        return max(0, int(at_s * SAMPLE_RATE) * 2 - self._begin)
