"""What is known of a recording while it is made: who was in it when, where it is silent, how long it is kept."""

from __future__ import annotations

import datetime as dt

import pytest

from ivr.recordings.waiting import job_of
from ivr.talk.recording_notes import TalkNotes, TalkPolicy

NOON = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)
POLICY = TalkPolicy(True, {"ordinary": 180, "complaint": 1095, "legal_hold": 0}, {"complaint": "complaint"})


def at(seconds: float) -> dt.datetime:
    return NOON + dt.timedelta(seconds=seconds)


def notes() -> TalkNotes:
    return TalkNotes("c-n1-1.talk-1", "c-n1-1", NOON, "zh", "general", "c-n1-1.entry1", "ordinary")


def test_who_is_heard_when() -> None:
    known = notes().joined("a1", at(0)).joined("a2", at(30.5)).parted("a1", at(31)).ended(at(60))
    data = known.record("kept", seconds=60.0).data
    assert data["agents"] == [
        {"agent": "a1", "from_s": 0.0, "to_s": 31.0},
        {"agent": "a2", "from_s": 30.5, "to_s": 60.0},
    ]
    assert (data["queue"], data["entry"], data["channels"]) == (
        "general",
        "c-n1-1.entry1",
        ["citizen", "heard"],
    )


def test_an_agent_who_comes_back_has_two_stretches() -> None:
    known = notes().joined("a1", at(0)).parted("a1", at(10)).joined("a1", at(20)).parted("a1", at(30))
    assert [(one.from_s, one.to_s) for one in known.agents] == [(0.0, 10.0), (20.0, 30.0)]


def test_it_is_silent_as_long_as_one_reason_lasts() -> None:
    known = notes().silenced("private", at(5), "a1").silenced("apart", at(6))
    assert known.silenced("private", at(7), "a2") == known, "silenced already"
    known = known.resumed("apart", at(8))
    assert known.silent
    known = known.resumed("private", at(9))
    assert not known.silent
    assert known.record("kept").data["silences"] == [
        {"why": "private", "by": "a1", "from_s": 5.0, "to_s": 9.0},
        {"why": "apart", "by": "", "from_s": 6.0, "to_s": 8.0},
    ]


def test_a_talk_that_ended_apart_is_over_since_then() -> None:
    assert notes().silent_at_the_end_from_s is None
    known = notes().silenced("apart", at(5)).resumed("apart", at(7)).silenced("apart", at(40))
    assert known.silent_at_the_end_from_s == 40.0
    assert known.ended(at(70)).silences[-1].to_s == 70.0


def test_a_talk_in_writing_is_not_put_into_writing_again() -> None:
    assert job_of(notes().record("kept"), NOON) is not None
    assert job_of(notes().record("kept", written_live=True), NOON) is None


@pytest.mark.parametrize("refusal", ["refused", "no", False])
def test_the_citizen_may_refuse(refusal: object) -> None:
    assert POLICY.allows({})
    assert POLICY.allows({"recording": "agreed"})
    assert not POLICY.allows({"recording": refusal})
    assert not TalkPolicy(False, {}, {}).allows({})


def test_the_class_comes_from_the_dialogue_else_from_the_queue() -> None:
    assert POLICY.retention("general", {}) == "ordinary"
    assert POLICY.retention("complaint", {}) == "complaint"
    assert POLICY.retention("complaint", {"recording_class": "legal_hold"}) == "legal_hold"
    assert POLICY.retention("general", {"recording_class": "no such class"}) == "ordinary"
