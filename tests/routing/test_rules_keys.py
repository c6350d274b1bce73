"""Every key of a queue: what becomes of it, and what is told where it makes no sense."""

from __future__ import annotations

from textwrap import dedent

import pytest

from routing.ids import QueueName
from routing.rules import Ageing, Overflow, QueueRules
from routing.rules_load import RulesError, load_agents, load_rules
from tests.routing.world import at

GENERAL = QueueName("general")


def queue(written: str, beside: str = "") -> QueueRules:
    return load_rules(f"{beside}\nqueues:\n  general: {{{written}}}\n  other: {{}}\n").queues[GENERAL]


def refused(text: str) -> list[str]:
    with pytest.raises(RulesError) as caught:
        load_rules(dedent(text))
    return [str(finding) for finding in caught.value.findings]


def refused_queue(written: str) -> list[str]:
    """Without file and line, which are always the same."""
    found = refused(f"queues:\n  general: {{{written}}}\n  other: {{}}\n")
    assert all(each.startswith("queues.yaml:2:") for each in found)
    return [each.split(": ", 1)[1] for each in found]


@pytest.mark.parametrize(
    ("written", "field", "value"),
    [
        ("strategy: round_robin", "strategy", "round_robin"),
        (
            "ageing: {points: 1, every_s: 60, most: 20}",
            "ageing",
            Ageing(points=1, every_s=60.0, most=20),
        ),
        ("hours: desk", "hours", "desk"),
        ("hours: {weekly: {mon-fri: '09:00-17:00'}}", "hours", "queues.general"),
        ("serve_after_closing: false", "serve_after_closing", False),
        (
            "overflow: [{to: other, after_s: 60}, {to: other, longer_than: 20}, {to: other, unstaffed: true}]",
            "overflow",
            (
                Overflow(QueueName("other"), after_s=60.0),
                Overflow(QueueName("other"), longer_than=20),
                Overflow(QueueName("other"), unstaffed=True),
            ),
        ),
        (
            "hours: desk, overflow: [{to: other, closed: true}]",
            "overflow",
            (Overflow(QueueName("other"), closed=True),),
        ),
        ("preferred_agent: {patience_s: 20}", "preferred_s", 20.0),
        ("shares: {vendor: {a: 60, b: 40}}", "shares", {"vendor": {"a": 60.0, "b": 40.0}}),
        ("urgent: true", "urgent", True),
        ("redial_s: 600", "redial_s", 600.0),
        ("answer_within_s: 20", "answer_within_s", 20.0),
    ],
)
def test_what_a_key_becomes(written: str, field: str, value: object) -> None:
    assert getattr(queue(written), field) == value
    assert getattr(queue(""), field) != value


def test_codes_are_those_of_the_file_unless_a_queue_names_its_own() -> None:
    codes = (
        'wrap_up_codes: {solved: {key: "1", title: {en: Solved}}, passed_on: {key: "2"}, wrong_number: {}}'
    )
    rules = load_rules(
        f"{codes}\nqueues:\n  general: {{}}\n  other: {{wrap_up_codes: [solved], wrap_up_code_required: true}}\n"
    )
    general, other = rules.queues[GENERAL], rules.queues[QueueName("other")]
    assert general.wrap_up_codes == ("solved", "passed_on", "wrong_number")
    assert (other.wrap_up_codes, other.wrap_up_code_required) == (("solved",), True)
    assert rules.wrap_up_codes["solved"].title == {"en": "Solved"}
    assert rules.wrap_up_code(GENERAL, "2") == rules.wrap_up_code(GENERAL, "passed_on") == "passed_on"
    assert rules.wrap_up_code(QueueName("other"), "2") is None
    assert rules.wrap_up_code(GENERAL, "") is rules.wrap_up_code(GENERAL, "9") is None


