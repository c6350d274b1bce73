"""Of the pages."""

from __future__ import annotations

from pydantic import Field, SecretStr

from ivr.config.section import Section


class WebSettings(Section):
    enabled: bool = Field(default=True, description="the status page")
    host: str = Field(default="127.0.0.1", description="beyond loopback only with a token")
    port: int = Field(default=8080, ge=0, le=65535, description="0: any free port")
    token: SecretStr = Field(default=SecretStr(""), description="asked of everyone who opens the page")
    metrics_token: SecretStr = Field(
        default=SecretStr(""),
        description="opens /metrics and nothing else: for Prometheus, where `token` is set",
    )
    allowed_hosts: tuple[str, ...] = Field(
        default=(), description="names under which browsers reach the page"
    )
    show_transcripts: bool = Field(default=False, description="what callers said, on the status page")
