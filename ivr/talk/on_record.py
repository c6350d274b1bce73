"""Which acts of a talk are in the call's record too, besides its journal. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

ACTS: Final = frozenset(
    {
        "transfer",
        "consult",
        "complete",
        "add",
        "leave",
        "park",
        "pick_up",
        "to_flow",
        "answered",
        "not_answered",
        "agent_left",
        "handed_on",
    }
)


def on_record(data: Mapping[str, Any]) -> bool:
    """data: of the journal event. An agent who hangs up hands the call on only where somebody else is left with it."""
    act = data.get("act")
    return act in ACTS and (act != "agent_left" or data.get("stage") != "ended")
