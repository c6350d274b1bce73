"""What the reconciler finds in the three views, and how long it waits: pure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.ids import CallId
from ivr.reconcile.compare import Finding, compare, overdue
from ivr.reconcile.repairs import Repairs
from ivr.reconcile.views import Asterisk, Records, SeenChannel, Telephone
from routing.agents import Leaving
from routing.ids import AgentId, EntryId
from tests.routing.world import agent, entry

CALL = CallId("c-n1-1-a")
LEG, BRIDGE = f"{CALL}.agent1", f"{CALL}.talk2"
JOINED = replace(entry("e1"), state="joined", agent=AgentId("ann"), call_id=CALL)
ANN = replace(agent("ann", state="talking"), entry=EntryId("e1"))

RECORDS = Records(
    "n1",
    "ivr",
    calls={CALL: "caller"},
    talking={"ann": CALL},
    telephones={LEG: CALL},
    agents={"ann": ANN, "bob": agent("bob")},
    entries={"e1": JOINED},
)
ASTERISK = Asterisk(
    {"caller": SeenChannel("caller", True), LEG: SeenChannel(LEG, True)}, {BRIDGE: frozenset({"caller", LEG})}
)
PHONES = (Telephone("a1", "ann", True, (LEG,)), Telephone("b1", "bob", True))


def found(records: Records = RECORDS, asterisk: Asterisk = ASTERISK, phones: object = PHONES) -> list[str]:
    findings = compare(records, asterisk, phones)  # type: ignore[arg-type]
    return [f"{one.code} {one.subject}" for one in findings]


def seen(*channels: SeenChannel, **bridges: frozenset[str]) -> Asterisk:
    return Asterisk(
        {**ASTERISK.channels, **{one.id: one for one in channels}}, {**ASTERISK.bridges, **bridges}
    )


def test_a_house_in_order_has_nothing_to_repair() -> None:
    assert found() == []
    # Others' objects are theirs, as long as they are not in our application.
    other = {"c-n2-9-z.talk1": frozenset[str]()}
    strangers = [SeenChannel("c-n2-9-z.agent1", False), SeenChannel("1700.1", False)]
    assert found(asterisk=seen(*strangers, **other)) == []


@pytest.mark.parametrize(
    ("channel", "code"),
    [
        (SeenChannel("c-n1-0-b.agent1", False), "channel_without_owner"),
        (SeenChannel("1700.1", True), "caller_without_session"),
        (SeenChannel("1700.1", True, ("feature", "*45", "a1")), "channel_without_owner"),
        (SeenChannel("1700.1", True, ("colleague", "1002", "a1")), "channel_without_owner"),
    ],
)
def test_a_channel_that_nobody_has(channel: SeenChannel, code: str) -> None:
    assert found(asterisk=seen(channel)) == [f"{code} {channel.id}"]
    owned = replace(RECORDS, others=frozenset({channel.id}), made=frozenset({"c-n1-0-b"}))
    assert found(owned, seen(channel)) == []


def test_what_was_ended_is_nobodys_though_its_call_goes_on() -> None:
    """Asterisk may have lost the order, or the channel may have come after the look."""
    left = SeenChannel("c-n1-0-b.agent1", False)
    goes_on = replace(RECORDS, made=frozenset({"c-n1-0-b"}))
    assert found(goes_on, seen(left)) == []
    assert found(replace(goes_on, ended=frozenset({left.id})), seen(left)) == [
        f"channel_without_owner {left.id}"
    ]


def test_a_bridge_that_nobody_has_and_a_citizen_alone() -> None:
    alone = {BRIDGE: frozenset({"caller"}), "c-n1-0-b.talk1": frozenset({"x"})}
    assert found(asterisk=seen(**alone)) == [
        f"citizen_alone {BRIDGE}",
        "bridge_without_owner c-n1-0-b.talk1",
    ]


def test_what_asterisk_does_not_have_any_more() -> None:
    assert found(asterisk=Asterisk()) == [
        "session_without_channel caller",
        f"telephone_gone_from_talk {LEG}",
    ]
    silent = replace(RECORDS, hung_up=frozenset({CALL}), telephones={})
    assert found(silent, Asterisk()) == []


def test_who_is_not_where_the_call_believes() -> None:
    left = seen(SeenChannel("caller", False))
    assert found(asterisk=left) == ["caller_left caller"]
    assert found(replace(RECORDS, hung_up=frozenset({CALL})), left) == []
    handed_on = replace(RECORDS, calls={CALL: f"{CALL}.citizen3"})
    made = [SeenChannel(one, False) for one in (f"{CALL}.citizen3", LEG)]
    assert found(handed_on, Asterisk({one.id: one for one in made})) == [], "who was called is in no dialplan"


@pytest.mark.parametrize(
    ("inside", "codes"),
    [
        ({"caller", LEG}, []),
        ({"caller"}, ["citizen_alone"]),
        ({LEG}, ["misplaced"]),
        (set(), ["misplaced"]),
    ],
)
def test_who_is_to_be_together_and_is_not(inside: set[str], codes: list[str]) -> None:
    talk = replace(RECORDS, together=((BRIDGE, frozenset({"caller", LEG}), CALL),))
    there = Asterisk(ASTERISK.channels, {BRIDGE: frozenset(inside)} if inside else {})
    assert found(talk, there) == [f"{code} {BRIDGE}" for code in codes]


def test_who_waits_in_a_talk_is_in_no_bridge() -> None:
    held = replace(RECORDS, alone={"caller": CALL})
    assert found(held) == ["misplaced caller"]
    assert found(held, Asterisk(ASTERISK.channels, {BRIDGE: frozenset({LEG})})) == []


def test_a_caller_who_waits_by_a_place_that_is_not_on_the_board() -> None:
    assert found(replace(RECORDS, in_line={CALL: "e1"})) == []
    assert found(replace(RECORDS, in_line={CALL: "e9"})) == ["place_not_on_board caller"]


def test_entries_whose_call_is_over() -> None:
    entries = {"e1": JOINED, "e2": entry("e2"), "e3": replace(entry("e3"), callback="cb")}
    records = replace(RECORDS, entries=entries)
    assert found(records) == ["entry_without_session e2", "entry_without_session e3"]
    assert found(replace(records, promises=frozenset({"e3"}), coming=frozenset({"e2"}))) == []


@pytest.mark.parametrize(
    ("ann", "code"),
    [
        (replace(ANN, state="reserved"), None),
        (replace(ANN, state="ringing", entry=EntryId("e9")), "agent_held_for_nobody"),
        (replace(ANN, entry=None), "agent_in_no_talk"),
        (replace(ANN, entry=EntryId("e9"), leaving=Leaving("offline")), "agent_in_no_talk"),
        (replace(ANN, own_call=CALL), None),
        (replace(ANN, own_call="c-n1-7-d"), "agent_in_no_talk"),
        # The announcement before the talk is still heard.
        (ANN, None),
    ],
)
def test_agents_who_are_held_by_nothing(ann: object, code: str | None) -> None:
    records = replace(RECORDS, agents={"ann": ann}, talking={})  # type: ignore[dict-item]
    assert found(records, phones=()) == ([] if code is None else [f"{code} ann"])


def test_telephones_against_what_agents_are_said_to_do() -> None:
    gone = (Telephone("b1", "bob", False), Telephone("x", "nobody", False, ("1.1",)))
    assert found(phones=gone) == ["telephone_gone bob"]
    paused = replace(agent("bob", state="paused"), pause_reason="phone_unregistered")
    back = replace(RECORDS, agents={"ann": ANN, "bob": paused})
    assert found(back) == ["telephone_back bob"]
    busy = (*PHONES[:1], Telephone("b1", "bob", True, ("1700.9",)))
    assert found(phones=busy) == ["telephone_busy b1"]
    own = replace(agent("bob", state="talking"), own_call="PJSIP/b1")
    calling = replace(RECORDS, agents={"ann": ANN, "bob": own})
    assert found(calling, phones=busy) == []
    assert found(calling) == ["telephone_idle b1"]


def test_faults_of_the_board_are_findings() -> None:
    assert found(replace(RECORDS, faults=("place_grew: e1", "agent_has_two: e2 ann"))) == [
        "board place_grew",
        "board agent_has_two",
    ]


def test_only_what_was_so_for_a_while_is_repaired() -> None:
    first, second = Finding("channel_without_owner", "a", "x"), Finding("board", "b", "y")
    due, suspects = overdue([first], {}, 10.0, grace_s=3.0)
    assert due == ()
    due, suspects = overdue([first, second], suspects, 12.9, grace_s=3.0)
    assert due == ()
    # In other words, and still the same.
    due, suspects = overdue([replace(first, why="z"), second], suspects, 13.0, grace_s=3.0)
    assert [one.subject for one in due] == ["a"]
    due, suspects = overdue([], suspects, 14.0, grace_s=3.0)
    assert suspects == {}
    assert overdue([first], suspects, 15.0, grace_s=3.0)[0] == (), "it was away between"


def test_repairs_are_counted_by_kind() -> None:
    repairs = Repairs()
    assert not repairs
    repairs.done["board"] += 2
    assert (str(repairs), repairs.as_dict(), repairs.total) == ("board 2", {"board": 2}, 2)
    repairs.clear()
    assert not repairs
