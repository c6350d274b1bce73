"""What must hold of the board at every moment, whatever happened: for tests, storms, and whoever watches a live server.

    for fault in faults(board, now, ending): ...   # none: all is well

Each fault names what it is about, so that it can be repaired or followed up. Pure; cheap enough for every event of a
test, not for every event of a busy server.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from routing.agents import IN_CALL, OFFERED
from routing.board import Board
from routing.choosing import standing
from routing.entries import IN_LINE, Entry
from routing.ids import AgentId, EntryId
from routing.matcher import limit, next_for_agent, relaxation
from routing.plain import Plain
from routing.several import given_up, one_more

FaultCode = Literal[
    "reserved_for_nobody",
    "offered_to_nobody",
    "in_call_with_nobody",
    "joined_to_nobody",
    "agent_has_two",
    "no_live_reason",
    "waits_beyond_the_limit",
    "step_should_have_relaxed",
    "free_beside_a_caller_who_fits",
    "rung_beside_others_while_a_caller_waits",
    "free_beside_a_caller_rung_by_too_few",
    "place_is_wrong",
    "place_grew",
]


@dataclass(frozen=True, slots=True)
class Fault:
    code: FaultCode
    entry: EntryId | None = None
    agent: AgentId | None = None
    what: str = ""

    def __str__(self) -> str:
        about = " ".join(each for each in (self.entry, self.agent, self.what) if each)
        return f"{self.code}: {about}"


def faults(board: Board, now: dt.datetime, ending: Collection[EntryId] = ()) -> Iterator[Fault]:
    """ending: conversations whose agent was taken out (`EndConversation`) and which are not reported as over yet."""
    entries = board.entries()
    yield from held(board, entries, ending)
    yield from places(board, entries)
    due = board.next_deadline()
    if due is None or due > now:
        # Else something is about to be done: send `Tick` first.
        yield from waiting(board, entries, now)
        yield from rung_together(board, entries, now)


def held(board: Board, entries: Collection[Entry], ending: Collection[EntryId] = ()) -> Iterator[Fault]:
    """Agents and entries that are held say so of each other, and nobody is held twice."""
    of_agent: dict[AgentId, Entry] = {}
    for entry in entries:
        if entry.state == "waiting" or entry.agent is None:
            if entry.state != "waiting":
                yield Fault("offered_to_nobody", entry.id, what=entry.state)
            continue
        if entry.id in ending:
            continue
        code: FaultCode = "joined_to_nobody" if entry.state == "joined" else "offered_to_nobody"
        states = IN_CALL if entry.state == "joined" else OFFERED
        for id in entry.rung or (entry.agent,):
            agent = board.agents.get(id)
            if agent is None or agent.entry != entry.id or agent.state not in states:
                yield Fault(code, entry.id, id, "" if agent is None else agent.state)
            if id in of_agent:
                yield Fault("agent_has_two", entry.id, id, of_agent[id].id)
            of_agent[id] = entry
    for agent in board.agents.values():
        entry_of = of_agent.get(agent.id)
        if agent.state in OFFERED and (
            entry_of is None or entry_of.id != agent.entry or entry_of.state == "joined"
        ):
            yield Fault("reserved_for_nobody", agent.entry, agent.id, agent.state)
        elif (
            agent.state in IN_CALL and not agent.own_call and (entry_of is None or entry_of.id != agent.entry)
        ):
            yield Fault("in_call_with_nobody", agent.entry, agent.id, agent.state)


def waiting(board: Board, entries: Collection[Entry], now: dt.datetime) -> Iterator[Fault]:
    """Whoever waits has a reason, an end in sight, and nobody free who fits."""
    rules, due = board.rules, board.next_deadline()
    some = False
    for entry in entries:
        if entry.state != "waiting":
            continue
        some = True
        queue = rules.queues.get(entry.queue)
        if queue is None or entry.only is not None:
            yield Fault("no_live_reason", entry.id, what=entry.queue)
            continue
        ends_at = limit(entry, queue)
        if ends_at is not None and (now >= ends_at or due is None or due > ends_at):
            yield Fault("waits_beyond_the_limit", entry.id, what=str(ends_at))
        if relaxation(entry, queue, None, now) is not None:
            yield Fault("step_should_have_relaxed", entry.id)
        later = entry.not_before
        if later is not None and later > now and (due is None or due > later):
            yield Fault("no_live_reason", entry.id, what="nobody looks again when its time has come")
    if not some:
        return
    agents = board.agents
    for agent in agents.values():
        if agent.state == "available":
            offer = next_for_agent(agent, entries, rules, now, agents=agents.values())
            if offer is not None:
                yield Fault("free_beside_a_caller_who_fits", offer.entry, agent.id)


def rung_together(board: Board, entries: Collection[Entry], now: dt.datetime) -> Iterator[Fault]:
    """Ringing several makes nobody wait, and nobody is idle who could ring too."""
    several = [entry for entry in entries if len(entry.rung) > 1]
    rules, agents = board.rules.queues, board.agents
    staff = Plain(agents.values())
    for entry in entries:
        queue = rules.get(entry.queue)
        if queue is None:
            continue
        stand, _ = standing(entry, (entry.queue, queue.needs(entry)), queue, agents, now)
        if stand is not None and several:
            only = stand[1] if isinstance(stand[1], str) else None
            found = given_up(entry, queue, several, staff, now, only)
            if found is not None:
                yield Fault("rung_beside_others_while_a_caller_waits", entry.id, found[1].id, found[0].id)
        more = one_more(entry, queue, staff, queue.ring_s if entry.ring_s is None else entry.ring_s, now)
        # In the very moment in which the ringing begins, also who was tried may be asked: that moment may be over.
        if more is not None and more.agent not in entry.tried:
            yield Fault("free_beside_a_caller_rung_by_too_few", entry.id, more.agent)


def places(board: Board, entries: Collection[Entry]) -> Iterator[Fault]:
    """Those in a line stand at 1, 2, 3 ...; what would be said of it is never more than was said before, and where the
    true place is worse there are reasons."""
    taken: dict[str, set[int]] = {}
    for entry in entries:
        if entry.state not in IN_LINE:
            continue
        place = board.place(entry.id)
        seen = taken.setdefault(entry.queue, set())
        if place is None or place.place in seen or not 1 <= place.place <= place.waiting:
            yield Fault("place_is_wrong", entry.id, what=str(place))
            continue
        seen.add(place.place)
        if entry.announced is not None and place.place > entry.announced:
            told = board.telling(entry.id)
            if told is None or told.say > entry.announced:
                yield Fault("place_grew", entry.id, what=str(told))
