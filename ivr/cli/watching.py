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
    """One item whenever files of flows were saved, moved or deleted; ends at Ctrl-C."""
    for _ in watch(*folders, watch_filter=_concerns, step=PAUSE_MS, raise_interrupt=False):
        yield


def _concerns(_change: Change, path: str) -> bool:
    file = Path(path)
    return file.suffix in SUFFIXES and not file.name.startswith(".")
