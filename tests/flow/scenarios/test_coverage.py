"""Which ways a call took: each kind of way by its own label, and never one that was not taken."""

from __future__ import annotations

import pytest

from ivr.flow.load import load_sources
from ivr.flow.scenarios.coverage import Coverage
from ivr.flow.scenarios.reading import read_all
from ivr.flow.scenarios.running import run
from tests.flow.scenarios.hotline import FLOW, HOTLINE, QUEUES
from tests.flow.support import sources


def taken(
    turns: str,
    given: str = "{}",
    *,
    flow: str = FLOW,
    hotline: str = HOTLINE,
    more: dict[str, str] | None = None,
) -> list[str]:
    """The ways of one scenario, as `from > to label` without the flow's name, in the order of the flow."""
    scenario = f"scenarios:\n  - {{name: one, given: {given}, turns: {turns}}}\n"
    files = sources(flow, hotline, {"queues.yaml": QUEUES, "main.scenario.yaml": scenario, **(more or {})})
    library = load_sources(files)
    (case,) = read_all(files).cases
    result = run(library, case)
    assert not result.failures, (result.failures, result.transcript)
    coverage = Coverage.of(library)
    coverage.add(result.steps)
    return [name.replace("main.", "").replace(" -> ", " > ") for name, hits in coverage.edges.items() if hits]


@pytest.mark.parametrize(
    ("turns", "given", "ways"),
    [
        ("[{press: 1}]", "{}", ["choose > wait [option:queue]"]),
        ("[{say: 人工}]", "{}", ["choose > wait [option:queue]"]),
        ("[{say: 别的}]", "{}", ["choose > bye [next]"]),
        ("[{silence: true}, {press: 1}]", "{}", ["choose > wait [option:queue]"]),
        (
            "[{press: 1}, {agent: joins}, {agent: leaves}]",
            "{}",
            ["choose > wait [option:queue]", "wait > bye [next]"],
        ),
        (
            "[{press: 1}, {queue: full}]",
            "{}",
            ["choose > wait [option:queue]", "wait > bye [on:error.queue]"],
        ),
        ("[{press: 3}]", "{lookups: {people: none}}", ["choose > find [option:find]", "find > bye [none]"]),
        (
            "[{press: 3}]",
            "{lookups: {people: timeout}}",
            ["choose > find [option:find]", "find > bye [on:error.lookup]"],
        ),
        (
            "[{press: 3}]",
            "{lookups: {people: {found: {name: x}}}}",
            ["choose > find [option:find]", "find > named [next]", "named > bye [next]"],
        ),
        ("[{press: 4}]", "{recorded_s: 3}", ["choose > record [option:record]", "record > bye [next]"]),
        ("[{press: 4}]", "{recorded_s: 0}", ["choose > record [option:record]", "record > choose [empty]"]),
        (
            "[{press: 4}, {recorded: failed}]",
            "{}",
            ["choose > record [option:record]", "record > bye [on:error.record]"],
        ),
        ("[{press: 4}, {hangup: true}]", "{}", ["choose > record [option:record]", "record > bye [next]"]),
        ("[{press: 5}, {party: completed}]", "{}", ["choose > dial [option:transfer]", "dial > bye [next]"]),
        (
            "[{press: 5}, {party: busy}]",
            "{}",
            ["choose > dial [option:transfer]", "dial > bye [on:error.transfer]"],
        ),
        ("[{press: 6}]", "{}", ["choose > promise [option:callback]", "promise > bye [next]"]),
        (
            "[{press: 6}]",
            "{callbacks: refused}",
            ["choose > promise [option:callback]", "promise > bye [on:error.callback]"],
        ),
        (
            "[{press: 2}]",
            "{requests: [{body: {sky: x}}]}",
            ["choose > weather [option:ask]", "weather > told [next]", "told > bye [next]"],
        ),
        (
            "[{press: 2}]",
            "{requests: [{status: 500}]}",
            ["choose > weather [option:ask]", "weather > told [on:error.request]", "told > bye [next]"],
        ),
    ],
)
def test_the_ways_of_a_call(turns: str, given: str, ways: list[str]) -> None:
    assert taken(turns, given) == ways


