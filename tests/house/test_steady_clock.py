"""The hotline's time of day does not jump with the machine's, goes on over restarts, and is made up slowly."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.steady_clock import KEPT_S, MADE_UP, Reading, SteadyClock, advance

BEGAN_S = 1_790_000_000.0


@dataclass(slots=True)
class Machine:
    """Its wall clock and the count of the kernel."""

    wall_s: float = BEGAN_S
    count_s: float = 1000.0

    def pass_(self, seconds: float) -> None:
        self.wall_s += seconds
        self.count_s += seconds

    def clock(self, path: Path) -> SteadyClock:
        return SteadyClock(path, wall=lambda: self.wall_s, count=lambda: self.count_s)


@pytest.mark.parametrize("hours", [-5, -0.5, 0.5, 5])
def test_a_jump_of_the_wall_clock_is_no_time_that_passed(tmp_path: Path, hours: float) -> None:
    machine = Machine()
    clock = machine.clock(tmp_path / "clock.json")
    before = clock.now()
    machine.pass_(10.0)
    machine.wall_s += hours * 3600
    passed_s = (clock.now() - before).total_seconds()
    assert passed_s == pytest.approx(10.0, abs=10.0 * MADE_UP + 0.001)


def test_the_next_process_goes_on_from_where_this_one_was(tmp_path: Path) -> None:
    machine = Machine()
    first = machine.clock(tmp_path / "clock.json")
    first.now()
    machine.wall_s += 7200
    machine.pass_(30.0)
    before = first.now()
    machine.pass_(4.0)
    after = machine.clock(tmp_path / "clock.json").now()
    assert (after - before).total_seconds() == pytest.approx(4.0, abs=1.0)


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_process_that_starts_after_a_jump_is_not_behind_what_was_told_before(
    tmp_path: Path, hours: float
) -> None:
    machine = Machine()
    first = machine.clock(tmp_path / "clock.json")
    machine.pass_(3600.0)  # in step all the while, so that the file is as old
    machine.wall_s += hours * 3600
    machine.pass_(3.0)
    before = first.now()
    machine.pass_(1.0)
    went_s = (machine.clock(tmp_path / "clock.json").now() - before).total_seconds()
    assert went_s == pytest.approx(1.0, abs=4.0 * MADE_UP + KEPT_S)


def test_the_time_of_another_boot_is_the_machines(tmp_path: Path) -> None:
    machine = Machine()
    machine.clock(tmp_path / "clock.json").now()
    path = tmp_path / "clock.json"
    path.write_text(path.read_text().replace('"boot": "', '"boot": "before-'))
    machine.wall_s += 7200
    assert machine.clock(path).now().timestamp() == pytest.approx(machine.wall_s)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"boot": 1}'])
def test_a_file_that_cannot_be_read_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "clock.json").write_text(content)
    machine = Machine()
    assert machine.clock(tmp_path / "clock.json").now().timestamp() == pytest.approx(machine.wall_s)


def test_a_folder_that_takes_no_file_stops_nobody(tmp_path: Path) -> None:
    machine = Machine()
    assert machine.clock(tmp_path / "nowhere" / "clock.json").now().timestamp() == pytest.approx(BEGAN_S)


@given(
    st.lists(
        st.tuples(st.floats(0.0, 1e5), st.floats(-1e6, 1e6)),
        max_size=30,
    )
)
def test_it_never_goes_back_and_never_runs_away(steps: list[tuple[float, float]]) -> None:
    reading, wall_s = Reading(BEGAN_S, 0.0), BEGAN_S
    for passed_s, jump_s in steps:
        wall_s += passed_s + jump_s
        after = advance(reading, reading.count_s + passed_s, wall_s)
        went_s = after.said_s - reading.said_s
        assert passed_s * (1 - MADE_UP) - 1e-3 <= went_s <= passed_s * (1 + MADE_UP) + 1e-3
        was_off_s = wall_s - (reading.said_s + passed_s)
        assert abs(wall_s - after.said_s) <= abs(was_off_s) + 1e-3, "nearer to the wall clock, never past it"
        reading = after
