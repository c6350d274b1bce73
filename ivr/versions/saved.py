"""When something was saved in a folder of flows."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from watchfiles import Change

log = logging.getLogger(__name__)

SUFFIXES: Final = frozenset({".yaml", ".csv"})
PAUSE_MS: Final = 100
"""Files saved within so long of each other are one change."""


async def saves(folder: Path) -> AsyncIterator[None]:
    """One item whenever files of flows were saved, moved or deleted; for ever.

    Where the system has no more watches to give, the folder is looked at again and again instead.
    """
    from watchfiles import awatch  # a start does not wait for it: ivr/main/late.py

    # It would say of every change that there is one.
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    try:
        async for _ in awatch(folder, watch_filter=_concerns, step=PAUSE_MS):
            yield
    except (OSError, RuntimeError) as error:
        log.warning("%s cannot be watched (%s): it is looked at again and again", folder, error)
        async for _ in awatch(folder, watch_filter=_concerns, step=PAUSE_MS, force_polling=True):
            yield


def _concerns(_change: Change, path: str) -> bool:
    name = Path(path).name
    return Path(name).suffix in SUFFIXES and not name.startswith(".")
