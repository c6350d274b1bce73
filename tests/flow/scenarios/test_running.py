"""Scenarios as they are played: every act, every outcome that others can have, what is not possible."""

from __future__ import annotations

import pytest

from tests.flow.scenarios.hotline import causes, play


@pytest.mark.parametrize(
    ("turns", "given"),
    [
        # The caller
        ("[{press: 1, node: wait}]", "{}"),
        ("[{press: '13', node: wait}]", "{}"),
        ("[{say: 天气, node: weather}]", "{}"),
        ("[{say: {text: 天气, confidence: 0.1}, heard: [sorry, ask], node: choose}]", "{}"),
        ("[{silence: true, heard: [again, ask]}, {silence: true, node: choose}]", "{}"),
        ("[{hangup: true, ended: caller}]", "{}"),
        ("[{speech_fails: overloaded, heard: sorry, listening: false}]", "{}"),
        ("[{press: 1, at_once: true, node: wait}]", "{}"),
        # The clock
        ("[{time: '23:30'}, {wait: 3, node: choose}]", "{}"),
        ("[{wait: 4, heard_only: [], node: choose}]", "{speech: false}"),
        # The queue
        (
            "[{press: 1}, {place: 3, text: 第3位}, {agent: joins, did: agent a1001}, {agent: leaves, ended: system}]",
            "{}",
        ),
        ("[{press: 1}, {queue: full, heard: [sorry, bye], ended: system}]", "{}"),
        (
            "[{press: 1}, {wait: joined, ended: false}, {wait: served, ended: system}]",
            "{queues: {general: served}}",
        ),
        ("[{press: 1}, {wait: end, heard: sorry}]", "{queues: {general: {outcome: timeout, after_s: 9}}}"),
        ("[{press: 1, text: 第2位}]", "{queues: {general: {places: [2, 1]}}}"),
        # Web services: by rule, and by turn
        (
            "[{press: 2, variables: {sky: blue, code: 200}, ended: system}]",
            "{requests: [{body: {sky: blue}}]}",
        ),
        ("[{press: 2, variables: {why: error.request.status, code: 503}}]", "{requests: [{status: 503}]}"),
        ("[{press: 2, variables: {why: error.request.timeout}}]", "{requests: [{outcome: timeout}]}"),
        ("[{press: 2, variables: {sky: ''}}, {request: {body: {sky: grey}}, variables: {sky: grey}}]", "{}"),
        ("[{press: 2}, {request: down, variables: {why: error.request.down}}]", "{}"),
        (
            "[{press: 2, variables: {sky: red}}]",
            "{requests: [{url: '*/x'}, {node: weather, body: {sky: red}}]}",
        ),
        # Sources
        ("[{press: 3, text: 您好李梅}]", "{lookups: {people: {found: {name: 李梅}}}}"),
        ("[{press: 3, not_heard: name, ended: system}]", "{lookups: {people: none}}"),
        ("[{press: 3}, {lookup: {found: {name: 王强}}, text: 您好王强}]", "{}"),
        ("[{press: 3}, {lookup: none, ended: system}]", "{}"),
        ("[{press: 3}, {lookup: timeout, heard: sorry}]", "{}"),
        # Recordings
        ("[{press: 4}, {recorded: 12, variables: {message.seconds: 12.0}, ended: system}]", "{}"),
        ("[{press: 4}, {recorded: 0, node: choose}]", "{}"),
        ("[{press: 4}, {recorded: failed, heard: sorry}]", "{}"),
        ("[{press: 4}, {press: '#', variables: {message.ended_by: key}}]", "{}"),
        ("[{press: 4, variables: {message.seconds: 7.0}}]", "{recorded_s: 7}"),
        ("[{press: 4}, {hangup: true, journal: {kind: recorded, outcome: recorded}, ended: caller}]", "{}"),
        # Other parties
        ("[{press: 5}, {party: answers, ended: false}, {party: completed, ended: system}]", "{}"),
        ("[{press: 5}, {party: busy, heard: sorry}]", "{}"),
        ("[{press: 5}, {wait: end, not_heard: sorry}]", "{transfers: {police: completed}}"),
        ("[{press: 5}, {wait: end, heard: sorry}]", "{transfers: {'110': no_answer}}"),
        # Promises
        ("[{press: 6, did: callback to 138, ended: system}]", "{}"),
        ("[{press: 6, heard: sorry}]", "{callbacks: refused}"),
        ("[{press: 6, ended: false}, {callback: failed, heard: sorry}]", "{}"),
        ("[{press: 6, ended: false}, {callback: placed, not_heard: sorry, ended: system}]", "{}"),
        # How it begins
        ("[{language: en, text: Choose}]", "{language: en}"),
        ("[{listening: false}]", "{speech: false}"),
        ("[{listening: false}]", "{speech: [en]}"),
        ("[{press: 1, queued: {queue: general, reason: queue}}]", "{}"),
    ],
)
def test_it_holds(turns: str, given: str) -> None:
    result = play(turns, given)
    assert not result.failures, (result.failures, result.transcript)
    assert result.passed


