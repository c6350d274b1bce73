"""Health for supervisors and balancers: `/healthz` (this process answers) and `/readyz` (calls can be taken).

    /healthz  200 {"status": "ok"}
    /readyz   200 {"status": "ready", "degraded": ["database"], "parts": {"asterisk": {"level": "ok"},
                   "database": {"level": "degraded", "zh": ..., "en": ...}, ...}}
              503 a problem (RFC 9457) whose `detail` says why in English, with the same `parts`

A part that is `degraded` does not make the hotline unready: calls go on, and somebody has to be told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from web.api.status import Status

Level = Literal["ok", "degraded", "down"]


@dataclass(frozen=True, slots=True)
class HealthPart:
    """zh, en: what is wrong and what it means, in a sentence; "" when nothing is."""

    name: str
    level: Level = "ok"
    zh: str = ""
    en: str = ""


@dataclass(frozen=True, slots=True)
class HealthReport:
    """In the order in which the parts are told."""

    parts: tuple[HealthPart, ...]

    @property
    def ready(self) -> bool:
        """Calls can be taken."""
        return all(part.level != "down" for part in self.parts)

    @property
    def unwell(self) -> tuple[HealthPart, ...]:
        return tuple(part for part in self.parts if part.level != "ok")


HealthSource = Callable[[], HealthReport]
"""How it is now. No I/O, no waiting."""


def from_status(status: Status) -> HealthReport:
    """What the status page alone knows, for a source that knows no more."""
    connected, stored = status.asterisk.connected, status.database.ok
    return HealthReport(
        (
            HealthPart("asterisk")
            if connected
            else HealthPart(
                "asterisk",
                "down",
                "与 Asterisk 的连接断开，不能接听来电",
                "Asterisk is not connected: no call can be taken.",
            ),
            HealthPart("database")
            if stored
            else HealthPart("database", "degraded", "数据库不可用", "The database is away."),
            *(
                HealthPart(f"speech.{one.language}", "degraded", "只能按键", "Understood by keys only.")
                for one in status.speech
                if one.engine is None
            ),
        )
    )
