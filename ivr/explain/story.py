"""A call's facts as a timeline in plain sentences: why the caller waited, and why that agent got the call. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ivr.explain.facts import Facts
from ivr.explain.words import HOW, OUTCOMES, STATES, WHY, Language, line, said
from storage.masking import mask
from storage.records import AgentStateChange, DecisionRecord, EntryRecord, JournalEvent

SERVICE_DIGITS = 6
"""Numbers of so many digits at most are the hotline's own, and no person's."""


@dataclass(frozen=True, slots=True)
class Line:
    """after_s: since the call came in. kind: what it is about. floor: the queue's agents then, where that matters."""

    at: dt.datetime
    after_s: float
    kind: str
    text: str
    floor: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


def story(facts: Facts, language: Language) -> list[Line]:
    """In the order of time; what happened in one instant in the order in which it follows from each other."""
    began = facts.call.started_at
    found = [*_call(facts, language), *_journal(facts, language), *_entries(facts, language)]
    found += [*_decisions(facts, language), *_agents(facts, language), *_acts(facts, language)]
    ordered = sorted(enumerate(found), key=lambda one: (one[1][0], one[1][1], one[0]))
    return [
        Line(at, round((at - began).total_seconds(), 3), kind, text, floor, data)
        for _, (at, _, kind, text, floor, data) in ordered
    ]


_Raw = tuple[dt.datetime, int, str, str, str, Mapping[str, Any]]
"""When, its order within one instant, kind, text, floor, data."""


def _call(facts: Facts, language: Language) -> Iterator[_Raw]:
    call = facts.call
    caller = mask(call.caller) or ("未显示号码" if language == "zh" else "a withheld number")
    own = call.data.get("kind") == "outbound"
    if origin := call.data.get("handed_from"):
        text = line("handed_on", language, caller=caller, origin=origin)
        yield call.started_at, 0, "handed_on", text, "", {"from": origin}
    elif not own:
        dialled = call.dialled if len(call.dialled) <= SERVICE_DIGITS else mask(call.dialled)
        text = line("arrived", language, caller=caller, dialled=dialled)
        yield call.started_at, 0, "arrived", text, "", {"caller": caller}
    else:
        agent = str(call.data.get("agent", ""))
        yield call.started_at, 0, "called_out", line("called_out", language, agent=facts.name(agent)), "", {}
    if call.ended_at is not None:
        yield call.ended_at, 99, "hung_up", line("hung_up", language), "", {"by": call.ended_by}


def _journal(facts: Facts, language: Language) -> Iterator[_Raw]:
    for event in facts.journal:
        data = event.data
        if event.kind == "place_told":
            text = line("told", language, place=data.get("place"), wait=_wait(event, language))
            yield event.at, 40, "told", text, "", dict(data)
        elif event.kind == "place_returned":
            yield event.at, 11, "returned", line("returned", language), "", dict(data)
        elif event.kind == "failed":
            yield event.at, 90, "failed", line("failed", language, why=data.get("why", "")), "", dict(data)


def _wait(event: JournalEvent, language: Language) -> str:
    low, high = event.data.get("low_s"), event.data.get("high_s")
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return ""
    return f",约{low:.0f}到{high:.0f}秒" if language == "zh" else f", a wait of {low:.0f} to {high:.0f} s"


def _entries(facts: Facts, language: Language) -> Iterator[_Raw]:
    for entry in facts.entries:
        first_queue, first_priority = _at_first(facts, entry)
        if entry.only is None:
            skills = ", ".join(f"{name} {level}" for name, level in sorted(entry.skills.items()))
            text = line(
                "entered",
                language,
                queue=first_queue,
                priority=first_priority,
                skills=skills or ("无" if language == "zh" else "nothing in particular"),
            )
            data = {"entry": entry.id, "queue": first_queue}
            yield entry.enqueued_at, 10, "entered", text, "", data
        if entry.ended_at is not None and entry.outcome is not None:
            outcome = said(OUTCOMES, entry.outcome, language)
            waited = (entry.joined_at or entry.ended_at) - entry.enqueued_at
            text = line(
                "ended",
                language,
                queue=entry.queue,
                outcome=outcome,
                waited_s=f"{waited.total_seconds():.1f}",
            )
            yield entry.ended_at, 80, "ended", text, "", {"entry": entry.id, "outcome": entry.outcome}


def _at_first(facts: Facts, entry: EntryRecord) -> tuple[str, int]:
    """The queue and priority that the entry began with: its row is the latest."""
    moves = [act for act in facts.acts if act.subject == entry.id and "from" in act.data]
    left = [(act.at, str(act.data["from"])) for act in moves]
    for decision in facts.decisions:
        if decision.entry_id == entry.id and decision.kind == "move":
            froms = [reason["data"].get("from") for reason in decision.reasons]
            left += [(decision.at, str(queue)) for queue in froms if queue]
    queue = min(left)[1] if left else entry.queue
    return queue, int(moves[0].data.get("priority_from", entry.priority) if moves else entry.priority)


