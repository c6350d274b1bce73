"""Each figure of a call's record that is not that of the journal is told, and a sound one is not."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from ivr.audit.evidence import Evidence
from ivr.audit.figures import discrepancies
from ivr.steady_clock import Jump
from storage.records import AgentStateChange, CallRecord, DecisionRecord, EntryRecord, JournalEvent

AT = dt.datetime(2026, 5, 4, 9, tzinfo=dt.UTC)
CALL, ENTRY, AGENT = "c-n1-1", "c-n1-1.entry1", "a1001"


def after(seconds: float) -> dt.datetime:
    return AT + dt.timedelta(seconds=seconds)


def journal(*events: tuple[str, dict[str, Any]]) -> list[JournalEvent]:
    return [
        JournalEvent(CALL, seq, after(seq), kind, data) for seq, (kind, data) in enumerate(events, start=1)
    ]


def entry(**changed: Any) -> EntryRecord:
    plain = EntryRecord(
        id=ENTRY,
        call_id=CALL,
        queue="general",
        state="ended",
        enqueued_at=after(2),
        since=after(2),
        step_since=after(2),
        limit_from=after(2),
        skills={},
        steps=[],
        priority=0,
        language="zh",
        reason="",
        timeout_s=None,
        step=0,
        agent=AGENT,
        attempts=1,
        tried={},
        announced=None,
        joined_at=after(12),
        ended_at=after(60),
        outcome="served",
        revision=4,
    )
    return replace(plain, **changed)


def state(agent: str, before: str, now: str, revision: int) -> AgentStateChange:
    return AgentStateChange(agent, revision, after(revision), before, now, "event", entry=ENTRY)


def served() -> Evidence:
    """Somebody who waited 10 s and talked 45 s, of which 3 more on hold."""
    data = {
        "outcome": "completed",
        "queue": "general",
        "agent": AGENT,
        "agents": [AGENT],
        "waited_s": 10.0,
        "talked_s": 45.0,
        "held_s": 3.0,
    }
    record = CallRecord(
        CALL, AT, state="ended", answered_at=AT, ended_at=after(61), ended_by="caller", cause=16, data=data
    )
    decision = DecisionRecord(ENTRY, 1, after(3), "offer", CALL, AGENT, 0, "", [], "", "")
    return Evidence(
        record,
        journal(
            ("arrived", {}),
            ("joined", {"queue": "general", "agent": AGENT, "waited_s": 10.0}),
            ("parted", {"talked_s": 40.0, "held_s": 3.0}),
            ("parted", {"talked_s": 5.0, "held_s": 0.0}),
            ("ended", {"outcome": "completed", "by": "caller", "cause": 16}),
        ),
        [entry()],
        [decision],
        [
            state(AGENT, "available", "reserved", 1),
            state(AGENT, "reserved", "ringing", 2),
            state(AGENT, "ringing", "talking", 3),
        ],
    )


def waited(seconds: float, *, by_the_entry_s: float) -> Evidence:
    """`served()` with another wait, which the journal and the record agree on."""
    found = served()
    journal = [
        replace(one, data={**one.data, "waited_s": seconds}) if one.kind == "joined" else one
        for one in found.journal
    ]
    record = replace(found.record, data={**found.record.data, "waited_s": seconds})
    return replace(
        found, record=record, journal=journal, entries=[entry(joined_at=after(2 + by_the_entry_s))]
    )


def test_a_sound_record_has_nothing_to_tell() -> None:
    assert discrepancies(served()) == []


@pytest.mark.parametrize(
    ("figure", "value", "told"),
    [
        ("waited_s", 30.0, "a wait of 30.0 s on record, 10.0 s in the journal"),
        ("waited_s", None, "the record has no wait"),
        ("talked_s", 44.0, "talked_s 44.0 on record, 45.0 in the journal"),
        ("held_s", 0.0, "held_s 0.0 on record, 3.0 in the journal"),
        ("outcome", "abandoned", "outcome abandoned on record, completed in the journal"),
        ("agents", [], "agent a1001 was joined, and is not on record"),
        ("agents", [AGENT, "a2"], "agent a2 is on record, and has no answer"),
    ],
)
def test_a_figure_that_is_not_that_of_the_journal_is_told(figure: str, value: object, told: str) -> None:
    found = served()
    wrong = replace(found, record=replace(found.record, data={**found.record.data, figure: value}))
    assert any(told in each for each in discrepancies(wrong)), discrepancies(wrong)


def test_a_lost_row_of_the_journal_is_told() -> None:
    found = served()
    assert any("without a gap" in each for each in discrepancies(replace(found, journal=found.journal[1:])))
    cut = discrepancies(replace(found, journal=found.journal[:-1]))
    assert any("says so 0 times" in each for each in cut)


def test_an_agent_who_supervised_the_talk_had_no_part_in_it() -> None:
    found = served()
    found = replace(found, states=[*found.states, state("a1002", "ringing", "talking", 3)])
    assert discrepancies(found) == ["agent a1002 answered for this call, and is not on record"]
    events = [(event.kind, dict(event.data)) for event in found.journal]
    events.insert(2, ("supervised", {"by": "a1002", "mode": "listen", "agent": AGENT}))
    assert discrepancies(replace(found, journal=journal(*events))) == []


def test_only_a_recording_may_be_told_of_after_the_end() -> None:
    found = served()
    later = JournalEvent(CALL, 6, after(6), "recording_kept", {})
    assert discrepancies(replace(found, journal=[*found.journal, later])) == []
    wrong = discrepancies(replace(found, journal=[*found.journal, replace(later, kind="joined")]))
    assert "the journal goes on after the end: ['joined']" in wrong


def test_an_open_entry_of_a_call_that_is_over_is_told() -> None:
    found = replace(served(), entries=[entry(state="waiting", ended_at=None, outcome=None)])
    assert any("is waiting, and its call is over" in each for each in discrepancies(found))


def test_an_offer_without_a_stored_decision_is_told() -> None:
    found = replace(served(), decisions=[])
    assert discrepancies(found) == ["agent a1001 was reserved without a stored decision"]


def test_what_the_agent_is_told_before_the_join_is_the_callers_wait_and_not_the_entrys() -> None:
    found = served()
    journal = [
        replace(one, data={**one.data, "told_s": 4.0}) if one.kind == "joined" else one
        for one in found.journal
    ]
    sooner = [
        replace(one, joined_at=one.joined_at - dt.timedelta(seconds=4))
        for one in found.entries
        if one.joined_at
    ]
    assert discrepancies(replace(found, journal=journal, entries=sooner)) == []
    assert len(discrepancies(replace(found, entries=sooner))) == 1
    assert len(discrepancies(replace(found, journal=journal))) == 1


def test_a_wait_that_is_wrong_by_a_twentieth_is_told_where_no_clock_jumped() -> None:
    """40 s by the queue's times of day, 42 on record."""
    assert discrepancies(waited(42.0, by_the_entry_s=40.0)) == [
        "a wait of 42.0 s on record, [40.0] s by the entries"
    ]


