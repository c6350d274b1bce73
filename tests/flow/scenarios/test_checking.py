"""Each expectation, true and false; what is told when it is false."""

from __future__ import annotations

import pytest

from tests.flow.scenarios.hotline import causes, play

GIVEN = "{requests: [{body: {sky: blue}}]}"

CASES = [
    # expectation after pressing 2 (a request, a notification, the end): true, false, what is told
    ("heard: bye", "heard: ask", "`ask` was not heard; heard: bye"),
    ("heard: [bye]", "heard: [bye, bye]", "`bye` was not heard; heard: bye"),
    ("heard: bye", "heard: by", "`by` was not heard (did you mean `bye`?); heard: bye"),
    ("heard_only: [bye]", "heard_only: [ask, bye]", "heard bye instead of ask, bye"),
    ("not_heard: ask", "not_heard: bye", "`bye` was heard"),
    ("text: 再见", "text: 你好", "“你好” was not heard; heard: 再见"),
    ("text: [再, 见]", "text: [再, 好]", "“好” was not heard"),
    ("node: bye", "node: wait", "at `main.bye` instead of `wait`"),
    ("node: main.bye", "node: main.by", "there is no such node; did you mean `main.bye`?"),
    ("passed: [weather, told]", "passed: [told, weather]", "did not go through `weather`"),
    (
        "passed: main.told",
        "passed: dial",
        "did not go through `dial`; went through main.weather, main.told, main.bye",
    ),
    ("language: zh", "language: en", "in `zh` instead of `en`"),
    ("variables: {sky: blue}", "variables: {sky: red}", "`sky` is 'blue' instead of 'red'"),
    (
        "variables: {answer.sky: blue}",
        "variables: {answer.sea: blue}",
        "`answer.sea` is None instead of 'blue'",
    ),
    ("variables: {code: 200}", "variables: {code: '200'}", "`code` is 200 instead of '200'"),
    ("journal: {kind: option, option: ask}", "journal: {kind: option, option: find}", "the journal has no"),
    ("journal: {kind: node}", "journal: {kind: nod}", "(did you mean `node`?)"),
    ("journal: {kind: request, status: 200}", "journal: {kind: lookup}", "of that kind: none"),
    ("did: request GET", "did: transfer", "“transfer” was not done; done: request GET"),
    ("did: hung up", "did: [hung up, left]", "“left” was not done"),
    (
        "notified: {channel: sms, text: lu}",
        "notified: {channel: email}",
        "nobody was told {'channel': 'email'}",
    ),
    ("notified: {to: '13800000000'}", "notified: {to: '138'}", "nobody was told"),
    ("listening: false", "listening: true", "speech is not listened for"),
    ("ended: system", "ended: caller", "the call was ended by the system instead of the caller"),
    ("ended: system", "ended: false", "the call is over"),
]


@pytest.mark.parametrize(("true", "false", "told"), CASES)
def test_an_expectation_holds_or_is_told(true: str, false: str, told: str) -> None:
    assert causes(f"[{{press: 2, {true}}}]", GIVEN) == []
    (cause,) = causes(f"[{{press: 2, {false}}}]", GIVEN)
    assert told in cause


QUEUED = [
    ("queued: general", "queued: night", "no place was taken with {'queue': 'night'}"),
    ("queued: {reason: que}", "queued: {reason: noise}", "no place was taken with"),
    (
        "queued: {queue: general, priority: 0, language: zh, skills: {}}",
        "queued: {priority: 5}",
        "taken: [{'queue'",
    ),
    ("ended: false", "ended: system", "the call is not over (at `main.wait`)"),
    ("listening: false", "listening: true", "speech is not listened for"),
]


@pytest.mark.parametrize(("true", "false", "told"), QUEUED)
def test_places_in_queues(true: str, false: str, told: str) -> None:
    assert causes(f"[{{press: 1, {true}}}]") == []
    (cause,) = causes(f"[{{press: 1, {false}}}]")
    assert told in cause


def test_nothing_queued_nobody_told_nothing_heard_is_said_so() -> None:
    assert "taken: none" in causes("[{press: 3, queued: general}]")[0]
    assert "told: nobody" in causes("[{press: 3, notified: {channel: sms}}]")[0]
    assert "heard: nothing" in causes("[{press: 3, heard: bye}]")[0]


def test_listening_is_so_while_a_question_is_open() -> None:
    assert causes("[{listening: true}]") == []
    assert causes("[{listening: false}]") == ["speech is listened for"]


def test_only_what_came_since_the_turn_before_counts() -> None:
    assert causes("[{heard_only: [ask]}, {say: {text: x, confidence: 0.1}, heard_only: [sorry, ask]}]") == []
    assert causes("[{silence: true, heard_only: [again, ask]}]") == []


def test_a_turn_that_only_looks_sees_what_the_turn_before_saw() -> None:
    assert causes("[{press: 1}, {queued: general}, {node: wait}]") == []


def test_all_that_differs_in_a_turn_is_told() -> None:
    assert len(causes("[{press: 1, node: bye, language: en, ended: system}]")) == 3


def test_what_an_agent_does_counts_for_its_turn() -> None:
    assert causes("[{press: 1}, {agent: joins, did: agent a1001 joined}]") == []


def test_plural_forms_are_heard_under_their_prompts_id() -> None:
    prompts = "  a: {kind: say, prompt: {en: {by: n, one: One, other: Many}, zh: 多}, next: hangup}\n"
    result = play(
        "[{text: Many, ended: system}]", "{language: en}", flow=prompts, hotline="variables: {n: 2}\n"
    )
    assert result.passed, result.failures
