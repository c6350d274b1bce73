"""The outbox on virtual time: what is delivered when, and what a restart or a slow gateway does to it."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from ivr.errors import StorageError
from ivr.flow.actions import Notify
from ivr.ids import CallId
from ivr.outside.messages import Delivered, Delivery, DeliveryPolicy, Undelivered
from ivr.outside.outbox import Outbox, Route
from storage.promises import NotificationRecord
from tests.support.virtual_time import VirtualClock, run_virtual

CALL = CallId("c-n1-5f-01")
CALLER = "13812345678"


@dataclass
class Gateway:
    """answers: what comes of each delivery, the last one for ever. takes_s: how long each takes."""

    answers: list[Delivery] = field(default_factory=lambda: [Delivered()])
    takes_s: float = 0.0
    seen: list[tuple[float, str]] = field(default_factory=list)
    at_once: int = 0
    most: int = 0

    async def deliver(self, record: NotificationRecord) -> Delivery:
        self.seen.append((asyncio.get_running_loop().time(), record.id))
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            await asyncio.sleep(self.takes_s)
        finally:
            self.at_once -= 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Kept:
    """The database: rows by id, the newest state of each."""

    def __init__(self, away: int = 0) -> None:
        self.rows: dict[str, NotificationRecord] = {}
        self.away = away
        self.reads = 0

    def put(self, record: NotificationRecord) -> None:
        known = self.rows.get(record.id)
        assert known is None or record.revision > known.revision
        self.rows[record.id] = record

    async def pending(self, limit: int) -> Iterable[NotificationRecord]:
        self.reads += 1
        await asyncio.sleep(0.01)
        if self.reads <= self.away:
            raise StorageError("the database is away")
        due = sorted(
            (row for row in self.rows.values() if row.state == "pending"),
            key=lambda row: (row.next_at, row.id),
        )
        await asyncio.sleep(0.01)
        return due[:limit]

    def states(self) -> list[str]:
        return [row.state for row in self.rows.values()]


def sms(to: str = CALLER, channel: str = "sms", text: str = "工单已受理") -> Notify:
    return Notify(channel, to, text, "zh", {"ticket": "7"})


def outbox(kept: Kept, routes: dict[str, Route], **more: Any) -> Outbox:
    policy = more.pop("policy", DeliveryPolicy(first_s=10, longest_s=100, give_up=dt.timedelta(hours=1)))
    return Outbox(routes, kept.put, kept.pending, VirtualClock(), policy, spread=lambda: 0.99999, **more)


def running(box: Outbox, doing: Callable[[], Awaitable[None]], then_s: float = 1.0) -> None:
    """Run the outbox while `doing`, and then_s longer; a controller that stops cancels it."""

    async def main() -> None:
        task = asyncio.create_task(box.run(), name="outbox")
        await doing()
        await asyncio.sleep(then_s)
        task.cancel()
        await asyncio.wait([task])

    run_virtual(main)


def told(box: Outbox, *wanted: Notify) -> Callable[[], Awaitable[None]]:
    async def doing() -> None:
        for each in wanted:
            box.notify(CALL, each, CALLER, VirtualClock().now())

    return doing


def test_a_message_is_kept_first_and_delivered_at_once() -> None:
    kept, gateway = Kept(), Gateway()
    box = outbox(kept, {"sms": Route(gateway)})
    running(box, told(box, sms()))
    (row,) = kept.rows.values()
    assert (row.state, row.recipient, row.text, row.attempts, row.call_id) == (
        "sent",
        CALLER,
        "工单已受理",
        1,
        CALL,
    )
    assert gateway.seen == [(pytest.approx(0, abs=0.1), row.id)]
    assert box.waiting == 0


def test_it_is_kept_even_when_nothing_delivers_yet() -> None:
    kept = Kept()

    async def main() -> None:
        outbox(kept, {"sms": Route(Gateway())}).notify(CALL, sms(), CALLER, VirtualClock().now())

    run_virtual(main)
    assert kept.states() == ["pending"]


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (sms(channel="pigeon"), "there is no channel `pigeon` in outside.channels (there are: sms)"),
        (sms(to="13900000000"), "the channel `sms` may not write to 139******00: see its `to`"),
        (sms(to=""), "the channel `sms` has no address of its own, and the dialogue names none"),
    ],
)
def test_what_can_go_to_nobody_is_kept_as_failed_with_its_reason(wanted: Notify, reason: str) -> None:
    kept, gateway = Kept(), Gateway()
    box = outbox(kept, {"sms": Route(gateway)})
    running(box, told(box, wanted))
    (row,) = kept.rows.values()
    assert (row.state, row.error) == ("failed", reason)
    assert not gateway.seen


def test_it_is_tried_again_with_growing_pauses_under_the_same_id() -> None:
    kept, gateway = Kept(), Gateway([Undelivered("away"), Undelivered("away"), Delivered()])
    box = outbox(kept, {"sms": Route(gateway)})
    running(box, told(box, sms()), 200)
    (row,) = kept.rows.values()
    assert (row.state, row.attempts, row.error) == ("sent", 3, "")
    assert [round(at) for at, _ in gateway.seen] == [0, 10, 50]
    assert {id for _, id in gateway.seen} == {row.id}


def test_it_is_given_up_after_its_time() -> None:
    kept, gateway = Kept(), Gateway([Undelivered("away")])
    box = outbox(kept, {"sms": Route(gateway)})
    running(box, told(box, sms()), 7200)
    (row,) = kept.rows.values()
    assert (row.state, row.error) == ("failed", "away")
    assert max(at for at, _ in gateway.seen) <= 3600


def test_a_restart_sends_what_was_not_sent_and_nothing_else() -> None:
    kept, gateway = Kept(), Gateway()
    first = outbox(kept, {"sms": Route(gateway)})
    running(first, told(first, sms()))
    killed = outbox(kept, {"sms": Route(Gateway(takes_s=3600))})
    running(killed, told(killed, sms(), sms()))
    assert kept.states() == ["sent", "pending", "pending"]
    pending = {row.id for row in kept.rows.values() if row.state == "pending"}

    gateway.seen.clear()
    again = outbox(kept, {"sms": Route(gateway)})
    running(again, told(again))
    assert kept.states() == ["sent"] * 3
    assert {id for _, id in gateway.seen} == pending
    assert len(gateway.seen) == 2


def test_a_restart_keeps_the_pause_that_was_under_way() -> None:
    kept = Kept()
    first = outbox(kept, {"sms": Route(Gateway([Undelivered("away")]))})
    running(first, told(first, sms()), 1)
    gateway = Gateway()
    again = outbox(kept, {"sms": Route(gateway)})
    running(again, told(again), 60)
    assert [round(at) for at, _ in gateway.seen] == [10]


def test_a_channel_that_is_gone_after_a_restart_ends_its_messages() -> None:
    kept = Kept()
    first = outbox(kept, {"sms": Route(Gateway(takes_s=3600))})
    running(first, told(first, sms()))
    again = outbox(kept, {"mail": Route(Gateway())})
    running(again, told(again))
    (row,) = kept.rows.values()
    assert (row.state, row.error) == ("failed", "there is no channel `sms` any more")


def test_a_database_that_is_away_at_the_start_is_asked_again() -> None:
    kept = Kept(away=3)
    first = outbox(kept, {"sms": Route(Gateway(takes_s=3600))})
    running(first, told(first, sms()))
    kept.reads = 0
    again = outbox(kept, {"sms": Route(Gateway())})
    running(again, told(again), 200)
    assert (kept.states(), kept.reads) == (["sent"], 4)


def test_a_message_that_is_sent_while_the_database_is_read_is_not_sent_twice() -> None:
    kept, gateway = Kept(), Gateway(takes_s=0.012)
    box = outbox(kept, {"sms": Route(gateway, at_once=50)})

    async def doing() -> None:
        for _ in range(20):
            box.notify(CALL, sms(), CALLER, VirtualClock().now())
            await asyncio.sleep(0.001)

    running(box, doing)
    assert len(gateway.seen) == 20
    assert kept.states() == ["sent"] * 20


def test_a_slow_gateway_holds_up_no_other_and_gets_a_few_at_once() -> None:
    kept, slow, quick = Kept(), Gateway(takes_s=10), Gateway()
    box = outbox(kept, {"sms": Route(slow, at_once=3), "mail": Route(quick)})
    running(box, told(box, *[sms()] * 9, *[sms(channel="mail")] * 5), 100)
    assert [round(at) for at, _ in quick.seen] == [0] * 5
    assert [round(at) for at, _ in slow.seen] == [0] * 3 + [10] * 3 + [20] * 3
    assert slow.most == 3


def test_more_than_can_be_held_wait_in_the_database() -> None:
    kept, gateway = Kept(), Gateway(takes_s=1)
    box = outbox(kept, {"sms": Route(gateway, at_once=2)}, most_held=10)
    held: list[int] = []

    async def doing() -> None:
        await asyncio.sleep(0.1)
        for _ in range(100):
            box.notify(CALL, sms(), CALLER, VirtualClock().now())
            held.append(box.waiting)

    running(box, doing, 200)
    assert max(held) == 10
    assert kept.states() == ["sent"] * 100
    assert len(gateway.seen) == 100


def test_a_fault_of_ours_in_a_channel_costs_an_attempt_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        calls = 0

        async def deliver(self, record: NotificationRecord) -> Delivery:
            self.calls += 1
            if self.calls == 1:
                raise KeyError("13812345678")
            return Delivered()

    kept = Kept()
    box = outbox(kept, {"sms": Route(Broken())})
    running(box, told(box, sms()), 60)
    (row,) = kept.rows.values()
    assert (row.state, row.attempts) == ("sent", 2)


def test_no_log_line_tells_number_or_text(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    kept = Kept()
    box = outbox(kept, {"sms": Route(Gateway([Undelivered("away"), Undelivered("never", permanent=True)]))})
    running(box, told(box, sms(), sms(to="13900000000"), sms(channel="pigeon")), 60)
    assert caplog.text
    assert not any(word in caplog.text for word in (CALLER, "13900000000", "工单已受理"))
