"""Hours of queues: calendars of the hotline by name, or a queue's own, read and told of like the hotline's."""

from __future__ import annotations

import datetime as dt

import pytest

from ivr.cli.checking import check_sources
from ivr.flow.calendars.calendar import of_queue
from ivr.flow.findings import FlowLoadError
from ivr.flow.load import load_sources
from routing.rules_load import load_rules, own_calendar
from tests.versions.drafts import BASE

HOTLINE = (
    BASE["hotline.yaml"] + b"calendars: {desk: {timezone: Asia/Shanghai, weekly: {daily: '09:00-18:00'}}}\n"
)
NOON = dt.datetime(2026, 11, 26, 4, 0, tzinfo=dt.UTC)


def sources(general: str) -> dict[str, bytes]:
    return {**BASE, "hotline.yaml": HOTLINE, "queues.yaml": f"queues:\n  general: {{{general}}}\n".encode()}


def faults(general: str) -> list[str]:
    with pytest.raises(FlowLoadError) as caught:
        load_sources(sources(general))
    return [str(finding) for finding in caught.value.findings]


def test_a_queue_s_own_hours_build_on_the_hotline_s() -> None:
    hours = "hours: {base: desk, dates: {2026-11-26: closed}}"
    library = load_sources(sources(hours))
    assert library.calendars["desk"].at(NOON).open
    own = library.calendars[of_queue("general")].at(NOON)
    assert (own.open, own.reason) == (False, "date")


def test_the_routing_and_the_dialogue_call_it_by_the_same_name() -> None:
    assert own_calendar("general") == of_queue("general")
    text = sources("hours: {base: desk}")["queues.yaml"].decode()
    (queue,) = load_rules(text).queues.values()
    assert queue.hours in load_sources(sources("hours: {base: desk}")).calendars


def test_a_calendar_that_is_none_gets_a_suggestion() -> None:
    assert faults("hours: dask") == [
        "queues.yaml:2:20: error unknown-calendar: there is no calendar `dask` (did you mean `desk`?)"
    ]


def test_a_fault_in_hours_is_told_where_it_stands() -> None:
    assert faults("hours: {base: desk, weekly: {mon: '9 to 5'}}")[0].startswith(
        "queues.yaml:2:47: error bad-calendar: `9 to 5` are no hours"
    )
    assert faults("hours: {bse: desk}")[0] == (
        "queues.yaml:2:21: error unknown-field: `bse` means nothing here (did you mean `base`?)"
    )


def test_holidays_that_nobody_knows_yet_are_told_at_the_queue() -> None:
    far = dt.datetime(2050, 6, 1, tzinfo=dt.UTC)
    found = check_sources(sources("hours: {base: desk, holidays: CN}"), far).findings
    assert [(one.file, one.line, one.code) for one in found if one.code == "holidays-not-known"] == [
        ("queues.yaml", 2, "holidays-not-known")
    ]
