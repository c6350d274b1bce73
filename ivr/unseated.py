"""Entries that were put back onto the board at a start, until the session of their caller comes for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ivr.call.ports import Offer
from routing.entries import Entry
from routing.ids import EntryId


class Unseated:
    """What happens to such an entry is kept for its session: offers (the agents stay reserved), or its end."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._waiting: dict[EntryId, list[Offer] | Entry] = {
            entry.id: [] for entry in entries if not entry.callback
        }

    def __contains__(self, entry: EntryId) -> bool:
        return entry in self._waiting

    def __iter__(self) -> Iterator[EntryId]:
        return iter(list(self._waiting))

    def offered(self, offer: Offer) -> None:
        offers = self._waiting.get(offer.entry)
        if isinstance(offers, list):
            offers.append(offer)

    def withdrawn(self, offer: Offer) -> None:
        offers = self._waiting.get(offer.entry)
        if isinstance(offers, list) and offer in offers:
            offers.remove(offer)

    def ended(self, entry: Entry) -> None:
        """The rules ended it before its session came."""
        self._waiting[entry.id] = entry

    def take(self, entry: EntryId) -> list[Offer] | Entry:
        """What there is to tell; its session has come."""
        return self._waiting.pop(entry, [])

    def clear(self) -> None:
        self._waiting.clear()
