"""Who is offered to whom: pure decisions, each with its reasons.

Theory of operation. Two questions, asked by events and never by polling: an entry that arrives, relaxes or comes back
gets the best free agent (`decide`), an agent who frees gets the best waiting entry (`next_for_agent`).
- Entries, over all queues of the agent: urgent queues first, then higher priority (the queue's, the entry's and what
  waiting has added), then age, then id.
- Agents: the preferred agent (`Entry.preferred`) if free. Those who have not just failed to answer this caller come
  before those who have, then those with the skills that the step prefers, then by the queue's strategy
  (`strategies.py`). One who did not answer is not asked again for the same caller for `retry_s`.
- A preferred agent who is logged in, not on a pause nor about to leave, fits, and has not failed to answer, is waited
  for during `preferred_s`: nobody else is offered the caller.
- Steps: the step in force ends after its time, and at once while nobody who fits is logged in; it never comes back.
- The rules may send the caller on (`admission.py`).
- A callback (`Entry.callback`) stands in line like any caller, but has no longest wait and waits for staff to come,
  past the closing hour too; it is offered to nobody before its time (`not_before`).
- An entry for one agent only (`Entry.only`) is offered to that agent at once, or is over.

`decide` over a list of agents and the board's incremental one are the same function over two kinds of `Staff`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping

from routing.admission import sent_on, sent_on_at, unknown
from routing.agents import Agent
from routing.choosing import Choice, choose, kept_for, kept_until, may_ask, why
from routing.decisions import Decision, Offer, Overflow, Reason, Reject, Value, Wait
from routing.entries import IN_LINE, Entry, Outcome, Relaxed
from routing.entries import apply as apply_entry
from routing.floor import Staff
from routing.ids import AgentId, QueueName
from routing.line import Place
from routing.plain import Plain
from routing.rules import POINT, QueueRules, Rank, Requirement, Rules, requirement
from routing.shares import Shares


def decide(
    entry: Entry,
    rules: Rules,
    agents: Iterable[Agent],
    now: dt.datetime,
    *,
    closed: Collection[QueueName] = (),
    shares: Shares | None = None,
) -> Decision:
    """What becomes of a waiting entry now. Raises ValueError when it is not waiting."""
    return decide_on(entry, rules, Plain(agents, shares), now, closed)


def decide_on(
    entry: Entry, rules: Rules, staff: Staff, now: dt.datetime, closed: Collection[QueueName] = ()
) -> Decision:
    """As `decide`, with the agents already indexed."""
    if entry.state != "waiting":
        raise ValueError(f"entry {entry.id} is {entry.state}: only one that waits can be decided on")
    if entry.only is not None:
        return _for_one(entry, entry.only, staff)
    queue = rules.queues.get(entry.queue)
    if queue is None:
        return unknown(entry)
    elsewhere = sent_on(entry, queue, rules, staff, now, closed)
    if elsewhere is not None:
        return elsewhere
    ends_at = limit(entry, queue)
    if ends_at is not None and now >= ends_at:
        waited = round((now - entry.limit_from).total_seconds(), 1)
        return Overflow(entry.id, "timeout", (Reason("waited_too_long", {"waited_s": waited}),))
    ends = queue.when_unstaffed == "end" and not entry.callback
    if ends and not staff.logged_in(queue.name, ()):
        return Overflow(entry.id, "unstaffed", (Reason("unstaffed", {"queue": queue.name}),))
    relaxed = relaxation(entry, queue, staff, now)
    if relaxed is not None:
        entry = _relaxed(entry, relaxed)
    return _match(entry, queue, staff, now, relaxed, ends_at)


def next_for_agent(
    agent: Agent,
    entries: Iterable[Entry],
    rules: Rules,
    now: dt.datetime,
    *,
    agents: Iterable[Agent] = (),
) -> Offer | None:
    """The best waiting entry for an agent who is free; None: nobody. agents: for those whom callers prefer."""
    staff = Plain([agent, *(other for other in agents if other.id != agent.id)])
    best: tuple[tuple[int, int, Rank], Entry] | None = None
    for entry in entries:
        queue = rules.queues.get(entry.queue)
        if queue is None or entry.state != "waiting" or entry.queue not in agent.queues:
            continue
        relaxed = relaxation(entry, queue, None, now)
        if relaxed is not None:
            entry = _relaxed(entry, relaxed)
        rank = queue.rank(entry, now)
        turn = (rank[0], agent.queue_order.get(entry.queue, 0), rank)
        if (
            agent.has(dict(queue.needs(entry)))
            and may_ask(entry, agent, queue, now)
            and kept_for(entry, queue, staff.agents, now) in (None, agent.id)
            and (best is None or turn < best[0])
        ):
            best = (turn, entry)
    return None if best is None else offer_next(best[1], agent, rules.queues[best[1].queue], staff, now)


def offer_next(entry: Entry, agent: Agent, queue: QueueRules, staff: Staff, now: dt.datetime) -> Offer:
    """The offer, with its reasons, of the entry that was found to be next for this agent."""
    head: list[Reason] = []
    if queue.urgent:
        head.append(Reason("urgent", {"queue": queue.name}))
    data: dict[str, Value] = {"agent": agent.name, "waited_s": round(entry.waited_s(now), 1)}
    head.append(Reason("next_in_line", {**data, "priority": queue.priority + entry.priority}))
    aged = queue.aged(entry, now)
    if aged > 0:
        head.append(Reason("aged", {"points": round(aged / POINT, 1)}))
    if entry.preferred == agent.id:
        head.append(Reason("preferred_agent", {"agent": agent.name}))
    return Offer(entry.id, agent.id, entry.step, (*head, staffing(queue, queue.needs(entry), staff)))


def place(entry: Entry, entries: Iterable[Entry], rules: Rules, now: dt.datetime) -> Place | None:
    """The entry's place in the line of its queue; None when it stands in none."""
    queue = rules.queues.get(entry.queue)
    if queue is None or entry.state not in IN_LINE:
        return None
    own = queue.rank(entry, now)
    others = [
        queue.rank(other, now)
        for other in entries
        if other.queue == entry.queue and other.state in IN_LINE and other.id != entry.id
    ]
    return Place(sum(rank < own for rank in others) + 1, len(others) + 1)


