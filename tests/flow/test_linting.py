"""What the linter finds, and what is nearly the same and sound. `test_explained.py` has one example of each code."""

from __future__ import annotations

import datetime as dt

import pytest

from ivr.cli.checking import check_sources
from tests.flow.support import sources

JUNE = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
PEOPLE = "fallback: main.wait\nalways: {person: {key: 0, next: main.wait}}\n"
WAIT = "  wait: {kind: queue, queue: general, next: hangup}\n"
MENU = "  a: {kind: menu, prompt: ask, options: {x: {key: 1, next: b}}}\n  b: {kind: hangup}\n"
CALLED = """\
  a: {kind: call, flow: sub, next: hangup}
"""


def found(
    flow: str,
    hotline: str = "",
    more: dict[str, str] | None = None,
    *,
    hints: bool = False,
    now: dt.datetime = JUNE,
) -> set[str]:
    """The codes, but those of hints about the prompts that all tests have."""
    files = {"queues.yaml": "queues: {general: {}}\n", **(more or {})}
    checked = check_sources(sources(flow, hotline, files), now, hints=hints)
    return {finding.code for finding in checked.findings if finding.code != "unused-prompt"}


@pytest.mark.parametrize(
    "flow",
    [
        "  a: {kind: say, prompt: ask, next: hangup, on: {error.prompt: {next: b}}}\n  b: {kind: hangup}\n",
        "  a: {kind: branch, cases: [{if: 'true', next: b}], else: hangup}\n  b: {kind: hangup}\n",
        MENU,
    ],
    ids=["by a handler", "by a case", "by an option"],
)
def test_nodes_are_reached_in_many_ways(flow: str) -> None:
    hotline = "fallback: main.a\n"
    assert found(flow, hotline) == set()
    assert found(flow + "  c: {kind: hangup}\n", hotline) == {"unreachable"}
    # By a command, and by the hotline's handlers and its fallback.
    assert (
        found(flow + "  c: {kind: hangup}\n", hotline + "always: {stop: {key: 9, next: main.c}}\n") == set()
    )
    assert found(flow + "  c: {kind: hangup}\n", hotline + "on: {timeout: {next: main.c}}\n") == set()
    assert found(flow + "  c: {kind: hangup}\n", "fallback: main.c\n") == set()


def test_nodes_that_only_each_other_lead_to_are_not_reached() -> None:
    island = "  c: {kind: goto, next: d}\n  d: {kind: say, prompt: ask, next: c}\n"
    assert "unreachable" in found(MENU + island, "fallback: main.b\n")


def test_an_end_by_a_handler_or_by_going_back_is_one() -> None:
    round_ = "  a: {kind: menu, prompt: ask, options: {x: {key: 1, next: a}}}\n"
    assert found(round_, "fallback: main.a\n") == {"no-end"}
    assert found(round_, "fallback: main.a\non: {timeout: {hangup: true}}\n") == set()
    sub = {"sub.yaml": "flow: sub\nnodes:\n  say: {kind: say, prompt: ask, next: return}\n"}
    assert found(CALLED, "", sub) == set()


@pytest.mark.parametrize(
    ("between", "sound"),
    [
        ("{kind: say, prompt: ask, next: a}", False),
        ("{kind: set, values: {x: 1}, next: a}", False),
        ("{kind: menu, prompt: ask, options: {x: {key: 1, next: a}, y: {key: 2, next: hangup}}}", True),
        ("{kind: queue, queue: general, next: a}", True),
        ("{kind: record, prompt: ask, next: a}", True),
    ],
)
def test_a_round_that_waits_for_something_is_no_loop(between: str, sound: bool) -> None:
    codes = found(f"  a: {{kind: goto, next: b}}\n  b: {between}\n", "fallback: main.b\n")
    assert ("loop-without-input" not in codes) is sound


