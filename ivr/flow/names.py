"""What expressions and prompts can name without anybody declaring it. Pure.

Their types, for the linter and the documentation, are in the expressions' own room; a test holds the two together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr.flow.state import HISTORY

if TYPE_CHECKING:
    from ivr.flow.turn import Turn

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
KNOWN_NAMES = frozenset({"call", "now", "time", "language", "event", "visits"})


def known_value(turn: Turn, name: str) -> object:
    """The value of one of KNOWN_NAMES at this moment; None for any other name."""
    if name == "language":
        return turn.language
    if name == "event":
        return {"name": turn.event, "count": turn.counts.get(turn.event, 0), "detail": turn.detail}
    if name == "visits":
        return turn.visits.get(turn.node, 0)
    if name == "now":
        return turn.now.astimezone(turn.library.timezone)
    if name == "time":
        here = turn.now.astimezone(turn.library.timezone)
        return {
            "hour": here.hour,
            "minute": here.minute,
            "weekday": WEEKDAYS[here.weekday()],
            "date": here.date().isoformat(),
            "day": here.day,
            "month": here.month,
            "year": here.year,
        }
    if name == "call":
        call = turn.call
        return {
            "id": call.call_id,
            "caller": call.caller,
            "number": call.number,
            "language": call.language,
            "speech": list(call.speech),
            "history": {**HISTORY, **call.history},
            "facts": dict(call.facts),
        }
    return None
