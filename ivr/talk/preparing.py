"""What an act needs before anything moves, and what may be refused: somebody to ring, a place to park, a flow."""

from __future__ import annotations

from collections.abc import Callable

from ivr.talk.events import Add, Blind, Complete, Consult, Event, Leave, Park, ParkedTooLong, PickUp, ToFlow
from ivr.talk.ground import Ground
from ivr.talk.people import Talk
from ivr.talk.reaching import Reach, reserve
from ivr.talk.results import Refused
from ivr.talk.targets import Target, ToAgent, ToNumber, ToQueue


def prepare(ground: Ground, talk: Talk, event: Event, take_slot: Callable[[], str]) -> Reach | Refused | None:
    """take_slot: gives a place to park, "" when there is none."""
    match event:
        case Blind() | Park() if ground.line is None:
            return Refused("not_here")
        case Complete() | Leave() if ground.owner_stays:
            return Refused("not_here")
        case Blind(ToQueue(queue)):
            return None if ground.queues.now(queue, "") is not None else Refused("unknown_target")
        case Blind(to) | Consult(to) | Add(to):
            return _reserve(ground, talk, to)
        case PickUp(agent):
            return _reserve(ground, talk, ToAgent(agent))
        case ParkedTooLong():
            return _reserve(ground, talk, ToAgent(talk.parker))
        case Park():
            return None if take_slot() else Refused("no_slot")
        case ToFlow(flow, come_back):
            if ground.has_flow is None or (come_back and ground.line is None):
                return Refused("not_here")
            return None if ground.has_flow(flow) else Refused("unknown_flow")
        case _:
            return None


def _reserve(ground: Ground, talk: Talk, to: Target) -> Reach | Refused:
    if isinstance(to, ToAgent) and to.agent in talk.agents:
        return Refused("yourself")
    reserved = reserve(ground, to, ground.queue)
    return Refused(reserved) if isinstance(reserved, str) else reserved


def dialled(ground: Ground, number: str) -> Target:
    """What an agent's telephone means by a number: an agent's id or extension, a queue's name, else an outside one."""
    if ground.queues.knows_agent(number):
        return ToAgent(number)
    return ToQueue(number) if ground.queues.now(number, "") is not None else ToNumber(number)
