"""Joins what is known of callers into the running hotline: who calls again, who is owed a call, how true waits were."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from ivr.callers_known import CallerKeys, ReturningCallers
from ivr.clock import Clock
from ivr.dispatch import Dispatcher
from ivr.errors import StorageError
from ivr.gate import Gate
from ivr.missed.ledger import LOOKED_AT, MissedLedger
from ivr.missed.service import CallBack, MissedCalls
from ivr.missed.settings import MissedSettings
from ivr.places import Places
from routing.estimate import LEAST_MEASURED, MEASURED_KEPT, Measured, WaitRange
from routing.ids import QueueName
from routing.rules import Rules
from storage.missed_records import MissedCallRecord, WaitEstimateRecord
from storage.records import CallRecord, Fact
from storage.store import Store

log = logging.getLogger(__name__)

HISTORY: Final = dt.timedelta(days=28)
"""So far back calls say how long calls take at this hour."""
ANSWER_S: Final = 5.0
"""Of a stored call, which does not say how long the agent's telephone rang."""


class Callers:
    """gate: gives facts to the database; what passes is looked at. missed: the ledger for people."""

    def __init__(self, store: Store, gate: Gate, clock: Clock, keys: CallerKeys, node: str) -> None:
        self._store = store
        self._gate = gate
        self._clock = clock
        self._node = node
        self._listeners: list[Callable[[MissedCallRecord], None]] = []
        self._call_back: CallBack | None = None
        self.known = ReturningCallers(keys, clock, store)
        self.ledger: MissedLedger | None = None
        self.missed = MissedCalls(store, clock.now, self._called_back, self._changed)
        gate.watch(self._see_call, (CallRecord,))

    def watch(self, listener: Callable[[MissedCallRecord], None]) -> None:
        """Told of every obligation that begins or changes. On the loop; must not wait."""
        self._listeners.append(listener)

    def keep_ledger(self, settings: MissedSettings) -> None:
        self.ledger = MissedLedger(self._store, self._clock, self.known.key, settings.policy(), self._changed)
        self._gate.watch(self.ledger.see, LOOKED_AT)

    def call_back_by(self, call_back: CallBack) -> None:
        """Who makes a promise of an obligation."""
        self._call_back = call_back

    def _see_call(self, call: CallRecord) -> None:
        if call.state == "live":
            self.known.arrived(call.caller)

    def shut(self) -> None:
        """For good: another controller has our calls."""
        if self.ledger is not None:
            self.ledger.shut()

    async def begin(self, dispatcher: Dispatcher, left: Sequence[Fact] = ()) -> None:
        """Before the first call: what earlier runs say. left: what one had not brought into the database.

        Never raises: a hotline that forgot is better than none.
        """
        dispatcher.known = self.known
        dispatcher.places.measured = self._measured
        try:
            if self.ledger is not None:
                await self.ledger.begin(self._node, left)
            await self._remember(dispatcher)
        except StorageError as error:
            log.warning("waits and missed calls of earlier runs are not known: %s", error)

    async def begin_late(self, dispatcher: Dispatcher, left: Sequence[Fact]) -> None:
        """The same, of a database that was away then, and is back. Raises StorageError: to be tried again."""
        await self._remember(dispatcher)
        if self.ledger is not None:
            await self.ledger.begin_late(self._node, left)

    async def _remember(self, dispatcher: Dispatcher) -> None:
        rules = dispatcher.board.rules
        await self.known.begin(max((queue.redial_s for queue in rules.queues.values()), default=0.0))
        await _remember(self._store, dispatcher.places, rules, self._clock.now())

    async def run(self) -> None:
        """Until cancelled."""
        if self.ledger is not None:
            await self.ledger.run()
        else:
            await asyncio.get_running_loop().create_future()

    def _measured(self, one: Measured) -> None:
        self._gate(
            WaitEstimateRecord(
                id=one.id,
                entry_id=one.entry,
                queue=one.queue,
                at=dt.datetime.fromtimestamp(one.at_s, dt.UTC),
                place=one.place,
                serving=one.serving,
                low_s=round(one.wait.low_s, 3),
                high_s=round(one.wait.high_s, 3),
                told=one.told,
                waited_s=round(one.waited_s, 3),
                hit=one.hit,
            )
        )

    def _changed(self, record: MissedCallRecord) -> None:
        for listener in self._listeners:
            listener(record)

    async def _called_back(self, record: MissedCallRecord, by: str) -> str:
        if self._call_back is None:
            raise RuntimeError("the hotline has not started")
        return await self._call_back(record, by)


async def _remember(store: Store, places: Places, rules: Rules, now: dt.datetime) -> None:
    """How long calls took and how true estimates were, from the database. Raises StorageError."""
    async with store.reading() as uow:
        talks = await uow.waits.talks(now - HISTORY)
        rates = {
            queue: await uow.wait_estimates.measured(queue, now - HISTORY, MEASURED_KEPT)
            for queue in rules.queues
        }
    for name, joined_at, ended_at in talks:
        queue = rules.queues.get(QueueName(name))
        if queue is not None:
            handled_s = (ended_at - joined_at).total_seconds() + (queue.wrap_up_s or 0.0) + ANSWER_S
            places.handle_times.add(queue.name, handled_s, ended_at.astimezone(), live=False)
    for name, measured in rates.items():
        for one in measured:
            if one.hit is not None:
                places.hit_rates[name].add(WaitRange(one.low_s, one.high_s), one.waited_s)
        rate = places.hit_rates[name]
        if rate.measured >= LEAST_MEASURED and not rate.trusted:
            log.warning(
                "queue %s: only %.0f %% of the last waits were as estimated: none are told",
                name,
                100 * (rate.rate or 0),
            )


@asynccontextmanager
async def open_callers(
    store: Store,
    gate: Gate,
    clock: Clock,
    keys: CallerKeys,
    node: str,
    settings: MissedSettings,
) -> AsyncIterator[Callers]:
    callers = Callers(store, gate, clock, keys, node)
    callers.keep_ledger(settings)
    try:
        yield callers
    finally:
        await callers.known.close()
        if callers.ledger is not None:
            await callers.ledger.finish()
