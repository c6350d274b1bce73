"""How one promise is to be carried out: what the dialogue wrote into it, else what the settings say. Pure.

`Plan.of(record's plan, settings)` reads it; `follow` says what becomes of the promise after an attempt.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from ivr.callback.settings import CallbackSettings, Order
from ivr.flow.actions import Prompt
from storage.promises import CallbackRecord

AttemptOutcome = Literal[
    "talked",
    "agent_left",
    "not_taken",
    "busy",
    "no_answer",
    "refused",
    "unavailable",
    "failed",
    "no_key",
    "later",
    "cancelled",
    "citizen_left",
    "cut_off",
]
"""talked: the two talked. not_taken, agent_left: the agent's own affair. no_key: somebody or something answered and
pressed nothing. later, cancelled: by key. citizen_left: accepted, and hung up before an agent came. cut_off: Asterisk
failed. The rest: what became of the citizen's telephone."""

AGENT_LEFT_S: Final = 10.0
LATER_S: Final = 1800.0
ASKED_FOR: Final = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Question:
    """What the citizen hears when called, and the keys. key "" = there is none. prompts of `later`, `cancelled` and
    `hold`: said after that key."""

    prompts: tuple[Prompt, ...]
    accept: str = "1"
    later: str = ""
    cancel: str = ""
    later_s: float = LATER_S
    later_said: tuple[Prompt, ...] = ()
    cancelled_said: tuple[Prompt, ...] = ()

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(key for key in (self.accept, self.later, self.cancel) if key)


@dataclass(frozen=True, slots=True)
class Plan:
    """question: None = whoever answers is joined. hold: said to a citizen who waits for the agent (citizen first)."""

    order: Order
    attempts: int
    again_s: tuple[float, ...]
    ring_s: float
    expires_at: dt.datetime
    hours: str = ""
    question: Question | None = None
    hold: tuple[Prompt, ...] = ()
    ring_at_place: int = 1

    @classmethod
    def of(cls, record: CallbackRecord, settings: CallbackSettings) -> Plan:
        """What the record's plan lacks is as the settings say."""
        written = record.plan
        again = written.get("again_s") or settings.again_s
        return cls(
            order=written.get("order") or settings.order,
            attempts=int(written.get("attempts") or settings.attempts),
            again_s=tuple(float(one) for one in again),
            ring_s=float(written.get("ring_s") or settings.ring_s),
            expires_at=expiry(written, settings, record.created_at),
            hours=str(written.get("hours") or settings.hours),
            question=_question(written.get("question")),
            hold=_prompts(written.get("hold")),
            ring_at_place=settings.ring_at_place,
        )


@dataclass(frozen=True, slots=True)
class Next:
    """state waiting: again, not before that time. counted: the attempt is one of those that are allowed."""

    state: Literal["waiting", "done", "failed", "cancelled"]
    not_before: dt.datetime | None = None
    counted: bool = True
    why: str = ""


def follow(outcome: AttemptOutcome, record: CallbackRecord, plan: Plan, now: dt.datetime) -> Next:
    """What becomes of the promise after this attempt. The place in line is kept in every case but an end."""
    match outcome:
        case "talked":
            return Next("done")
        case "cancelled":
            return Next("cancelled", why="the citizen pressed the key")
        case "not_taken":
            return Next("waiting", record.not_before, counted=False)
        case "agent_left" | "cut_off":
            return _again(record, plan, now, AGENT_LEFT_S, counted=False)
        case "later":
            after_s = LATER_S if plan.question is None else plan.question.later_s
            return _again(record, plan, now, after_s, counted=False)
        case _:
            made = record.attempts + 1
            if made >= plan.attempts:
                return Next("failed", why=f"not reached in {made} attempts")
            return _again(record, plan, now, plan.again_s[min(made, len(plan.again_s)) - 1], counted=True)


def expiry(written: Mapping[str, Any], settings: CallbackSettings, begun: dt.datetime) -> dt.datetime:
    """begun: when it was promised, or may be carried out at the earliest."""
    if isinstance(written.get("expires_at"), str):
        return dt.datetime.fromisoformat(written["expires_at"])
    return begun + dt.timedelta(seconds=float(written.get("expires_s") or settings.expires_h * 3600))


def given_up_at(record: CallbackRecord, plan: Plan) -> dt.datetime:
    """When it is over without a call: a time that the citizen asked for by key is waited for, and an hour more."""
    if record.not_before is None:
        return plan.expires_at
    return max(plan.expires_at, record.not_before + ASKED_FOR)


def _again(record: CallbackRecord, plan: Plan, now: dt.datetime, after_s: float, *, counted: bool) -> Next:
    later = now + dt.timedelta(seconds=after_s)
    if counted and later >= plan.expires_at:
        return Next("failed", counted=True, why="expired")
    return Next("waiting", later, counted)


def _question(written: object) -> Question | None:
    if not isinstance(written, Mapping):
        return None
    return Question(
        prompts=_prompts(written.get("prompts")),
        accept=str(written.get("accept", "1")),
        later=str(written.get("later", "")),
        cancel=str(written.get("cancel", "")),
        later_s=float(written.get("later_s") or LATER_S),
        later_said=_prompts(written.get("later_said")),
        cancelled_said=_prompts(written.get("cancelled_said")),
    )


def _prompts(written: object) -> tuple[Prompt, ...]:
    """`[{id, values}]` as the action had it."""
    if not isinstance(written, list | tuple):
        return ()
    return tuple(
        Prompt(str(one["id"]), dict(one.get("values") or {}))
        for one in written
        if isinstance(one, Mapping) and "id" in one
    )
