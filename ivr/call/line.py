"""When a telephone line is bad enough that an agent should know. Pure: the recogniser's measurements in, faults out.

The recogniser reports every few seconds of listening, and once at the end of a listening. One bad report is a lorry
passing by; a fault is told when it has been seen as often as `SEEN` says, and only once in a call.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from asr.protocol import LineQuality

LineFault = Literal["noisy", "clipped", "lossy", "silent"]
"""noisy: speech hardly stands out. clipped: the voice is cut off at the top. lossy: packets are missing.
silent: not even noise comes, as from a muted telephone or a dead line."""

LOUD_NOISE_DBFS: Final = -30.0
"""Noise that is as loud as a quiet voice is."""
AUDIBLE_NOISE_DBFS: Final = -45.0
LEAST_CONTRAST_DB: Final = 10.0
"""Of speech above noise. Below that, recognisers and people mishear."""
CLIPPED_SHARE: Final = 0.15
LOST_SHARE: Final = 0.05
SILENT_SHARE: Final = 0.99

SEEN: Final[dict[LineFault, int]] = {"noisy": 2, "clipped": 2, "lossy": 2, "silent": 3}


def faults_of(quality: LineQuality) -> frozenset[LineFault]:
    """What is wrong with the line in this one report."""
    found: set[LineFault] = set()
    drowned = (
        quality.speech_dbfs is not None
        and quality.speech_dbfs - quality.noise_dbfs < LEAST_CONTRAST_DB
        and quality.noise_dbfs >= AUDIBLE_NOISE_DBFS
    )
    if drowned or quality.noise_dbfs >= LOUD_NOISE_DBFS:
        found.add("noisy")
    if quality.clipped_share >= CLIPPED_SHARE:
        found.add("clipped")
    if quality.lost_share >= LOST_SHARE:
        found.add("lossy")
    if quality.silent_share >= SILENT_SHARE and quality.speech_dbfs is None:
        found.add("silent")
    return frozenset(found)


@dataclass(slots=True)
class LineWatch:
    """One end of a call. `heard` gives the faults that are certain now and were not before."""

    _seen: dict[LineFault, int] = field(default_factory=dict)
    _told: set[LineFault] = field(default_factory=set)

    @property
    def faults(self) -> tuple[LineFault, ...]:
        """All that were told, by name."""
        return tuple(sorted(self._told))

    def heard(self, quality: LineQuality) -> tuple[LineFault, ...]:
        now = faults_of(quality)
        if "silent" not in now:
            # Somebody is there after all; the silence before was that of a person who listened.
            self._seen.pop("silent", None)
        new: list[LineFault] = []
        for fault in sorted(now):
            self._seen[fault] = self._seen.get(fault, 0) + 1
            if fault not in self._told and self._seen[fault] >= SEEN[fault]:
                self._told.add(fault)
                new.append(fault)
        return tuple(new)