ASKING = """\
flow: main
nodes:
  menu: {kind: menu, prompt: ask, options: {a: {key: 1, next: yes_no}, b: {key: 2}, c: {key: 3}}, next: rate}
  yes_no: {kind: confirm, prompt: ask, yes: rate, no: rate}
  rate: {kind: survey, prompt: ask, next: digits, skipped: digits}
  digits: {kind: collect, prompt: ask, length: 1, into: digit, next: open, on: {no_match: {next: open}}}
  open: {kind: hours, calendar: desk, open: split, closed: split, date: split, override: split}
  split: {kind: branch, cases: [{if: rating > 2, next: done}, {if: rating == 1, next: done}], else: done}
  done: {kind: say, prompt: bye, next: hangup}
"""
CALENDAR = """\
calendars:
  desk: {timezone: Asia/Shanghai, weekly: {mon-fri: "09:00-17:00"}, dates: {"2026-11-24": {hours: closed, why: Audit}}}
variables: {rating: 0}
"""


@pytest.mark.parametrize(
    ("turns", "given", "ways"),
    [
        ("[{press: 1}, {press: 1}]", "{}", ["menu > yes_no [option:a]", "yes_no > rate [answer:yes]"]),
        ("[{press: 1}, {press: 2}]", "{}", ["menu > yes_no [option:a]", "yes_no > rate [answer:no]"]),
        ("[{press: 2}]", "{}", ["menu > rate [next]"]),
        ("[{press: 3}, {silence: true}]", "{}", ["menu > rate [next]", "rate > digits [skipped]"]),
        ("[{press: 3}, {press: 9}, {press: 9}]", "{}", ["menu > rate [next]", "rate > digits [skipped]"]),
    ],
)
def test_ways_between_the_same_two_nodes_are_told_apart(turns: str, given: str, ways: list[str]) -> None:
    assert taken(turns, given, flow=ASKING, hotline=CALENDAR) == ways


@pytest.mark.parametrize(
    ("given", "way"),
    [
        ("{}", "open > split [open]"),
        ("{time: '23:00'}", "open > split [closed]"),
        ("{hours: {desk: closed}}", "open > split [override]"),
        ("{time: '2026-11-24 10:00'}", "open > split [date]"),
    ],
)
def test_hours_by_their_reason(given: str, way: str) -> None:
    ways = taken("[{press: 2}, {press: 1}, {press: 7}]", given, flow=ASKING, hotline=CALENDAR)
    assert ways == [
        "menu > rate [next]",
        "rate > digits [next]",
        "digits > open [next]",
        way,
        "split > done [case:2]",
        "done > ~hangup [next]",
    ]


@pytest.mark.parametrize(("rating", "way"), [(1, "case:2"), (2, "else"), (5, "case:1")])
def test_cases_and_else(rating: int, way: str) -> None:
    turns = f"[{{press: 2}}, {{press: {rating}}}, {{press: 7}}]"
    assert f"split > done [{way}]" in taken(turns, flow=ASKING, hotline=CALENDAR)


SCOPES = """\
flow: main
on: {no_match: {next: helped}}
nodes:
  first: {kind: call, flow: inner, next: after, on: {inner.full: {next: after}, hangup: {next: told}}}
  after: {kind: menu, prompt: ask, options: {a: {key: 1, next: hangup}}}
  helped: {kind: say, prompt: sorry, next: hangup}
  told: {kind: notify, channel: supervisor, text: {zh: 挂断, en: gone}, next: hangup}
"""
INNER = """\
flow: inner
events: [inner.full]
nodes:
  ask: {kind: menu, prompt: ask, options: {a: {key: 1, next: return}, b: {key: 2, next: full}}}
  full: {kind: return, event: inner.full}
"""
AROUND = """\
fallback: main.helped
always: {person: {key: "0", next: main.helped}}
on: {no_input: {next: main.helped}}
"""


