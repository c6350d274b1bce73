from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from statistics import quantiles

import pytest

from routing.agents import Agent
from routing.entries import Ended, Entry, apply, enter
from routing.estimate import (
    LEAST_CALLS,
    LEAST_MEASURED,
    Handling,
    HitRate,
    WaitRange,
    estimate,
)
from routing.handle_times import HandleTimes
from routing.ids import AgentId, EntryId, QueueName, SkillName
from routing.rules import QueueRules, Rules
from routing.standings import Standings

NOW = dt.datetime(2026, 11, 26, 9, 30, tzinfo=dt.UTC)
GENERAL = QueueName("general")
CALLS = Handling(300.0, 1.0, 50)


@pytest.mark.parametrize(
    ("place", "serving", "handle"),
    [(0, 5, CALLS), (1, 0, CALLS), (1, 5, None), (50, 1, CALLS)],
)
def test_nothing_is_said_when_the_figures_do_not_carry_it(
    place: int, serving: int, handle: Handling | None
) -> None:
    assert estimate(place, serving, handle) is None


def test_too_few_calls_say_nothing_of_how_long_calls_take() -> None:
    times = HandleTimes()
    for _ in range(LEAST_CALLS - 1):
        times.add(GENERAL, 200.0, NOW)
    times.add(GENERAL, 0.0, NOW)
    few = HandleTimes()
    for _ in range(LEAST_CALLS - 1):
        few.add(GENERAL, 200.0, NOW)
    assert few.of(GENERAL, NOW) is None
    for number in range(300):
        times.add(GENERAL, 200.0 if number % 2 else 400.0, NOW)
    found = times.of(GENERAL, NOW)
    assert found is not None
    assert found.mean_s == pytest.approx(300.0)
    assert found.spread == pytest.approx(1 / 3)


def test_further_back_is_longer_and_more_agents_are_quicker() -> None:
    first, fifth, staffed = estimate(1, 5, CALLS), estimate(5, 5, CALLS), estimate(5, 10, CALLS)
    assert first is not None
    assert fifth is not None
    assert staffed is not None
    assert first.low_s < first.high_s < fifth.high_s
    assert staffed.high_s == pytest.approx(fifth.high_s / 2)


def test_a_free_agent_is_no_wait_and_those_who_give_up_shorten_it() -> None:
    assert estimate(2, 5, CALLS, free=2) == WaitRange(0.0, 30.0)
    patient, leaving = estimate(10, 5, CALLS), estimate(10, 5, CALLS, giving_up_per_s=1 / 120)
    assert patient is not None
    assert leaving is not None
    assert leaving.high_s < patient.high_s / 1.5


@pytest.mark.parametrize(("place", "serving"), [(1, 3), (4, 6), (20, 10)])
def test_the_range_holds_four_of_five_simulated_waits(place: int, serving: int) -> None:
    """Agents all busy, exponential calls of 300 s: the wait for `place` ends, drawn 4,000 times."""
    said = estimate(place, serving, CALLS)
    assert said is not None
    rng = random.Random(12345)
    waits = [sum(rng.expovariate(serving / 300) for _ in range(place)) for _ in range(4000)]
    deciles = quantiles(waits, n=10)
    assert said.low_s == pytest.approx(deciles[0], rel=0.15, abs=8)
    assert said.high_s == pytest.approx(deciles[-1], rel=0.05)


def test_what_does_not_hold_is_not_told() -> None:
    few, right, wrong = HitRate(), HitRate(), HitRate()
    said = WaitRange(60.0, 120.0)
    for number in range(LEAST_MEASURED):
        if number:
            few.add(said, 90.0)
        right.add(said, 90.0 if number % 5 else 150.0)
        wrong.add(said, 90.0 if number % 5 < 2 else 20.0)
    assert (few.trusted, right.trusted, wrong.trusted) == (False, True, False)
    assert (right.rate, HitRate().rate) == (0.8, None)
    for _ in range(200):
        wrong.add(said, 90.0)
    assert wrong.trusted, "trust is won back by what held since"


