"""Whom an agent may bring into a talk, or hand it to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ToAgent:
    """agent: id or extension."""

    agent: str


@dataclass(frozen=True, slots=True)
class ToQueue:
    """skills: asked for besides what the caller's language asks for; name -> least level (1-5)."""

    queue: str
    skills: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToNumber:
    """number: the name of one of the hotline's `numbers` (`police`), or a number that the settings allow."""

    number: str = field(repr=False)


Target = ToAgent | ToQueue | ToNumber


def shown(target: Target) -> dict[str, str]:
    """For journal and records. An outside number is a person's: only its end is shown; a short one is a service's."""
    match target:
        case ToAgent(agent):
            return {"to": "agent", "target": agent}
        case ToQueue(queue):
            return {"to": "queue", "target": queue}
        case ToNumber(number):
            personal = number.lstrip("+").isdigit() and len(number) > SERVICE_DIGITS
            return {"to": "number", "target": f"...{number[-4:]}" if personal else number}


SERVICE_DIGITS = 6
"""Numbers of so many digits at most are those of services (110, 12345)."""
