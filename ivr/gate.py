"""Where facts go into storage, and where that is stopped once another controller has our calls."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from storage.errors import StorageAway
from storage.records import Fact

log = logging.getLogger(__name__)


Take = Callable[[Any], None]
"""Given a fact of a kind that it knows; must not wait nor raise."""


class Gate:
    """put: where facts go to; durable: where those go that must be kept before the next step. As `shut` left it: with
    what is stored then another controller can go on.

    Each call gives some seventy facts, and of most kinds nobody but `put` wants to know. So whoever does says of which,
    at wiring, and a kind's way, `put` and then its watchers, is one look in a table.
    """

    def __init__(
        self, put: Callable[[Fact], None], durable: Callable[[Fact], Awaitable[object]] | None = None
    ) -> None:
        self._put = put
        self._durable = durable
        self._instead: dict[type[Fact], Take] = {}
        self._watchers: list[tuple[frozenset[type[Fact]] | None, Take]] = []
        self._ways: dict[type[Fact], tuple[Take, ...]] = {}
        """By kind, made when the first fact of that kind comes."""
        self.taken: Counter[type[Fact]] = Counter()
        """Facts given to the database, by kind."""
        self.is_shut = False
        self.kept_out = 0

    def __call__(self, fact: Fact) -> None:
        """Never waits, never raises."""
        if self.is_shut:
            self.kept_out += 1
            return
        kind = type(fact)
        self.taken[kind] += 1
        for take in self._ways.get(kind) or self._way(kind):
            take(fact)

    def unseen(self, fact: Fact) -> None:
        """The same for what its watcher itself puts, and is not to be shown again."""
        if self.is_shut:
            self.kept_out += 1
        else:
            self.taken[type(fact)] += 1
            self._instead.get(type(fact), self._put)(fact)

    def instead(self, kind: type[Fact], put: Take) -> None:
        """Facts of this kind go there, and not to the gate's own `put`."""
        self._instead[kind] = put
        self._ways.clear()

    def watch(self, see: Take, kinds: Iterable[type[Fact]] | None = None) -> None:
        """see: shown facts of these kinds, after they were put. kinds: None = of all."""
        self._watchers.append((None if kinds is None else frozenset(kinds), see))
        self._ways.clear()

    def _way(self, kind: type[Fact]) -> tuple[Take, ...]:
        seers = (see for kinds, see in self._watchers if kinds is None or kind in kinds)
        way = self._ways[kind] = (self._instead.get(kind, self._put), *seers)
        return way

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
