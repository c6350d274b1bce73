"""What a simulation of one type of call has to meet: Erlang B, C and A, with or without an end to the line.

M/M/n/K+M: Poisson arrivals, exponential talks, n agents, `places` waiting places, exponential patience. In steady state
it is a birth-death chain, solved as it stands; how long one waits comes of the chain of those ahead. Pure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ivr.whatif.laws import Floats

_TAIL = 1e-13


@dataclass(frozen=True, slots=True)
class Steady:
    """Shares are of those who call, except `wait_share` and the waits: of those who get in. Times in s.

    mean_wait: of whoever got in, until the answer or the hang-up. mean_wait_answered: until the answer (ASA).
    """

    blocked_share: float
    wait_share: float
    abandoned_share: float
    mean_wait: float
    mean_wait_answered: float
    occupancy: float
    service_level: float
    mean_queue: float


def steady(
    per_s: float,
    talk_s: float,
    agents: int,
    *,
    places: int | None = None,
    patience_s: float | None = None,
    goal_s: float = 20.0,
) -> Steady:
    """per_s: arrivals a second. places: None = without end. patience_s: the mean, None = never.

    service_level: answered within the goal / offered. Raises ValueError where the line would grow for ever.
    """
    serving, leaving = 1 / talk_s, 0.0 if patience_s is None else 1 / patience_s
    if places is None and not leaving and per_s >= agents * serving:
        raise ValueError("more calls come than the agents can ever serve")
    states = _chain(per_s, serving, leaving, agents, places)
    count = np.arange(len(states))
    busy = float(np.minimum(count, agents) @ states)
    queue = float(np.maximum(count - agents, 0) @ states)
    blocked = 0.0 if places is None else float(states[agents + places])
    entering = per_s * (1 - blocked)
    abandoned = leaving * queue / per_s
    found = states[: agents + places] if places is not None else states
    waiting = found[agents:] / (1 - blocked)
    in_time = float(found[:agents].sum()) + (1 - blocked) * _served_by(
        goal_s, waiting, agents * serving, leaving
    )
    answered = per_s * (1 - blocked - abandoned)
    return Steady(
        blocked,
        float(waiting.sum()),
        abandoned,
        queue / entering,
        _wait_of_answered(waiting, agents * serving, leaving) * entering / answered,
        busy / agents,
        in_time,
        queue,
    )


def _chain(per_s: float, serving: float, leaving: float, agents: int, places: int | None) -> Floats:
    """How likely so many are there, talking and waiting."""
    logs, most = [0.0], -math.inf if places is None else 0.0
    number = 0
    while places is None or number < agents + places:
        number += 1
        out = min(number, agents) * serving + max(number - agents, 0) * leaving
        logs.append(logs[-1] + math.log(per_s / out))
        most = max(most, logs[-1])
        if places is None and number > agents and per_s < out and logs[-1] < most + math.log(_TAIL):
            break
    weights = np.exp(np.array(logs) - max(logs))
    states: Floats = weights / weights.sum()
    return states


def _served_by(goal_s: float, waiting: Floats, serving: float, leaving: float) -> float:
    """The share that is answered within the goal among all who get in: those who found all agents busy.

    waiting[i]: how likely i stand ahead. Each moment one of them goes (served, or tired of it) or oneself does; the
    chain is followed in steps of its fastest rate (uniformisation).
    """
    if not len(waiting):
        return 0.0
    ahead = np.arange(len(waiting))
    forward = serving + ahead * leaving
    fastest = float(forward[-1]) + leaving
    stay, step = 1 - (forward + leaving) / fastest, forward / fastest
    mean = fastest * goal_s
    here, served, total = waiting.copy(), 0.0, 0.0
    last = int(mean + 12 * math.sqrt(mean) + 50)
    for number in range(last + 1):
        weight = (
            math.exp(-mean + number * math.log(mean) - math.lgamma(number + 1)) if mean else float(not number)
        )
        total += weight * served
        served += float(here[0] * step[0])
        moved = here * stay
        moved[:-1] += here[1:] * step[1:]
        here = moved
    return total


def _wait_of_answered(waiting: Floats, serving: float, leaving: float) -> float:
    """The mean of the wait where it ends with an answer, and 0 elsewhere, over all who get in."""
    total, reach, time = 0.0, 1.0, 0.0
    for ahead, share in enumerate(waiting):
        # reach: how likely one is still there when all ahead are gone; time: the mean wait then.
        rate = serving + ahead * leaving
        reach *= rate / (rate + leaving)
        time += 1 / (rate + leaving)
        total += float(share) * reach * time
    return total
