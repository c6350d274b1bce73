"""A place in a queue that is kept while the dialogue is elsewhere: an option of the queue that asks for a number, say.

The place is kept until its queue node is entered again and goes on with it, a promise to call back takes it over,
another place is taken, somebody else answers, or the dialogue ends. What comes of it meanwhile - an agent, or the
queue's own end - brings the dialogue back to the queue, with the frames and variables that it had there. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ivr.flow import subflows
from ivr.flow.actions import BackInTalk, JsonValue, LeaveQueue
from ivr.flow.inputs import AgentJoined, Input, OpId, QueueEnded, QueueProgress, SentToFlow

if TYPE_CHECKING:
    from ivr.flow.turn import Turn

QUEUE = "queue"
"""The purpose of an op of `Enqueue`."""
PLACE_TOLD = "place_told"
"""The kind of the note that says what a caller is told: `{place, low_s, high_s}`, the last two null without a wait."""


def keep(turn: Turn) -> None:
    """Keep the place of the present node, which is about to be left."""
    op = turn.waiting.pop(QUEUE, None)
    if op is not None:
        turn.held = op
        turn.holding = {"node": turn.node, "data": dict(turn.data), **subflows.standing(turn)}


def give_up(turn: Turn) -> None:
    """Leave the kept place, if there is one."""
    if turn.held:
        turn.actions.append(LeaveQueue(OpId(turn.held)))
        forget(turn)


def forget(turn: Turn) -> None:
    """The kept place is somebody else's now, or gone by itself."""
    turn.held, turn.holding = "", {}


def belongs_here(turn: Turn) -> bool:
    """Whether the place kept is that of the present node."""
    return bool(turn.held) and turn.holding.get("node") == turn.node


def take_back(turn: Turn) -> None:
    """The present node, whose place is kept, has it again, with its memory."""
    turn.waiting[QUEUE] = turn.held
    data = turn.holding.get("data")
    turn.data = dict(data) if isinstance(data, Mapping) else {}
    forget(turn)


def send(turn: Turn, event: SentToFlow) -> bool:
    """Into the flow that the agent named. come_back: the place is kept meanwhile. False: there is no such flow, or none
    that can be begun without parameters; as if it were through at once."""
    flow = turn.library.flows.get(event.flow)
    usable = flow is not None and not any(one.required for one in flow.parameters.values())
    turn.note("sent_to_flow", {"node": turn.node, "flow": event.flow, "come_back": event.come_back})
    if not event.come_back:
        turn.waiting.pop(QUEUE, None)
    elif usable and len(turn.stack) < subflows.MAX_CALLS:
        keep(turn)
    else:
        turn.actions.append(BackInTalk(event.op))
        return True
    return usable and subflows.enter(turn, event.flow, {})


def in_talk(turn: Turn) -> bool:
    """Whether an agent waits for the caller, whom the agent sent here."""
    data = turn.holding.get("data")
    return bool(turn.held) and isinstance(data, Mapping) and bool(data.get("joined"))


def came_back(turn: Turn) -> bool:
    """The flow is through. True: the agent has the caller again; False: the talk was over before."""
    if not belongs_here(turn):
        return False
    op = OpId(turn.held)
    take_back(turn)
    turn.actions.append(BackInTalk(op))
    return True


def progress(event: QueueProgress) -> dict[str, JsonValue]:
    """What a queue node remembers of it."""
    return {
        "place": event.place,
        "waiting": event.waiting,
        "low_s": event.wait_low_s,
        "high_s": event.wait_high_s,
    }


def happened(turn: Turn, event: Input) -> bool:
    """Something came of the place. True: the dialogue is back at its queue, which has to be told."""
    match event:
        case QueueProgress():
            data = turn.holding.get("data")
            known = {**(data if isinstance(data, Mapping) else {}), **progress(event)}
            turn.holding = {**turn.holding, "data": known}
            return False
        case AgentJoined() | QueueEnded() | SentToFlow(come_back=False):
            turn.leave()
            subflows.stand(turn, turn.holding)
            turn.node = str(turn.holding.get("node"))
            turn.counts = {}
            take_back(turn)
            turn.actions.append(turn.here.entered)
            return True
        case _:
            return False
