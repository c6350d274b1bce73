"""Records of what calls came to, by the agents' codes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from routing import agents as ag
from routing.board_events import AgentChanged

EndedBy = Literal["agent", "time", "limit", "forced", "call_out"]


@dataclass(frozen=True, slots=True)
class WrapUpRecord:
    """One wrap-up that is over. code: what the agent said that the call came to, "" = nothing.

    entry_id: of the queue, None after a call of the agent's own, whose id is in call_id. revision: the agent's, after.
    """

    agent_id: str
    revision: int
    entry_id: str | None
    call_id: str
    code: str
    began_at: dt.datetime
    ended_at: dt.datetime
    ended_by: EndedBy

    @classmethod
    def of(cls, changed: AgentChanged, at: dt.datetime, call_id: str) -> WrapUpRecord | None:
        """None: no wrap-up ended by this change."""
        before, after, event = changed.before, changed.after, changed.event
        if before is None or before.state != "wrap_up" or after.state == "wrap_up":
            return None
        code = ""
        ended_by: EndedBy = "forced"
        match event:
            case ag.WrapUpDone(code=code):
                by_time = not code and before.until is not None and at >= before.until
                ended_by = "time" if by_time else "agent"
            case ag.TimeUp():
                ended_by = "limit"
            case ag.CallOut():
                ended_by = "call_out"
            case _:
                pass
        return cls(
            after.id,
            after.revision,
            before.entry,
            before.own_call or call_id,
            code,
            before.since,
            at,
            ended_by,
        )
