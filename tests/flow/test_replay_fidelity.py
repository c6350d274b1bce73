"""Whatever happened in a call: replayed on its own version, as a draft is, it comes out as it was stored."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from ivr.flow.load import load
from ivr.flow.model import FlowLibrary
from ivr.flow.replaying.comparing import VERDICTS
from ivr.flow.replaying.pairs import paired
from ivr.flow.replaying.replay import Replayer
from tests.flow.replay_support import FLOWS, changed
from tests.flow.replay_walks import stored_calls

KITCHEN_SINK = Path(__file__).parent / "data" / "kitchen_sink"
ROOMS = {"shipped": FLOWS, "kitchen sink": KITCHEN_SINK, "clinic": FLOWS / "examples" / "clinic"}
SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

DRAFTS = {
    "a sentence more": {
        "complaint.yaml": (
            ("  matter:\n", "  more: {kind: say, prompt: complaint.place, next: matter}\n  matter:\n"),
            ("else: matter", "else: more"),
        )
    },
    "other keys": {"main.yaml": (("key: 1\n", "key: 7\n"), ("key: 2\n", "key: 1\n"))},
    "handlers of all": {"hotline.yaml": (("no_input: {count: 2", "no_input: {count: 1"),)},
    "other words": {"prompts/zh.yaml": (("question.open:", "question.open: 您好，"),)},
    "another queue": {"crisis.yaml": (("queue: crisis", "queue: general"),)},
}


@cache
def library(name: str) -> FlowLibrary:
    return load(ROOMS[name])


@cache
def replayer(name: str) -> Replayer:
    """Onto itself."""
    found = Replayer(library(name))
    found.know(library(name))
    return found


@pytest.mark.parametrize("name", ROOMS)
@SLOW
@given(data=st.data())
def test_any_call_comes_out_as_it_was_stored(name: str, data: st.DataObject) -> None:
    call = data.draw(stored_calls(library(name)))
    replayed = replayer(name).replay(call)
    guessed = replayed.faithful is None
    event("keys that nobody knows" if guessed else "told")
    if not guessed:
        assert replayed.faithful is True, replayed.comparison.why
        assert replayed.comparison.verdict == "same", replayed.comparison
        assert replayed.saved_s in (None, 0.0)
        assert replayed.old is not None
        assert tuple(entered.node for entered in replayed.old.path) == call.nodes


@SLOW
@given(data=st.data())
def test_a_call_that_was_cut_off_comes_out_as_far_as_it_went(data: st.DataObject) -> None:
    call = data.draw(stored_calls(library("shipped"), whole=False))
    replayed = replayer("shipped").replay(call)
    assert replayed.faithful in (True, None), replayed.comparison.why


@pytest.mark.parametrize("name", DRAFTS)
@settings(SLOW, max_examples=12)
@given(data=st.data())
def test_steps_that_are_not_computed_again_change_nothing(name: str, data: st.DataObject) -> None:
    call = data.draw(stored_calls(library("shipped")))
    draft = _draft(name)
    quick, slow = Replayer(draft), Replayer(draft)
    quick.know(library("shipped"))
    slow.know(library("shipped"), shares=False)
    replayed = quick.replay(call)
    assert replayed == slow.replay(call)
    assert replayed.comparison.verdict in VERDICTS


@cache
def _draft(name: str) -> FlowLibrary:
    return changed(FLOWS, DRAFTS[name])


def test_what_two_versions_share_is_told_from_what_differs() -> None:
    old = library("shipped")
    assert paired(old, old).differing == frozenset()
    assert paired(old, _draft("other keys")).differing == {"main.question", "main.keys"}
    assert paired(old, _draft("other words")).differing == {"question.open"}
    assert (
        paired(old, changed(FLOWS, {"hotline.yaml": (("first_input_s: 8", "first_input_s: 9"),)})).differing
        is None
    )
