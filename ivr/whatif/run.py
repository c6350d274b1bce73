"""Replications of a plan, over processes where there are several to do. No files, no database."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor

from ivr.whatif.plan import Plan
from ivr.whatif.tally import Figures
from ivr.whatif.world import World

_plan: Plan | None = None
"""Of a worker process: sent once, not with each replication."""


def replicate(plan: Plan, seed: int, number: int) -> Figures:
    """One replication, from 0. The same arguments give the same figures, in whatever process."""
    return World(plan, seed, number).run().figures()


def replicate_all(
    plan: Plan,
    seed: int,
    count: int,
    *,
    processes: int | None = None,
    told: Callable[[int], None] = lambda done: None,
) -> list[Figures]:
    """So many replications, in order. processes: None = one a processor. told: how many are done."""
    several = min(processes or os.cpu_count() or 1, count)
    found: list[Figures] = []
    for figures in (
        _one_by_one(plan, seed, count) if several < 2 else _side_by_side(plan, seed, count, several)
    ):
        found.append(figures)
        told(len(found))
    return found


def _one_by_one(plan: Plan, seed: int, count: int) -> Iterator[Figures]:
    for number in range(count):
        yield replicate(plan, seed, number)


def _side_by_side(plan: Plan, seed: int, count: int, processes: int) -> Iterator[Figures]:
    # Spawned, not forked: whoever asks may have threads and connections.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(plan,)) as pool:
        yield from pool.map(
            _number, [seed] * count, range(count), chunksize=max(1, min(8, count // (4 * processes)))
        )


def _begin(plan: Plan) -> None:
    global _plan
    _plan = plan


def _number(seed: int, number: int) -> Figures:
    assert _plan is not None
    return replicate(_plan, seed, number)
