"""What the journal says of each step of a talk: who did what, to whom, and what came of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

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
    FlowEnded,
    GoBack,
    Hold,
    Leave,
    LongEnough,
    Merge,
    Mute,
    NotAnswered,
    OtherGone,
    OwnerGone,
    Park,
    ParkedTooLong,
    PickUp,
    Resume,
    Swap,
    ThirdGone,
    ToFlow,
)
from ivr.talk.people import Action, Note, Talk
from ivr.talk.targets import shown


def notes(before: Talk, after: Talk, event: Event) -> tuple[Action, ...]:
    """What the journal says of it: who did what, to whom, and what came of it."""
    owner = before.owner.name if before.owner is not None else ""
    act = _ACTS.get(type(event), type(event).__name__)
    data: dict[str, str | bool] = {"act": act, "agent": owner, "stage": after.stage}
    match event:
        case Blind(to) | Consult(to) | Add(to):
            data |= shown(to)
        case ToFlow(flow, come_back):
            data |= {"flow": flow, "come_back": come_back}
        case Mute(on):
            data["on"] = on
        case NotAnswered(outcome):
            data["outcome"] = outcome
        case Answered(name) if name:
            data["by"] = name
        case CameIn(name):
            data["who"] = name
        case PickUp(agent):
            data["agent"] = agent
        case _:
            if before == after:
                return ()
    if after.owner is not None and after.owner != before.owner:
        data["owner"] = after.owner.name
    return (Note("talk", data),)


_ACTS: Final[Mapping[type[Event], str]] = {
    Hold: "hold",
    Resume: "resume",
    Mute: "mute",
    Blind: "transfer",
    Consult: "consult",
    Add: "add",
    Complete: "complete",
    GoBack: "back",
    Swap: "swap",
    Merge: "three_way",
    Leave: "leave",
    Drop: "drop",
    Park: "park",
    ToFlow: "to_flow",
    OwnerGone: "agent_left",
    OtherGone: "consulted_left",
    ThirdGone: "third_left",
    CitizenGone: "citizen_left",
    Answered: "answered",
    NotAnswered: "not_answered",
    PickUp: "pick_up",
    ParkedTooLong: "parked_too_long",
    CameIn: "came_in",
    FlowEnded: "flow_ended",
    LongEnough: "longest_time",
}
"""Event -> its name in the journal."""
