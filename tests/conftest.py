"""What every test gets: a leaked task fails it."""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import hypothesis
import pytest

from ivr.event_loop import new_event_loop

# Tables are as wide for every test, whichever of them makes the first one.
os.environ["COLUMNS"] = "200"

# Two hotlines that start in the same moment may choose the same port before either has it: tests ask for any free one.
os.environ["IVR_ASTERISK__SIP_PORT"] = os.environ["IVR_ASTERISK__HTTP_PORT"] = "0"

# A test run that is killed leaves nothing behind.
os.environ["IVR_ASTERISK__DIES_WITH_CONTROLLER"] = "true"

# How long an example takes says something of the machine, not of us.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")

pytest_plugins = ["tests.support.asterisk", "tests.support.postgres"]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """asyncio's loop; with `HOTLINE_TESTS_LOOP=product` the product's (docs/developers/event-loop.md). Tests on virtual
    time bring their own (`run_virtual`)."""
    product = os.environ.get("HOTLINE_TESTS_LOOP") == "product"
    return {"product": new_event_loop if product else asyncio.new_event_loop}


@pytest.fixture(autouse=True)
def guard_tasks(request: pytest.FixtureRequest) -> None:
    """Only async tests have a loop to watch; a test on virtual time is watched by `run_virtual`."""
    if inspect.iscoroutinefunction(request.function):
        request.getfixturevalue("no_leaked_task")


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Commands set up logging for their whole process: the next test must not find it so."""
    root = logging.getLogger()
    outbox = logging.getLogger("ivr.outside.outbox")
    level, handlers, quiet = root.level, list(root.handlers), outbox.level
    below = root.manager.disable
    yield
    logging.disable(below)
    root.setLevel(level)
    outbox.setLevel(quiet)
    for handler in [each for each in root.handlers if each not in handlers]:
        root.removeHandler(handler)


@pytest.fixture
async def no_leaked_task(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Fails an async test that leaves a task running (style.md, habit 4)."""
    before = asyncio.all_tasks()
    yield
    left = {task for task in asyncio.all_tasks() - before if task is not asyncio.current_task()}
    if left:
        names = sorted(task.get_name() for task in left)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        pytest.fail(f"tasks left behind: {names}")
