"""What becomes of the calls of an earlier controller, from what was kept and what Asterisk has."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from ivr.adoption.kept import kept_of
from ivr.adoption.plan import plan
from ivr.call.ports import CallerFacts
from ivr.call.saved import SHAPE, SavedCall, facts_to_json, from_json, still_open
from ivr.flow import codec
from ivr.flow.codec import CodecError
from ivr.flow.inputs import Digit, PromptEnded, TimerFired
from ivr.flow.state import CallFacts, FlowState
from ivr.ids import CallId, ChannelId
from storage.live_records import LiveCallRecord
from storage.records import CallRecord, JournalEvent

NOW = dt.datetime(2026, 11, 26, 8, 0, tzinfo=dt.UTC)
FACTS = CallerFacts("13800000000", "12345", "main", "abcd", "zh")


def saved(number: int, **changes: Any) -> SavedCall:
    state = FlowState("abcd", CallFacts(f"c-n1-{number}"))
    call = SavedCall(CallId(f"c-n1-{number}"), ChannelId(f"asterisk-{number}"), NOW, 3, FACTS, NOW, state)
    return replace(call, **changes)


def record(number: int, **changes: Any) -> LiveCallRecord:
    data: dict[str, Any] = {
        "facts": facts_to_json(FACTS),
        "arrived_at": NOW.isoformat(),
        "state": codec.state_to_json(FlowState("abcd", CallFacts(f"c-n1-{number}"), node="main.choose")),
        "history": {"seq": 2},
    }
    return LiveCallRecord(
        f"c-n1-{number}", "n1", f"asterisk-{number}", NOW, data=data | changes, version=SHAPE, revision=3
    )


def event(number: int, seq: int, kind: str, **data: Any) -> JournalEvent:
    return JournalEvent(f"c-n1-{number}", seq, NOW, kind, data)


def test_who_is_there_goes_on_and_who_is_not_has_gone() -> None:
    todo = plan([saved(1), saved(2), saved(3)], (), {"asterisk-1": True, "asterisk-2": False}, ())
    assert [(one.call, one.gone) for one in todo.go_on] == [
        ("c-n1-1", False),
        ("c-n1-2", True),  # the dialplan has it
        ("c-n1-3", True),
    ]


def test_another_asterisk_has_cut_off_whoever_came_in_by_the_one_before() -> None:
    later, earlier = NOW + dt.timedelta(seconds=1), NOW - dt.timedelta(seconds=1)
    for started_at, cut_off in ((later, True), (earlier, False), (None, False)):
        (call,) = plan([saved(1)], (), {}, (), started_at=started_at).go_on
        assert (call.gone, call.cut_off) == (True, cut_off)
    (there,) = plan([saved(1)], (), {"asterisk-1": True}, (), started_at=later).go_on
    assert not there.cut_off


def test_a_call_that_is_on_record_as_over_is_only_marked_so() -> None:
    todo = plan([saved(1)], {"c-n1-1"}, {"asterisk-1": True}, ())
    assert todo.go_on == ()
    assert [one.call for one in todo.closed] == ["c-n1-1"]


def test_what_bears_the_name_of_a_call_is_claimed_or_ended() -> None:
    channels = dict.fromkeys(
        ("asterisk-1", "c-n1-1.agent7", "c-n1-1.snoop8", "c-n1-9.agent1", "c-n2-1.agent1"), True
    )
    bridges = ("c-n1-1.talk7", "c-n1-1.hear9", "c-n1-9.talk1", "somebody-elses")
    claims = ("c-n1-1.agent7", "c-n1-1.talk7")
    todo = plan([saved(1, claims=claims)], (), channels, bridges)
    assert todo.channels == ("c-n1-1.snoop8",)
    assert todo.bridges == ("c-n1-1.hear9",)


def test_what_a_call_was_letting_go_of_is_ended() -> None:
    state = FlowState("abcd", CallFacts("c-n1-1"), ended=True)
    one = saved(1, state=state, claims=("c-n1-1.agentx", "c-n1-1.talkx"))
    todo = plan([one], (), {"asterisk-1": True, "c-n1-1.agentx": True}, ["c-n1-1.talkx"])
    assert (todo.channels, todo.bridges) == (("c-n1-1.agentx",), ("c-n1-1.talkx",))


def test_what_is_left_of_a_call_that_is_over_is_ended_too() -> None:
    todo = plan([saved(1)], {"c-n1-1"}, {"c-n1-1.agent7": True}, ("c-n1-1.talk7",))
    assert (todo.channels, todo.bridges) == (("c-n1-1.agent7",), ("c-n1-1.talk7",))


def test_what_was_kept_is_read_again() -> None:
    written = [event(1, 1, "arrived"), event(1, 2, "node"), event(1, 3, "input", type="digit", digit="1")]
    kept = kept_of([record(1)], (), (), {"c-n1-7.entry-1"}, {"c-n1-1": 3}, {"c-n1-1": 4}, {"c-n1-1": written})
    (call,) = kept.saved
    assert call.state is not None
    assert (call.state.node, call.facts, call.seq, call.said) == ("main.choose", FACTS, 2, 4)
    assert call.happened == [Digit("1")]
    assert kept.promised == {"c-n1-7.entry-1"}


@pytest.mark.parametrize(
    "broken",
    [
        replace(record(1), version=SHAPE + 1),
        record(1, state={"flow_version": "abcd"}),
        record(1, arrived_at="yesterday"),
        record(1, facts=None),
        replace(record(1), data={}),
    ],
)
def test_what_cannot_be_read_is_said_and_not_guessed(broken: LiveCallRecord) -> None:
    with pytest.raises(CodecError):
        from_json(broken.id, broken.channel, broken.at, broken.version, broken.revision, broken.data)
    kept = kept_of([broken], (), (), (), {}, {}, {})
    assert (kept.saved, kept.unreadable) == ((), (broken,))


def test_a_call_whose_end_is_in_the_journal_has_its_record_made_out_of_it() -> None:
    end = {
        "outcome": "completed",
        "by": "caller",
        "cause": 16,
        "hung_up_at": NOW.isoformat(),
        "language": "zh",
        "topic": "",
        "queue": "",
        "agent": "",
        "agents": [],
        "again": False,
    }
    arrived = {
        "entry": "main",
        "version": "abcd",
        "caller": "13800000000",
        "called": "12345",
        "language": "zh",
        "endpoint": "trunk",
        "agent": "",
    }
    journal = [event(1, 1, "arrived", **arrived), event(1, 2, "node"), event(1, 3, "ended", **end)]
    kept = kept_of([record(1)], (), (), (), {"c-n1-1": 3}, {}, {"c-n1-1": journal})
    assert kept.over == {"c-n1-1"}
    (finished,) = kept.finished
    assert (finished.state, finished.ended_by, finished.caller) == ("ended", "caller", "13800000000")


def test_a_call_that_is_live_on_record_and_of_which_nothing_was_kept_is_forgotten() -> None:
    lost = CallRecord("c-n1-5", NOW)
    kept = kept_of([record(1)], [lost, CallRecord("c-n1-1", NOW)], (), (), {}, {}, {})
    assert kept.forgotten == (lost,)


def test_what_is_over_by_now_is_not_open_any_more() -> None:
    play = {"action": {"type": "play", "op": "1"}, "began_at": 0.0, "stopped": False}
    parts = {
        "player": [play],
        "timers": {"2": 5.0, "3": 6.0},
        "listener": [{"op": "4"}],
        "waiting": {"place": {}},
    }
    still = still_open(parts, [PromptEnded("1", "finished"), TimerFired("3"), Digit("1")])  # type: ignore[arg-type]
    assert still["player"] == []
    assert still["timers"] == {"2": 5.0}
    assert still["listener"] == [{"op": "4"}]
    assert still["waiting"] == {"place": {}}


def test_a_saved_call_shows_nothing_of_what_was_pressed() -> None:
    call = saved(1, parts={"keys": "4711"}, unread=(Digit("4711"),), written=(("input", {"digit": "4711"}),))
    assert "4711" not in repr(call)