def test_a_loop_through_a_called_flow_is_one() -> None:
    flow = "  a: {kind: call, flow: sub, next: a}\n"
    sub = "flow: sub\nnodes:\n  NODE\n"
    calm = {"sub.yaml": sub.replace("NODE", "s: {kind: set, values: {x: 1}, next: return}")}
    asks = {
        "sub.yaml": sub.replace("NODE", "s: {kind: menu, prompt: ask, options: {x: {key: 1, next: return}}}")
    }
    assert "loop-without-input" in found(flow, "", calm)
    assert "loop-without-input" not in found(flow, "", asks)


@pytest.mark.parametrize(
    ("hotline", "codes"),
    [
        ("", {"no-fallback"}),
        ("on: {no_input: {count: 2, next: main.b}}\n", {"no-fallback"}),
        ("on: {no_input: {reprompt: true}, no_match: {reprompt: true}}\n", {"no-fallback"}),
        ("on: {no_input: {count: 2, next: main.b}, no_match: {count: 3, hangup: true}}\n", set()),
        ("fallback: main.b\n", set()),
    ],
)
def test_what_silence_and_misunderstanding_lead_to(hotline: str, codes: set[str]) -> None:
    assert found(MENU, hotline) == codes


@pytest.mark.parametrize(
    ("node", "codes"),
    [
        ("{kind: menu, prompt: ask, options: {x: {key: 1, next: hangup}}}", set()),
        ("{kind: menu, prompt: ask, always: false, options: {x: {key: 1, next: hangup}}}", {"no-person"}),
        ("{kind: menu, prompt: ask, always: false, options: {x: {key: 1, next: wait}}}", set()),
        (
            "{kind: menu, prompt: ask, always: false, options: {x: {say: {zh: 人工}, next: wait}}}",
            {"no-person"},
        ),
    ],
)
def test_a_person_is_in_reach_by_a_key(node: str, codes: set[str]) -> None:
    assert found(f"  a: {node}\n{WAIT}", PEOPLE) == codes


@pytest.mark.parametrize(
    ("handlers", "codes"),
    [
        ("", {"unhandled-error"}),
        (", on: {error.queue: {hangup: true}}", set()),
        (", on: {error.queue.full: {hangup: true}}", set()),
        (", on: {error: {hangup: true}}", set()),
        (", on: {error.transfer: {hangup: true}}", {"unhandled-error"}),
    ],
)
def test_what_can_fail_is_handled_by_its_name_or_a_wider_one(handlers: str, codes: set[str]) -> None:
    assert found(f"  wait: {{kind: queue, queue: general, next: hangup{handlers}}}\n") == codes


@pytest.mark.parametrize(("characters", "codes"), [(60, set()), (75, {"long-prompt"})])
def test_a_text_of_fifteen_seconds(characters: int, codes: set[str]) -> None:
    assert found(f"  a: {{kind: say, prompt: {{zh: {'好' * characters}, en: Hi}}, next: hangup}}\n") == codes


@pytest.mark.parametrize(("count", "codes"), [(3, set()), (4, {"long-node"})])
def test_a_node_of_forty_five_seconds(count: int, codes: set[str]) -> None:
    prompts = ", ".join(f"{{zh: {'好' * 58}{number}, en: Hi {number}}}" for number in range(count))
    assert found(f"  a: {{kind: say, prompt: [{prompts}], next: hangup}}\n") == codes


def test_a_prompt_needs_the_languages_that_it_is_said_in() -> None:
    more = {"prompts/zh.yaml": "ask: 请选择\nonly: 您好\n", "prompts/en.yaml": "ask: Choose\n"}
    assert found("  a: {kind: say, prompt: only, next: hangup}\n", "", more) == {"missing-translation"}
    assert found("  a: {kind: say, prompt: {id: only, language: zh}, next: hangup}\n", "", more) == set()


