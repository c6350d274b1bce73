"""Where facts go into storage, and where that is stopped once another controller has our calls."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from storage.errors import StorageAway
from storage.records import Fact

log = logging.getLogger(__name__)


class Gate:
    """put: where facts go to; durable: where those go that must be kept before the next step. As `shut` left it: with
    what is stored then another controller can go on."""

    def __init__(
        self, put: Callable[[Fact], None], durable: Callable[[Fact], Awaitable[object]] | None = None
    ) -> None:
        self._put = put
        self._durable = durable
        self.is_shut = False
        self.kept_out = 0

    def __call__(self, fact: Fact) -> None:
        """Never waits, never raises."""
        if self.is_shut:
            self.kept_out += 1
            return
        self._put(fact)

    async def durable(self, fact: Fact) -> None:
        """Raises StorageError: it is not kept."""
        if self.is_shut or self._durable is None:
            self.kept_out += 1
            raise StorageAway("another controller has this one's calls", mend="nothing: that one goes on")
        await self._durable(fact)

    def shut(self) -> None:
        """For good."""
        if not self.is_shut:
            log.critical("this controller writes nothing down any more: another one has its calls")
        self.is_shut = True
