"""The oracle finds each kind of harm, and nothing where all is well."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.chaos.oracle import Before, SeenAgent, SeenCitizen, View, Watch, differences, kept

CALL = "c-n1-1-a"


def well() -> dict[str, Any]:
    """A citizen who talks to an agent, and one who waits."""
    return {
        "citizens": [
            SeenCitizen("138", "sip1", "talking", 9.0, True, False),
            SeenCitizen("139", "sip2", "waiting", 9.0, True, False),
        ],
        "agents": [SeenAgent("a1001", "talking", False), SeenAgent("a1002", "idle", False)],
        "sip_calls": {"sip1": "138", "sip2": "139", "sip3": "a1001"},
        "channels": [
            channel("1.1", "PJSIP/trunk-1", "sip1"),
            channel("1.2", "PJSIP/trunk-2", "sip2"),
            channel(f"{CALL}.agent1", "PJSIP/a1001-3", "sip3"),
            channel(f"{CALL}.rec1", "Snoop/1.1-1", ""),
        ],
        "bridges": [{"id": f"{CALL}.talk1"}],
        "controller": {
            "connected": True,
            "behind": 0,
            "ears": [{"ready": True}],
            "faults": [],
            "calls": [
                {"call": CALL, "channel": "1.1", "caller": "138", "node": "chaos.desk"},
                {"call": "c-n1-1-b", "channel": "1.2", "caller": "139", "node": "chaos.line"},
            ],
            "entries": [
                {
                    "id": "e1",
                    "call": CALL,
                    "queue": "general",
                    "state": "joined",
                    "callback": "",
                    "place": None,
                },
                {
                    "id": "e2",
                    "call": "c-n1-1-b",
                    "queue": "line",
                    "state": "waiting",
                    "callback": "",
                    "place": 1,
                },
                {
                    "id": "e3",
                    "call": "c-n1-0-c",
                    "queue": "later",
                    "state": "waiting",
                    "callback": "p",
                    "place": 1,
                },
            ],
            "agents": {"a1001": "talking", "a1002": "available"},
        },
    }


def channel(id: str, name: str, sip: str) -> dict[str, Any]:
    return {"id": id, "name": name, "state": "Up", "protocol_id": sip, "dialplan": {"app_data": "ivr"}}


def found(seen: dict[str, Any]) -> set[str]:
    return {problem.code for problem in differences(View(**seen))}


def test_where_all_is_well_it_finds_nothing() -> None:
    assert found(well()) == set()


def test_who_has_just_begun_to_wait_need_not_be_known_yet() -> None:
    seen = well()
    seen["citizens"][1] = SeenCitizen("139", "sip2", "waiting", 0.5, True, False)
    seen["controller"]["entries"].pop(1)
    assert found(seen) == set()


HARM: dict[str, Callable[[dict[str, Any]], object]] = {
    "no_asterisk": lambda seen: seen.update(channels=None),
    "no_controller": lambda seen: seen.update(controller=None),
    "not_connected": lambda seen: seen["controller"].update(connected=False),
    "journal_behind": lambda seen: seen["controller"].update(behind=500),
    "no_ears": lambda seen: seen["controller"]["ears"][0].update(ready=False),
    "invariant": lambda seen: seen["controller"]["faults"].append("agent_has_two: e1"),
    "stuck_channel": lambda seen: seen["channels"].append(channel("1.9", "PJSIP/trunk-9", "sip9")),
    "stuck_bridge": lambda seen: seen["bridges"].append({"id": "c-n1-0-z.talk1"}),
    "ghost_call": lambda seen: seen["controller"]["calls"].append(
        {"call": "c-n1-1-g", "channel": "1.7", "caller": "137", "node": "chaos.choose"}
    ),
    "stuck_entry": lambda seen: seen["controller"]["entries"][1].update(call="c-n1-0-y"),
    "lost_call": lambda seen: seen["channels"].pop(1),
    "no_session": lambda seen: seen["controller"]["calls"].pop(1),
    "lost_place": lambda seen: seen["controller"]["entries"].pop(1),
    "wrong_entry": lambda seen: seen["controller"]["entries"][0].update(state="waiting"),
    "stuck_agent": lambda seen: seen["controller"]["agents"].update(a1002="talking"),
}


@pytest.mark.parametrize("code", HARM)
def test_each_harm_is_found(code: str) -> None:
    seen = copy.deepcopy(well())
    HARM[code](seen)
    assert code in found(seen)


def test_only_what_lasts_is_a_failure() -> None:
    seen, watch = well(), Watch()
    seen["bridges"].append({"id": "c-n1-0-z.talk1"})
    watch.look(View(**seen), 10.0)
    problems = watch.look(View(**seen), 12.0)
    assert watch.lasting(problems, 12.0, 4.0) == []
    assert [one.code for one in watch.lasting(watch.look(View(**seen), 14.0), 14.0, 4.0)] == ["stuck_bridge"]
    assert watch.look(View(**well()), 15.0) == []
    assert watch.lasting(watch.look(View(**seen), 16.0), 16.0, 4.0) == [], "it was gone in between"


def before(*places: tuple[str, int], call: str = "c", node: str = "chaos.line") -> Before:
    entries = [{"queue": "line", "call": call + who, "place": place} for who, place in places]
    calls = [{"call": call + who, "caller": who, "node": node} for who, _ in places]
    return Before.of({"entries": entries, "calls": calls})


@pytest.mark.parametrize(
    ("after", "codes"),
    [
        (before(("1", 1), ("2", 2), ("3", 3)), []),
        (before(("2", 1), ("3", 2)), []),
        (before(("3", 1), ("2", 2)), ["places"]),
        (before(("1", 1), ("2", 2), ("3", 3), call="d"), ["other_call"] * 3),
    ],
)
def test_lines_keep_their_order_and_calls_stay_the_same(after: Before, codes: list[str]) -> None:
    still = {who: ("waiting", True) for who in ("1", "2", "3")}
    was = before(("1", 1), ("2", 2), ("3", 3))
    assert [problem.code for problem in kept(was, after, still)] == codes


def test_a_call_that_was_moved_to_another_node_is_told() -> None:
    was, now = before(("1", 1), node="chaos.number"), before(("1", 1), node="chaos.choose")
    assert [problem.code for problem in kept(was, now, {"1": ("collect", True)})] == ["moved"]
    assert list(kept(was, now, {})) == [], "who did something may be elsewhere"
