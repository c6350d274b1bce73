"""hours: exits by reason, the answer in a variable, the note in the journal, the supervisor's word."""

from __future__ import annotations

import datetime as dt

import pytest

from ivr.flow import machine
from ivr.flow.actions import Note, Play
from ivr.flow.nodes.hours import BEFORE, RESULT
from ivr.flow.state import CallFacts, Step
from tests.flow.support import faults, library

CALENDAR = """
calendars:
  desk:
    weekly: {mon-fri: 09:00-17:00}
    holidays: CN
    dates:
      2026-11-30: {hours: closed, why: {zh: 搬家, en: Moving day}}
      2026-12-01: {hours: 13:00-17:00}
"""
PLAIN = """
  desk: {kind: hours, calendar: desk, open: bye, closed: sorry}
  sorry: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""
EXITS = """
  desk:
    kind: hours
    calendar: desk
    into: desk
    open: bye
    closed: night
    holiday: feast
    date: moved
    override: told
  night: {kind: hangup, prompt: {zh: "{desk.opens_at:time}再来", en: "again at {desk.opens_at:time}"}}
  feast: {kind: hangup, prompt: {zh: "{desk.name}", en: "{desk.name}"}}
  moved: {kind: hangup, prompt: sorry}
  told: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""


def at(flow: str, local: str, *, language: str = "zh", said: bool | None = None) -> Step:
    flows = library(flow, CALENDAR)
    now = dt.datetime.fromisoformat(local).replace(tzinfo=flows.timezone).astimezone(dt.UTC)
    call = CallFacts("c-1", language=language, hours={} if said is None else {"desk": said})
    return machine.start(flows, "", call, now)


def note(step: Step) -> object:
    (found,) = [action.data for action in step.actions if isinstance(action, Note) and action.kind == "hours"]
    return found


@pytest.mark.parametrize(
    ("local", "plain", "exact", "reason", "why"),
    [
        ("2026-11-27T09:00", "bye", "bye", "weekly", "open: Fri 09:00-17:00"),
        ("2026-11-27T17:00", "sorry", "night", "weekly", "closed: after hours (Fri 09:00-17:00)"),
        ("2026-11-28T12:00", "sorry", "night", "weekly", "closed: Saturday"),
        ("2026-10-01T12:00", "sorry", "feast", "holiday", "closed: National Day"),
        ("2026-10-10T12:00", "bye", "bye", "makeup", "open: make-up working day for National Day"),
        (
            "2026-10-10T18:00",
            "sorry",
            "night",
            "makeup",
            "closed: after hours (make-up working day for National Day 09:00-17:00)",
        ),
        ("2026-11-30T12:00", "sorry", "moved", "date", "closed: Moving day"),
        ("2026-12-01T12:00", "sorry", "moved", "date", "closed: before hours (2026-12-01 13:00-17:00)"),
        ("2026-12-01T14:00", "bye", "bye", "date", "open: 2026-12-01"),
    ],
)
def test_the_exits_and_what_the_journal_notes(
    local: str, plain: str, exact: str, reason: str, why: str
) -> None:
    for flow, node in ((PLAIN, plain), (EXITS, exact)):
        step = at(flow, local)
        assert step.state.node == f"main.{node}"
        assert note(step) == {
            "calendar": "desk",
            "open": why.startswith("open"),
            "reason": reason,
            "why": why,
            "by": "calendar",
        }


@pytest.mark.parametrize(("said", "plain", "exact"), [(True, "bye", "bye"), (False, "sorry", "told")])
@pytest.mark.parametrize("local", ["2026-11-27T10:00", "2026-10-01T10:00"])
def test_the_supervisors_word_goes_before_the_calendar(
    local: str, said: bool, plain: str, exact: str
) -> None:
    for flow, node in ((PLAIN, plain), (EXITS, exact)):
        step = at(flow, local, said=said)
        assert step.state.node == f"main.{node}"
        assert note(step) == {
            "calendar": "desk",
            "open": said,
            "reason": "override",
            "why": f"{'open' if said else 'closed'}: by the supervisor's word",
            "by": "supervisor",
        }


def test_the_answer_in_a_variable() -> None:
    assert at(EXITS, "2026-11-27T10:00").state.variables["desk"] == {
        "open": True,
        "reason": "weekly",
        "why": "open: Fri 09:00-17:00",
        "name": "",
        "names": {},
        "opens_at": None,
        "opens_in_days": None,
        "closes_at": "2026-11-27T17:00:00+08:00",
    }
    assert at(EXITS, "2026-10-01T10:00", language="en").state.variables["desk"] == {
        "open": False,
        "reason": "holiday",
        "why": "closed: National Day",
        "name": "National Day",
        "names": {"zh": "国庆节", "en": "National Day"},
        "opens_at": "2026-10-08T09:00:00+08:00",
        "opens_in_days": 7,
        "closes_at": None,
    }


@pytest.mark.parametrize(
    ("local", "said", "days"),
    [
        ("2026-11-27T08:59", None, 0),
        ("2026-11-26T23:59", None, 1),
        ("2026-11-27T00:00", None, 0),
        ("2026-11-26T10:00", False, 1),
        ("2026-11-27T10:00", False, 4),
    ],
)
def test_how_many_days_until_it_opens(local: str, said: bool | None, days: int) -> None:
    desk = at(EXITS, local, said=said).state.variables["desk"]
    assert isinstance(desk, dict)
    assert desk["opens_in_days"] == days


def test_prompts_say_when_it_opens_and_what_day_it_is() -> None:
    def values(step: Step) -> list[object]:
        return [
            value
            for a in step.actions
            if isinstance(a, Play)
            for p in a.prompts
            for value in p.values.values()
        ]

    assert values(at(EXITS, "2026-11-27T18:00")) == ["2026-12-01T13:00:00+08:00"]
    assert values(at(EXITS, "2026-10-02T18:00")) == ["国庆节"]
    assert values(at(EXITS, "2026-10-02T18:00", language="en")) == ["National Day"]


def test_the_variable_has_the_fields_and_types_that_the_linter_is_told() -> None:
    desk = at(EXITS, "2026-11-27T10:00").state.variables["desk"]
    assert isinstance(desk, dict)
    assert desk.keys() == BEFORE.keys() == (RESULT.fields or {}).keys()


def test_an_exit_to_nowhere_and_an_unknown_calendar_are_found() -> None:
    flow = PLAIN.replace("calendar: desk", "calendar: desc").replace("open: bye", "open: bye, holiday: bey")
    found = {each.code: each for each in faults(flow, CALENDAR) if each.severity == "error"}
    assert set(found) == {"unknown-calendar", "unknown-target"}
    assert found["unknown-calendar"].suggestion == "did you mean `desk`?"
    assert found["unknown-target"].suggestion == "did you mean `bye`?"
