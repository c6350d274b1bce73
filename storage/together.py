"""Facts that are written to the spool's file in one go."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager


class Together(AbstractContextManager[None]):
    """Entered again and again, also within itself. hold, let_go: each is called as often as the other."""

    def __init__(self, hold: Callable[[], None], let_go: Callable[[], None]) -> None:
        self._hold = hold
        self._let_go = let_go

    def __enter__(self) -> None:
        self._hold()

    def __exit__(self, *_: object) -> None:
        self._let_go()
