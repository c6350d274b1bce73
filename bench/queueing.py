"""Does the router, in the simulator, do what queueing theory says it must?

1. Erlang C, Erlang A and a finite line: the simulator's figures over the exact ones (ours / formula), with their 95 %
   confidence intervals. Chance blurs them for millions of calls, so that it is taken out as far as it is known: what
   the same calls would have met in `plain_queue`, whose expectation is the formula, is the control variate. Shown too:
   the ratio without that control, the greatest difference between any wait and that of the plain queue, and the plain
   queue alone over millions of calls.
2. Pooling by skills (Wallace and Whitt 2005): 90 agents, six types of 14 Erlang each, 120 lines; agents with 1, 2 and 6
   skills of six.
3. Published simulations (the examples of docs/operators/whatif.md): the published interval and ours. Intervals of 95 %
   miss each other now and then.
4. Calls a minute and processor.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from bench.plain_queue import Ended, plain_queue
from ivr.whatif.erlang import Steady, steady
from ivr.whatif.files import load
from ivr.whatif.laws import Floats
from ivr.whatif.model import Scenario
from ivr.whatif.plan import Plan, plan_of
from ivr.whatif.report_text import shown
from ivr.whatif.result import result_of
from ivr.whatif.run import replicate_all
from ivr.whatif.statistics import Estimate, mean, student
from ivr.whatif.world import World
from routing.ids import QueueName
from routing.rules import QueueRules, Rules

EXAMPLES = Path(__file__).parents[1] / "docs" / "operators" / "whatif"
PUBLISHED: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "three-types": {
        "all.answered": (4270.150, 4324.460),
        "all.abandoned": (876.133, 944.537),
        "groups.left.occupancy": (0.877, 0.884),
        "periods.0.types.first.in_goal": (164.338, 175.970),
        "periods.1.types.first.in_goal": (594.159, 604.509),
        "periods.1.types.second.in_goal": (506.276, 517.020),
        "periods.2.types.third.in_goal": (22.137, 27.639),
    },
    "two-languages": {
        "all.offered": (5105.009, 5115.313),
        "all.retrials": (105.841, 108.495),
        "all.answered": (4962.946, 4971.524),
        "all.abandoned": (141.209, 144.527),
        "all.in_goal": (4892.789, 4900.981),
        "agents.occupancy": (0.51059, 0.51148),
    },
    "finite-queue": {
        "all.blocked": (18.045, 19.265),
        "all.in_goal": (1851.667, 1856.901),
        "all.service_level": (0.919, 0.922),
        "all.mean_wait_answered": (3.54, 3.66),
        "agents.occupancy": (0.688, 0.690),
    },
}
"""Of the examples SimpleMSK, Bilingual and MMCBlocked of the ContactCenters library (Buist and L'Ecuyer, University of
Montreal), each after 1,000 days."""
QUICKLY = {"three-types": 3, "two-languages": 2, "finite-queue": 4}
FIGURES = (
    "wait_share",
    "mean_wait",
    "mean_wait_answered",
    "abandoned_share",
    "blocked_share",
    "service_level",
)
SEED = 3
GOAL = 0.02
SKILLS = 6
TYPES = [f"type{number}" for number in range(SKILLS)]


@dataclass(frozen=True, slots=True)
class Case:
    """One type of call. Times in s."""

    name: str
    per_h: float
    talk: float
    agents: int
    places: int | None = None
    patience: float | None = None
    goal: float = 20.0

    @property
    def hours(self) -> float:
        """Of one replication: so long that some 4,000 calls come."""
        return round(4000 / self.per_h, 1)

    def formula(self) -> Steady:
        return steady(
            self.per_h / 3600,
            self.talk,
            self.agents,
            places=self.places,
            patience_s=self.patience,
            goal_s=self.goal,
        )

    def plan(self) -> Plan:
        written = {
            "horizon": self.hours * 3600 * 1.25,
            "warm_up": self.hours * 3600 * 0.25,
            "goal": self.goal,
            "types": {
                "calls": {
                    "arrivals": f"{self.per_h}/h",
                    "talk": {"exponential": self.talk},
                    "patience": None if self.patience is None else {"exponential": self.patience},
                }
            },
            "groups": {"agents": {"agents": self.agents, "serves": ["calls"]}},
        }
        if self.places is not None:
            written["queues"] = {"calls": {"max_length": self.places}}
        queue = QueueRules(QueueName("calls"), max_length=self.places)
        scenario = Scenario.model_validate(written)
        return plan_of(scenario, Rules({queue.name: queue}), {"calls": frozenset({"max_length"})}, {}, {})


CASES = (
    Case("Erlang C: M/M/14, 10 Erlang", 200, 180, 14),
    Case("Erlang C: M/M/50, 45 Erlang", 2700, 60, 50),
    Case("Erlang A: M/M/50+M, 48 Erlang, patience 120 s", 2880, 60, 50, patience=120),
    Case("finite line: M/M/12/17, 8.4 Erlang, 5 places", 252, 120, 12, places=5),
    Case("finite line and patience: M/M/20/26+M, 22 Erlang", 660, 120, 20, places=6, patience=60),
)


def coupled(job: tuple[Case, int, int]) -> tuple[Floats, Floats, float, list[Any], dict[str, Any]]:
    """(case, replications, calls of the plain queue) -> the figures of the router and those of the plain queue on the
    same calls, by replication; the greatest difference of two waits in s; the router's sums; the plain queue alone.
    """
    case, replications, plain_calls = job
    plan = case.plan()
    ours, plain, worst, figures = [], [], 0.0, []
    for number in range(replications):
        world = World(plan, SEED + int(case.per_h), number)
        calls = [(call.arrived, call.talk, call.patience) for call in world.arrivals]
        tally = world.run()
        figures.append(tally.figures())
        met = {(arrived, kind): wait for _, arrived, wait, kind in tally.waits}
        expected = plain_queue(calls, case.agents, case.places)
        ended: list[tuple[Ended, float]] = []
        for (comes, _, _), (kind, wait) in zip(calls, expected, strict=True):
            worst = max(worst, abs(met.get((comes, kind), np.inf) - wait))
            if comes >= plan.scenario.warm_up:
                ended.append((kind, wait))
        plain.append(_figures(ended, case.goal))
        counted = [(kind, wait) for _, came, wait, kind in tally.waits if came >= plan.scenario.warm_up]
        ours.append(_figures(counted, case.goal))
    return np.array(ours), np.array(plain), worst, figures, plainly(case, plain_calls)


def _figures(ended: Sequence[tuple[str, float]], goal: float) -> list[float]:
    """As in `FIGURES`."""
    waits = np.array([wait for _, wait in ended])
    kinds = np.array([kind for kind, _ in ended])
    answered, entered = kinds == "answered", kinds != "blocked"
    return [
        float(np.mean(waits[entered] > 1e-6)),
        float(waits[entered].mean()),
        float(waits[answered].mean()),
        float(np.mean(kinds == "abandoned")),
        float(np.mean(~entered)),
        float(np.mean(answered & (waits <= goal))),
    ]


def plainly(case: Case, calls: int) -> dict[str, Any]:
    """The plain queue alone: its mean wait over the formula, with the interval over 40 batches.

    Most of what chance does is known: how often calls came and how long talks were, against what they are in the mean.
    The wait at that mean is what the regression over the batches says.
    """
    random = np.random.default_rng(5)
    gaps, talks = random.exponential(3600 / case.per_h, calls), random.exponential(case.talk, calls)
    patience = np.full(calls, np.inf) if case.patience is None else random.exponential(case.patience, calls)
    comes = np.cumsum(gaps)
    told = zip(comes.tolist(), talks.tolist(), patience.tolist(), strict=True)
    ended = plain_queue(told, case.agents, case.places)
    waits = np.array([np.nan if kind == "blocked" else wait for kind, wait in ended])
    first = calls // 40  # the line was empty at the beginning
    parts = [np.array_split(each[first:], 40) for each in (waits, gaps, talks)]
    met = np.array([np.nanmean(part) for part in parts[0]])
    known = [
        np.array([part.mean() for part in parts[1]]) * case.per_h / 3600 - 1,
        np.array([part.mean() for part in parts[2]]) / case.talk - 1,
    ]
    around = np.column_stack([np.ones(40), *known])
    found, *_ = np.linalg.lstsq(around, met, rcond=None)
    rest = met - around @ found
    spread = np.sqrt(rest @ rest / 37 * np.linalg.inv(around.T @ around)[0, 0])
    return _ratio(Estimate(float(found[0]), student(0.95, 37) * float(spread)), case.formula().mean_wait)


def against_theory(cases: Sequence[Case], replications: int, plain_calls: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    jobs = [(case, replications, plain_calls) for case in cases]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for case, (ours, plain, worst, figures, alone) in zip(cases, pool.map(coupled, jobs), strict=True):
            formula = asdict(case.formula())
            calls = int(sum(each.calls[0].sum() for each in figures))
            print(f"\n{case.name} ({calls:,} calls)")
            ratios = {}
            for index, name in enumerate(FIGURES):
                exact = formula[name]
                if exact:
                    raw = _ratio(mean(ours[:, index]), exact)
                    controlled = _ratio(mean(ours[:, index] - plain[:, index] + exact), exact)
                    ratios[name] = {"raw": raw, "controlled": controlled}
                    print(
                        f"  {name:20} formula {exact:9.4f}  ours / formula {controlled['ratio']:.4f}"
                        f" ±{controlled['half']:.4f}, without the control {raw['ratio']:.3f} ±{raw['half']:.3f}"
                    )
            print(
                f"  every wait as in the plain queue, to {worst * 1e6:.1f} us; the plain queue alone / formula: ",
                end="",
            )
            print(f"mean wait {alone['ratio']:.4f} ±{alone['half']:.4f} ({plain_calls:,} calls)")
            found[case.name] = {"ratios": ratios, "worst_wait_difference_s": worst, "plain": alone}
    return found


def _ratio(estimate: Estimate, exact: float) -> dict[str, float]:
    assert estimate.value is not None and estimate.half is not None
    return {
        "ours": estimate.value,
        "formula": exact,
        "ratio": estimate.value / exact,
        "half": estimate.half / exact,
    }


# --- pooling by skills


def pooling_plan(skills: int, hours: float) -> Plan:
    """90 agents, 15 with each first skill; their other skills are dealt evenly. All talks have a mean of 10 min."""
    groups = {}
    for first in range(SKILLS):
        others = [(first + step) % SKILLS for step in range(1, SKILLS)]
        if skills == 1 or skills == SKILLS:
            deals = [(15, others[: skills - 1])]
        else:
            deals = [(15 // len(others), [other]) for other in others]
        for number, (agents, more) in enumerate(deals):
            serves = [TYPES[index] for index in (first, *more)]
            groups[f"group{first}{number}"] = {"agents": agents, "serves": serves}
    written = {
        "horizon": f"{hours + 3} h",
        "warm_up": "3 h",
        "lines": 120,
        "goal": "30 s",
        "types": {name: {"arrivals": "1.4/min", "talk": {"exponential": "10 min"}} for name in TYPES},
        "groups": groups,
    }
    return plan_of(Scenario.model_validate(written), Rules({}), {}, {}, {})


def pooling(replications: int, hours: float) -> dict[str, Any]:
    exact = steady(8.4 / 60, 600, 90, places=30, goal_s=30)
    print(
        f"\npooling: 90 agents, 6 types of 14 Erlang, 120 lines; formula for all skills: blocked"
        f" {exact.blocked_share:.4f}, mean wait {exact.mean_wait:.1f} s, service level {exact.service_level:.3f}"
    )
    found: dict[str, Any] = {}
    for skills in (1, 2, SKILLS):
        plan = pooling_plan(skills, hours)
        result = result_of(plan, replicate_all(plan, 7, replications), 7)
        names = ("blocked_share", "mean_wait", "service_level", "waited_share")
        found[str(skills)] = {name: result.all[name].value for name in names}
        told = ", ".join(f"{name} {shown(name, result.all[name])}" for name in names)
        print(f"  {skills} of 6 skills: {told} ({result.calls:,} calls)")
    found["formula"] = {
        "blocked_share": exact.blocked_share,
        "mean_wait": exact.mean_wait,
        "service_level": exact.service_level,
    }
    return found


# --- published simulations


def published(*, quick: bool) -> dict[str, Any]:
    """The examples of the guide with the figures that their authors published, as told beside each."""
    found: dict[str, Any] = {}
    print("\npublished simulations (theirs: 1,000 days, 95 % interval)")
    for name, figures in PUBLISHED.items():
        plan = load(EXAMPLES / f"{name}.yaml")
        replications = QUICKLY[name] if quick else 60
        result = result_of(plan, replicate_all(plan, 1, replications), 1).to_json()
        print(f"  {name} ({replications} replications)")
        found[name] = {}
        for path, (low, high) in figures.items():
            ours: Any = result
            for part in path.split("."):
                ours = ours[int(part)] if isinstance(ours, list) else ours[part]
            near = ours["high"] >= low and ours["low"] <= high
            found[name][path] = {"ours": ours, "published": [low, high], "intervals_meet": near}
            print(
                f"    {path:34} {ours['low']:10.4f} .. {ours['high']:10.4f}  theirs {low:10.4f} .. {high:10.4f}"
                f"{'' if near else '  apart'}"
            )
    return found


def speed() -> dict[str, float]:
    plan = CASES[0].plan()
    begin, cpu = time.perf_counter(), time.process_time()
    calls = World(plan, 1, 0).run().figures().calls[0].sum()
    calls *= plan.scenario.length_s / (plan.scenario.length_s - plan.scenario.warm_up)
    return {
        "calls_per_min_and_processor": round(calls / (time.process_time() - cpu) * 60),
        "calls_per_min_by_the_clock": round(calls / (time.perf_counter() - begin) * 60),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="under a minute instead of some ten: wider intervals"
    )
    quick = parser.parse_args().quick
    pace = speed()
    print(f"{pace['calls_per_min_and_processor']:,} calls a minute and processor")
    theory = against_theory(
        [CASES[0], *CASES[2:]] if quick else CASES, 4 if quick else 100, 600_000 if quick else 10_000_000
    )
    pooled = pooling(3 if quick else 20, 3.0 if quick else 60.0)
    simulations = published(quick=quick)
    main_figures = [one for case in theory.values() for name, one in case["ratios"].items()]
    print(
        json.dumps(
            {
                "name": "queueing",
                "ours": theory,
                "pooling": pooled,
                "published": simulations,
                "speed": pace,
                "ratio": 1 + max(abs(one["controlled"]["ratio"] - 1) for one in main_figures),
                "goals": {
                    "within_2_percent": all(
                        abs(one["controlled"]["ratio"] - 1) <= GOAL for one in main_figures
                    ),
                    "plain_queue_within_2_percent_or_its_interval": all(
                        abs(case["plain"]["ratio"] - 1) <= max(GOAL, case["plain"]["half"])
                        for case in theory.values()
                    ),
                    "waits_as_the_plain_queue": all(
                        case["worst_wait_difference_s"] < 1e-3 for case in theory.values()
                    ),
                    "two_skills_nearly_as_good_as_six": pooled["2"]["service_level"]
                    > pooled["6"]["service_level"] - 0.1
                    and pooled["1"]["service_level"] < pooled["2"]["service_level"] - 0.1,
                    "100000_calls_a_minute": pace["calls_per_min_and_processor"] > 100_000,
                },
                "quick": quick,
                "load": os.getloadavg()[0],
                "python": platform.python_version(),
            }
        )
    )


if __name__ == "__main__":
    main()
