"""The sample of every change: each kind of fault that fits in the time, into real calls in every state.

`make chaos SEED=1 FAULTS=300` is the whole of it.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.chaos.faults import FAULTS, plan
from tests.chaos.run import run

SEED = 1
SAMPLE = (
    "controller_killed",
    "asterisk_killed",
    "ari_cut",
    "postgres_killed",
    "ari_failing",
    "disk_full",
    "clock_jump",
    "agent_gone",
)
MINUTES = 1.2
AT_LEAST = 3
"""On a machine that is much slower than it should be."""


@pytest.mark.real
@pytest.mark.chaos
@pytest.mark.timeout(300)
async def test_calls_in_every_state_outlive_each_fault(tmp_path: Path) -> None:
    told: list[str] = []
    verdict = await run(SEED, len(SAMPLE), MINUTES, kinds=SAMPLE, say=told.append, keep=tmp_path)
    assert verdict.green, "\n".join([*told, json.dumps(verdict.as_json())])
    assert verdict.faults >= AT_LEAST
    assert verdict.calls_checked > 0


def test_the_same_seed_is_the_same_plan() -> None:
    one, other = plan(7, 60), plan(7, 60)
    assert [fault.name for fault, _ in one] == [fault.name for fault, _ in other]
    assert [chance.random() for _, chance in one] == [chance.random() for _, chance in other]
    assert [fault.name for fault, _ in plan(8, 60)] != [fault.name for fault, _ in one]


def test_every_kind_comes_before_any_comes_again() -> None:
    assert {fault.name for fault, _ in plan(3, len(FAULTS))} == {fault.name for fault in FAULTS}