@pytest.mark.parametrize(
    ("turns", "cause"),
    [
        ("[{press: 1}, {say: hello}]", "nobody listens at `main.wait`"),
        ("[{press: 1}, {silence: true}]", "nothing comes of silence at `main.wait`"),
        ("[{press: 1}, {wait: served}]", "nothing more happens at `main.wait`"),
        ("[{agent: joins}]", "there is no queue at `main.choose`"),
        ("[{press: 1}, {agent: joins}, {agent: joins}]", "there is no queue at `main.wait`"),
        ("[{queue: full}]", "there is no queue at `main.choose`"),
        ("[{place: 2}]", "there is no queue at `main.choose`"),
        ("[{party: busy}]", "there is no transfer at `main.choose`"),
        ("[{party: answers}]", "there is no transfer at `main.choose`"),
        ("[{recorded: 3}]", "nothing is recorded at `main.choose`"),
        ("[{recorded: failed}]", "nothing is recorded at `main.choose`"),
        ("[{request: timeout}]", "there is no request at `main.choose`"),
        ("[{lookup: none}]", "there is no lookup at `main.choose`"),
        ("[{callback: placed}]", "there is no promise to call back at `main.choose`"),
        ("[{press: 1}, {speech_fails: lost}]", "nobody listens at `main.wait`"),
        ("[{hangup: true}, {press: 1}]", "the call is over"),
    ],
)
def test_what_is_not_possible_is_a_failure_of_its_turn(turns: str, cause: str) -> None:
    result = play(turns)
    assert [failure.cause for failure in result.failures] == [cause]
    assert result.failures[0].turn == turns.count("{")


def test_a_failure_says_where_it_is_and_ends_the_scenario() -> None:
    result = play("[{press: 1, node: choose}, {press: 2}]")
    (failure,) = result.failures
    assert (failure.turn, failure.where.line, failure.cause) == (1, 2, "at `main.wait` instead of `choose`")
    assert result.transcript[-1].startswith("* queue general")
    assert "> press 1" in result.transcript


def test_a_rule_for_so_many_requests_gives_way_to_the_next() -> None:
    given = "{requests: [{times: 1, outcome: timeout}, {body: {sky: blue}}]}"
    flow_again = "[{press: 2, variables: {why: error.request.timeout}}]"
    assert causes(flow_again, given) == []


def test_a_time_without_a_date_is_of_the_usual_monday() -> None:
    assert causes("[{press: 1, node: wait}]", "{time: '23:30'}") == []
    assert causes("[{press: 1, node: wait}]", "{time: '2026-10-01 08:00:30'}") == []


def test_a_flow_that_is_not_there_fails_before_the_first_turn() -> None:
    assert causes("[{press: 1}]", "{flow: mian}") == ["there is no flow `mian`"]


def test_other_readings_of_what_was_said_reach_the_dialogue() -> None:
    flow = "  m: {kind: menu, prompt: ask, options: {a: {say: {zh: 天气}, next: hangup}}, next: m}\n"
    turns = "[{say: {text: 天, confidence: 0.9, alternatives: {天气: 0.8}}, ended: system}]"
    assert play(turns, flow=flow, hotline="fallback: main.m\n").passed
    assert not play(turns.replace("天气", "空气"), flow=flow, hotline="fallback: main.m\n").passed
