"""The table of an agent's states: which event leads from which state to which. `agents.py` carries it out.

An event that a row does not name cannot happen in that state. Cells in capitals depend on more than the state:

    FREE      where an agent goes who is done with a call or an offer: `available`, unless leaving was remembered
              (see LATER) and then `offline` or `paused`.
    LATER     the state stays; that the agent wants to log out or pause is remembered, and done at the next FREE.
    NO_ANSWER FREE, or `paused` (reason "no_answer", "dnd") after `pause_after` misses in a row.
    FORCED    what the supervisor said.
    RETURNED  `available` if the pause was only because the phone was gone, else unchanged.
    TIME_UP   what the limit says (`agent_limits.py`): unchanged and reminded, FREE, `paused` or `offline`.
    CALLED_OUT `talking`, on a call of the agent's own; who was paused is so again afterwards.
    OWN_CALL_OVER `wrap_up`, or FREE where none is wanted; only after CALLED_OUT.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from routing.agent_events import (
    AgentEvent,
    Answer,
    CallOut,
    CallOutEnded,
    Consult,
    EndTalk,
    ExtendWrapUp,
    Force,
    Hold,
    LogIn,
    LogOut,
    NoAnswer,
    Pause,
    PhoneRegistered,
    PhoneUnregistered,
    Reserve,
    Resume,
    Ring,
    TimeUp,
    Unpause,
    Withdraw,
    WrapUpDone,
)

AgentState = Literal[
    "offline", "available", "reserved", "ringing", "talking", "hold", "consulting", "wrap_up", "paused"
]

OFFERED: Final[frozenset[AgentState]] = frozenset({"reserved", "ringing"})
IN_CALL: Final[frozenset[AgentState]] = frozenset({"talking", "hold", "consulting"})

Special = Literal[
    "FREE", "LATER", "NO_ANSWER", "FORCED", "RETURNED", "TIME_UP", "CALLED_OUT", "OWN_CALL_OVER"
]
Target = AgentState | Special

TRANSITIONS: Final[Mapping[AgentState, Mapping[type[AgentEvent], Target]]] = {
    "offline": {
        LogIn: "available",
        Force: "FORCED",
        PhoneUnregistered: "offline",
        PhoneRegistered: "offline",
    },
    "available": {
        LogOut: "offline",
        Pause: "paused",
        Reserve: "reserved",
        Force: "FORCED",
        PhoneUnregistered: "paused",
        PhoneRegistered: "available",
        CallOut: "CALLED_OUT",
        TimeUp: "TIME_UP",
    },
    "reserved": {
        LogIn: "LATER",
        LogOut: "LATER",
        Pause: "LATER",
        Unpause: "LATER",
        Ring: "ringing",
        Answer: "talking",
        NoAnswer: "NO_ANSWER",
        Withdraw: "FREE",
        Force: "FORCED",
        PhoneUnregistered: "paused",
        PhoneRegistered: "reserved",
        TimeUp: "TIME_UP",
    },
    "ringing": {
        LogIn: "LATER",
        LogOut: "LATER",
        Pause: "LATER",
        Unpause: "LATER",
        Ring: "ringing",
        Answer: "talking",
        NoAnswer: "NO_ANSWER",
        Withdraw: "FREE",
        Force: "FORCED",
        PhoneUnregistered: "paused",
        PhoneRegistered: "ringing",
        TimeUp: "TIME_UP",
    },
    "talking": {
        LogIn: "LATER",
        LogOut: "LATER",
        Pause: "LATER",
        Unpause: "LATER",
        Hold: "hold",
        Consult: "consulting",
        EndTalk: "wrap_up",
        Force: "FORCED",
        PhoneUnregistered: "LATER",
        PhoneRegistered: "LATER",
        CallOutEnded: "OWN_CALL_OVER",
        TimeUp: "TIME_UP",
    },
    "hold": {
        LogIn: "LATER",
        LogOut: "LATER",
        Pause: "LATER",
        Unpause: "LATER",
        Resume: "talking",
        Consult: "consulting",
        EndTalk: "wrap_up",
        Force: "FORCED",
        PhoneUnregistered: "LATER",
        PhoneRegistered: "LATER",
        CallOutEnded: "OWN_CALL_OVER",
        TimeUp: "TIME_UP",
    },
    "consulting": {
        LogIn: "LATER",
        LogOut: "LATER",
        Pause: "LATER",
        Unpause: "LATER",
        Resume: "talking",
        EndTalk: "wrap_up",
        Force: "FORCED",
        PhoneUnregistered: "LATER",
        PhoneRegistered: "LATER",
        CallOutEnded: "OWN_CALL_OVER",
        TimeUp: "TIME_UP",
    },
    "wrap_up": {
        LogIn: "LATER",
        LogOut: "LATER",
        Pause: "LATER",
        Unpause: "LATER",
        WrapUpDone: "FREE",
        Force: "FORCED",
        PhoneUnregistered: "LATER",
        PhoneRegistered: "LATER",
        ExtendWrapUp: "wrap_up",
        CallOut: "CALLED_OUT",
        TimeUp: "TIME_UP",
    },
    "paused": {
        LogOut: "offline",
        Pause: "paused",
        Unpause: "available",
        Force: "FORCED",
        PhoneUnregistered: "paused",
        PhoneRegistered: "RETURNED",
        CallOut: "CALLED_OUT",
        TimeUp: "TIME_UP",
    },
}