@pytest.mark.parametrize(
    ("turns", "ways"),
    [
        ("[{press: 1}]", ["inner.ask > ~return [option:a]", "first > after [next]"]),
        ("[{press: 2}]", ["inner.ask > inner.full [option:b]", "first > after [on:inner.full]"]),
        ("[{press: 0}]", ["* > helped [always:person]", "helped > ~hangup [next]"]),
        ("[{silence: true}]", ["* > helped [on:no_input]", "helped > ~hangup [next]"]),
        (
            "[{press: 1}, {press: 9}]",
            ["* > helped [on:no_match]", "inner.ask > ~return [option:a]", "first > after [next]"],
        ),
        # The handler of the `call` node that the dialogue is inside of.
        ("[{hangup: true}]", ["first > told [on:hangup]", "told > ~hangup [next]"]),
    ],
)
def test_flows_that_are_called_and_what_is_written_once_for_many_nodes(turns: str, ways: list[str]) -> None:
    found = taken(turns, flow=SCOPES, hotline=AROUND, more={"inner.yaml": INNER})
    assert "first > inner.ask [calls]" in found
    assert set(ways) < set(found)
    unexpected = {way for way in found if way.startswith(("first", "inner", "*"))} - {
        *ways,
        "first > inner.ask [calls]",
    }
    assert not unexpected


HANGING_UP = """\
flow: main
nodes:
  ask: {kind: menu, prompt: ask, options: {a: {key: 1, next: left}}, on: {hangup: {next: left}}}
  left: {kind: notify, channel: supervisor, text: {zh: 挂断, en: gone}, next: hangup}
"""


def test_a_handler_of_hangup_is_told_from_an_option_to_the_same_node() -> None:
    hung_up = taken("[{hangup: true}]", flow=HANGING_UP, hotline="fallback: main.left\n")
    assert "ask > left [on:hangup]" in hung_up
    assert "ask > left [option:a]" not in hung_up
    assert (
        taken("[{press: 1}]", flow=HANGING_UP, hotline="fallback: main.left\n")[0] == "ask > left [option:a]"
    )


HELD = """\
flow: main
nodes:
  wait:
    kind: queue
    queue: general
    options: {number: {key: 1, next: number}}
    next: hangup
  number: {kind: collect, prompt: ask, length: 4, into: number, next: wait}
"""


def test_an_agent_who_ends_what_was_done_beside_a_kept_place_takes_no_way() -> None:
    hotline = "fallback: main.wait\n"
    ways = taken("[{press: 1}, {agent: joins, node: wait}, {agent: leaves}]", flow=HELD, hotline=hotline)
    assert ways == ["wait > ~hangup [next]", "wait > number [option:number]"]
    ways = taken("[{press: 1}, {press: 1234, node: wait}]", flow=HELD, hotline=hotline)
    assert ways == ["wait > number [option:number]", "number > wait [next]"]


def test_what_is_brought_to_the_fallback_takes_no_way_of_an_author() -> None:
    flow = "  ask: {kind: menu, prompt: ask, options: {a: {key: 1}}, next: person}\n"
    flow += "  person: {kind: hangup, prompt: bye}\n"
    ways = taken(
        "[{press: 9}, {press: 9}, {press: 9, node: person}]", flow=flow, hotline="fallback: main.person\n"
    )
    assert ways == []
    assert taken("[{press: 1}]", flow=flow, hotline="fallback: main.person\n") == ["ask > person [next]"]


def test_a_handler_that_hangs_up_is_not_the_way_on() -> None:
    flow = "  a: {kind: queue, queue: general, next: hangup, on: {error.queue: {hangup: true}}}\n"
    assert taken("[{queue: full}]", flow=flow, hotline="") == []
    assert taken("[{agent: joins}, {agent: leaves}]", flow=flow, hotline="") == ["a > ~hangup [next]"]


def test_sums_shares_and_what_is_missing() -> None:
    library = load_sources(sources(HANGING_UP, "fallback: main.left\n"))
    coverage = Coverage.of(library)
    assert coverage.shares() == (0.0, 0.0)
    assert coverage.uncovered_nodes() == ["main.ask", "main.left"]
    other = Coverage.of(library)
    other.nodes["main.ask"] = 2
    coverage.add_all(other)
    assert coverage.nodes == {"main.ask": 2, "main.left": 0}
    assert coverage.shares()[0] == 0.5
    assert coverage.to_json()["nodes"]["main.ask"] == 2
