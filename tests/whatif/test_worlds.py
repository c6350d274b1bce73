"""What a scenario may say happens: shifts, lines, retrials, orders, rules, callbacks, the end of the day."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ivr.whatif.run import replicate, replicate_all
from ivr.whatif.tally import AGENT_SUMS, CALL_SUMS
from ivr.whatif.world import World
from tests.whatif.worlds import planned, scenario, simulated, value


def counts(folder: Path, written: dict[str, Any], seed: int = 1) -> dict[str, float]:
    figures = replicate(planned(folder, written), seed, 0)
    return dict(zip(CALL_SUMS, figures.calls.sum(axis=(1, 2)).tolist(), strict=True))


def test_the_same_seed_gives_the_same_in_any_process(tmp_path: Path) -> None:
    plan = planned(tmp_path, scenario(horizon="20 min"))
    here = replicate_all(plan, 5, 2, processes=1)
    there = replicate_all(plan, 5, 2, processes=2)
    other = replicate_all(plan, 6, 2, processes=1)
    for one, two in zip(here, there, strict=True):
        assert (one.calls == two.calls).all()
        assert (one.agents == two.agents).all()
    assert (here[0].calls != other[0].calls).any()
    assert (here[0].calls != here[1].calls).any()


def test_a_variant_meets_the_same_callers(tmp_path: Path) -> None:
    """So that what differs is the variant's doing, not chance."""
    before = World(planned(tmp_path, scenario()), 1, 0)
    written = scenario(groups={"desk": {"agents": 9, "serves": ["calls"], "answer_delay": 3}})
    after = World(planned(tmp_path, written), 1, 0)
    assert [(call.arrived, call.talk) for call in before.arrivals] == [
        (call.arrived, call.talk) for call in after.arrivals
    ]


def test_an_agent_ends_the_call_before_leaving(tmp_path: Path) -> None:
    """Ten at first, none in the second hour: whoever talks then goes on, and counts as there."""
    written = scenario(periods="1 h", at_end="close")
    written["types"]["calls"] |= {"arrivals": "6/min", "talk": {"constant": "5 min"}}
    written["groups"]["desk"]["agents"] = [10, 0]
    figures = replicate(planned(tmp_path, written), 1, 0)
    talk, free = AGENT_SUMS.index("talk"), AGENT_SUMS.index("free")
    assert 0 < figures.agents[talk, 0, 1] <= 10 * 300
    assert figures.agents[free, 0, 1] == 0
    turned_away = figures.calls[CALL_SUMS.index("turned_away")].sum()
    assert turned_away > 300


@pytest.mark.parametrize(
    ("at_end", "unserved"), [("serve", None), ("close", "turned_away"), ("cut", "unfinished")]
)
def test_the_end_of_the_day(tmp_path: Path, at_end: str, unserved: str | None) -> None:
    written = scenario(at_end=at_end, horizon="1 h")
    written["types"]["calls"]["arrivals"] = "20/min"
    found = counts(tmp_path, written)
    assert found["offered"] == sum(
        found[kind] for kind in ("answered", "abandoned", "blocked", "turned_away", "unreached", "unfinished")
    )
    if unserved is None:
        assert found["answered"] == found["offered"]
    else:
        assert found[unserved] > 500
        assert found["answered"] + found[unserved] == found["offered"]


def test_lines_block_and_the_blocked_call_again(tmp_path: Path) -> None:
    """As many lines as agents: Erlang B, nobody ever waits. Who is blocked calls until the attempts are used up."""
    written = scenario(lines=12)
    written["types"]["calls"] |= {
        "arrivals": "8/min",
        "retrial": {"probability": 1, "delay": "30 s", "after": "blocked", "attempts": 3},
    }
    found = counts(tmp_path, written)
    assert found["waited"] == 0
    assert found["blocked"] > 100
    assert found["first"] < found["offered"] <= 3 * found["first"]


def test_the_impatient_call_again_as_impatient(tmp_path: Path) -> None:
    written = scenario(groups={"desk": {"agents": 4, "serves": ["calls"]}})
    for same, least in ((False, 1), (True, 1)):
        written["types"]["calls"] |= {
            "patience": {"uniform": [1, 60]},
            "retrial": {"probability": 0.5, "delay": 60, "same": same},
        }
        found = counts(tmp_path, written)
        again = found["offered"] - found["first"]
        assert again == pytest.approx(0.5 * found["abandoned"], rel=0.2)
        assert again > least


def test_balking_is_hanging_up_at_once_unless_served(tmp_path: Path) -> None:
    written = scenario(groups={"desk": {"agents": 4, "serves": ["calls"]}})
    written["types"]["calls"]["balk"] = 1
    found = counts(tmp_path, written)
    assert found["wait_abandoned"] == 0
    assert found["abandoned"] > 100
    assert found["waited"] == 0


def test_groups_are_asked_in_the_types_order(tmp_path: Path) -> None:
    written = scenario()
    written["types"]["calls"] |= {"groups": ["second", "first"]}
    written["groups"] = {
        "first": {"agents": 10, "serves": ["calls"]},
        "second": {"agents": 10, "serves": ["calls"]},
    }
    result = simulated(tmp_path, written, replications=1)
    first, second = (result.groups[name]["occupancy"].value for name in ("first", "second"))
    assert first is not None
    assert second is not None
    assert second > 2 * first


