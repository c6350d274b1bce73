"""How seldom Python looks for what only cycles keep: each look stands still for all calls."""

from __future__ import annotations

import gc
from typing import Final

YOUNG_OBJECTS: Final = 10_000
"""So many more objects than were freed before the youngest are looked at: what some ten calls make.

Python's own 700 are reached several times a call. At 20 whole calls a second looking took a tenth of the processor,
and every few seconds all that lives was looked at while hundreds of callers waited for their key to be heard.
"""
YOUNG_LOOKS: Final = 10
MIDDLE_LOOKS: Final = 5
"""All is looked at after half a million objects at the earliest: some 50 MB that may wait to be freed."""


def look_seldom() -> None:
    """To be called once all is loaded that stays for good: that is not looked at any more."""
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, YOUNG_LOOKS, MIDDLE_LOOKS)
