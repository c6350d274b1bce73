"""Whose turn it is: pure, and the same with threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from asr.fair import FairQueue
from asr.load import Lane, Load
from asr.protocol import AsrUnavailable, ListenRequest, Priority
from tests.support.fake_engine import FakeRecognizer

PATIENCE_S = 20.0


def taken(queue: FairQueue[str]) -> list[str]:
    """All that may be done now, one after the other."""
    found = []
    while (next_one := queue.take()) is not None:
        priority, work = next_one
        found.append(work)
        queue.done(priority)
    return found


def test_each_hearing_has_its_turn() -> None:
    queue: FairQueue[str] = FairQueue(1)
    for piece in ("a1", "a2", "a3"):
        queue.put(1, "live", piece)
    queue.put(2, "live", "b1")
    queue.put(3, "live", "c1")
    queue.put(2, "live", "b2")
    assert taken(queue) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_recordings_wait_for_whoever_is_on_the_line() -> None:
    queue: FairQueue[str] = FairQueue(1)
    for number in range(10):
        queue.put(number, "background", f"recording {number}")
    queue.put(20, "live", "caller")
    assert taken(queue) == ["caller", *(f"recording {number}" for number in range(10))]


def test_recordings_never_hold_more_than_their_threads() -> None:
    queue: FairQueue[str] = FairQueue(2)
    for piece in ("one", "two", "three"):
        queue.put(1, "background", piece)
    assert (queue.take(), queue.take()) == (("background", "one"), ("background", "two"))
    assert queue.take() is None
    queue.put(2, "live", "caller")
    assert queue.take() == ("live", "caller")
    queue.done("background")
    assert queue.take() == ("background", "three")


def test_a_hearing_that_ended_leaves_nothing_behind() -> None:
    queue: FairQueue[str] = FairQueue(1)
    queue.put(1, "live", "a")
    queue.put(2, "live", "b")
    queue.put(1, "live", "c")
    assert queue.forget(1) == ["a", "c"]
    assert list(queue.waiting("live")) == ["b"]
    assert taken(queue) == ["b"]
    assert queue.forget(9) == []


@pytest.fixture
def load() -> Iterator[Load]:
    load = Load(1)
    yield load
    load.stop()


def lane(load: Load, priority: Priority = "live") -> Lane:
    return load.lane(FakeRecognizer("fake", streaming=True), ListenRequest("zh", ("x",), priority=priority))


class Desk:
    """Holds the only thread until it is let go, and notes who comes after."""

    def __init__(self, load: Load) -> None:
        self.order: list[str] = []
        self._open = threading.Event()
        self._lane = lane(load)
        busy = threading.Event()

        def hold() -> None:
            busy.set()
            self._open.wait(PATIENCE_S)

        self._held = self._lane.submit(hold)
        assert busy.wait(PATIENCE_S)

    def let_go(self) -> None:
        self._open.set()
        self._held.result(PATIENCE_S)


def test_a_long_speech_and_recordings_delay_nobody_by_more_than_a_piece(load: Load) -> None:
    desk = Desk(load)
    long, short, late = lane(load), lane(load), lane(load)
    recordings = [lane(load, "background") for _ in range(10)]
    futures = [one.submit(lambda: desk.order.append("recording")) for one in recordings]
    futures += [long.submit(lambda: desk.order.append("long")) for _ in range(20)]
    futures += [
        short.submit(lambda: desk.order.append("short")),
        late.submit(lambda: desk.order.append("late")),
    ]
    desk.let_go()
    for future in futures:
        future.result(PATIENCE_S)
    assert desk.order == ["long", "short", "late", *["long"] * 19, *["recording"] * 10]


def test_of_two_threads_one_is_never_held_by_recordings() -> None:
    load = Load(2)
    release = threading.Event()
    running = threading.Semaphore(0)

    def hold() -> None:
        running.release()
        release.wait(PATIENCE_S)

    held = [lane(load, "background").submit(hold) for _ in range(4)]
    assert running.acquire(timeout=PATIENCE_S)
    assert lane(load).submit(lambda: "heard").result(PATIENCE_S) == "heard"
    assert sum(future.running() for future in held) == 1
    release.set()
    for future in held:
        future.result(PATIENCE_S)
    load.stop()


def test_what_a_hearing_left_waiting_is_never_done(load: Load) -> None:
    desk = Desk(load)
    gone, stays = lane(load), lane(load)
    dropped = gone.submit(lambda: desk.order.append("gone"))
    cancelled = stays.submit(lambda: desk.order.append("cancelled"))
    done = stays.submit(lambda: desk.order.append("stays"))
    gone.close()
    gone.close()
    assert dropped.cancelled() and cancelled.cancel()
    desk.let_go()
    done.result(PATIENCE_S)
    assert desk.order == ["stays"]


def test_an_error_is_for_whoever_asked_and_harms_no_thread(load: Load) -> None:
    here = lane(load)

    def fail() -> None:
        raise ValueError("told to")

    with pytest.raises(ValueError, match="told to"):
        here.submit(fail).result(PATIENCE_S)
    assert here.submit(lambda: 7).result(PATIENCE_S) == 7
    assert here.idle


def test_what_work_costs_is_measured_by_the_clock() -> None:
    now = [100.0]
    load = Load(1, clock=lambda: now[0])
    whole = FakeRecognizer("fake", streaming=False)
    first = load.lane(whole, ListenRequest("zh"))

    def work() -> None:
        now[0] += 2.0

    for _ in range(40):
        now[0] += 6.0
        first.submit(work, 1.0).result(PATIENCE_S)
    measured = load.measured()
    assert measured.costs["fake open"] == pytest.approx(2.0, abs=0.1)
    assert measured.wait_s == pytest.approx(2.0, abs=0.1)
    # Eight seconds a turn, two of them at work.
    assert measured.use == pytest.approx(0.25, abs=0.02)
    with pytest.raises(AsrUnavailable) as refused:
        load.lane(whole, ListenRequest("zh"))
    assert refused.value.cause == "overloaded"
    load.stop()


def test_what_is_done_only_while_nobody_waits_says_nothing_of_the_cost() -> None:
    now = [0.0]
    load = Load(1, clock=lambda: now[0])
    here = load.lane(FakeRecognizer("fake", streaming=False), ListenRequest("zh"))

    def work() -> None:
        now[0] += 0.5

    for _ in range(40):
        here.submit(work).result(PATIENCE_S)
        here.submit(work, 1.0).result(PATIENCE_S)
    assert load.measured().costs["fake open"] == pytest.approx(0.5, abs=0.03)
    load.stop()


def test_an_engine_that_reads_two_at_once_costs_the_time_that_passes() -> None:
    """CTranslate2 queues inside: two who ask at once both take twice as long, and yet each costs the same."""
    now = [0.0]
    load = Load(2, clock=lambda: now[0])
    engine = FakeRecognizer("fake", streaming=False)
    lanes = [load.lane(engine, ListenRequest("zh")) for _ in range(2)]
    for _ in range(40):
        both, over = threading.Barrier(2), threading.Barrier(2)

        def work(both: threading.Barrier = both, over: threading.Barrier = over) -> None:
            if both.wait(PATIENCE_S) == 0:
                now[0] += 1.0
            over.wait(PATIENCE_S)

        for future in [one.submit(work, 1.0) for one in lanes]:
            future.result(PATIENCE_S)
    assert load.measured().costs["fake open"] == pytest.approx(0.5, abs=0.05)
    load.stop()


def test_the_kinds_of_work_are_measured_apart(load: Load) -> None:
    lane(load)
    load.lane(FakeRecognizer("fake", streaming=True), ListenRequest("zh"))
    assert set(load.measured().costs) == {"fake grammar", "fake open"}
