"""Jumps of the machine's clock are on record, and say how far measured times may be from times of day."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.clock import SystemClock
from ivr.clock_jumps import MOST, act_of, apart_s, jumps_on_record, keep_on_record
from ivr.steady_clock import Jump, SteadyClock
from storage.act_records import ActRecord
from storage.migrate import upgrade
from storage.store import Store
from tests.house.test_steady_clock import Machine

AT = dt.datetime(2026, 5, 4, 9, tzinfo=dt.UTC)


def after(seconds: float) -> dt.datetime:
    return AT + dt.timedelta(seconds=seconds)


def kept(clock: SteadyClock) -> list[ActRecord]:
    found: list[ActRecord] = []
    keep_on_record(clock, found.append, "n1")
    return found


def test_a_jump_is_on_record_once_with_its_amount(tmp_path: Path) -> None:
    machine = Machine()
    clock = machine.clock(tmp_path / "clock.json")
    found = kept(clock)
    before = clock.now()
    machine.wall_s += 100.0
    for _ in range(50):
        machine.pass_(0.5)
        clock.now()
    (act,) = found
    assert (act.at, act.kind, act.act, act.subject) == (before, "clock", "jump", "n1")
    assert act.data == {"by_s": 100.0, "ahead_s": 100.0}
    machine.wall_s -= 90.0
    clock.now()
    assert found[1].data == {"by_s": -90.0, "ahead_s": pytest.approx(100.0 - 2.5 - 90.0)}


def test_the_next_process_says_what_is_left_to_make_up(tmp_path: Path) -> None:
    machine = Machine()
    first = machine.clock(tmp_path / "clock.json")
    machine.wall_s += 100.0
    machine.pass_(10.0)
    first.now()
    (act,) = kept(machine.clock(tmp_path / "clock.json"))
    assert act.data["ahead_s"] == pytest.approx(99.0, abs=0.3)
    machine.pass_(5.0)
    assert kept(first)[0].data["ahead_s"] == pytest.approx(100.0), "whoever asks later is told as well"


def test_a_clock_that_goes_right_and_one_that_tells_nothing_leave_no_record(tmp_path: Path) -> None:
    machine = Machine()
    clock = machine.clock(tmp_path / "clock.json")
    found = kept(clock)
    for _ in range(100):
        machine.pass_(0.3)
        machine.wall_s += 0.01
        clock.now()
    keep_on_record(SystemClock(), found.append, "n1")
    assert found == []


@given(
    st.lists(
        st.tuples(st.floats(0.05, 30.0), st.sampled_from([0.0, 0.0, 0.0, 3.0, -3.0, 50.0, -50.0])),
        max_size=60,
    ),
    st.data(),
)
def test_no_time_is_further_off_than_the_jumps_say(
    steps: list[tuple[float, float]], data: st.DataObject
) -> None:
    machine = Machine()
    clock = machine.clock(Path("/nowhere/clock.json"))
    jumps: list[Jump] = []
    clock.tell(jumps.append)
    readings = [(clock.now(), machine.count_s)]
    for passed_s, jump_s in steps:
        machine.wall_s += jump_s
        readings.append((clock.now(), machine.count_s))
        machine.pass_(passed_s)
        readings.append((clock.now(), machine.count_s))
    first = data.draw(st.integers(0, len(readings) - 1))
    last = data.draw(st.integers(first, len(readings) - 1))
    (since, from_s), (until, to_s) = readings[first], readings[last]
    off_s = abs((until - since).total_seconds() - (to_s - from_s))
    assert off_s <= apart_s(jumps, since, until) + 1e-3


async def test_those_of_this_node_until_then_are_found_again(tmp_path: Path) -> None:
    jumps = [Jump(after(n), 5.0, 5.0 + n) for n in range(3)]
    url = f"sqlite+aiosqlite:///{tmp_path}/h.db"
    await upgrade(url)
    async with await Store.open(url) as store:
        async with store.unit_of_work() as uow:
            await uow.acts.append(*(act_of(jump, "n1") for jump in jumps), act_of(jumps[0], "n2"))
        async with store.reading() as uow:
            assert await jumps_on_record(uow, "n1", after(1.5)) == jumps[:2]
            assert await jumps_on_record(uow, "n3", after(MOST)) == []
