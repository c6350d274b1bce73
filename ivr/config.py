"""The settings of one controller: from `hotline.yaml` (or `--config FILE`), then environment variables `IVR_...`.

The environment wins over files of secrets (`ivr/secret_files.py`), these win over the file: `IVR_DATABASE_URL`,
`IVR_WEB__PORT=8081`, `IVR_ASTERISK__MODE=external`.
A wrong or unknown key is a `ConfigError` that names the key and says how to mend it.
"""

from __future__ import annotations

import contextvars
import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from ivr.admission.settings import LimitSettings
from ivr.call.outbound import expression
from ivr.callback.settings import CallbackSettings
from ivr.desk.settings import DeskSettings
from ivr.disk import DiskSettings
from ivr.errors import ConfigError
from ivr.missed.settings import MissedSettings
from ivr.outside.secrets import PREFIX as SECRET_PREFIX
from ivr.outside.settings import OutsideSettings
from ivr.plain_links import ari_in_clear, database_in_clear, with_password
from ivr.recordings.settings import RecordingSettings
from ivr.retention.settings import RetentionSettings
from ivr.secret_files import FOLDERS, secret_values
from ivr.speech import SpeechSettings
from ivr.tracing.settings import TraceSettings


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AsteriskSettings(_Section):
    """Asterisk: `private` is started and ended by this process."""

    mode: Literal["private", "external"] = Field(
        default="private", description="an Asterisk of our own, or one that already runs"
    )
    ari_url: str = Field(default="http://127.0.0.1:8088/ari", description="of an external Asterisk")
    username: str = Field(default="hotline", description="ARI user of an external Asterisk")
    password: SecretStr = Field(default=SecretStr(""), description="ARI password of an external Asterisk")
    ari_plain: bool = Field(
        default=False,
        description="ask an external Asterisk on another machine by http: password and events go in clear",
    )
    app: str = Field(default="ivr", description="name of our Stasis application")
    sip_port: int = Field(
        default=5060, ge=0, le=65534, description="taken when free, else another one; 0: any free one"
    )
    http_port: int = Field(
        default=8088,
        ge=0,
        le=65535,
        description="of a private Asterisk's ARI and websockets: taken when free, else another one; 0: any free one",
    )
    loopback: bool = Field(default=True, description="SIP and media on 127.0.0.1 only; false: every address")
    external_address: str = Field(default="", description="this machine's address for phones beyond a NAT")
    trunk_hosts: tuple[str, ...] = Field(default=("127.0.0.2",), description="addresses the trunk calls from")
    outbound_trunk: str = Field(
        default="",
        description="`host` or `host:port` that takes calls to outside numbers; empty: none go out",
    )
    tls_certificate: Path | None = Field(
        default=None, description="PEM file, of SIP over TLS; none: one is made that signs itself"
    )
    tls_private_key: Path | None = Field(default=None, description="PEM file that belongs to it")
    trunk_transport: Literal["udp", "tcp", "tls"] = Field(
        default="udp", description="towards `outbound_trunk`"
    )
    trunk_encrypted: bool = Field(default=False, description="the trunk's voice by SRTP only")
    phones_encrypted: bool = Field(
        default=False, description="telephones that do not encrypt their voice (SRTP) are turned away"
    )
    outbound_numbers: tuple[str, ...] = Field(
        default=(),
        description="outside numbers that may be called: `X` a digit, `Z` 1-9, `N` 2-9, `[3-5]`, `.` the rest; "
        "none listed: nobody is",
    )
    outbound_endpoint: str = Field(
        default="PJSIP/{number}@trunk", description="how they are called in an external Asterisk"
    )
    outbound_caller_id: str = Field(default="", description="shown to them; empty: the hotline's number")
    hotline_number: str = Field(default="12345", description="the number that citizens dial")
    allow_anonymous: bool = Field(
        default=False, description="let unknown SIP callers dial the hotline number"
    )
    media: Literal["rtp", "websocket"] = Field(
        default="rtp",
        description="how voices go to the speech workers; by websocket an external Asterisk needs our sorcery.conf",
    )
    rtp_timeout_s: int = Field(
        default=60, ge=0, description="an agent's phone without voice for so long is gone, s; 0: never"
    )
    sip_digests: tuple[Literal["MD5", "SHA-256"], ...] = Field(
        default=("MD5",),
        min_length=1,
        description="how phones may prove their secret; many give up where SHA-256 is offered",
    )
    telephone_transfers: bool = Field(
        default=False,
        description="the transfer key of agents' phones works; before Asterisk 22.11 a phone that sends `Refer-Sub: "
        "false` with it ends Asterisk",
    )
    http_connections: int = Field(default=40, ge=1, le=200, description="to ARI at once")
    request_timeout_s: float = Field(default=10.0, gt=0, description="for one ARI request, s")
    patience_s: float = Field(
        default=30.0,
        ge=0,
        description="an ARI request outlasts an Asterisk that is frozen or away for so long, s",
    )
    frozen_s: float = Field(
        default=30.0,
        gt=0,
        description="a private Asterisk that says nothing for so long is ended and started anew, s",
    )
    away_s: float = Field(
        default=120.0,
        gt=0,
        description="Asterisk out of reach for so long: its calls are taken to be cut off, s",
    )
    fallback_folder: Path | None = Field(
        default=None,
        description="of an external Asterisk, as seen from here: where its fallback leaves `fallback` and `voicemail`",
    )
    dies_with_controller: bool = Field(
        default=False,
        description="a private Asterisk and its calls end with this process however it ends; else the next start finds "
        "them",
    )

    @field_validator("outbound_numbers")
    @classmethod
    def _patterns(cls, numbers: tuple[str, ...]) -> tuple[str, ...]:
        for number in numbers:
            expression(number)
        return numbers


