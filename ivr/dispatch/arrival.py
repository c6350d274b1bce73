"""The entry of whoever begins to wait, as the dialogue asks for it. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from ivr.flow.actions import Callback, Enqueue
from ivr.ids import CallId
from routing.entries import Entry, enter
from routing.ids import AgentId, EntryId, QueueName, SkillName
from routing.rules import Rules


def arrival(
    entry: EntryId,
    call: CallId,
    wanted: Enqueue | Callback,
    rules: Rules,
    now: dt.datetime,
    *,
    caller_key: str,
    since: dt.datetime | None = None,
    preferred: AgentId | None = None,
    one_by_one: bool = False,
    callback: str = "",
    not_before: dt.datetime | None = None,
) -> Entry:
    """since: in the place that was had since then; None = at the end. callback, not_before: of a promise to call back,
    which waits without its caller."""
    return enter(
        entry,
        QueueName(wanted.queue),
        call,
        now,
        skills=skills_for(rules, wanted.language, wanted.skills),
        priority=wanted.priority,
        language=wanted.language,
        reason=wanted.reason,
        timeout_s=wanted.timeout_s if isinstance(wanted, Enqueue) else None,
        callback=callback,
        not_before=not_before,
        preferred=preferred,
        caller_key=caller_key,
        enqueued_at=since,
        one_by_one=one_by_one,
    )


def skills_for(rules: Rules, language: str, asked: Mapping[str, int]) -> dict[SkillName, int]:
    """What an agent must have: what the language asks for, and what the dialogue does."""
    skills = dict(rules.for_language(language))
    for skill, level in asked.items():
        skills[SkillName(skill)] = max(level, skills.get(SkillName(skill), 0))
    return skills
