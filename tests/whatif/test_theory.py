"""The router in virtual time does what queueing theory says: every wait, and the figures."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from bench.plain_queue import plain_queue
from bench.queueing import pooling_plan
from ivr.whatif.erlang import steady
from ivr.whatif.result import result_of
from ivr.whatif.run import replicate_all
from ivr.whatif.world import World
from tests.whatif.worlds import planned, scenario, simulated, value

REFERENCE = Path(__file__).parents[3] / "shared" / "data" / "queueing" / "reference.json"
KNOWN: list[dict[str, Any]] = [
    # Erlang C as every table has it: 10 Erlang on 14 agents; 2 on 3; Erlang B is the line without places.
    {"per_min": 200 / 60, "aht": 3, "n": 14, "goal": 20, "wait_share": 0.1741319, "service_level": 0.8883500},
    {"per_min": 2, "aht": 1, "n": 3, "wait_share": 4 / 9, "mean_wait": 80 / 3},
    {"per_min": 2, "aht": 1, "n": 3, "places": 0, "blocked_share": 4 / 19},
    # One agent with patience as long as a talk: the states are Poisson, whatever comes.
    {"per_min": 1, "aht": 1, "n": 1, "patience": 1, "occupancy": 0.6321206, "abandoned_share": 0.3678794},
]


def reference() -> list[dict[str, Any]]:
    """The cases of the shared folder where it is there: the same as those of our own, and more of them."""
    if not REFERENCE.exists():
        return []
    names = {
        "P_wait": "wait_share",
        "SL": "service_level",
        "P_abandon": "abandoned_share",
        "P_block": "blocked_share",
        "occupancy": "occupancy",
        "Lq": "mean_queue",
    }
    found = []
    for case in json.loads(REFERENCE.read_text())["analytic_checked"]:
        if "lambda_per_min" in case:
            known = {names[key]: value for key, value in case["expect"].items() if key in names}
            found.append(
                {
                    "per_min": case["lambda_per_min"],
                    "aht": case["aht_min"],
                    "n": case["n"],
                    "goal": case.get("target_s", 20),
                    "places": case.get("waiting_places"),
                    "patience": case.get("patience_min"),
                    **known,
                }
            )
    return found


@pytest.mark.parametrize("case", [*KNOWN, *reference()])
def test_the_formulas_give_what_tables_say(case: dict[str, Any]) -> None:
    case = dict(case)
    patience = case.pop("patience", None)
    found = asdict(
        steady(
            case.pop("per_min") / 60,
            case.pop("aht") * 60,
            case.pop("n"),
            places=case.pop("places", None),
            patience_s=None if patience is None else patience * 60,
            goal_s=case.pop("goal", 20),
        )
    )
    for name, known in case.items():
        assert found[name] == pytest.approx(known, rel=2e-4, abs=1e-6), name


def test_more_calls_than_can_ever_be_served_have_no_steady_state() -> None:
    with pytest.raises(ValueError, match="more calls"):
        steady(1.0, 60.0, 50)


@pytest.mark.parametrize(
    ("patience", "places"), [(None, None), ({"exponential": "1 min"}, None), (None, 5), ({"constant": 45}, 3)]
)
def test_every_single_wait_is_that_of_first_come_first_served(
    tmp_path: Path, patience: Any, places: int | None
) -> None:
    written = scenario(queues={"calls": {} if places is None else {"max_length": places}})
    written["types"]["calls"] |= {"arrivals": "6/min", "patience": patience}
    world = World(planned(tmp_path, written), 7, 0)
    calls = [(call.arrived, call.talk, call.patience) for call in world.arrivals]
    met = {arrived: (kind, wait) for _, arrived, wait, kind in world.run().waits}
    expected = plain_queue(calls, 12, places)
    assert len(met) == len(calls) > 500
    ends = set()
    for (comes, _, _), (kind, wait) in zip(calls, expected, strict=True):
        assert met[comes][0] == kind
        assert met[comes][1] == pytest.approx(wait, abs=1e-4)
        ends.add(kind)
    assert ends == {"answered", *(["abandoned"] if patience else []), *(["blocked"] if places else [])}


def test_the_figures_are_those_of_erlang_a(tmp_path: Path) -> None:
    """Abandonment makes figures settle soon: some 7,000 calls come near them."""
    written = scenario(horizon="9 h", warm_up="1 h")
    written["types"]["calls"] |= {"arrivals": "6.6/min", "patience": {"exponential": "1 min"}}
    result = simulated(tmp_path, written, replications=2)
    exact = asdict(steady(6.6 / 60, 120, 12, patience_s=60, goal_s=20))
    for ours, theirs in (("abandoned_share", "abandoned_share"), ("waited_share", "wait_share")):
        found = result.all[ours]
        assert found.value == pytest.approx(exact[theirs], rel=0.2)
    occupied = result.agents["occupancy"].value
    assert occupied == pytest.approx(exact["occupancy"], rel=0.03)


def test_two_skills_of_six_are_nearly_as_good_as_all(tmp_path: Path) -> None:
    """Wallace and Whitt (2005), with the formula of the full pool as the measure."""
    shares = {}
    for skills in (1, 2, 6):
        plan = pooling_plan(skills, 2.5)
        result = result_of(plan, replicate_all(plan, 7, 1, processes=1), 7)
        shares[skills] = value(result, "mean_wait"), value(result, "service_level")
    assert shares[6][0] <= shares[2][0] < 0.5 * shares[1][0]
    assert shares[2][1] > shares[6][1] - 0.1 > shares[1][1]
