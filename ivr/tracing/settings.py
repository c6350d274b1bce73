"""Traces as an administrator sets them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class TraceSettings(BaseModel):
    """Traces of calls, for OpenTelemetry."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=False, description="needs the extra `traces`")
    endpoint: str = Field(
        default="http://127.0.0.1:4318/v1/traces", description="of the collector, OTLP over HTTP"
    )
    share: float = Field(default=1.0, ge=0, le=1, description="of the calls that are traced, 0 to 1")