def limit(entry: Entry, queue: QueueRules) -> dt.datetime | None:
    """When the entry has waited as long as it may. None: without end."""
    if entry.callback:
        return None
    longest = entry.timeout_s if entry.timeout_s is not None else queue.max_wait_s
    return None if longest is None else entry.limit_from + dt.timedelta(seconds=longest)


def relaxation(entry: Entry, queue: QueueRules, staff: Staff | None, now: dt.datetime) -> Relaxed | None:
    """The step that ought to be in force, if it is a later one. staff None: by time alone.

    A step that ended by time began its successor at the due time, however late we look.
    """
    steps = queue.steps_of(entry)
    index, since = entry.step, entry.step_since
    found: Relaxed | None = None
    while index < len(steps) - 1:
        step = steps[index]
        due = None if step.for_s is None else since + dt.timedelta(seconds=step.for_s)
        if due is not None and now >= due:
            index, since = index + 1, due
            found = Relaxed(index, since, "time")
        elif staff is not None and not staff.logged_in(queue.name, needs_at(entry, queue, index)):
            index, since = index + 1, now
            found = Relaxed(index, since, "nobody_logged_in")
        else:
            break
    return found


def needs_at(entry: Entry, queue: QueueRules, step: int) -> Requirement:
    """In a step that the rules have."""
    return requirement(entry.skills, queue.steps_of(entry)[step].require)


def staffing(queue: QueueRules, needs: Requirement, staff: Staff) -> Reason:
    data: dict[str, Mapping[str, int]] = {
        "needs": {skill: level for skill, level in needs},
        "fitting": staff.counts(queue.name, needs),
    }
    return Reason("staffing", data)


def _for_one(entry: Entry, only: AgentId, staff: Staff) -> Offer | Reject:
    """Now or not at all, and only once."""
    agent = staff.agents.get(only)
    if agent is not None and agent.state == "available" and not entry.tried:
        return Offer(entry.id, only, entry.step, (Reason("asked_for", {"agent": agent.name}),))
    name = only if agent is None else agent.name
    outcome: Outcome = "timeout" if entry.tried else "unstaffed"
    return Reject(entry.id, outcome, (Reason("not_available", {"agent": name}),))


def _match(
    entry: Entry,
    queue: QueueRules,
    staff: Staff,
    now: dt.datetime,
    relaxed: Relaxed | None,
    ends_at: dt.datetime | None,
) -> Decision:
    needs = queue.needs(entry)
    head: list[Reason] = []
    if relaxed is not None:
        head.append(Reason("relaxed", {"step": relaxed.step + 1, "why": relaxed.why}))
    later = entry.not_before is not None and now < entry.not_before
    keeper = None if later else kept_for(entry, queue, staff.agents, now)
    choice = Choice() if later else choose(entry, queue, staff, now, keeper)
    if choice.agent is not None:
        head += why(choice, choice.agent, entry, queue, staff, now)
        return Offer(entry.id, choice.agent.id, entry.step, (*head, staffing(queue, needs, staff)))
    again: dt.datetime | None = choice.asked_again_at
    if later and entry.not_before is not None:
        again = entry.not_before
        head.append(Reason("not_yet", {"again_s": _from(now, again)}))
    elif keeper is not None:
        again = kept_until(entry, queue)
        agent = staff.agents[keeper]
        data: dict[str, Value] = {"agent": agent.name, "state": agent.state}
        head.append(Reason("kept_for", {**data, "again_s": _from(now, again)}))
    elif again is not None:
        head.append(Reason("cooling_off", {"attempts": entry.attempts, "again_s": _from(now, again)}))
    else:
        head.append(Reason("all_busy" if staff.logged_in(queue.name, needs) else "nobody_logged_in"))
    step = queue.step_of(entry)
    last = entry.step >= len(queue.steps_of(entry)) - 1
    relax_at = None if last or step.for_s is None else entry.step_since + dt.timedelta(seconds=step.for_s)
    candidates = (again, relax_at, ends_at, sent_on_at(entry, queue, now))
    times = [at for at in candidates if at is not None]
    return Wait(entry.id, entry.step, min(times, default=None), (*head, staffing(queue, needs, staff)))


def _from(now: dt.datetime, then: dt.datetime) -> float:
    return round((then - now).total_seconds(), 1)


def _relaxed(entry: Entry, event: Relaxed) -> Entry:
    return apply_entry(entry, event, event.since)
