"""A talk: who is in it and how, pure. `step(talk, event) -> (talk, actions)`.

Theory of operation. `table.py` says which event leads where; an event that it does not name for a stage raises `NotNow`
and changes nothing. Where everybody is follows from the stage alone (`rooms`): nobody is left in a room without
somebody to talk to, except the owner of a citizen who waits, who knows it. What the board is to know of the owner
follows as well (`agent_state`). `step` compares both before and after: what changed becomes actions. Whoever is in the
talk before and not after is let go; so every telephone is somebody's until it is let go.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, cast

from ivr.talk.events import (
    Add,
    Answered,
    Blind,
    CameIn,
    CitizenGone,
    Complete,
    Consult,
    Drop,
    Event,
    Leave,
    LongEnough,
    Merge,
    Mute,
    NotAnswered,
    OwnerGone,
    Park,
    ParkedTooLong,
    PickUp,
    ThirdGone,
    ToFlow,
)
from ivr.talk.noting import notes
from ivr.talk.people import (
    FLOW,
    LINE,
    SERVED,
    Action,
    IntoLine,
    LetGo,
    Move,
    Person,
    Ring,
    RunFlow,
    SendBack,
    Talk,
    Tell,
    Unhear,
    agent_state,
    rooms,
)
from ivr.talk.results import Stage
from ivr.talk.table import TRANSITIONS, Cell
from ivr.talk.targets import Target, ToAgent, ToNumber, ToQueue, shown


class NotNow(Exception):
    """The table has no such arrow."""

    def __init__(self, stage: str, event: Event) -> None:
        super().__init__(f"the talk is {stage}: {type(event).__name__} cannot happen now")
        self.stage = stage
        self.event = event


# --- steps


def begin(agent: str) -> Talk:
    """Agent and citizen have just been joined."""
    return Talk("talking", Person("p1", "agent", agent))


def step(talk: Talk, event: Event) -> tuple[Talk, tuple[Action, ...]]:
    """Raises NotNow; the talk is unchanged then."""
    cell = TRANSITIONS[talk.stage].get(type(event))
    if cell is None or not _sensible(talk, event):
        raise NotNow(talk.stage, event)
    after, acts = _after(talk, event, cell)
    return after, (*notes(talk, after, event), *acts, *_changed(talk, after, event))


def _sensible(talk: Talk, event: Event) -> bool:
    match event:
        case Leave():
            return bool(talk.joined)
        case Merge() | Complete():
            return talk.other is not None
        case ThirdGone(person):
            return any(one.id == person for one in talk.joined)
        case Consult() | Park() | ToFlow() | Blind():
            return not talk.joined
        case Add(to):
            return not isinstance(to, ToQueue)
        case CameIn(name):
            return name not in talk.agents
        case _:
            return True


def _after(talk: Talk, event: Event, cell: Cell) -> tuple[Talk, tuple[Action, ...]]:
    match event:
        case CitizenGone() | LongEnough():
            return _over(talk, SERVED), ()
        case Mute(on):
            return replace(talk, muted=on), ()
        case CameIn(name, kind):
            person = Person(f"p{talk.people + 1}", kind, name)
            came = replace(talk, joined=(*talk.joined, person), people=talk.people + 1)
            return (came if cell == "SAME" else replace(came, stage=_stage(cell))), ()
        case ThirdGone(gone):
            return _settled(replace(talk, joined=tuple(one for one in talk.joined if one.id != gone))), ()
        case Blind(ToQueue() as to):
            assert talk.owner is not None
            return _over(talk, LINE), (SendBack(talk.owner, to),)
        case Blind(to) | Consult(to) | Add(to):
            rung, person = _rung(talk, to)
            if isinstance(event, Blind):
                rung = replace(rung, owner=None, muted=False)
            stage: Stage = "transferring" if cell == "SENT" else _stage(cell)
            return replace(rung, stage=stage), (Ring(person, to),)
        case PickUp(agent):
            rung, person = _rung(talk, ToAgent(agent))
            return replace(rung, stage="transferring"), (Ring(person, ToAgent(agent)),)
        case ParkedTooLong():
            rung, person = _rung(talk, ToAgent(talk.parker))
            return replace(rung, stage="transferring"), (Ring(person, ToAgent(talk.parker)),)
        case Answered(name):
            return _answered(talk, cell, name), ()
        case NotAnswered(outcome) if cell == "LINE":
            if talk.joined:
                return _settled(replace(talk, other=None, stage="three_way")), ()
            missed = talk.other.name if talk.other is not None and talk.other.kind == "agent" else ""
            return _over(talk, LINE), (IntoLine(outcome, missed),)
        case Park():
            assert talk.owner is not None
            parked = replace(talk, stage="parked", owner=None, muted=False, parker=talk.owner.name)
            return parked, ()
        case ToFlow(flow, come_back):
            if come_back:
                return replace(talk, stage="away"), (RunFlow(flow, True),)
            return _over(talk, FLOW), (RunFlow(flow, False),)
        case OwnerGone() if talk.stage == "away":
            return _over(talk, FLOW), ()
        case OwnerGone() | Complete() if cell == "transferring":
            return replace(talk, stage="transferring", owner=None, muted=False), ()
        case OwnerGone() if cell == "KEPT" and not talk.joined:
            return _over(talk, LINE), (IntoLine("agent_lost"),)
        case OwnerGone() | Complete() | Leave():
            return _passed(talk), ()
        case Merge():
            assert talk.other is not None
            return replace(talk, stage="three_way", other=None, joined=(*talk.joined, talk.other)), ()
        case Drop() if talk.stage == "three_way":
            return _settled(replace(talk, joined=())), ()
        case _:
            if cell == "BACK":
                return _settled(replace(talk, other=None, stage="talking")), ()
            return (talk if cell == "SAME" else replace(talk, stage=_stage(cell))), ()


def _stage(cell: Cell) -> Stage:
    if cell in ("BACK", "PASSED", "KEPT", "SENT", "LINE", "FLOW", "SAME"):
        raise AssertionError(f"{cell} is no stage")
    return cast("Stage", cell)


def _rung(talk: Talk, to: Target) -> tuple[Talk, Person]:
    kind: Literal["agent", "number"] = "number" if isinstance(to, ToNumber) else "agent"
    name = "" if isinstance(to, ToQueue) else shown(to)["target"]
    person = Person(f"p{talk.people + 1}", kind, name)
    return replace(talk, other=person, people=talk.people + 1), person


def _answered(talk: Talk, cell: Cell, name: str) -> Talk:
    assert talk.other is not None
    talk = replace(talk, other=replace(talk.other, name=name or talk.other.name))
    if cell == "PASSED":
        return _passed(talk)
    if cell == "three_way" and talk.other is not None:
        return replace(talk, stage="three_way", other=None, joined=(*talk.joined, talk.other))
    return replace(talk, stage=_stage(cell))


def _passed(talk: Talk) -> Talk:
    """The owner is out of it: to whoever is next."""
    here = (*((talk.other,) if talk.other is not None else ()), *talk.joined)
    heir = next((one for one in here if one.kind == "agent"), None)
    rest = tuple(one for one in here if one is not heir)
    if not here:
        return _over(talk, SERVED)
    passed = replace(talk, owner=heir, other=None, joined=rest, muted=False)
    return _settled(replace(passed, stage="three_way"))


def _settled(talk: Talk) -> Talk:
    """The stage of who is together with the citizen, after some have gone."""
    if talk.stage not in ("talking", "three_way", "outside"):
        return talk
    if talk.owner is not None:
        return replace(talk, stage="three_way" if talk.joined else "talking")
    return replace(talk, stage="outside") if talk.joined else _over(talk, SERVED)


def _over(talk: Talk, outcome: str) -> Talk:
    return replace(talk, stage="ended", owner=None, other=None, joined=(), muted=False, outcome=outcome)


# --- what changed


def _changed(before: Talk, after: Talk, event: Event) -> tuple[Action, ...]:
    """Moves first, so that nobody is torn from a room that others are about to come into; then who is let go."""
    actions: list[Action] = []
    was, now = rooms(before), rooms(after)
    actions += [Move(who, was.get(who, ""), room) for who, room in now.items() if was.get(who, "") != room]
    if before.muted != after.muted and after.owner is not None and after.owner == before.owner:
        actions.append(Unhear(after.owner.id, after.muted))
    if after.owner is not None:
        actions += _told(
            after.owner, "talking" if after.owner != before.owner else agent_state(before), after
        )
    kept = after.persons
    actions += [LetGo(one) for one in before.persons.values() if one.id not in kept]
    return tuple(actions)


def _told(owner: Person, before: str, after: Talk) -> list[Action]:
    """The board's table leads from talking and hold to consulting, and from each back to talking only."""
    now = agent_state(after)
    if before == now:
        return []
    acts: list[Action] = []
    if now == "talking" or (before == "consulting" and now == "hold"):
        acts.append(Tell(owner, "resume"))
    if now == "hold":
        acts.append(Tell(owner, "hold"))
    if now == "consulting":
        acts.append(Tell(owner, "consult"))
    return acts
