"""How agents, entries and queues look from outside, now: plain values made from the board."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from routing.agent_limits import next_limit
from routing.agents import Agent
from routing.board import Board
from routing.entries import IN_LINE, Entry
from routing.ids import AgentId, EntryId, QueueName
from routing.rules import Rules


@dataclass(frozen=True, slots=True)
class AgentView:
    """As `routing.agents.Agent`, with what a screen shows besides.

    leaving: "offline" or "paused" when that is remembered for later, else "". limit_at: when the hotline's limit of
    this state is reached, limit_then: what then. wrap_up_codes: those that may be given now; code_needed: one
    has to be.
    on_call: the id of the entry or of the own call that it is about. phone: "do not disturb" when the telephone refused
    the last offer before it rang, else "".
    """

    id: AgentId
    name: str
    extension: str
    state: str
    since: dt.datetime
    until: dt.datetime | None
    pause_reason: str
    leaving: str
    skills: Mapping[str, int]
    queues: tuple[str, ...]
    labels: Mapping[str, str]
    on_call: str
    calls: int
    busy_s: float
    logged_in_at: dt.datetime | None
    no_answers: int
    limit_at: dt.datetime | None
    limit_then: str
    wrap_up_codes: tuple[str, ...] = ()
    code_needed: bool = False
    phone: Literal["", "do not disturb"] = ""


@dataclass(frozen=True, slots=True)
class EntryView:
    """place: the true one, None for who is not in line. waited_s: until the join, or now. rung: all agents to whom it
    is offered now."""

    id: EntryId
    queue: str
    call_id: str
    state: str
    enqueued_at: dt.datetime
    waited_s: float
    priority: int
    language: str
    skills: Mapping[str, int]
    step: int
    agent: str
    place: int | None
    announced: int | None
    attempts: int
    callback: bool
    preferred: str
    rung: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QueueView:
    """waiting: in line. longest_s: waited by whoever waits for longest. states: of its agents -> how many."""

    name: QueueName
    title: Mapping[str, str]
    waiting: int
    longest_s: float
    states: Mapping[str, int]


def overdue(view: AgentView, after_s: float) -> str:
    """For supervisors: who is in a state for too long, in both languages."""
    why = f" ({view.pause_reason})" if view.pause_reason else ""
    state = f"{view.state}{why}"
    return f"{view.name} {view.extension}:超过{after_s:g}秒,现在{state} / over {after_s:g} s, now {state}"


def refuses(view: AgentView) -> str:
    """For supervisors: whose telephone rings for nobody, in both languages."""
    return f"{view.name} {view.extension}:话机免打扰,来电被立即拒绝 / phone on do not disturb, refuses calls at once"


def agent_view(agent: Agent, rules: Rules, queue: QueueName | None) -> AgentView:
    """queue: the one whose call is talked about or wrapped up; None = none."""
    limit = next_limit(agent, rules.agents)
    asked = rules.queues.get(queue) if queue is not None and agent.state == "wrap_up" else None
    return AgentView(
        agent.id,
        agent.name,
        agent.extension,
        agent.state,
        agent.since,
        agent.until,
        agent.pause_reason,
        "" if agent.leaving is None else agent.leaving.to,
        {str(skill): level for skill, level in agent.skills.items()},
        tuple(sorted(agent.queues)),
        dict(agent.labels),
        agent.entry or agent.own_call,
        agent.calls,
        agent.busy_s,
        agent.logged_in_at,
        agent.no_answers,
        None if limit is None else limit[0],
        "" if limit is None else limit[1].then,
        () if asked is None else tuple(asked.wrap_up_codes),
        asked is not None and asked.wrap_up_code_required,
        "do not disturb" if agent.do_not_disturb else "",
    )


def entry_view(entry: Entry, board: Board, now: dt.datetime) -> EntryView:
    stands = board.place(entry.id)
    return EntryView(
        entry.id,
        entry.queue,
        entry.call_id,
        entry.state,
        entry.enqueued_at,
        round(entry.waited_s(now), 1),
        entry.priority,
        entry.language,
        {str(skill): level for skill, level in entry.skills.items()},
        entry.step,
        entry.agent or "",
        None if stands is None else stands.place,
        entry.announced,
        entry.attempts,
        bool(entry.callback),
        entry.preferred or "",
        entry.rung,
    )


def queue_views(board: Board, now: dt.datetime) -> list[QueueView]:
    """In the order of the rules."""
    found = []
    entries = [entry for entry in board.entries() if entry.state in IN_LINE]
    for name, queue in board.rules.queues.items():
        waits = [entry.waited_s(now) for entry in entries if entry.queue == name]
        states: dict[str, int] = {}
        for agent in board.agents.values():
            if name in agent.queues:
                states[agent.state] = states.get(agent.state, 0) + 1
        found.append(
            QueueView(name, dict(queue.title), len(waits), round(max(waits, default=0.0), 1), states)
        )
    return found