def test_a_rank_stands_with_the_agent() -> None:
    rules = load_rules("queues: {general: {}}\n")
    text = "agents:\n  - {id: a, name: A, extension: '1001', queues: [general], rank: 3}\n"
    assert [agent.rank for agent in load_agents(text, rules, at(0))] == [3]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            "overflow: [{to: othr, after_s: 60}]",
            "there is no queue othr (did you mean other?)",
        ),
        (
            "overflow: [{to: other}]",
            "overflow: nothing says when (one of `after_s`, `longer_than`, `unstaffed`, `closed` in each item of the"
            " list)",
        ),
        (
            "overflow: [{to: other, after_s: 5, closed: true}]",
            "overflow: `after_s` and `closed` at once (one of `after_s`, `longer_than`, `unstaffed`, `closed` in each"
            " item of the list)",
        ),
        (
            "max_wait_s: 60, overflow: [{to: other, after_s: 60}]",
            "the wait is over after 60 s (`max_wait_s`), before this overflow (less than 60, or a longer"
            " `max_wait_s`)",
        ),
        (
            "max_length: 10, overflow: [{to: other, longer_than: 10}]",
            "no more than 10 stand in this line (`max_length`) (less than 10, or a greater `max_length`)",
        ),
        (
            "overflow: [{to: other, closed: true}]",
            "the queue has no `hours`, so it is never closed (give it `hours`)",
        ),
        (
            "overflow: [{to: general, after_s: 60}]",
            "callers would go round in a circle: general -> general (take one of them out)",
        ),
        (
            "ageing: {points: 5, every_s: 60, most: 2}",
            "priority grows by 5 at a time, but by 2 at most (5 or more)",
        ),
        (
            "shares: {vendor: {a: 0}}",
            "nobody has a part of the calls by vendor (such as {north: 60, south: 40})",
        ),
        (
            "wrap_up_code_required: true",
            "a code is required, but the queue has none (write some under `wrap_up_codes`)",
        ),
        (
            "max_wait_s: 30, preferred_agent: {patience_s: 30}",
            "the wait is over after 30 s (`max_wait_s`), before others are asked (less than 30, or a longer"
            " `max_wait_s`)",
        ),
        ("wrap_up_codes: [solved]", "there is no wrap-up code solved (known: none)"),
        (
            "hours: 9",
            "queues.general.hours: the name of a calendar of hotline.yaml is expected, or hours as a calendar has them",
        ),
        ("stratgy: round_robin", "unknown key queues.general.stratgy (did you mean strategy?)"),
        (
            "strategy: loudest",
            "queues.general.strategy: Input should be 'longest_idle', 'least_occupied', 'best_skill', 'round_robin',"
            " 'agent_priority' or 'random'",
        ),
        ("preferred_agent: {patience: 3}", "unknown key queues.general.preferred_agent.patience"),
        ("urgent: perhaps", "queues.general.urgent: true or false is expected"),
    ],
)
def test_what_makes_no_sense_is_told(written: str, told: str) -> None:
    assert [each.removesuffix(" (did you mean patience_s?)") for each in refused_queue(written)] == [told]


def test_a_circle_of_overflows_is_told_once_where_it_closes() -> None:
    assert refused(
        """\
        queues:
          a: {overflow: [{to: b, after_s: 5}, {to: d, unstaffed: true}]}
          b: {overflow: [{to: c, after_s: 5}]}
          c: {overflow: [{to: d, after_s: 5}, {to: b, unstaffed: true}]}
          d: {}
        """
    ) == [
        "queues.yaml:4:40: callers would go round in a circle: b -> c -> b (take one of them out)",
    ]


def test_who_overflows_must_have_time_left_in_the_other_queue() -> None:
    assert refused("queues:\n  a: {overflow: [{to: b, after_s: 60}]}\n  b: {max_wait_s: 60}\n") == [
        "queues.yaml:2:26: in `b` the wait is over after 60 s in all, so who comes there is sent away"
        " (less than 60, or a longer `max_wait_s` there)"
    ]


def test_a_key_of_the_agents_limits_gets_a_suggestion_too() -> None:
    (told,) = refused("agents: {longest_wrapup_s: 60}\nqueues: {general: {}}\n")
    assert told == "queues.yaml:1:10: unknown key agents.longest_wrapup_s (did you mean longest_wrap_up_s?)"


def test_two_codes_cannot_share_a_key_of_the_phone() -> None:
    (told,) = refused(
        """\
        wrap_up_codes:
          solved: {key: "1"}
          passed_on: {key: "1"}
        queues: {general: {}}
        """
    )
    assert told == (
        "queues.yaml:3:15: the code solved has the key 1 already (give each code a key of its own)"
    )
