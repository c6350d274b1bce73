"""A controller that is too late refuses new callers, as many as it must and no longer than it must."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.admission.deciding import while_late
from ivr.admission.overload import FIRST, OLD_S, Load, OverloadRules, measured, next_caller, share_now
from ivr.admission.rules import AdmissionRules, Admit, Arrival, Refuse

RULES = OverloadRules(late_s=1.0, for_s=2.0)


def after(*late_s: float, every_s: float = 1.0, load: Load | None = None, since: float = 0.0) -> Load:
    """Measurements, one after the other."""
    load = Load() if load is None else load
    for number, late in enumerate(late_s):
        load = measured(load, late, RULES, since + number * every_s)
    return load


def test_it_takes_two_seconds_without_a_measurement_in_time() -> None:
    assert after(3.0, 3.0).share == 0.0
    assert after(3.0, 3.0, 3.0).share == FIRST
    assert after(3.0, 3.0, 0.9, 3.0, 3.0).share == 0.0, "one was in time"
    assert after(6.0, 4.0, every_s=4.0).share == 0.0, "something else had the processor for some seconds"
    assert after(6.0, 4.0, 5.0, every_s=4.0).share == FIRST
    assert after(11.0, 12.0, 12.0, every_s=11.0).share == FIRST, "so late that it measures seldom"
    assert after(20.0, 19.0, 12.0, 4.0, 0.3, every_s=0.01).share == 0.0, "all of one freeze, at once"


def test_the_share_grows_while_it_is_late_and_is_halved_once_it_is_well() -> None:
    shares = [after(*[2.0] * number).share for number in range(3, 8)]
    assert shares[0] == FIRST
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    late = after(*[2.0] * 7)
    halves = [after(*[0.1] * number, load=late, since=7.0).share for number in range(9)]
    # What it fell by is taken off at once, then half of the rest each second.
    assert halves[1] <= 0.5
    assert halves == sorted(halves, reverse=True)
    assert halves[-1] == 0.0
    assert after(*[0.1] * 8, load=late, since=7.0).late_since is None, "and the two seconds begin anew"


def test_between_late_and_well_the_share_stays() -> None:
    late = after(*[2.0] * 7, 0.25)
    held = after(0.25, 0.25, 0.25, load=late, since=8.0)
    assert held.share == pytest.approx(late.share)
    assert after(0.6, load=late, since=8.0).share > late.share


@pytest.mark.parametrize("now", [2.0 + OLD_S, 1.0], ids=["nothing for long", "a clock that went back"])
def test_what_is_not_known_any_more_refuses_nobody(now: float) -> None:
    late = after(2.0, 2.0, 2.0)
    assert share_now(late, 2.5) == FIRST
    assert share_now(late, now) == 0.0
    assert next_caller(late, now)[0] is False
    assert measured(late, 5.0, RULES, now).share == 0.0, "it begins anew"


@given(st.integers(1, 99), st.integers(1, 200))
def test_of_a_share_so_many_are_refused(percent: int, callers: int) -> None:
    load, refused = Load(share=percent / 100, at=0.0), 0
    for _ in range(callers):
        one, load = next_caller(load, 0.5)
        refused += one
    assert abs(refused - callers * percent / 100) < 1.001


def test_the_spared_are_let_in_and_take_nobodys_place() -> None:
    rules = AdmissionRules(most_calls=10, spared_numbers=frozenset({"12356"}))
    load = Load(share=1.0, at=0.0)
    anna = Arrival("138", "12345", "trunk")
    assert while_late(Admit(), anna, load, rules, 0.5)[0] == Refuse("overload")
    for spared in (Arrival("138", "12356", "trunk"), Arrival("138", "12345", "trunk", spared=True)):
        assert while_late(Admit(), spared, load, rules, 0.5) == (Admit(), load)
    assert while_late(Refuse("full"), anna, load, rules, 0.5) == (Refuse("full"), load)


# A controller as a queue of work: so many calls come, and each is work now and for some seconds after.

CALL_S, REFUSAL_S, AT_ONCE, AFTER = 0.020, 0.002, 0.4, 6
MOST = 1 / CALL_S
"""Calls a second that it can serve."""


@dataclass(slots=True)
class Second:
    late_s: float = 0.0
    served: int = 0
    refused: int = 0


@dataclass(slots=True)
class Town:
    """calls: how many come in a second, by the second. frozen: from, until."""

    calls: Callable[[int], float]
    lasts_s: int
    call_lasts_s: float = 4.0
    frozen: tuple[float, float] = (0.0, 0.0)
    protected: bool = True
    seconds: list[Second] = field(default_factory=list)

    def run(self) -> list[Second]:
        chance, load, free_at = random.Random(1), Load(), 0.0
        self.seconds = [Second() for _ in range(self.lasts_s)]
        work = [(float(second), 0, "ping") for second in range(self.lasts_s)]
        for second in range(self.lasts_s):
            work += [(second + chance.random(), 1, "caller") for _ in range(round(self.calls(second)))]
        heapq.heapify(work)
        while work:
            came_at, _, what = heapq.heappop(work)
            now = max(came_at, free_at)
            if self.frozen[0] <= now < self.frozen[1]:
                now = self.frozen[1]
            if now >= self.lasts_s:
                break
            seen = self.seconds[int(now)]
            if what == "ping":
                seen.late_s = max(seen.late_s, now - came_at)
                load = measured(load, now - came_at, RULES, now) if self.protected else load
                continue
            if what == "part":
                free_at = now + CALL_S * (1 - AT_ONCE) / AFTER
                continue
            refused, load = next_caller(load, now)
            free_at = now + (REFUSAL_S if refused else CALL_S * AT_ONCE)
            if refused:
                seen.refused += 1
                continue
            seen.served += 1
            for _ in range(AFTER):
                heapq.heappush(work, (now + chance.random() * self.call_lasts_s, 1, "part"))
        return self.seconds


def quiet_then(calls: float) -> Callable[[int], float]:
    return lambda second: 0.6 * MOST if second < 10 else calls


@pytest.mark.parametrize(("times", "call_lasts_s"), [(1.3, 4.0), (1.5, 60.0), (3.0, 4.0)])
def test_of_too_many_callers_as_many_as_can_be_are_served_in_time(times: float, call_lasts_s: float) -> None:
    storm = Town(quiet_then(times * MOST), 150, call_lasts_s).run()[70:]
    served = sum(one.served for one in storm) / len(storm)
    # What refusing costs is not there for those who are served.
    room = (1 - REFUSAL_S * times * MOST) / (1 - REFUSAL_S / CALL_S)
    assert 0.85 * room * MOST <= served <= 1.05 * MOST
    late = sorted(one.late_s for one in storm)
    assert late[len(late) // 2] < 0.6
    assert late[-1] < 2.0


def test_without_it_all_are_late() -> None:
    storm = Town(quiet_then(1.5 * MOST), 60, protected=False).run()
    assert max(one.late_s for one in storm) > 10


def test_a_storm_that_is_over_refuses_nobody_after_some_seconds() -> None:
    town = Town(lambda second: 1.5 * MOST if 10 <= second < 40 else 0.6 * MOST, 80).run()
    assert sum(one.refused for one in town[:10]) == 0
    assert sum(one.refused for one in town[10:40]) > 100
    assert sum(one.refused for one in town[55:]) == 0


@pytest.mark.parametrize(("freeze_s", "share"), [(2.0, 0.8), (5.0, 0.5), (20.0, 0.05)])
def test_a_freeze_that_is_caught_up_with_at_once_refuses_nobody(freeze_s: float, share: float) -> None:
    town = Town(lambda second: share * MOST, 60, frozen=(20.0, 20.0 + freeze_s)).run()
    assert sum(one.refused for one in town) == 0


def test_after_a_long_freeze_it_refuses_only_while_it_catches_up() -> None:
    town = Town(lambda second: 0.5 * MOST, 90, frozen=(20.0, 40.0)).run()
    in_time = 1 + max(second for second, one in enumerate(town) if one.late_s > RULES.late_s)
    assert in_time < 80
    assert sum(one.refused for one in town[in_time + 5 :]) == 0
