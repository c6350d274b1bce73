"""The one timer of the dispatcher, on a clock that is not the loop's."""

from __future__ import annotations

import asyncio
import datetime as dt

import uvloop

from ivr.clock import SystemClock
from ivr.dispatch import Dispatcher
from routing.board import Board
from routing.board_events import EntryArrived, Fact
from routing.entries import enter
from routing.ids import EntryId, QueueName
from routing.rules_load import load_rules
from tests.support.virtual_time import VirtualClock, run_virtual

RULES = load_rules("queues: {slow: {max_wait_s: 600}, quick: {max_wait_s: 30}}\n")


class AheadClock(VirtualClock):
    """Goes on while the machine sleeps, which the loop's clock does not."""

    slept = dt.timedelta()

    def now(self) -> dt.datetime:
        return super().now() + self.slept


class NoRecords:
    def routing(self, fact: Fact, at: dt.datetime) -> None:
        pass


def test_a_timer_that_was_set_before_the_machine_slept_keeps_nobody_waiting() -> None:
    async def scene() -> None:
        clock = AheadClock()
        dispatcher = Dispatcher(Board(RULES), clock, NoRecords())

        def waits(id: str, queue: str) -> None:
            dispatcher.apply(EntryArrived(enter(EntryId(id), QueueName(queue), f"c-{id}", clock.now())))

        waits("e1", "slow")
        await asyncio.sleep(1)
        clock.slept = dt.timedelta(hours=1)
        waits("e2", "quick")
        assert [entry.id for entry in dispatcher.board.entries()] == ["e2"], "the other one's time was over"
        await asyncio.sleep(31)
        assert dispatcher.board.entries() == []
        dispatcher.close()

    run_virtual(scene)


def test_what_is_due_at_once_is_a_timer_too() -> None:
    """The loop of the controller has no time for such a one, and asking for it ended calls under load."""

    class Due(Board):
        def next_deadline(self) -> dt.datetime:
            return SystemClock().now()

    async def scene() -> None:
        dispatcher = Dispatcher(Due(RULES), SystemClock(), NoRecords())
        for id in ("e1", "e2"):
            dispatcher.apply(
                EntryArrived(enter(EntryId(id), QueueName("slow"), f"c-{id}", SystemClock().now()))
            )
        assert len(dispatcher.board.entries()) == 2
        dispatcher.close()

    uvloop.run(scene())
