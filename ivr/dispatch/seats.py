"""Who serves an entry (its seat: a call, or a promise to call back), and which agents are rung for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from ivr.call.ports import Offer, RingOutcome, Seat
from ivr.unseated import Unseated
from routing.board_events import RingAgent, StopRinging
from routing.entries import Entry
from routing.ids import AgentId, EntryId
from routing.rules import Rules


class Seats:
    """Carries out what the board wants of a seat. Seats only take note; nothing waits.

    rules: those in force. not_answered: told, soon, of an offer that no seat could be given.
    """

    def __init__(
        self, rules: Callable[[], Rules], not_answered: Callable[[EntryId, AgentId, RingOutcome], None]
    ) -> None:
        self._rules = rules
        self._not_answered = not_answered
        self.by_entry: dict[EntryId, Seat] = {}
        self._callers: dict[EntryId, str] = {}
        self._offers: dict[EntryId, dict[AgentId, Offer]] = {}
        self.unseated = Unseated()
        self.endpoints_of: Callable[[str], Sequence[str]] = lambda agent: [f"PJSIP/{agent}"]
        """Which telephones of an agent are rung (ivr/accounts/book.py)."""

    # --- who sits where

    def begin(self, entries: Iterable[Entry]) -> None:
        """These stand on the board since the start, and their sessions have yet to come."""
        self.unseated = Unseated(entries)

    def give(self, entry: EntryId, caller: str, seat: Seat) -> None:
        """That seat serves the entry from now on; caller: the number that agents are shown."""
        self.by_entry[entry], self._callers[entry] = seat, caller

    def make_up(self, offers: Iterable[Offer], caller: str, seat: Seat) -> None:
        """The agents are reserved since the start, and the caller's number is known only now."""
        for offer in offers:
            self._offer(replace(offer, caller=caller), seat)

    def forget(self, entry: EntryId) -> None:
        self.by_entry.pop(entry, None)
        self._callers.pop(entry, None)
        self._offers.pop(entry, None)

    # --- which agents are rung

    def rings(self, entry: EntryId, agent: AgentId) -> bool:
        return agent in self._offers.get(entry, ())

    def over(self, entry: EntryId, agent: AgentId) -> None:
        """That agent is not rung any more; or the next offer would be taken for one more at the same time."""
        self._offers.get(entry, {}).pop(agent, None)

    # --- what the board wants

    def ring(self, command: RingAgent) -> None:
        entry = command.entry
        seat = self.by_entry.get(entry.id)
        endpoint, *others = self.endpoints_of(command.agent.id)
        offer = Offer(
            entry=entry.id,
            agent=command.agent.id,
            endpoint=endpoint,
            others=tuple(others),
            display=self._display(entry),
            caller=self._callers.get(entry.id, ""),
            ring_s=command.ring_s,
            language=command.agent.labels.get("language", ""),
        )
        if seat is not None:
            self._offer(offer, seat)
        elif entry.id in self.unseated:
            self._offers.setdefault(entry.id, {})[offer.agent] = offer
            self.unseated.offered(offer)
        else:
            self._tell_soon(offer, "caller_left")

    def stop_ringing(self, command: StopRinging) -> None:
        offer = self._offers.get(command.entry, {}).pop(command.agent, None)
        seat = self.by_entry.get(command.entry)
        if offer is not None:
            self.unseated.withdrawn(offer)
            if seat is not None:
                seat.withdrawn(offer)

    def end_wait(self, entry: Entry) -> None:
        seat = self.by_entry.get(entry.id)
        self.forget(entry.id)
        if seat is None:
            if entry.id in self.unseated:
                self.unseated.ended(entry)
            return
        match entry.outcome:
            case "timeout" | "full" | "closed" | "unstaffed" | "failed":
                seat.rejected(entry.outcome)
            case _:
                seat.rejected("failed")

    # --- within

    def _offer(self, offer: Offer, seat: Seat) -> None:
        open_offers = self._offers.setdefault(offer.entry, {})
        if open_offers and not seat.rings_several:
            # Another seat than the one with which the entry came.
            self._tell_soon(offer, "failed")
            return
        open_offers[offer.agent] = offer
        seat.offered(offer)

    def _tell_soon(self, offer: Offer, outcome: RingOutcome) -> None:
        asyncio.get_running_loop().call_soon(self._not_answered, offer.entry, offer.agent, outcome)

    def _display(self, entry: Entry) -> str:
        """What the agent's telephone shows beside the caller's number."""
        queue = self._rules().queues.get(entry.queue)
        title = "Transfer" if queue is None else queue.title.get("en", entry.queue)
        return f"{'Callback ' if entry.callback else ''}{title} {entry.language}".strip()
