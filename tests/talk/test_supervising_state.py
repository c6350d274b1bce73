"""What connects a supervisor to a talk in each mode, and the way from any to any other."""

from __future__ import annotations

import itertools

import pytest

from ivr.ids import ChannelId
from ivr.talk.people import Company
from ivr.talk.supervising_state import (
    NOWHERE,
    WORDS,
    BeginWhisper,
    ComeIn,
    EndWhisper,
    Hear,
    NotSupervised,
    Place,
    StepOut,
    Unhear,
    Way,
    may_change,
    place,
    stepped,
    steps,
    way_to,
)

AGENT, CITIZEN, COLLEAGUE = ChannelId("agent"), ChannelId("citizen"), ChannelId("colleague")
ALONE = Company(AGENT)
TALKING = Company(AGENT, frozenset({CITIZEN}))
CONSULTING = Company(AGENT, frozenset({COLLEAGUE}))
CONFERENCE = Company(AGENT, frozenset({CITIZEN, COLLEAGUE}))
NEXT = Company(COLLEAGUE, frozenset({CITIZEN}))
COMPANIES = (None, ALONE, TALKING, CONSULTING, CONFERENCE, NEXT)
PLACES: tuple[Place, ...] = (
    place("join", None),
    *(place("listen", one) for one in COMPANIES),
    *(place("whisper", one) for one in COMPANIES),
)


def test_who_listens_hears_the_agent_and_whom_the_agent_hears() -> None:
    assert place("listen", TALKING) == Place(frozenset({AGENT, CITIZEN}))
    assert place("listen", ALONE) == Place(frozenset({AGENT}))
    assert place("listen", CONSULTING).hears == place("whisper", CONSULTING).hears == {AGENT, COLLEAGUE}
    assert place("join", None) == place("take_over", TALKING) == Place(within=True)


def test_only_who_whispers_can_be_heard_and_by_the_agent_only() -> None:
    assert place("listen", CONFERENCE).whispers is None
    for company in (TALKING, CONSULTING):
        (other,) = company.others
        assert place("whisper", company).whispers == Way(other, "in"), "whom nobody but the agent hears"
    assert place("whisper", CONFERENCE).whispers == Way(AGENT, "out"), "the third would hear it, too"
    assert way_to(ALONE) is None


def test_while_nobody_has_the_citizen_nothing_is_heard() -> None:
    assert place("listen", None) == place("whisper", None) == NOWHERE
    whispering = place("whisper", TALKING)
    assert steps(whispering, NOWHERE) == (EndWhisper(), Unhear(AGENT), Unhear(CITIZEN))


def test_who_is_still_heard_is_heard_without_a_break() -> None:
    assert steps(place("listen", TALKING), place("listen", CONSULTING)) == (Unhear(CITIZEN), Hear(COLLEAGUE))
    assert steps(place("listen", CONSULTING), place("listen", NEXT)) == (Unhear(AGENT), Hear(CITIZEN))
    listening, whispering = place("listen", TALKING), place("whisper", TALKING)
    assert steps(listening, whispering) == (BeginWhisper(Way(CITIZEN, "in")),)
    assert steps(whispering, listening) == (EndWhisper(),)


@pytest.mark.parametrize(("before", "after"), list(itertools.product(PLACES, PLACES)))
def test_out_of_one_place_before_into_the_next(before: Place, after: Place) -> None:
    now = before
    for step in steps(before, after):
        match step:
            case EndWhisper():
                assert now.whispers is not None
            case Unhear(channel):
                assert channel in now.hears
                assert channel not in after.hears
            case StepOut():
                assert now.within
            case Hear(channel):
                assert channel not in now.hears
                assert not now.within
            case BeginWhisper():
                assert now.whispers is None
                assert now.hears == after.hears
            case ComeIn():
                assert now == NOWHERE
        if isinstance(step, (Hear, BeginWhisper, ComeIn)):
            assert now.hears <= after.hears
            assert now.whispers in (None, after.whispers)
        now = stepped(now, step)
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
