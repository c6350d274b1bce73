"""What an agent is told of a caller before the two are joined: what the flow says and, where it asks, the facts.

A queue whose `whisper` names `agent.whisper` has the announcement composed: "a caller; complaints; English; waited 40
seconds". What a hotline has no words for (a queue of its own without a prompt) is left out. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from ivr.flow.actions import Prompt

FACTS: Final = "agent.whisper"
SHORT_S: Final = 5
"""Who waited less is not said to have waited."""


def with_facts(
    prompts: Sequence[Prompt],
    queue: str,
    language: str,
    waited_s: float,
    has: Callable[[Prompt], bool],
) -> tuple[Prompt, ...]:
    """language: the caller's. has: whether there are words for a prompt."""
    told: list[Prompt] = []
    for prompt in prompts:
        told.append(prompt)
        if prompt.id == FACTS:
            facts = [Prompt(f"{FACTS}_{queue}"), Prompt(f"{FACTS}_in_{language}")]
            if waited_s >= SHORT_S:
                facts.append(Prompt(f"{FACTS}_waited", {"waited": _rounded(waited_s)}))
            told += [fact for fact in facts if has(fact)]
    return tuple(told)


def _rounded(seconds: float) -> int:
    """To what somebody takes in at one hearing: seconds by fives, from two minutes on whole minutes."""
    return round(seconds / 5) * 5 if seconds < 120 else round(seconds / 60) * 60