def _decisions(facts: Facts, language: Language) -> Iterator[_Raw]:
    queues = {entry.id: entry for entry in facts.entries}
    for decision in facts.decisions:
        text = decision.sentence_zh if language == "zh" else decision.sentence_en
        entry = queues.get(decision.entry_id)
        floor = (
            ""
            if entry is None or decision.kind not in ("offer", "wait")
            else _floor(facts, entry, decision, language)
        )
        data = {"entry": decision.entry_id, "agent": decision.agent, "reasons": list(decision.reasons)}
        yield decision.at, 20, decision.kind, text, floor, data


def _floor(facts: Facts, entry: EntryRecord, decision: DecisionRecord, language: Language) -> str:
    """Each logged-in agent of the queue with the state of that moment; the queues of agents are those of today."""
    states: dict[str, AgentStateChange] = {change.agent_id: change for change in facts.before}
    for change in facts.meanwhile:
        if change.at > decision.at:
            break
        if change.at == decision.at and change.entry == entry.id and change.event in _FOLLOWING:
            continue  # from this very decision
        states[change.agent_id] = change
    there, away = [], 0
    for agent in sorted(facts.agents.values(), key=lambda one: one.id):
        if entry.queue not in agent.queues:
            continue
        last = states.get(agent.id)
        if last is None or last.after == "offline":
            away += 1
            continue
        reason = f": {last.reason}" if last.after == "paused" and last.reason else ""
        there.append(f"{agent.name} {said(STATES, last.after, language)}{reason}")
    if away:
        there.append(f"{away}人未登录" if language == "zh" else f"{away} not logged in")
    return ("、" if language == "zh" else ", ").join(there)


def _agents(facts: Facts, language: Language) -> Iterator[_Raw]:
    for change in facts.changes:
        raw = _change(facts, change, language)
        if raw is not None:
            order, kind, text = raw
            data = {"agent": change.agent_id, "entry": change.entry, **change.data}
            yield change.at, order, kind, text, "", data
    for wrap_up in facts.wrap_ups:
        seconds = (wrap_up.ended_at - wrap_up.began_at).total_seconds()
        text = line(
            "wrapped_up",
            language,
            agent=facts.name(wrap_up.agent_id),
            seconds=f"{seconds:.0f}",
            code=wrap_up.code or ("无" if language == "zh" else "none"),
        )
        yield wrap_up.ended_at, 95, "wrapped_up", text, "", {"code": wrap_up.code, "by": wrap_up.ended_by}


_FOLLOWING = frozenset({"reserve", "ring", "answer"})
_PLAIN = {
    "reserve": (30, "reserved"),
    "ring": (31, "ringing"),
    "answer": (32, "answered"),
    "hold": (50, "hold"),
    "resume": (51, "resume"),
    "consult": (50, "consult"),
    "end_talk": (60, "talk_over"),
}


def _change(facts: Facts, change: AgentStateChange, language: Language) -> tuple[int, str, str] | None:
    """Order, kind, text; None where it does not belong to the story."""
    agent = facts.name(change.agent_id)
    if change.event in _PLAIN:
        if change.before == change.after:
            return None
        order, kind = _PLAIN[change.event]
        return order, kind, line(kind, language, agent=agent)
    if change.event == "no_answer":
        how = said(HOW, str(change.data.get("kind", "")), language)
        kind = (
            "missed_paused"
            if change.after == "paused" and change.reason in ("no_answer", "dnd")
            else "missed"
        )
        return 15, "missed", line(kind, language, agent=agent, how=how)
    if change.event == "withdraw":
        why = said(WHY, str(change.data.get("why", "")), language)
        # Let go because another answered: told after that.
        order = 33 if change.data.get("why") == "answered_elsewhere" else 15
        return order, "withdrawn", line("withdrawn", language, agent=agent, why=why)
    if change.event == "time_up" and change.before in ("reserved", "ringing"):
        return 15, "limit", line("limit", language, agent=agent)
    if change.event == "phone_unregistered" and change.before in ("reserved", "ringing"):
        return 15, "missed", line("missed", language, agent=agent, how=said(HOW, "unreachable", language))
    if change.event == "force" and change.before not in ("wrap_up",):
        by, why = str(change.data.get("by", "")), str(change.data.get("why", ""))
        to = said(STATES, str(change.data.get("to", "")), language)
        return 14, "forced", line("forced", language, by=by, agent=agent, to=to, why=why)
    return None


def _acts(facts: Facts, language: Language) -> Iterator[_Raw]:
    for act in facts.acts:
        kind = "moved" if act.act == "move" else "act"
        what = ", ".join(_moved(act.data, language)) if kind == "moved" else act.act
        if act.data.get("refused"):
            kind, what = "refused", act.act
        text = line(kind, language, by=act.author, what=what, why=act.why or "-")
        yield act.at, 13, kind, text, "", {"author": act.author, "why": act.why, **act.data}


def _moved(data: Mapping[str, Any], language: Language) -> Iterator[str]:
    if data.get("to"):
        yield line("to_queue", language, queue=data["to"])
    if data.get("priority") is not None:
        yield line("to_priority", language, priority=data["priority"], before=data.get("priority_from", "?"))
    if data.get("skills"):
        yield ", ".join(f"{name} {level}" for name, level in data["skills"].items())
