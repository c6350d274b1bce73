"""Whether anybody could take what queues, languages and dialogues ask for."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from routing.agents import Agent
from routing.rules import MOST_RUNG, Rules
from routing.rules_load import load_agents, load_rules
from routing.staffing import gaps, lack_of
from tests.routing import world

NOW = dt.datetime(2026, 11, 23, 4, 0, tzinfo=dt.UTC)

QUEUES = """\
skills: {mandarin: {zh: 普通话}, english: {zh: 英语}, crisis: {zh: 危机}}
languages: {zh: {mandarin: 2}, en: {english: 2}}
queues:
  general: {}
  crisis: {steps: [{require: {crisis: 3}, for_s: 10}, {prefer: {crisis: 1}}]}
"""


def rules(text: str = QUEUES) -> Rules:
    return load_rules(text)


def agents(*written: str) -> tuple[Agent, ...]:
    """`li mandarin=3,english=2 general,crisis`."""
    lines = []
    for number, each in enumerate(written):
        name, skills, queues = each.split(" ")
        pairs = ", ".join(pair.replace("=", ": ") for pair in skills.split(",") if pair != "-")
        lines.append(
            f'  - {{id: {name}, name: {name}, extension: "{1000 + number}", skills: {{{pairs}}}, queues: [{queues}]}}'
        )
    return load_agents("agents:\n" + "\n".join(lines) + "\n", rules(), NOW)


def told(*written: str, languages: tuple[str, ...] = ("zh", "en")) -> list[tuple[object, ...]]:
    return [(*gap.path, gap.cause) for gap in gaps(rules(), agents(*written), languages)]


def test_everything_is_staffed() -> None:
    assert told("li mandarin=2,english=2,crisis=3 general,crisis") == []


def test_a_queue_without_agents() -> None:
    assert told("li mandarin=2,english=2,crisis=3 general") == [
        ("queues", "crisis", "no agent belongs to the queue `crisis`")
    ]


def test_a_step_that_nobody_fits_and_the_best_that_there_is() -> None:
    assert told("li mandarin=2,english=2,crisis=2 general,crisis") == [
        (
            "queues",
            "crisis",
            "steps",
            0,
            "require",
            "no agent of the queue `crisis` has `crisis` at level 3: 2 is the highest",
        )
    ]


def test_a_language_that_nobody_of_a_queue_speaks() -> None:
    assert told("li mandarin=2,crisis=3 general,crisis", "chen english=2 crisis") == [
        (
            "languages",
            "en",
            "callers in `en`: no agent of the queue `general` has `english` at level 2: nobody has it",
        )
    ]
    # Nobody calls in English: no gap.
    assert told("li mandarin=2,crisis=3 general,crisis", languages=("zh", "ja")) == []


def test_one_agent_each_is_no_agent_with_both() -> None:
    text = QUEUES.replace("{prefer: {crisis: 1}}", "{require: {crisis: 1}}")
    found = gaps(
        load_rules(text), agents("li mandarin=5,english=5 general,crisis", "wu crisis=3 crisis"), ("zh",)
    )
    assert [gap.cause for gap in found] == [
        "callers in `zh`: no agent of the queue `crisis` has crisis 1, mandarin 2 at once"
    ]


@pytest.mark.parametrize(
    ("skills", "cause"),
    [
        ({"english": 3}, None),
        ({"english": 4}, "no agent of the queue `general` has `english` at level 4: 3 is the highest"),
        ({"english": 3, "mandarin": 5}, "no agent of the queue `general` has english 3, mandarin 5 at once"),
        ({}, None),
    ],
)
def test_what_a_dialogue_asks_for(skills: dict[str, int], cause: str | None) -> None:
    staff = agents("li mandarin=5 general", "chen english=3 general", "wu english=5 crisis")
    lack = lack_of(rules(), staff, "general", skills)
    assert (lack[0] if lack is not None else None) == cause


def test_a_queue_that_is_none_or_has_nobody_is_told_elsewhere() -> None:
    staff = agents("li mandarin=5 general")
    assert lack_of(rules(), staff, "nowhere", {"english": 1}) is None
    assert lack_of(rules(), staff, "crisis", {"english": 1}) is None


# --- where a queue leads to


def gaps_in(queues: str, *written: str, languages: tuple[str, ...] = ("zh",)) -> list[str]:
    head = QUEUES[: QUEUES.index("queues:")]
    found = gaps(load_rules(head + "queues:\n" + queues), agents(*written), languages)
    return [f"{'.'.join(map(str, gap.path))}: {gap.cause}" for gap in found]


def test_a_queue_without_agents_may_lead_to_one_that_has_some() -> None:
    led = "  general: {}\n  crisis: {overflow: [{to: general, CONDITION}]}\n"
    for condition in ("after_s: 60", "unstaffed: true"):
        assert gaps_in(led.replace("CONDITION", condition), "li mandarin=3 general") == []
    # Only some of its callers go there.
    assert gaps_in(led.replace("CONDITION", "longer_than: 5"), "li mandarin=3 general") == [
        "queues.crisis: no agent belongs to the queue `crisis`"
    ]


def test_who_waits_for_a_language_is_served_where_the_queue_leads_to() -> None:
    led = "  general: {}\n  crisis: {overflow: [{to: general, after_s: 60}]}\n"
    staff = ("li mandarin=3,english=3 general", "wu mandarin=3 crisis")
    assert gaps_in(led, *staff, languages=("zh", "en")) == []
    assert gaps_in(led.replace("after_s: 60", "longer_than: 5"), *staff, languages=("zh", "en")) == [
        "languages.en: callers in `en`: no agent of the queue `crisis` has `english` at level 2: nobody has it"
    ]
    rule = load_rules(QUEUES[: QUEUES.index("queues:")] + "queues:\n" + led)
    assert lack_of(rule, agents(*staff), "crisis", {"english": 3}) is None
    assert lack_of(rule, agents(*staff), "crisis", {"english": 4}) is not None


def test_a_part_of_the_calls_that_nobody_gets() -> None:
    shared = "  general: {shares: {vendor: {north: 60, south: 40, gone: 0}}}\n  crisis: {}\n"
    staff = [
        replace(agent, labels={"vendor": "north"})
        for agent in agents("li mandarin=3 general,crisis", "wu mandarin=3 general")
    ]
    rule = load_rules(QUEUES[: QUEUES.index("queues:")] + "queues:\n" + shared)
    (gap,) = gaps(rule, staff, ("zh",))
    assert gap.path == ("queues", "general", "shares", "vendor", "south")
    assert gap.suggestion == "labels: {vendor: south} in agents.yaml"


def test_an_order_of_agents_that_orders_nobody() -> None:
    ordered = "  general: {strategy: agent_priority}\n  crisis: {}\n"
    rule = load_rules(QUEUES[: QUEUES.index("queues:")] + "queues:\n" + ordered)
    staff = agents("li mandarin=3 general,crisis", "wu mandarin=3 general")
    assert [gap.path for gap in gaps(rule, staff, ("zh",))] == [("queues", "general", "strategy")]
    assert gaps(rule, [staff[0], replace(staff[1], rank=1)], ("zh",)) == []
    assert gaps(rule, staff[:1], ("zh",)) == []


def test_a_queue_that_takes_over_at_closing_time_and_closes_itself() -> None:
    closing = "  general: {hours: desk}\n  crisis: {hours: OTHER, overflow: [{to: general, closed: true}]}\n"
    staff = ("li mandarin=3 general,crisis",)
    assert gaps_in(closing.replace("OTHER", "desk"), *staff) == [
        "queues.crisis.overflow.0: the queue `general` has the same hours, so it is closed too"
    ]
    assert gaps_in(closing.replace("OTHER", "night"), *staff) == []


def test_more_telephones_than_agents_are_told() -> None:
    """All is all there are, however many."""
    staff = [world.agent("ann"), world.agent("bob")]
    (gap,) = gaps(world.rules(ring=3), staff, ("zh",))
    assert (gap.path, gap.code) == (("queues", "general", "ring"), "no-effect")
    assert gap.cause == "3 agents are to be rung at once, but the queue `general` has 2"
    for ring in (1, 2, MOST_RUNG):
        assert gaps(world.rules(ring=ring), staff, ("zh",)) == []
