"""The figures of a call's record, as `ivr/projections/calls.py` makes them of the journal, compared with it and with
what the routing has on record. Pure.

What must agree:
- the journal is numbered from 1 without a gap, begins with `arrived` and has one `ended`, after which come only facts
  of the recordings that were finished later;
- outcome and who ended the call are those that the journal says;
- the wait is that of the first `joined`, and that of the entry which was joined then, but for what the hotline's clock
  made up meanwhile of a jump that is on record;
- the talk and the hold are the sums of `parted`;
- the agents are those of `joined` and of the acts that brought others in, and each one's own history has the answer;
- an offer that rang an agent has its decision, and every entry of an ended call has ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ivr.audit.evidence import Evidence
from ivr.clock_jumps import apart_s
from ivr.projections.calls import end_of, figures, is_end
from storage.records import JournalEvent

NEAR_S = 0.5
"""Two clocks are read for one moment: that of the call's session and that of the routing."""


def discrepancies(found: Evidence) -> list[str]:
    """What does not agree, in words; [] when every figure is found again."""
    return [
        *_numbering(found),
        *_outcome(found),
        *_wait(found),
        *_talk(found),
        *_agents(found),
        *_routing(found),
    ]


def _numbering(found: Evidence) -> Iterator[str]:
    numbers = [event.seq for event in found.journal]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"the journal is not numbered without a gap: {numbers[:5]}...{numbers[-3:]}"
    if not found.journal or found.journal[0].kind != "arrived":
        yield "the journal does not begin with the arrival"
    kinds = ["over" if is_end(event) else event.kind for event in found.journal]
    if found.record.state == "ended" and kinds.count("over") != 1:
        yield f"the call ended, and the journal says so {kinds.count('over')} times"
    elif found.record.state == "ended":
        late = [kind for kind in kinds[kinds.index("over") + 1 :] if not kind.startswith("recording")]
        if late:
            yield f"the journal goes on after the end: {late}"
    if found.record.ended_at is not None and found.record.ended_at < found.record.started_at:
        yield "the call ended before it began"


def _outcome(found: Evidence) -> Iterator[str]:
    data = found.record.data
    for event in filter(None, [end_of(found.journal)]):
        if event.data.get("outcome") != data.get("outcome"):
            yield f"outcome {data.get('outcome')} on record, {event.data.get('outcome')} in the journal"
        if event.data.get("by") != found.record.ended_by:
            yield f"ended by {found.record.ended_by} on record, {event.data.get('by')} in the journal"
    abandoned = [entry.id for entry in found.entries if entry.outcome == "abandoned" and not entry.only]
    if data.get("outcome") == "abandoned" and not abandoned:
        yield "abandoned on record, and no entry of it was"


def _wait(found: Evidence) -> Iterator[str]:
    waited, journalled = found.record.data.get("waited_s"), figures(found.journal)["waited_s"]
    if waited is None:
        if journalled is not None:
            yield "an agent had the caller, and the record has no wait"
        return
    if journalled is None:
        yield f"a wait of {waited} s on record, and nobody was joined"
        return
    if not _near(waited, journalled):
        yield f"a wait of {waited} s on record, {journalled} s in the journal"
    joins = [event for event in found.notes("joined") if "waited_s" in event.data]
    # An entry that went back into line knows its last join only; its first is on record.
    if len(joins) == 1:
        yield from _wait_of_entry(found, waited, joins[0])


def _wait_of_entry(found: Evidence, waited_s: float, join: JournalEvent) -> Iterator[str]:
    """An entry's wait ends with the agent's answer, the caller's when the agent, who is told who it is, has heard that,
    and whoever was rung before is let go."""
    told_s = float(join.data.get("told_s") or 0.0)
    waits = [
        (entry.enqueued_at, entry.joined_at)
        for entry in found.entries
        if entry.joined_at is not None and entry.only is None
    ]
    lengths_s = [(joined - enqueued).total_seconds() for enqueued, joined in waits]
    # The call's wait is measured, the entry's is between two times of day.
    bounds_s = [NEAR_S + apart_s(found.jumps, *one) for one in waits]
    near = (
        _near(waited_s, one_s + told_s, bound_s) for one_s, bound_s in zip(lengths_s, bounds_s, strict=True)
    )
    if waits and not any(near):
        yield f"a wait of {waited_s} s on record, {lengths_s} s by the entries"


def _talk(found: Evidence) -> Iterator[str]:
    journalled = figures(found.journal)
    for figure in ("talked_s", "held_s"):
        on_record, summed = (float(one.get(figure) or 0.0) for one in (found.record.data, journalled))
        if not _near(on_record, summed, 0.01):
            yield f"{figure} {on_record} on record, {round(summed, 3)} in the journal"


def _agents(found: Evidence) -> Iterator[str]:
    on_record = set(found.record.data.get("agents") or [])
    for event in found.notes("joined"):
        agent = event.data.get("agent")
        # An outside party that was joined is no agent.
        if agent and agent not in on_record:
            yield f"agent {agent} was joined, and is not on record"
    answers = [change for change in found.states if change.after == "talking"]
    # Neither is rung as an agent is: a supervisor who takes a talk over, and who made the call.
    supervisors = {event.data.get("by") for event in found.notes("supervised")}
    unasked = set(supervisors)
    unasked |= {found.record.data.get("agent")} if found.record.data.get("kind") == "outbound" else set()
    if found.record.data.get("handed_from"):
        # Has the citizen from an earlier call.
        unasked |= {event.data.get("agent") for event in found.notes("joined")[:1]}
    for agent in on_record - unasked - {change.agent_id for change in answers}:
        yield f"agent {agent} is on record, and has no answer of this call in the own history"
    # Whoever carries a promise out talks in a call of its own, after this one.
    promised = {entry.id for entry in found.entries if entry.callback}
    alone = {event.data.get("agent") for event in found.notes("not_joined")}
    answered = {change.agent_id for change in answers if change.entry not in promised}
    # Who only listens or whispers is with nobody; while doing so, an agent's telephone is taken on the board.
    for agent in answered - on_record - alone - supervisors:
        yield f"agent {agent} answered for this call, and is not on record"


def _routing(found: Evidence) -> Iterator[str]:
    offered = {
        (decision.entry_id, decision.agent) for decision in found.decisions if decision.kind == "offer"
    }
    for change in found.states:
        if change.after == "reserved" and (change.entry, change.agent_id) not in offered:
            yield f"agent {change.agent_id} was reserved without a stored decision"
    for entry in found.entries:
        if found.record.state == "ended" and entry.state != "ended" and not entry.callback:
            yield f"entry {entry.id} is {entry.state}, and its call is over"


def _near(one: Any, other: Any, by: float = NEAR_S) -> bool:
    return one is not None and other is not None and abs(float(one) - float(other)) <= by
