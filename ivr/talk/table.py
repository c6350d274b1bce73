"""The table of a talk: which event leads from which stage to which. `state.py` carries it out.

Theory of operation. A talk has a citizen, at most one agent who has the call (`owner`), at most one who is rung or
consulted (`other`), and any number who are together with the citizen besides (`joined`). `TRANSITIONS` says which event
leads from which stage to which; an event that it does not name for a stage raises `NotNow` and changes nothing. Cells
that depend on more than the stage hold a name of their own:

    BACK    owner and citizen together again: `three_way` with others, else `talking`.
    PASSED  the owner is gone, and who is next is the owner: the other, else the first agent of the joined. Without an
            agent it is `outside` (the citizen with an outside party), without anybody the talk is over.
    KEPT    as PASSED, but a citizen who was waiting for the owner and has nobody now is back in line.
    SENT    a blind transfer: `transferring` while somebody rings; to a queue, over (the citizen is in line again).
    LINE    over, and the citizen is in line again, in the old place.
    FLOW    `away` with the agent waiting, or over when nobody waits.
    SAME    the stage stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

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
from ivr.talk.results import Stage

Cell = Stage | Literal["BACK", "PASSED", "KEPT", "SENT", "LINE", "FLOW", "SAME"]

_ALWAYS: Final[Mapping[type[Event], Cell]] = {CitizenGone: "ended", LongEnough: "ended", ThirdGone: "SAME"}
_WITH_OWNER: Final[Mapping[type[Event], Cell]] = {**_ALWAYS, Mute: "SAME", OwnerGone: "PASSED"}

TRANSITIONS: Final[Mapping[Stage, Mapping[type[Event], Cell]]] = {
    # The owner and the citizen.
    "talking": {
        **_WITH_OWNER,
        Hold: "held",
        Resume: "SAME",
        Blind: "SENT",
        Consult: "calling",
        Add: "adding",
        Leave: "PASSED",
        Park: "parked",
        ToFlow: "FLOW",
        CameIn: "three_way",
    },
    # The citizen hears music, the owner may come back.
    "held": {
        **_WITH_OWNER,
        OwnerGone: "KEPT",
        Hold: "SAME",
        Resume: "BACK",
        GoBack: "BACK",
        Blind: "SENT",
        Consult: "calling",
        Leave: "PASSED",
        Park: "parked",
        ToFlow: "FLOW",
    },
    # Somebody is rung aside; the citizen hears music.
    "calling": {
        **_WITH_OWNER,
        Hold: "SAME",
        Answered: "consulting",
        NotAnswered: "BACK",
        GoBack: "BACK",
        Resume: "BACK",
        Complete: "transferring",
        OwnerGone: "transferring",
    },
    # The owner talks to the other aside; the citizen hears music.
    "consulting": {
        **_WITH_OWNER,
        Hold: "SAME",
        Complete: "PASSED",
        GoBack: "BACK",
        Resume: "BACK",
        Swap: "swapped",
        Merge: "three_way",
        OtherGone: "BACK",
    },
    # The owner talks to the citizen; the other hears music.
    "swapped": {
        **_WITH_OWNER,
        Complete: "PASSED",
        GoBack: "BACK",
        Swap: "consulting",
        Merge: "three_way",
        OtherGone: "BACK",
    },
    # Somebody is rung into the talk, which goes on.
    "adding": {
        **_WITH_OWNER,
        Answered: "three_way",
        NotAnswered: "BACK",
        GoBack: "BACK",
        Drop: "BACK",
        OwnerGone: "transferring",
        CameIn: "SAME",
    },
    # The owner, the citizen and others.
    "three_way": {
        **_WITH_OWNER,
        Hold: "held",
        Resume: "SAME",
        Add: "adding",
        Leave: "PASSED",
        Drop: "BACK",
        CameIn: "SAME",
    },
    # Nobody has the citizen; somebody is rung.
    "transferring": {**_ALWAYS, Answered: "PASSED", NotAnswered: "LINE"},
    # Nobody has the citizen, who waits with music to be picked up.
    "parked": {**_ALWAYS, PickUp: "transferring", ParkedTooLong: "transferring"},
    # The citizen and others, none of whom is an agent.
    "outside": dict(_ALWAYS),
    # The citizen is with the dialogue, and the owner waits.
    "away": {
        **_WITH_OWNER,
        FlowEnded: "BACK",
        Resume: "BACK",
        GoBack: "BACK",
        Add: "adding",
        OwnerGone: "ended",
    },
    "ended": {},
}
