"""Waiting for a file of the flows to be saved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from watchfiles import Change, watch

from ivr.versions.saved import SUFFIXES

PAUSE_MS: Final = 100
"""Files saved within so long of each other are one change."""


def saves(folders: Sequence[Path]) -> Iterator[None]:
    """An item as soon as they are watched, then one whenever files of flows were saved, moved or deleted; ends at
    Ctrl-C. What is saved between two items counts for the second."""
    begun = False
    for changes in watch(
        *folders,
        watch_filter=_concerns,
        step=PAUSE_MS,
        rust_timeout=PAUSE_MS,
        yield_on_timeout=True,
        raise_interrupt=False,
    ):
        if changes or not begun:
            begun = True
            yield


def _concerns(_change: Change, path: str) -> bool:
    file = Path(path)
    return file.suffix in SUFFIXES and not file.name.startswith(".")
