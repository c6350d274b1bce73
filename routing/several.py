"""Several agents rung for one caller: who, until when, and when one of them is given up for somebody else. Pure.

Theory of operation. An entry is offered to its agent as ever; that is one round of ringing, which lasts for the queue's
ring time. Beside that agent further ones are rung, as many as the queue's `ring` says in all:
- only agents for whom nobody waits: first everybody who waits is served, with what is left several are rung;
- the best of those who are free and fit, in the order in which the caller would have been offered to them;
- a caller's preferred agent, one who is asked for by name, calls a citizen back or takes a transfer is rung alone.
Whoever is rung in vain loses nobody's turn but the own: the others ring on, and somebody who was not asked for this
caller yet may be rung in the free place until the round is over, if that is long enough.
An agent who is one of several is given up as soon as somebody waits whom nobody free fits: ringing several never
makes anybody wait (docs/decisions/0194).

The questions are asked over any `Staff`, the indexed one of the board or the plain one of a list.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

from routing.agents import Agent
from routing.choosing import choose, may_ask, why
from routing.decisions import Offer, Reason, Value
from routing.entries import Entry
from routing.floor import Staff, has
from routing.matcher import staffing
from routing.rules import QueueRules
from routing.strategies import preference

SHORTEST_RING_S: Final = 5.0
"""With less of the round left nobody further is rung: a telephone that rings once is a nuisance."""


def at_once(entry: Entry, queue: QueueRules) -> int:
    """How many are to be rung for the entry in all."""
    if queue.ring == 1 or entry.only is not None or entry.callback or entry.one_by_one:
        return 1
    return 1 if entry.preferred is not None and entry.preferred == entry.agent else queue.ring


def round_ends_at(entry: Entry, ring_s: float) -> dt.datetime:
    """Of an entry that is offered: all who are rung for it are let go then."""
    return entry.since + dt.timedelta(seconds=ring_s)


def for_the_whole_round(agent: Agent, entry: Entry) -> bool:
    """Whether the agent was there when the ringing began. Who came later has missed nothing at its end."""
    return agent.last_given_at is None or agent.last_given_at <= entry.since


def one_more(entry: Entry, queue: QueueRules, staff: Staff, ring_s: float, now: dt.datetime) -> Offer | None:
    """The next to be rung for an entry that is offered already; None: nobody.

    Of the free agents all who are needed by somebody who waits must have been reserved before.
    """
    rung = entry.rung
    if not rung or len(rung) >= at_once(entry, queue):
        return None
    begins = entry.since == now
    left_s = (round_ends_at(entry, ring_s) - now).total_seconds()
    if left_s < SHORTEST_RING_S and not begins:
        return None
    choice = choose(entry, queue, staff, now, None)
    # Who has just not taken this caller is asked again when the next round begins, at the earliest.
    if choice.agent is None or (choice.tried and not begins):
        return None
    data: dict[str, Value] = {"agent": choice.agent.name, "beside": len(rung)}
    how = Reason("rung_too", data)
    if not begins:
        how = Reason("rung_for_the_rest", {**data, "left_s": round(left_s, 1)})
    reasons = (how, *why(choice, choice.agent, entry, queue, staff, now))
    return Offer(
        entry.id, choice.agent.id, entry.step, (*reasons, staffing(queue, queue.needs(entry), staff))
    )


def given_up(
    waiting: Entry,
    queue: QueueRules,
    several: Iterable[Entry],
    staff: Staff,
    now: dt.datetime,
    kept_for: str | None = None,
) -> tuple[Entry, Agent] | None:
    """Whom an entry that waits may have of those rung for another, and for which; None: nobody.

    several: entries that are offered to more than one. kept_for: the only agent whom it may be offered to.
    """
    needs, likes = queue.needs(waiting), queue.likes(waiting)
    found: list[tuple[tuple[object, ...], Entry, Agent]] = []
    for entry in several:
        for id in entry.rung:
            agent = staff.agents.get(id)
            if agent is None or waiting.queue not in agent.queues or kept_for not in (None, id):
                continue
            # Who pauses or logs out after this call would not be free for another.
            if agent.leaving is not None or not has(agent, needs) or not may_ask(waiting, agent, queue, now):
                continue
            liked = likes != needs and has(agent, likes)
            order = preference(agent, queue, likes if liked else needs, staff.shares, now.timestamp())
            found.append(((id in waiting.tried, id == entry.agent, not liked, *order), entry, agent))
    if not found:
        return None
    _, entry, agent = min(found, key=lambda one: one[0])
    return entry, agent


def given_up_offer(waiting: Entry, agent: Agent, queue: QueueRules, staff: Staff) -> Offer:
    """The offer to that agent, with its reasons."""
    reasons = (
        Reason("given_up_elsewhere", {"agent": agent.name}),
        staffing(queue, queue.needs(waiting), staff),
    )
    return Offer(waiting.id, agent.id, waiting.step, reasons)
