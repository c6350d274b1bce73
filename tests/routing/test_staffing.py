"""Whether anybody could take what queues, languages and dialogues ask for."""

from __future__ import annotations

import datetime as dt

import pytest

from routing.agents import Agent
from routing.rules import Rules
from routing.rules_load import load_agents, load_rules
from routing.staffing import gaps, lack_of

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
