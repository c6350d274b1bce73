"""Loading beside the event loop, and letting go again."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.call.dialogue import Dialogue
from ivr.flow.findings import FlowLoadError
from ivr.flow.load import load, load_sources
from ivr.flow.model import FlowLibrary
from ivr.flow.nodes.base import Node
from ivr.versions.loading import aside, free_in_steps, load_aside
from tests.support.stand_ins import OneSecondPrompts
from tests.versions.drafts import BASE, FAULTY

FLOWS = Path(__file__).parents[2] / "flows"


def living() -> int:
    """Libraries and nodes that are in memory and that the collector knows of."""
    return sum(isinstance(one, FlowLibrary | Node) for one in gc.get_objects())


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
def test_a_library_has_no_cycles() -> None:
    """So it is freed when its last call ends, and need never be looked through by the collector."""
    before = living()
    library = load(FLOWS)
    assert living() - before > 20
    del library
    assert living() == before


async def test_the_same_library_comes_out_and_the_same_faults() -> None:
    assert (await load_aside(BASE)).version == load_sources(BASE).version
    with pytest.raises(FlowLoadError, match=r"main\.yaml:4:43"):
        await load_aside(FAULTY)


async def test_python_is_left_as_it_was_whatever_happens() -> None:
    before = sys.getswitchinterval(), gc.isenabled()
    seen: list[tuple[float, bool, bool]] = []

    def fails() -> None:
        aside_thread = threading.current_thread() is not threading.main_thread()
        seen.append((sys.getswitchinterval(), gc.isenabled(), aside_thread))
        raise ValueError("in the middle")

    for _ in range(2):
        with pytest.raises(ValueError, match="in the middle"):
            await aside(fails)
    assert seen[0][0] < before[0] and seen[0][1:] == (False, True)
    assert (sys.getswitchinterval(), gc.isenabled()) == before


async def test_two_at_once_take_turns_and_leave_python_as_it_was() -> None:
    before = sys.getswitchinterval()
    inside: list[int] = []
    most: list[int] = []

    def counts() -> None:
        inside.append(1)
        most.append(len(inside))
        inside.pop()

    await asyncio.gather(*(aside(counts) for _ in range(8)))
    assert max(most) == 1
    assert sys.getswitchinterval() == before and gc.isenabled()


@pytest.mark.usefixtures("no_collector")
async def test_what_is_let_go_is_freed_and_what_is_still_used_is_whole() -> None:
    used = load_sources(BASE)
    before = living()
    only = [Dialogue(load_sources(BASE), OneSecondPrompts())]
    await free_in_steps(only)
    assert only == [] and living() == before
    await free_in_steps([Dialogue(used, OneSecondPrompts())])
    assert used.nodes.keys() == load_sources(BASE).nodes.keys()
