"""The written rules: what ships is right, and what is wrong is told by line and column."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from routing.ids import QueueName, SkillName
from routing.rules import Overflow, Rules, requirement
from routing.rules_load import RulesError, load_agents, load_rules
from tests.routing.world import at, skills

FLOWS = Path(__file__).parents[2] / "flows"


def shipped() -> Rules:
    return load_rules((FLOWS / "queues.yaml").read_text(encoding="utf-8"))


def refused(text: str) -> list[str]:
    with pytest.raises(RulesError) as caught:
        load_rules(dedent(text))
    return [str(finding) for finding in caught.value.findings]


def test_the_rules_that_ship_load_with_their_agents() -> None:
    rules = shipped()
    assert rules.for_language("zh") == rules.for_language("zh-CN") == {"mandarin": 2}
    assert rules.for_language("fr") == {}
    crisis = rules.queues[QueueName("crisis")]
    assert (crisis.max_wait_s, crisis.wrap_up_s, crisis.priority) == (None, None, 100)
    assert [step.for_s for step in crisis.steps] == [10, None]
    assert [name for name, queue in rules.queues.items() if queue.urgent] == ["crisis"]
    general, complaint = rules.queues[QueueName("general")], rules.queues[QueueName("complaint")]
    assert (general.redial_s, general.answer_within_s, general.preferred_s) == (600, 15, 8)
    assert complaint.overflow == (Overflow(QueueName("general"), after_s=60),)
    assert rules.queues[QueueName("business")].hours == "offices"
    assert rules.wrap_up_code(QueueName("general"), "2") == "work_order"
    # Whoever wrote the codes thought of both languages and of the telephone.
    assert all(code.key and {"zh", "en"} <= code.title.keys() for code in rules.wrap_up_codes.values())
    agents = load_agents((FLOWS / "agents.yaml").read_text(encoding="utf-8"), rules, at(0))
    assert all(agent.state == "offline" for agent in agents)
    assert len({agent.extension for agent in agents}) == len(agents)
    for queue in rules.queues.values():
        assert any(queue.name in agent.queues for agent in agents), f"nobody serves {queue.name}"


def test_the_shortest_rules_are_one_queue_by_name() -> None:
    rules = load_rules("queues:\n  general: {}\n")
    assert rules.queues[QueueName("general")].ring_s == 20


def test_no_announcement_at_all() -> None:
    general = load_rules("queues:\n  general: {announce: null}\n").queues[QueueName("general")]
    assert (general.announce_first_s, general.announce_every_s) == (None, None)


def test_a_fault_of_yaml_is_told_by_line_and_column() -> None:
    (finding,) = refused("queues:\n  general: {ring_s: 20\n  other: {}\n")
    assert finding.startswith("queues.yaml:3:")


def test_every_fault_is_told_at_once_and_where_it_stands() -> None:
    findings = refused(
        """\
        skills:
          english: {en: English}
        queues:
          general:
            rings_s: 20
            steps:
              - require: {english: 9}
        """
    )
    assert findings[0] == "queues.yaml:5:5: unknown key queues.general.rings_s (did you mean ring_s?)"
    assert findings[1].startswith("queues.yaml:7:19: queues.general.steps.0.require.english: ")


def test_an_unknown_skill_gets_a_suggestion() -> None:
    findings = refused(
        """\
        skills:
          english: {}
        languages:
          en: {englsh: 2}
        queues:
          general:
            steps:
              - prefer: {dutch: 1}
        """
    )
    assert findings == [
        "queues.yaml:4:8: there is no skill englsh (did you mean english?)",
        "queues.yaml:8:18: there is no skill dutch (known: english)",
    ]


def test_a_step_that_never_ends_before_the_last_is_a_fault() -> None:
    (finding,) = refused("queues:\n  general:\n    steps:\n      - {}\n      - {}\n")
    assert finding.startswith("queues.yaml:4:9: this step never ends")


@pytest.mark.parametrize(
    "text", ["", "- a\n", "just text", "queues: {}\n", "queues:\n  Bad Name: {}\n", "a: [1"]
)
def test_what_is_no_rules_at_all_is_refused_in_words(text: str) -> None:
    assert all(finding.startswith("queues.yaml:") for finding in refused(text))


def test_agents_are_checked_against_the_rules() -> None:
    text = """\
    agents:
      - {id: a1, name: Ann, extension: "1001", skills: {english: 3}, queues: [general]}
      - {id: a1, name: Bob, extension: "1001", skills: {englich: 3}, queues: [genral]}
    """
    rules = load_rules("skills:\n  english: {}\nqueues:\n  general: {}\n")
    with pytest.raises(RulesError) as caught:
        load_agents(dedent(text), rules, at(0))
    assert [str(finding) for finding in caught.value.findings] == [
        "agents.yaml:3:6: there are two agents with the id a1",
        "agents.yaml:3:25: two agents have the extension 1001",
        "agents.yaml:3:53: there is no skill englich (did you mean english?)",
        "agents.yaml:3:75: there is no queue genral (did you mean general?)",
    ]


def test_demands_add_up_to_the_highest_level_of_each_skill() -> None:
    total = requirement(skills(english=2, a=1), skills(english=4), {})
    assert total == ((SkillName("a"), 1), (SkillName("english"), 4))