@pytest.mark.parametrize(
    ("flow", "codes"),
    [
        ("  a: {kind: say, prompt: name, next: hangup}\n", {"undefined-variable"}),
        ("  a: {kind: say, prompt: {id: name, values: {who: 5}}, next: hangup}\n", set()),
        (
            "  a: {kind: set, values: {who: x}, next: b}\n  b: {kind: say, prompt: name, next: hangup}\n",
            set(),
        ),
        (
            "  a: {kind: branch, cases: [{if: who == 'x', next: hangup}], else: hangup}\n",
            {"undefined-variable"},
        ),
        ("  a: {kind: branch, cases: [{if: call.caller == 'x', next: hangup}], else: hangup}\n", set()),
    ],
)
def test_names_that_nothing_sets(flow: str, codes: set[str]) -> None:
    assert found(flow) == codes
    assert found(flow, "variables: {who: ''}\n") == set()


# Calendars

WEEKLY = '{weekly: {mon-fri: "08:00-17:00"}, holidays: CN}'


def hours(month: int, year: int) -> set[str]:
    flow = "  a: {kind: hours, calendar: desk, open: hangup, closed: hangup}\n"
    return found(flow, f"calendars: {{desk: {WEEKLY}}}\n", now=dt.datetime(year, month, 15, tzinfo=dt.UTC))


def test_holidays_of_this_year_and_from_november_on_of_the_next() -> None:
    assert hours(10, 2020) == hours(12, 2020) == set()
    assert hours(1, 2060) == {"holidays-not-known"}
    # The last year that the package knows, whichever that is.
    last = max(year for year in range(2020, 2060) if not hours(10, year))
    assert hours(11, last) == {"holidays-not-known"}


def test_a_calendar_of_a_library_is_based_on_the_hotlines() -> None:
    more = {
        "lib/library.yaml": "library: lib\ncalendars: {short: {base: desk, weekly: {fri: closed}}}\n",
        "lib/x.yaml": "flow: x\nnodes:\n  a: {kind: hours, calendar: short, open: hangup, closed: hangup}\n",
    }
    hotline = 'include: [lib]\ncalendars: {desk: {weekly: {mon-fri: "08:00-17:00"}}}\n'
    assert found("  a: {kind: goto, next: x}\n", hotline, more) == set()
    assert found("  a: {kind: goto, next: x}\n", hotline.replace("desk:", "dask:"), more) == {"bad-calendar"}


# Results and what does nothing


@pytest.mark.parametrize(
    ("node", "codes"),
    [
        ("{kind: say, prompt: ask, next: return}", {"unset-result"}),
        ("{kind: set, values: {slot: x}, next: return}", set()),
        ("{kind: return, results: {slot: x}}", set()),
        ("{kind: collect, prompt: ask, into: slot, next: return}", set()),
    ],
)
def test_a_result_that_nothing_sets(node: str, codes: set[str]) -> None:
    more = {"sub.yaml": f"flow: sub\nresults: {{slot: text}}\nnodes:\n  s: {node}\n"}
    assert found(CALLED, "fallback: main.a\n", more) == codes


def test_hints_of_variables_parameters_and_flows() -> None:
    sub = "flow: sub\nparameters: {what: text}\nvariables: {seen: 0}\nnodes:\n  s: {kind: return}\n"
    call = "  a: {kind: call, flow: sub, with: {what: x}, next: hangup}\n"
    everything = {"unused-parameter", "unused-variable"}
    assert found(call, "", {"sub.yaml": sub}, hints=True) == everything
    assert found(call, "", {"sub.yaml": sub}) == set()
    read = sub.replace("{kind: return}", "{kind: set, values: {seen: = seen + size(what)}, next: return}")
    assert found(call, "", {"sub.yaml": read}, hints=True) == set()
    assert found("  a: {kind: hangup}\n", "", {"sub.yaml": read}, hints=True) >= {"unused-flow"}
    assert found("  a: {kind: hangup}\n", "variables: {topic: ''}\n", hints=True) == {"unused-variable"}
    handler = "on: {timeout: {if: topic == '', hangup: true}}\n"
    assert found("  a: {kind: hangup}\n", "variables: {topic: ''}\n" + handler, hints=True) == set()
