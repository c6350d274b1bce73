"""The table of an agent's states as a picture (Mermaid) and as a table (Markdown), for the documentation. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, get_args

from routing.agent_events import AgentEvent
from routing.agent_limits import ALLOWED, LIMITS
from routing.agent_table import TRANSITIONS, AgentState, Target

WAYS: Final[dict[str, tuple[str, ...]]] = {
    "FREE": ("available", "offline", "paused"),
    "NO_ANSWER": ("available", "offline", "paused"),
    "FORCED": ("offline", "available", "paused"),
    "RETURNED": ("available",),
    "CALLED_OUT": ("talking",),
    "OWN_CALL_OVER": ("wrap_up", "available", "offline", "paused"),
}
"""Where the cells that are no plain states may lead."""


def mermaid() -> str:
    """Every change of state, one arrow a pair of states. Forces are left out: they lead from everywhere to offline,
    available and paused."""
    lines = ["stateDiagram-v2", "    [*] --> offline"]
    for state, row in TRANSITIONS.items():
        arrows: dict[str, list[str]] = {}
        for event, target in row.items():
            if event.__name__ == "Force":
                continue
            for to in _ways(state, target):
                if to != state:
                    arrows.setdefault(to, []).append(event.__name__)
        lines += [f"    {state} --> {to}: {', '.join(names)}" for to, names in arrows.items()]
    return "\n".join(lines) + "\n"


def _ways(state: AgentState, target: Target) -> tuple[str, ...]:
    if target == "LATER":
        return ()
    if target == "TIME_UP":
        return tuple(sorted(ALLOWED[state] - {"remind"}))
    return WAYS.get(target, (target,))


def markdown() -> str:
    """The table itself: events down, states across; and the usual limits."""
    return "\n".join([*_table(), "", *_limits()]) + "\n"


def _table() -> Iterator[str]:
    states = list(TRANSITIONS)
    yield "| event | " + " | ".join(states) + " |"
    yield "|---" * (len(states) + 1) + "|"
    for event in get_args(AgentEvent):
        cells = [TRANSITIONS[state].get(event, "") for state in states]
        yield f"| {event.__name__} | " + " | ".join(cells) + " |"


def _limits() -> Iterator[str]:
    yield "| state | usual limits | may lead to |"
    yield "|---|---|---|"
    for state, allowed in ALLOWED.items():
        if allowed:
            usual = ", ".join(f"{limit.after_s:g} s: {limit.then}" for limit in LIMITS.get(state, ()))
            yield f"| {state} | {usual or 'none'} | {', '.join(sorted(allowed))} |"