def test_who_frees_takes_the_first_type_that_waits(tmp_path: Path) -> None:
    waits = {}
    for in_order in (False, True):
        calls = {"arrivals": "3.1/min", "talk": {"exponential": "2 min"}}
        written = scenario(
            horizon="4 h",
            types={"urgent": calls, "other": calls},
            groups={"desk": {"agents": 13, "serves": ["urgent", "other"], "in_order": in_order}},
        )
        result = simulated(tmp_path, written, replications=1)
        waits[in_order] = value(result, "mean_wait", "urgent"), value(result, "mean_wait", "other")
    assert waits[False][0] == pytest.approx(waits[False][1], rel=0.5)
    assert waits[True][0] < 0.5 * waits[True][1]
    # Nobody works more or less for it: only the order is another.
    assert sum(waits[True]) == pytest.approx(sum(waits[False]), rel=0.2)


def test_phones_that_do_not_answer_cost_time_and_pause_their_agents(tmp_path: Path) -> None:
    written = scenario(queues={"calls": {"ring_s": 10, "no_answer_pause_after": 2}})
    written["groups"]["desk"] |= {"no_answer": 0.3, "rejects": 0.1, "answer_delay": {"uniform": [1, 4]}}
    result = simulated(tmp_path, written, replications=1)
    agents = result.agents
    assert value(result, "answered") == value(result, "offered")
    assert (agents["missed"].value or 0) > 100
    assert (agents["utilisation"].value or 0) < (agents["occupancy"].value or 0)


def test_wrap_up_by_the_type_or_by_the_queue(tmp_path: Path) -> None:
    by_queue = scenario(queues={"calls": {"wrap_up_s": 30}})
    by_type = scenario(queues={"calls": {"wrap_up_s": 30}})
    by_type["types"]["calls"]["wrap_up"] = {"uniform": [0, 20]}
    neither = scenario()
    found = [
        simulated(tmp_path, each, replications=1).agents["mean_wrap_up"].value
        for each in (by_queue, by_type, neither)
    ]
    assert found == [pytest.approx(30, rel=0.1), pytest.approx(10, rel=0.2), 0]


def test_a_group_may_be_slower_or_faster(tmp_path: Path) -> None:
    written = scenario(
        groups={
            "fast": {"agents": 8, "serves": ["calls"], "speed": 2},
            "slow": {"agents": 8, "serves": ["calls"], "talk": {"calls": {"constant": 240}}},
        }
    )
    groups = simulated(tmp_path, written, replications=1).groups
    assert groups["fast"]["mean_talk"].value == pytest.approx(60, rel=0.2)
    assert groups["slow"]["mean_talk"].value == pytest.approx(240, rel=0.01)


def test_a_callback_keeps_the_place_and_frees_the_line(tmp_path: Path) -> None:
    written = scenario(lines=30)
    written["types"]["calls"] |= {"arrivals": "7/min", "patience": {"exponential": "2 min"}}
    without = counts(tmp_path, written)
    written["types"]["calls"]["callback"] = {"after": 20, "accepted": 1, "reached": 0.8, "attempts": 2}
    found = counts(tmp_path, written)
    assert found["called_back"] > 20
    assert found["abandoned"] < without["abandoned"]
    assert 0 < found["unreached"] < 0.1 * found["called_back"] + 5


def test_pauses_hours_surges_and_busyness(tmp_path: Path) -> None:
    written = scenario(horizon="4 h", periods="1 h", start="2026-01-05 08:00")
    written["types"]["calls"]["arrivals"] = {
        "per_hour": [60] * 24,
        "surges": [{"from": "1 h", "to": "2 h", "factor": 4}],
        "busyness": {"constant": 0.5},
    }
    written["hours"] = {"calls": [{"from": "08:00", "to": "11:00"}]}
    written["groups"]["desk"]["pauses"] = {"every": "30 min", "length": "10 min"}
    figures = replicate(planned(tmp_path, written), 1, 0)
    offered, turned_away = (
        figures.calls[CALL_SUMS.index(name), 0].tolist() for name in ("offered", "turned_away")
    )
    assert offered[1] > 2.5 * offered[0]
    assert turned_away[:3] == [0, 0, 0]
    assert turned_away[3] == offered[3] > 0
    paused = figures.agents[AGENT_SUMS.index("paused")].sum()
    assert 0.1 < paused / (12 * 4 * 3600) < 0.4


def test_shifts_go_by_the_clock_and_past_midnight(tmp_path: Path) -> None:
    written = scenario(horizon="2 d", periods="6 h", start="2026-01-09 00:00")  # a Friday
    written["types"]["calls"]["arrivals"] = "1/h"
    written["groups"]["desk"] = {
        "serves": ["calls"],
        "shifts": [
            {"days": "fri", "from": "06:00", "to": "18:00", "agents": 3},
            {"days": "daily", "from": "18:00", "to": "06:00", "agents": 1},
        ],
    }
    plan = planned(tmp_path, written)
    figures = replicate(plan, 1, 0)
    hours = (figures.agents[3:].sum(axis=(0, 1)) / 3600).round().tolist()
    assert hours == [6, 18, 18, 6, 6, 0, 0, 6]


def test_a_renewal_process_and_exact_times(tmp_path: Path) -> None:
    written = scenario()
    written["types"]["calls"]["arrivals"] = {"every": {"constant": 60}}
    assert counts(tmp_path, written)["offered"] == 119


def test_several_rung_at_once_answer_sooner(tmp_path: Path) -> None:
    """Telephones that are answered after 6 s on average, agents enough: the first of three is after 2 s."""
    waits = []
    for ring in (1, 3):
        written = scenario(horizon="12 h", queues={"calls": {"ring": ring, "ring_s": 60}})
        written["types"]["calls"] |= {"arrivals": "0.5/min"}
        written["groups"]["desk"] |= {"answer_delay": {"exponential": 6}}
        found = simulated(tmp_path, written)
        waits.append(value(found, "mean_wait"))
        assert value(found, "answered") == value(found, "offered")
        assert found.agents["missed"].value == 0
    assert waits == [pytest.approx(6, abs=1), pytest.approx(2, abs=0.4)]
