"""What counts as a missed call, and by when it has to be made good."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field

from storage.missed_records import MissedReason


class MissedSettings(BaseModel):
    """Calls that nobody could take: when they count, and by when somebody calls back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shortest_s: float = Field(
        default=5.0, ge=0, description="who hung up sooner is not called back; waits and calls likewise, s"
    )
    due_h: float = Field(default=24.0, gt=0, description="somebody calls back within so many hours")
    due_h_by_reason: dict[MissedReason, float] = Field(
        default_factory=dict,
        description="other times: `abandoned`, `dead_air`, `lost`, `not_served`, `voicemail` -> hours",
    )
    voicemail_purposes: tuple[str, ...] = Field(
        default=("voicemail",), description="recordings of these purposes ask for a call back"
    )

    def policy(self) -> Policy:
        hours = {reason: dt.timedelta(hours=h) for reason, h in self.due_h_by_reason.items()}
        return Policy(
            self.shortest_s, dt.timedelta(hours=self.due_h), hours, frozenset(self.voicemail_purposes)
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """shortest_s: of a wait, and of a call in which nothing was said. due: after the call."""

    shortest_s: float = 5.0
    due: dt.timedelta = dt.timedelta(hours=24)
    due_by_reason: dict[MissedReason, dt.timedelta] = field(default_factory=dict)
    voicemail_purposes: frozenset[str] = frozenset({"voicemail"})

    def due_after(self, reason: MissedReason) -> dt.timedelta:
        return self.due_by_reason.get(reason, self.due)
