"""What connects a supervisor to a talk in each mode, and the way from any to any other."""

from __future__ import annotations

import itertools

import pytest

from ivr.ids import ChannelId
from ivr.talk.supervising_state import (
    WORDS,
    Aside,
    BeginSnoop,
    ComeIn,
    EndSnoop,
    NotSupervised,
    Place,
    StepOut,
    Within,
    may_change,
    place,
    steps,
)

FIRST, SECOND = ChannelId("first"), ChannelId("second")
PLACES: tuple[Place, ...] = (
    None,
    Within(),
    *(Aside(one, heard) for one in (FIRST, SECOND) for heard in (True, False)),
)


def test_only_who_whispers_can_be_heard_by_the_agent() -> None:
    assert place("listen", FIRST) == Aside(FIRST, whisper=False)
    assert place("whisper", FIRST) == Aside(FIRST, whisper=True)
    assert place("join", None) == place("take_over", FIRST) == Within()


def test_while_nobody_has_the_citizen_nothing_is_heard() -> None:
    assert place("listen", None) is None
    assert steps(Aside(FIRST, whisper=True), None) == (EndSnoop(),)


@pytest.mark.parametrize(("before", "after"), list(itertools.product(PLACES, PLACES)))
def test_out_of_one_place_before_into_the_next(before: Place, after: Place) -> None:
    now: Place = before
    for step in steps(before, after):
        match step:
            case EndSnoop():
                assert isinstance(now, Aside)
                now = None
            case StepOut():
                assert isinstance(now, Within)
                now = None
            case BeginSnoop(telephone, whisper):
                assert now is None
                now = Aside(telephone, whisper)
            case ComeIn():
                assert now is None
                now = Within()
    assert now == after
    assert bool(steps(before, after)) == (before != after)


def test_who_has_taken_over_does_not_go_back_to_listening() -> None:
    assert not may_change("take_over", "listen")
    assert may_change("take_over", "take_over")
    assert may_change("join", "listen")
    assert may_change(None, "take_over")


def test_every_refusal_has_words_in_both_languages() -> None:
    for code, (chinese, english) in WORDS.items():
        assert NotSupervised(code).words("zh") == chinese
        assert NotSupervised(code).words("en") == english
        assert chinese != english
