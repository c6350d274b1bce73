"""The demo's crowd against a plain dialplan that stands in for the hotline."""

from __future__ import annotations

import asyncio

import pytest

from ivr.asterisk.process import PrivateAsterisk
from ivr.demo.crowd import STORIES, run_demo
from ivr.demo.sayings import SAYINGS
from tests.support.audio import is_silent

pytestmark = pytest.mark.real


def test_every_saying_has_its_recording() -> None:
    for saying in SAYINGS.values():
        assert not is_silent(saying.samples()), saying.id
    said = {turn.with_ for story in STORIES for turn in story.turns if turn.what == "say"}
    assert said <= SAYINGS.keys()


async def test_citizens_call_agents_take_them_and_all_ends_when_told_to(plain: PrivateAsterisk) -> None:
    """The hotline number is answered by this test's dialplan: a tone, then the agents ring."""
    stop = asyncio.Event()
    async with asyncio.timeout(60):
        count = await run_demo(
            plain.rendered, citizens=3, agents=2, stop=stop, gap_s=0.3, seed=3, on_talked=lambda _: stop.set()
        )
    assert count.talked >= 1
    assert count.answered >= count.taken >= count.talked
    assert count.failed == 0
    assert (await plain.wait_empty(5)).is_empty
