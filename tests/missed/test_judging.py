"""Which calls were missed, and why: the facts of a call in, a judgement out."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from ivr.missed.judging import Answered, CallsSeen, Missed, Promised
from ivr.missed.settings import Policy
from routing.entries import enter
from routing.ids import EntryId, QueueName
from storage.promises import RecordingRecord
from storage.records import CallRecord, EntryRecord, Fact, JournalEvent

T0 = dt.datetime(2026, 11, 26, 8, 0, tzinfo=dt.UTC)
NUMBER = "13800000001"


def at(seconds: float) -> dt.datetime:
    return T0 + dt.timedelta(seconds=seconds)


def began() -> CallRecord:
    return CallRecord("c-1", T0, caller=NUMBER, language="zh")


def said(kind: str, **data: Any) -> JournalEvent:
    return JournalEvent("c-1", 3, at(2), "input", {"type": kind, **data})


def waits(
    state: str = "waiting", outcome: str | None = None, after_s: float = 20.0, **more: Any
) -> EntryRecord:
    entry = EntryRecord.of(enter(EntryId("e-1"), QueueName("general"), "c-1", at(3)))
    ended = at(3 + after_s) if state == "ended" else None
    return replace(entry, state=state, outcome=outcome, ended_at=ended, **more)


def over(lasted_s: float = 30.0, outcome: str = "completed") -> CallRecord:
    return replace(began(), state="ended", ended_at=at(lasted_s), data={"outcome": outcome}, revision=1)


PRESSED = said("digit", digit="0")
VOICEMAIL = RecordingRecord("r-1", "c-1", "voicemail", "x.wav", at(5), 4.0, state="kept")
ABANDONED = waits("ended", "abandoned")


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ([PRESSED, waits(), ABANDONED, over(23, "abandoned")], "abandoned"),
        ([PRESSED, waits(), waits("ended", "abandoned", 4.0), over(7, "abandoned")], None),
        ([over(30)], "dead_air"),
        ([said("speech_heard", text=""), over(30)], "dead_air"),
        ([over(4)], None),
        ([PRESSED, over(30)], None),
        ([said("speech_heard", text="你好"), over(30)], None),
        ([PRESSED, waits(), waits("ended", "timeout"), over()], "not_served"),
        ([PRESSED, waits("ended", "unstaffed", 0.0), over()], "not_served"),
        ([PRESSED, waits(), waits("ended", "left"), over()], None),
        ([PRESSED, waits(), waits("ended", "timeout"), VOICEMAIL, over()], "voicemail"),
        ([PRESSED, replace(VOICEMAIL, purpose="praise"), over()], None),
        ([PRESSED, waits(), VOICEMAIL, waits("joined", agent="a1"), over()], None),
        ([PRESSED, waits(), waits("joined", agent="a1"), waits("ended", "served"), over()], None),
        ([PRESSED, said("party_joined"), over()], None),
        ([PRESSED, waits("joined", agent="a1"), over(outcome="failed")], "lost"),
        ([PRESSED, over(1, outcome="failed")], "lost"),
        # A transfer to one agent who does not answer is no wait in a queue.
        ([PRESSED, waits("ended", "failed", only="a1"), over()], None),
    ],
)
def test_what_is_owed(facts: list[Fact], reason: str | None) -> None:
    calls = CallsSeen(Policy())
    found = [one for fact in [began(), *facts] for one in calls.see(fact) if isinstance(one, Missed)]
    assert [one.reason for one in found] == ([] if reason is None else [reason])
    assert all(one.number == NUMBER for one in found)


def test_who_was_handed_on_by_an_agent_was_no_dead_air() -> None:
    calls = CallsSeen(Policy())
    handed_on = replace(began(), data={"kind": "outbound", "handed_from": "c-0"})
    assert [one for fact in (handed_on, over(30)) for one in calls.see(fact)] == []


@pytest.mark.parametrize(
    ("facts", "outcome", "owed"),
    [
        ([], "completed", None),
        ([], "failed", None),
        ([said("party_joined")], "completed", None),
        ([said("party_joined")], "failed", NUMBER),
        ([said("party_joined"), said("desk_answered")], "failed", None),
        ([said("party_joined"), JournalEvent("c-1", 4, at(5), "talk", {"act": "handed_on"})], "failed", None),
    ],
)
def test_of_a_call_that_an_agent_makes_only_who_was_cut_off_in_the_talk_is_owed_one(
    facts: list[Fact], outcome: str, owed: str | None
) -> None:
    """The citizen, and never the agent's own telephone. Who was handed on has a call of their own that says so."""
    data = {"kind": "outbound", "agent": "a1"}
    own = replace(began(), caller="1001", dialled=f"*49{NUMBER}", data=data)
    ended = replace(own, state="ended", ended_at=at(30), revision=1, data=data | {"outcome": outcome})
    calls, all_of_it = CallsSeen(Policy()), [own, *facts, ended]
    found = [one for fact in all_of_it for one in calls.see(fact)]
    assert [(one.number, one.reason) for one in found if isinstance(one, Missed)] == (
        [] if owed is None else [(owed, "lost")]
    )


def test_who_is_answered_or_promised_a_call_is_told_once() -> None:
    calls = CallsSeen(Policy())
    promised = waits(callback="cb-1")
    facts = [began(), PRESSED, waits(), promised, promised, over()]
    assert [one for fact in facts for one in calls.see(fact)] == [Promised("c-1", NUMBER, "cb-1")]
    joined = waits("joined", agent="a1")
    facts = [began(), joined, replace(joined, revision=9), waits("ended", "served"), over()]
    assert [one for fact in facts for one in calls.see(fact)] == [Answered("c-1", NUMBER, "a1", at(3))]


def test_nothing_is_kept_of_calls_that_are_over() -> None:
    calls = CallsSeen(Policy())
    for fact in (began(), over(), ABANDONED, PRESSED):
        calls.see(fact)
    assert calls.see(over(50)) == []
