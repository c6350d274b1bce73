"""One line of callers and n equal agents, first come, first served, in a dozen lines and without the router: the
reference for `bench/queueing.py`. Whoever comes takes the agent who is free first, or gives up if that is too late."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable
from typing import Literal

Ended = Literal["answered", "abandoned", "blocked"]


def plain_queue(
    calls: Iterable[tuple[float, float, float]], agents: int, places: int | None = None
) -> list[tuple[Ended, float]]:
    """calls: (comes at, talks for, waits at most), in order, s. places: to wait in, None = without end.

    How each ended, and after what wait.
    """
    free = [-math.inf] * agents
    leaving: list[float] = []
    found: list[tuple[Ended, float]] = []
    for comes, talk, patience in calls:
        if places is not None:
            while leaving and leaving[0] <= comes:
                heapq.heappop(leaving)
            if free[0] > comes and len(leaving) >= places:
                found.append(("blocked", 0.0))
                continue
        wait = max(0.0, free[0] - comes)
        if wait > patience:
            found.append(("abandoned", patience))
        else:
            heapq.heapreplace(free, comes + wait + talk)
            found.append(("answered", wait))
        if places is not None and wait:
            heapq.heappush(leaving, comes + min(wait, patience))
    return found