class WebSettings(_Section):
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


class TranscriptSettings(_Section):
    """What is said to people, in writing."""

    talks: Literal["off", "agents", "all"] = Field(
        default="agents",
        description="talks written down while they last: with agents, or with outside parties too",
    )
    recordings: bool = Field(default=True, description="recordings put into writing after the call")
    recordings_days: float = Field(
        default=7.0, gt=0, description="older recordings without a transcript stay so, days"
    )
    keep_dialogue_days: float = Field(
        default=1095.0,
        ge=0,
        description="what callers said to the dialogue is erased after so long; 0: never",
    )
    keep_conversation_days: float = Field(default=1095.0, ge=0, description="talks likewise")
    keep_recording_days: float = Field(default=1095.0, ge=0, description="recordings in writing likewise")


class SupervisorSettings(_Section):
    """Supervisors who listen to talks, whisper, join and take over."""

    tell_agent: bool = Field(
        default=False, description="the agent hears a tone when somebody begins to listen"
    )
    phones: dict[str, str] = Field(
        default_factory=dict,
        description="supervisors who are no agents: name: ARI endpoint of the telephone, e.g. PJSIP/desk1",
    )


class PromptSettings(_Section):
    """What callers hear."""

    render: bool = Field(default=True, description="speak prompts that have no sound yet, while calls go on")


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
        return init_settings, env_settings, secrets, InitSettingsSource(settings_cls, _file_values.get())


_file_values: contextvars.ContextVar[dict[str, Any]] = contextvars.ContextVar("file_values")

OTHER_VARIABLES = frozenset({"IVR_CACHE", "IVR_MODELS", FOLDERS})
"""Read by set-up, models and prompts, before there are settings, and by the settings themselves."""


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
    except SettingsError as error:
        # A variable for a list or a mapping is read as JSON; the message of the library names it.
        mend = """write lists and mappings as JSON: '["a", "b"]'"""
        raise ConfigError(f"in the environment: {error}", mend=mend) from error


def _refuse_unknown_variables() -> None:
    """A misspelt variable would silently do nothing otherwise."""
    for variable in os.environ:
        if not variable.startswith("IVR_") or variable in OTHER_VARIABLES:
            continue
        if variable.startswith(SECRET_PREFIX):
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
        if not key:
            lines.append(f"{source}: {item['msg'].removeprefix('Value error, ')}")
            continue
        variable = "IVR_" + key.upper().replace(".", "__")
        lines.append(f"{source} or {variable}: `{key}`: {item['msg']}")
    return "; ".join(lines)