def test_the_range_is_widened_at_the_end_where_it_fails() -> None:
    late = HitRate()
    for _ in range(30):
        late.add(WaitRange(60.0, 120.0), 150.0)
    low, high = late.width
    assert low < 1.28 < high
    usual, wider = estimate(5, 5, CALLS), estimate(5, 5, CALLS, width=late.width)
    assert usual is not None
    assert wider is not None
    assert (wider.high_s > usual.high_s, wider.low_s > usual.low_s) == (True, True)
    for _ in range(2000):
        late.add(WaitRange(60.0, 120.0), 90.0)
    assert late.width == (0.5, 0.5), "never without any width"


def test_how_long_calls_take_is_that_of_the_hour_and_of_the_latest() -> None:
    times = HandleTimes()
    night = NOW.replace(hour=3)
    for _ in range(60):
        times.add(GENERAL, 600.0, night, live=False)
        times.add(GENERAL, 200.0, NOW, live=False)
    by_night, by_day = times.of(GENERAL, night), times.of(GENERAL, NOW + dt.timedelta(weeks=1))
    assert by_night is not None
    assert by_day is not None
    assert (by_night.mean_s, by_day.mean_s) == (600.0, 200.0)
    elsewhen = times.of(GENERAL, NOW.replace(hour=20))
    assert elsewhen is not None
    assert 200.0 < elsewhen.mean_s < 600.0, "any hour, where this one is not known"
    for _ in range(50):
        times.add(GENERAL, 400.0, NOW)
    busy = times.of(GENERAL, NOW)
    assert busy is not None
    assert 200.0 < busy.mean_s <= 400.0
    assert times.of(QueueName("other"), NOW) is None


def test_only_who_competes_for_the_same_agents_stands_before() -> None:
    """Two queues: a1 serves both, a2 and a3 only the other. Half of a1 goes to each who may have the others too."""
    other = QueueName("other")
    english = SkillName("english")
    rules = Rules({GENERAL: QueueRules(GENERAL), other: QueueRules(other, priority=5)})

    def agent(name: str, *queues: QueueName, **skills: int) -> Agent:
        known = {SkillName(skill): level for skill, level in skills.items()}
        return Agent(AgentId(name), name, name, known, frozenset(queues), NOW, NOW, state="talking")

    def entry(name: str, queue: QueueName, after_s: int, **skills: int) -> Entry:
        asked = {SkillName(skill): level for skill, level in skills.items()}
        return enter(EntryId(name), queue, name, NOW + dt.timedelta(seconds=after_s), skills=asked)

    agents = [agent("a1", GENERAL, other, english=3), agent("a2", other), agent("a3", other)]
    line = [
        entry("e1", GENERAL, 0),
        entry("e2", other, 1),  # before e3 by priority, with three agents of whom one is e3's
        entry("e3", GENERAL, 2),
        entry("e4", GENERAL, 3, english=1),
        entry("e5", GENERAL, 4, english=4),
    ]
    later = enter(EntryId("cb"), GENERAL, "cb", NOW, callback="cb-1", not_before=NOW + dt.timedelta(hours=1))
    look = Standings()
    look.all_anew(rules, agents, [*line, later], NOW)
    standing = look.of(line[2], rules)
    assert standing is not None
    assert standing.place == pytest.approx(1 + 1 + 1 / 3)
    assert (standing.serving, standing.free) == (1, 0)
    fifth = look.of(line[4], rules)
    assert fifth is not None
    assert fifth.serving == 0, "nobody speaks English so well"
    assert look.last(GENERAL, {english: 1}).place == pytest.approx(1 + 3 + 1 / 3)
    look.time(rules, NOW + dt.timedelta(hours=2))
    assert look.last(GENERAL, {english: 1}).place == pytest.approx(1 + 4 + 1 / 3), "its time has come"
    look.entry(apply(line[0], Ended("abandoned"), NOW), rules, NOW)
    look.agent(replace(agents[0], state="available"))
    standing = look.of(line[2], rules)
    assert standing is not None
    assert standing.place == pytest.approx(1 + 1 + 1 / 3), "the callback is before it, e1 is gone"
    assert standing.free == 1
    look.agent(replace(agents[0], state="paused"))
    assert look.last(GENERAL, {}).serving == 0
