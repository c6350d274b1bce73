"""The announcement to an agent, composed of what is known of the caller."""

from __future__ import annotations

import pytest

from ivr.call.facts import with_facts
from ivr.flow.actions import Prompt


def told(waited_s: float, *prompts: str, missing: tuple[str, ...] = ()) -> list[tuple[str, object]]:
    made = with_facts(
        [Prompt(name) for name in prompts], "complaint", "en", waited_s, lambda one: one.id not in missing
    )
    return [(one.id.removeprefix("agent.whisper"), one.values.get("waited")) for one in made]


def test_the_facts_follow_where_the_flow_asks_for_them() -> None:
    assert told(41.0, "agent.whisper") == [
        ("", None),
        ("_complaint", None),
        ("_in_en", None),
        ("_waited", 40),
    ]
    assert told(41.0, "of_the_flow") == [("of_the_flow", None)]


@pytest.mark.parametrize(("waited_s", "said"), [(5, 5), (62, 60), (118, 120), (129, 120), (155, 180)])
def test_a_wait_is_said_so_that_it_is_taken_in_at_once(waited_s: float, said: int) -> None:
    assert told(waited_s, "agent.whisper")[-1] == ("_waited", said)


def test_who_did_not_wait_and_what_has_no_words_is_left_out() -> None:
    assert told(2.0, "agent.whisper", missing=("agent.whisper_complaint",)) == [("", None), ("_in_en", None)]
