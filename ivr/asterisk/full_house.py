"""What the dialplan and the controller call the things by which Asterisk alone says that all lines are busy."""

from __future__ import annotations

from typing import Final

FULL_HOUSE: Final = "FULL_HOUSE"
"""A global variable of the dialplan's: its context that says so. Without it there is none."""


def sounds_variable(application: str) -> str:
    """The global variable in which that hotline's controller names the sounds."""
    return f"FULL_HOUSE_SOUNDS_{application.replace('-', '_')}"
