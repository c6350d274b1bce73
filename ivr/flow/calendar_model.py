"""A calendar as an author writes it: `calendars` in `hotline.yaml`. `calendars.py` reads what these fields hold."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class CalendarModel(BaseModel):
    """When somebody is there."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    timezone: str = Field("Asia/Shanghai", description="name of the IANA database")
    weekly: dict[str, Any] = Field(
        description="`mon`..`sun`, `mon-fri` or `daily` -> `08:00-20:00`, a list of those, `open` or `closed`"
    )
    dates: dict[str, Any] = Field(
        default_factory=dict,
        description="`2026-10-01` -> as above, before the week; `{hours: closed, why: National Day}`",
    )
