"""The values of what expressions and prompts can name without anybody declaring it (`expressions.STANDARD`). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr.flow import languages
from ivr.flow.expressions import STANDARD, time_of
from ivr.flow.state import HISTORY

if TYPE_CHECKING:
    from ivr.flow.turn import Turn

KNOWN_NAMES = frozenset(STANDARD)


def known_value(turn: Turn, name: str) -> object:
    """The value of one of KNOWN_NAMES at this moment; None for any other name."""
    if name == "language":
        return turn.language
    if name == "event":
        return {"name": turn.event, "count": turn.counts.get(turn.event, 0), "detail": turn.detail}
    if name == "visits":
        return turn.visits.get(turn.node, 0)
    if name == "now":
        return turn.local_now
    if name == "time":
        return time_of(turn.local_now)
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
            "struggles": turn.struggles,
            "pace": "slow" if turn.slow else "normal",
            "other_language": languages.other(turn),
        }
    return None
