"""Which scenarios can be real calls, and what they need."""

from __future__ import annotations

import datetime as dt

import pytest

from ivr.cli.live.plan import OUTSIDE, WEB, Plan, plan
from ivr.flow.scenarios.reading import read_all
from tests.flow.scenarios.hotline import FLOW, HOTLINE, files, library

HEARD = ("zh", "en")


def planned(turns: str, given: str = "{}", *, heard: tuple[str, ...] = HEARD, hotline: str = HOTLINE) -> Plan:
    sources = files(f"  - {{name: one, given: {given}, turns: {turns}}}\n", FLOW, hotline)
    (case,) = read_all(sources).cases
    return plan(library(FLOW, hotline), case, heard)


def why(turns: str, given: str = "{}", **more: tuple[str, ...]) -> str:
    result = planned(turns, given, **more).result
    assert result is not None
    assert not result.failures, result.failures
    return result.skipped


@pytest.mark.parametrize(
    ("turns", "given", "reason"),
    [
        ("[{press: 1}]", "{facts: {a: 1}}", "a real call has no `facts`"),
        ("[{press: 1}]", "{history: {calls: 1}}", "a real call has the history that it has"),
        ("[{press: 1}]", "{split: {choose: x}}", "a real call draws its own way"),
        ("[{press: 1}]", "{caller: ''}", "the number is withheld"),
        ("[{press: 1}]", "{speech: [en]}", "some languages only are recognised"),
        ("[{press: 1}]", "{queues: {general: full}}", "the queue `general` cannot be made to end as full"),
        ("[{press: 1}]", "{queues: {general: {after_s: 99}}}", "the queue `general` takes 99 s"),
        ("[{press: 1}]", "{queues: {general: {places: [3]}}}", "the queue `general` has other callers"),
        ("[{press: 5}]", "{transfers: {police: forbidden}}", "`police` cannot be made to end as forbidden"),
        ("[{press: 5}]", "{transfers: {police: {after_s: 31}}}", "`police` takes 31 s"),
        ("[{press: 2}]", "{requests: [{outcome: down}]}", "a web service cannot be made to be down"),
        ("[{press: 6}]", "{callbacks: failed}", "a promise cannot be made to fail"),
        ("[{press: 4}]", "{recorded_s: 60}", "a message of 60 s"),
        ("[{say: {text: 人工, confidence: 0.4}}]", "{}", "a confidence cannot be made"),
        ("[{say: {text: 人工, alternatives: {x: 0.1}}}]", "{}", "other readings"),
        ("[{time: '10:00'}]", "{}", "the clock is turned during the call"),
        ("[{press: 1}, {wait: 100}]", "{}", "a wait of 100 s"),
        ("[{press: 1}, {place: 3}]", "{}", "a place in line cannot be made"),
        ("[{press: 1}, {queue: timeout}]", "{}", "a queue ends as timeout by itself only"),
        ("[{press: 5}, {party: failed}]", "{}", "a transfer cannot be made to end as failed"),
        ("[{press: 4}, {recorded: failed}]", "{}", "`recorded` cannot be made"),
        ("[{press: 4}, {recorded: 30}]", "{}", "a message of 30 s"),
        ("[{speech_fails: lost}]", "{}", "`speech_fails` cannot be made"),
        ("[{press: 2}, {request: down}]", "{}", "a web service cannot be made to be down"),
        ("[{press: 6}, {callback: refused}]", "{}", "what becomes of a promise is said beforehand"),
    ],
)
def test_what_cannot_be_a_real_call_and_why(turns: str, given: str, reason: str) -> None:
    assert why(turns, given).startswith(reason)


def test_speech_that_nobody_recognises_here() -> None:
    assert why("[{say: 人工}]", heard=("en",)) == "speech in `zh` is not recognised here"
    assert planned("[{press: 1}]", heard=()).result is None


def test_what_a_call_needs_is_what_it_does_in_the_machine() -> None:
    assert planned("[{press: 1}]").needs == {"queue general"}
    assert planned("[{press: 2}]").needs == {WEB}
    assert planned("[{press: 3}]", "{lookups: {people: none}}").needs == {WEB}
    assert planned("[{press: 5}]").needs == {OUTSIDE}
    assert planned("[{press: 6}]").needs == {"queue general"}
    assert planned("[{hangup: true}]").needs == set()
    assert planned("[{say: 人工}]").said == (("zh", "人工"),)


def test_a_scenario_that_does_not_hold_is_not_worth_a_call() -> None:
    result = planned("[{press: 1, node: bye}]").result
    assert result is not None
    assert [failure.cause for failure in result.failures] == ["at `main.wait` instead of `bye`"]


def test_what_is_the_same_for_all_calls_of_a_hotline() -> None:
    usual = planned("[{press: 1}]").group
    assert planned("[{hangup: true}]", "{time: '23:30', queues: {general: served}}").group == usual
    group = planned(
        "[{press: 1}]", "{queues: {general: {outcome: timeout, after_s: 9}, night: unstaffed}, speech: false}"
    ).group
    assert group.ends == (("general", "timeout", 9.0),)
    assert not group.speech
    assert not planned("[{press: 6, heard: sorry}]", "{callbacks: refused}").group.promises
    assert planned("[{press: 1}]", "{language: en, number: '99999', flow: main}").group.language == "en"


def test_when_it_takes_place() -> None:
    start = planned("[{press: 1}]", "{time: '2026-11-22 23:30'}").start
    assert start is not None
    assert start.astimezone(dt.UTC) == dt.datetime(2026, 11, 22, 15, 30, tzinfo=dt.UTC)
