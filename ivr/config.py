"""The settings of one controller: from `hotline.yaml` (or `--config FILE`), then environment variables `IVR_...`.

The environment wins over the file, e.g. `IVR_DATABASE_URL`, `IVR_WEB__PORT=8081`, `IVR_ASTERISK__MODE=external`.
A wrong or unknown key is a `ConfigError` that names the key and says how to mend it.
"""

from __future__ import annotations

import contextvars
import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from ivr.errors import ConfigError


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AsteriskSettings(_Section):
    """mode `private`: this process starts an Asterisk of its own and ends it. `external`: one that already runs."""

    mode: Literal["private", "external"] = "private"
    ari_url: str = "http://127.0.0.1:8088/ari"
    username: str = "hotline"
    password: SecretStr = SecretStr("")
    app: str = "ivr"
    sip_port: int = Field(default=5060, ge=0, le=65535, description="0: any free port")
    sip_host: str = Field(default="0.0.0.0", description="address that SIP and RTP listen on")
    rtp_ports: tuple[int, int] = (20000, 29999)
    hotline_number: str = "12345"
    allow_anonymous: bool = Field(
        default=False, description="let unknown SIP callers dial the hotline number"
    )
    http_connections: int = Field(default=40, ge=1, le=200)
    request_timeout_s: float = Field(default=5.0, gt=0)


class WebSettings(_Section):
    enabled: bool = True
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535, description="0: any free port")
    token: SecretStr = SecretStr("")


class SpeechSettings(_Section):
    """engine `auto`: the best model at hand for each language; `off`: keys only."""

    engine: Literal["auto", "off"] = "auto"
    threads: int = Field(default=2, ge=1)
    max_streams: int = Field(default=16, ge=1)


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="IVR_", env_nested_delimiter="__", extra="forbid", frozen=True, env_ignore_empty=True
    )

    node: str = Field(
        default="n1", pattern=r"^[a-z0-9]+$", description="this controller's name, part of every id"
    )
    state_dir: Path = Path("var")
    flows_dir: Path = Path("flows")
    entry_flow: str = "main"
    default_language: Literal["zh", "en"] = "zh"
    database_url: str = Field(default="", description="empty: SQLite in state_dir/hotline.db")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_style: Literal["text", "json"] = "text"
    max_calls: int = Field(default=1000, ge=1)
    asterisk: AsteriskSettings = AsteriskSettings()
    web: WebSettings = WebSettings()
    speech: SpeechSettings = SpeechSettings()

    @property
    def effective_database_url(self) -> str:
        return self.database_url or f"sqlite+aiosqlite:///{(self.state_dir / 'hotline.db').resolve()}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line first, then environment, then file; sections are merged key by key."""
        return init_settings, env_settings, InitSettingsSource(settings_cls, _file_values.get())


_file_values: contextvars.ContextVar[dict[str, Any]] = contextvars.ContextVar("file_values")

OTHER_VARIABLES = frozenset({"IVR_CACHE", "IVR_MODELS"})
"""Read by set-up, models and prompts, before there are settings."""


def load_settings(path: Path | None = None, **overrides: Any) -> Settings:
    """Read the settings. `overrides` (from the command line) win over the environment and the file.

    Raises ConfigError: file missing, not YAML, unknown key, wrong value.
    """
    _refuse_unknown_variables()
    source = path or Path("hotline.yaml")
    _file_values.set(_read_yaml(source) if path is not None or source.exists() else {})
    try:
        return Settings(**overrides)
    except ValidationError as error:
        mend = "correct that key; docs/administrators/settings.md lists all"
        raise ConfigError(_explain(source, error), mend=mend) from error


def _refuse_unknown_variables() -> None:
    """A misspelt variable would silently do nothing otherwise."""
    for variable in os.environ:
        if not variable.startswith("IVR_") or variable in OTHER_VARIABLES:
            continue
        section, _, key = variable.removeprefix("IVR_").lower().partition("__")
        field = Settings.model_fields.get(section)
        if field is not None and not key:
            continue
        annotation = None if field is None else field.annotation
        keys = (
            annotation.model_fields
            if isinstance(annotation, type) and issubclass(annotation, BaseModel)
            else {}
        )
        if key not in keys:
            raise ConfigError(
                f"unknown setting in the environment: {variable}",
                mend=f"unset {variable} or correct its name",
            )


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        data = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path}: there is no such file", mend="name an existing file with --config"
        ) from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not readable as YAML: {error}", mend="correct the file") from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ConfigError(
            f"{path}: expected keys and values at the top", mend="see docs/administrators/settings.md"
        )
    return data


def _explain(source: Path, error: ValidationError) -> str:
    lines = []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"])
        variable = "IVR_" + key.upper().replace(".", "__")
        lines.append(f"{source} or {variable}: `{key}`: {item['msg']}")
    return "; ".join(lines)
