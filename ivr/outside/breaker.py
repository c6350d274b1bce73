"""A circuit breaker: a host that fails is left alone for a while, so that callers do not wait for it. Pure.

| state   | event                    | condition                                    | becomes             |
|---------|--------------------------|----------------------------------------------|---------------------|
| closed  | ask                      |                                              | closed, admitted    |
| closed  | succeeded, failed        | enough of the recent ones failed             | open                |
| open    | ask                      | the time is not up                           | open, refused       |
| open    | ask                      | the time is up                               | probing, admitted   |
| probing | ask                      |                                              | probing, refused    |
| probing | succeeded                |                                              | closed              |
| probing | failed                   |                                              | open, for longer    |
| probing | given up                 | the caller has gone before there was an answer | open, time is up  |
| any     | any result of an old turn |                                             | unchanged           |

Every change of state begins a new turn, and a request carries the turn in which it was admitted: what was sent before
the breaker opened says nothing about the host's state after it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

State = Literal["closed", "open", "probing"]
Result = Literal["succeeded", "failed", "given_up"]


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """It opens when, of the last `remembered` results within `window_s`, at least `failures` and at least half failed.

    open_s: how long at first; twice as long after each probe that failed, up to `longest_open_s`.
    """

    failures: int = 5
    window_s: float = 30.0
    open_s: float = 15.0
    longest_open_s: float = 120.0
    remembered: int = 20


@dataclass(frozen=True, slots=True)
class Breaker:
    """recent: (when, failed?), oldest first. until: when the time is up (s, of the clock that `now` is read from).

    openings: in a row, without a success between them.
    """

    state: State = "closed"
    turn: int = 0
    recent: tuple[tuple[float, bool], ...] = ()
    until: float = 0.0
    openings: int = 0


@dataclass(frozen=True, slots=True)
class Admitted:
    turn: int


@dataclass(frozen=True, slots=True)
class Refused:
    for_s: float
    """Until another try may be worth it; 0 while a probe is under way."""


def ask(breaker: Breaker, now: float) -> tuple[Breaker, Admitted | Refused]:
    """May a request be sent? Whoever is admitted must `settle`, whatever happens."""
    match breaker.state:
        case "closed":
            return breaker, Admitted(breaker.turn)
        case "open" if now >= breaker.until:
            probing = replace(breaker, state="probing", turn=breaker.turn + 1)
            return probing, Admitted(probing.turn)
        case "open":
            return breaker, Refused(breaker.until - now)
        case "probing":
            return breaker, Refused(0.0)


def settle(
    breaker: Breaker, turn: int, result: Result, now: float, spread: float, policy: BreakerPolicy
) -> Breaker:
    """spread: a random number in [0, 1): the time open is spread over [3/4, 5/4], so that not all hosts (and
    controllers) probe at the same moment."""
    if turn != breaker.turn:
        return breaker
    if breaker.state == "probing":
        match result:
            case "succeeded":
                return Breaker(turn=breaker.turn + 1)
            case "failed":
                return _opened(breaker, now, spread, policy)
            case "given_up":
                return replace(breaker, state="open", turn=breaker.turn + 1, until=now)
    if breaker.state == "open" or result == "given_up":
        return breaker
    recent = tuple(seen for seen in breaker.recent if now - seen[0] < policy.window_s)
    recent = (*recent, (now, result == "failed"))[-policy.remembered :]
    failures = sum(failed for _, failed in recent)
    breaker = replace(breaker, recent=recent)
    if result == "failed" and failures >= policy.failures and 2 * failures >= len(recent):
        return _opened(breaker, now, spread, policy)
    return breaker


def _opened(breaker: Breaker, now: float, spread: float, policy: BreakerPolicy) -> Breaker:
    open_s = min(policy.longest_open_s, policy.open_s * 2.0 ** min(breaker.openings, 32))
    return Breaker(
        state="open",
        turn=breaker.turn + 1,
        until=now + open_s * (0.75 + spread / 2),
        openings=breaker.openings + 1,
    )
