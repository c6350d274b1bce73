"""Settings of the desk."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class DeskSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    pins: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="agent's id -> digits to be dialled behind *45 to log in, as JSON; others need none",
    )
