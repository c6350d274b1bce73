"""All settings, and which of their sources wins."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from ivr.admission.settings import LimitSettings
from ivr.callback.settings import CallbackSettings
from ivr.config.asterisk import AsteriskSettings
from ivr.config.file import file_values
from ivr.config.speaking import PromptSettings, SupervisorSettings, TranscriptSettings
from ivr.config.web import WebSettings
from ivr.desk.settings import DeskSettings
from ivr.disk import DiskSettings
from ivr.missed.settings import MissedSettings
from ivr.outside.settings import OutsideSettings
from ivr.plain_links import ari_in_clear, database_in_clear, with_password
from ivr.recordings.settings import RecordingSettings
from ivr.retention.settings import RetentionSettings
from ivr.secret_files import secret_values
from ivr.speech import SpeechSettings
from ivr.tracing.settings import TraceSettings


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="IVR_", env_nested_delimiter="__", extra="forbid", frozen=True, env_ignore_empty=True
    )

    node: str = Field(
        default="n1", pattern=r"^[a-z0-9]+$", description="this controller's name, part of every id"
    )
    state_dir: Path = Field(default=Path("var"), description="database, Asterisk's folder, logs")
    flows_dir: Path = Field(default=Path("flows"), description="dialogues, prompts, queues, agents")
    hotline: str = Field(
        default="hotline",
        pattern=r"^[A-Za-z0-9_.-]{1,64}$",
        description="the name its dialogue is published under; several may share a database",
    )
    watch: bool = Field(
        default=False, description="development: run what is saved in flows_dir at once, published or not"
    )
    entry_flow: str = Field(default="main", description="the dialogue that a call begins with")
    default_language: Literal["zh", "en"] = Field(default="zh", description="of the greeting")
    database_url: str = Field(
        default="",
        repr=False,
        description="empty: SQLite in state_dir/hotline.db; on another machine with `?ssl=verify-full`",
    )
    database_password: SecretStr = Field(
        default=SecretStr(""), description="put into `database_url`, where that has none"
    )
    database_plain: bool = Field(
        default=False,
        description="reach a database on another machine without TLS: all that is kept goes in clear",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO")
    log_style: Literal["text", "json"] = Field(default="text", description="one line an event")
    max_calls: int = Field(default=1000, ge=1, description="live at once; more are refused: see `limits`")
    limits: LimitSettings = LimitSettings()
    asterisk: AsteriskSettings = AsteriskSettings()
    web: WebSettings = WebSettings()
    speech: SpeechSettings = SpeechSettings()
    transcripts: TranscriptSettings = TranscriptSettings()
    recordings: RecordingSettings = RecordingSettings()
    disk: DiskSettings = DiskSettings()
    retention: RetentionSettings = RetentionSettings()
    supervisors: SupervisorSettings = SupervisorSettings()
    prompts: PromptSettings = PromptSettings()
    desk: DeskSettings = DeskSettings()
    outside: OutsideSettings = OutsideSettings()
    callbacks: CallbackSettings = CallbackSettings()
    missed: MissedSettings = MissedSettings()
    traces: TraceSettings = TraceSettings()

    @property
    def effective_database_url(self) -> str:
        if not self.database_url:
            return f"sqlite+aiosqlite:///{(self.state_dir / 'hotline.db').resolve()}"
        return with_password(self.database_url, self.database_password.get_secret_value())

    @model_validator(mode="after")
    def _nothing_in_clear(self) -> Self:
        if host := "" if self.database_plain else database_in_clear(self.database_url):
            raise ValueError(
                f"the database at {host} would be reached in clear: add `?ssl=verify-full` to database_url, or set "
                "database_plain where nobody else is in that network"
            )
        wanted = self.asterisk
        if wanted.mode == "external" and not wanted.ari_plain and (host := ari_in_clear(wanted.ari_url)):
            raise ValueError(
                f"ARI at {host} would be asked in clear: write https:// into asterisk.ari_url, or set "
                "asterisk.ari_plain where nobody else is in that network"
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line first, then environment, then secrets' files, then file; sections are merged key by key."""
        secrets = InitSettingsSource(settings_cls, secret_values(settings_cls))
        return init_settings, env_settings, secrets, InitSettingsSource(settings_cls, file_values.get())
