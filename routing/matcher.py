"""Who is offered to whom: pure decisions, each with its reasons.

Theory of operation. Two questions, asked by events and never by polling: an entry that arrives, relaxes or comes back
gets the best free agent (`decide`), an agent who frees gets the best waiting entry (`next_for_agent`).
- Entries: higher priority, then age, then id.
- Agents: those who have not just failed to answer this caller come first, then those with the skills that the step
  prefers, then the longest idle. One who did not answer is not asked again for the same caller for `retry_s`.
- Steps: the step in force ends after its time, and at once while nobody who fits is logged in; it never comes back.
- A callback (`Entry.callback`) stands in line like any caller, but has no longest wait and waits for staff to come; it
  is offered to nobody before its time (`not_before`).
- An entry for one agent only (`Entry.only`) is offered to that agent at once, or is over.

`decide` over a list of agents and the board's incremental one are the same function over two `Floor`s.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from routing.agents import Agent
from routing.decisions import Decision, Offer, Overflow, Reason, Reject, Wait
from routing.entries import IN_LINE, Entry, Outcome, Relaxed
from routing.entries import apply as apply_entry
from routing.floor import Floor
from routing.ids import AgentId
from routing.line import Place
from routing.rules import QueueRules, Requirement, Rules


def decide(entry: Entry, rules: Rules, agents: Iterable[Agent], now: dt.datetime) -> Decision:
    """What becomes of a waiting entry now. Raises ValueError when it is not waiting."""
    return decide_on(entry, rules, Floor(agents), now)


def decide_on(entry: Entry, rules: Rules, floor: Floor, now: dt.datetime) -> Decision:
    """As `decide`, with the agents already indexed."""
    if entry.state != "waiting":
        raise ValueError(f"entry {entry.id} is {entry.state}: only one that waits can be decided on")
    if entry.only is not None:
        return _for_one(entry, entry.only, floor)
    queue = rules.queues.get(entry.queue)
    if queue is None:
        return Reject(entry.id, "failed", (Reason("unknown_queue", {"queue": entry.queue}),))
    ends_at = limit(entry, queue)
    if ends_at is not None and now >= ends_at:
        waited = round((now - entry.limit_from).total_seconds(), 1)
        return Overflow(entry.id, "timeout", (Reason("waited_too_long", {"waited_s": waited}),))
    ends = queue.when_unstaffed == "end" and not entry.callback
    if ends and not floor.census(queue.name, ()).logged_in:
        return Overflow(entry.id, "unstaffed", (Reason("unstaffed", {"queue": queue.name}),))
    relaxed = relaxation(entry, queue, floor, now)
    if relaxed is not None:
        entry = _relaxed(entry, relaxed)
    return _match(entry, queue, floor, now, relaxed, ends_at)


def admit(entry: Entry, rules: Rules, waiting: int) -> Reject | None:
    """Whether the queue takes one more; waiting: how many stand in its line now."""
    if entry.only is not None:
        return None
    queue = rules.queues.get(entry.queue)
    if queue is None:
        return Reject(entry.id, "failed", (Reason("unknown_queue", {"queue": entry.queue}),))
    if queue.max_length is not None and waiting >= queue.max_length and not entry.callback:
        return Reject(entry.id, "full", (Reason("full", {"waiting": waiting, "most": queue.max_length}),))
    return None


def next_for_agent(agent: Agent, entries: Iterable[Entry], rules: Rules, now: dt.datetime) -> Offer | None:
    """The best waiting entry for an agent who is free: highest priority, then oldest, then by id. None: nobody."""
    floor = Floor([agent])
    best: tuple[tuple[int, float, str], Entry] | None = None
    for entry in entries:
        queue = rules.queues.get(entry.queue)
        if queue is None or entry.state != "waiting" or entry.queue not in agent.queues:
            continue
        relaxed = relaxation(entry, queue, None, now)
        if relaxed is not None:
            entry = _relaxed(entry, relaxed)
        rank = queue.rank(entry)
        if (
            agent.has(dict(queue.needs(entry)))
            and may_ask(entry, agent, queue, now)
            and (best is None or rank < best[0])
        ):
            best = (rank, entry)
    return None if best is None else offer_next(best[1], agent, rules.queues[best[1].queue], floor, now)


def offer_next(entry: Entry, agent: Agent, queue: QueueRules, floor: Floor, now: dt.datetime) -> Offer:
    """The offer, with its reasons, of the entry that was found to be next for this agent."""
    reason = Reason(
        "next_in_line",
        {
            "agent": agent.name,
            "waited_s": round(entry.waited_s(now), 1),
            "priority": queue.priority + entry.priority,
        },
    )
    return Offer(entry.id, agent.id, entry.step, (reason, staffing(queue, queue.needs(entry), floor)))


def place(entry: Entry, entries: Iterable[Entry], rules: Rules) -> Place | None:
    """The entry's place in the line of its queue; None when it stands in none."""
    queue = rules.queues.get(entry.queue)
    if queue is None or entry.state not in IN_LINE:
        return None
    own = queue.rank(entry)
    others = [
        queue.rank(other)
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


def relaxation(entry: Entry, queue: QueueRules, floor: Floor | None, now: dt.datetime) -> Relaxed | None:
    """The step that ought to be in force, if it is a later one. floor None: by time alone.

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
        elif floor is not None and not floor.census(queue.name, needs_at(entry, queue, index)).logged_in:
            index, since = index + 1, now
            found = Relaxed(index, since, "nobody_logged_in")
        else:
            break
    return found


def needs_at(entry: Entry, queue: QueueRules, step: int) -> Requirement:
    return queue.needs(_at(entry, step))


def may_ask(entry: Entry, agent: Agent, queue: QueueRules, now: dt.datetime) -> bool:
    """Not when this agent just failed to answer this caller, and nobody before a callback's time."""
    if entry.not_before is not None and now < entry.not_before:
        return False
    missed = entry.tried.get(agent.id)
    return missed is None or now >= missed + dt.timedelta(seconds=queue.retry_s)


def staffing(queue: QueueRules, needs: Requirement, floor: Floor) -> Reason:
    data: dict[str, Mapping[str, int]] = {
        "needs": {skill: level for skill, level in needs},
        "fitting": floor.census(queue.name, needs).counts(),
    }
    return Reason("staffing", data)


def _for_one(entry: Entry, only: AgentId, floor: Floor) -> Offer | Reject:
    """Now or not at all, and only once."""
    agent = floor.agents.get(only)
    if agent is not None and agent.state == "available" and not entry.tried:
        return Offer(entry.id, only, entry.step, (Reason("asked_for", {"agent": agent.name}),))
    name = only if agent is None else agent.name
    outcome: Outcome = "timeout" if entry.tried else "unstaffed"
    return Reject(entry.id, outcome, (Reason("not_available", {"agent": name}),))


@dataclass(slots=True)
class _Choice:
    agent: Agent | None = None
    preferred: bool = False
    tried: bool = False
    asked_again_at: dt.datetime | None = None


def _match(
    entry: Entry,
    queue: QueueRules,
    floor: Floor,
    now: dt.datetime,
    relaxed: Relaxed | None,
    ends_at: dt.datetime | None,
) -> Decision:
    needs = queue.needs(entry)
    later = entry.not_before is not None and now < entry.not_before
    choice = _Choice(asked_again_at=entry.not_before) if later else _choose(entry, queue, floor, now)
    head: list[Reason] = []
    if relaxed is not None:
        head.append(Reason("relaxed", {"step": relaxed.step + 1, "why": relaxed.why}))
    if choice.agent is not None:
        idle = round((now - choice.agent.idle_since).total_seconds(), 1)
        head.append(Reason("longest_idle", {"agent": choice.agent.name, "idle_s": idle}))
        if choice.preferred:
            head.append(
                Reason(
                    "preferred",
                    {"skills": {skill: level for skill, level in queue.step_of(entry).prefer.items()}},
                )
            )
        if choice.tried:
            head.append(Reason("only_tried_left", {"attempts": entry.attempts}))
        return Offer(entry.id, choice.agent.id, entry.step, (*head, staffing(queue, needs, floor)))
    census = floor.census(queue.name, needs)
    if choice.asked_again_at is not None:
        again = round((choice.asked_again_at - now).total_seconds(), 1)
        if later:
            head.append(Reason("not_yet", {"again_s": again}))
        else:
            head.append(Reason("cooling_off", {"attempts": entry.attempts, "again_s": again}))
    else:
        head.append(Reason("all_busy" if census.logged_in else "nobody_logged_in"))
    step = queue.step_of(entry)
    last = entry.step >= len(queue.steps_of(entry)) - 1
    relax_at = None if last or step.for_s is None else entry.step_since + dt.timedelta(seconds=step.for_s)
    times = [at for at in (choice.asked_again_at, relax_at, ends_at) if at is not None]
    return Wait(entry.id, entry.step, min(times, default=None), (*head, staffing(queue, needs, floor)))


def _choose(entry: Entry, queue: QueueRules, floor: Floor, now: dt.datetime) -> _Choice:
    """One walk in the order of idleness, ended by the first agent who could not be bettered."""
    needs, likes = queue.needs(entry), queue.likes(entry)
    liked = dict(likes) if likes != needs else None
    best: dict[tuple[bool, bool], Agent] = {}
    again: dt.datetime | None = None
    for agent in floor.free(queue.name, needs):
        if not may_ask(entry, agent, queue, now):
            at = entry.tried[agent.id] + dt.timedelta(seconds=queue.retry_s)
            again = at if again is None else min(again, at)
            continue
        rank = (agent.id in entry.tried, liked is not None and not agent.has(liked))
        best.setdefault(rank, agent)
        if rank == (False, False):
            break
    if not best:
        return _Choice(asked_again_at=again)
    tried, plain = min(best)
    return _Choice(best[tried, plain], preferred=liked is not None and not plain, tried=tried)


def _relaxed(entry: Entry, event: Relaxed) -> Entry:
    return apply_entry(entry, event, event.since)


def _at(entry: Entry, step: int) -> Entry:
    return entry if entry.step == step else replace(entry, step=step)