@pytest.mark.parametrize(
    ("jump", "right"),
    [
        (Jump(after(-100), 60.0, 60.0), True),
        (Jump(after(-100), -60.0, -60.0), True),
        # Made up before the caller came, or to a tenth only, or noticed after the agent's answer.
        (Jump(after(-100), 9.0, 9.0), False),
        (Jump(after(-100), 10.0, 10.0), False),
        (Jump(after(43), 60.0, 60.0), False),
    ],
)
def test_a_wait_is_forgiven_what_the_clock_made_up_meanwhile(jump: Jump, right: bool) -> None:
    found = replace(waited(42.0, by_the_entry_s=40.0), jumps=[jump])
    assert (discrepancies(found) == []) is right
    assert discrepancies(replace(waited(48.0, by_the_entry_s=40.0), jumps=[jump])), "no more than that"


def test_a_jump_back_ends_what_is_forgiven() -> None:
    found = waited(42.0, by_the_entry_s=40.0)
    there, back = Jump(after(-100), 60.0, 60.0), Jump(after(-50), -55.0, 0.0)
    assert discrepancies(replace(found, jumps=[there, back]))


def test_a_wait_that_the_entry_does_not_confirm_is_told() -> None:
    found = replace(served(), entries=[entry(joined_at=after(20))])
    assert discrepancies(found) == ["a wait of 10.0 s on record, [18.0] s by the entries"]
