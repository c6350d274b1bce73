"""How promised calls are made, where the dialogue does not say otherwise."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Order = Literal["agent_first", "citizen_first"]


class CallbackSettings(BaseModel):
    """Promised calls, where the dialogue does not say otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    order: Order = Field(
        default="agent_first",
        description="who is rung first; citizen_first: the citizen waits a moment and no agent waits for a telephone",
    )
    attempts: int = Field(default=3, ge=1, le=20, description="calls to a citizen who is not reached")
    again_s: tuple[float, ...] = Field(
        default=(300.0, 900.0),
        min_length=1,
        description="after the first and the next attempts in vain, s; the last one again and again",
    )
    ring_s: float = Field(default=40.0, gt=0, le=180, description="so long a citizen's telephone rings")
    expires_h: float = Field(
        default=24.0, gt=0, description="nobody is called after so many hours: the promise is given up"
    )
    hours: str = Field(
        default="", description="calendar of the hours in which citizens are called; empty: any"
    )
    ring_at_place: int = Field(
        default=1, ge=1, le=50, description="citizen_first: rung when so many or fewer are to be served next"
    )
