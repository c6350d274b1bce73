"""What the administrator says about recognition: `speech`, a section of the settings; and what the workers are told."""

from __future__ import annotations

import ipaddress
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from asr.settings import PoolSettings, RemoteWorker, settings_for
from ivr.errors import ConfigError

SHORTEST_TOKEN = 16


class SpeechSettings(BaseModel):
    """Understanding callers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: Literal["auto", "off"] = Field(
        default="auto", description="the best model at hand for each language, or keys only"
    )
    engines: dict[str, tuple[str, ...]] = Field(
        default={},
        description="language (`*`: every other) -> engines or models, the first asked first: `{zh: [vosk, whisper]}`",
    )
    local_workers: int = Field(
        default=1, ge=0, description="speech workers on this machine; 0: only those in `workers`"
    )
    threads: int = Field(default=0, ge=0, description="of each worker on this machine; 0: one a core")
    max_streams: int = Field(
        default=16, ge=1, description="callers listened to at once by one worker, even if it could serve more"
    )
    longest_wait_s: float = Field(
        default=3.0,
        gt=0,
        description="a caller who may have to wait longer for the answer to be understood uses keys, s",
    )
    growth_mb: float = Field(
        default=600.0, gt=0, description="a worker whose memory has grown by more is replaced, MB"
    )
    media_host: str = Field(
        default="127.0.0.1", description="where workers on this machine receive audio: reachable for Asterisk"
    )
    media_ports: str = Field(default="", description="their UDP ports, `20000-20100`; empty: any free one")
    media_from: tuple[str, ...] = Field(
        default=(),
        description="addresses and networks that Asterisk sends audio from, as workers see them; none: this machine's",
    )
    workers: tuple[str, ...] = Field(
        default=(),
        description="speech workers on other machines (`ivr asr-worker`): `wss://host:port`, with the certificate "
        "pinned by `#sha256=...` where it is self-signed",
    )
    workers_token: SecretStr = Field(default=SecretStr(""), description="the secret they share with us")
    workers_token_file: Path | None = Field(default=None, description="or the file it is in")
    workers_ca_file: Path | None = Field(
        default=None, description="PEM file of the authority that signed their certificates"
    )
    workers_plain: bool = Field(
        default=False, description="allow `ws://` to other machines: only in a network nobody else is in"
    )

    @field_validator("media_ports")
    @classmethod
    def _ports(cls, written: str) -> str:
        port_range(written)
        return written

    @field_validator("media_from")
    @classmethod
    def _addresses(cls, written: tuple[str, ...]) -> tuple[str, ...]:
        for one in written:
            ipaddress.ip_network(one, strict=False)
        return written

    @model_validator(mode="after")
    def _consistent(self) -> SpeechSettings:
        for url in self.workers:
            check_url(url, plain=self.workers_plain)
        if self.workers and not (self.workers_token.get_secret_value() or self.workers_token_file):
            raise ValueError("workers need a token: workers_token_file, or workers_token in the environment")
        if not is_loopback(self.media_host) and not self.media_from:
            raise ValueError(
                "media_host beyond loopback needs media_from, else anybody could speak for a caller"
            )
        return self


def pool_settings(speech: SpeechSettings, languages: Sequence[str]) -> PoolSettings | None:
    """For these languages of the hotline. None: no model here and no worker elsewhere. Raises ConfigError: the token
    cannot be read."""
    remote = remote_workers(speech)
    found = None
    if speech.local_workers:
        found = settings_for(
            languages,
            threads=speech.threads,
            max_streams=speech.max_streams,
            preference=speech.engines or None,
        )
    if found is None:
        return PoolSettings(workers=0, remote=remote, media_from=speech.media_from) if remote else None
    worker = replace(
        found.worker,
        longest_wait_s=speech.longest_wait_s,
        media_host=speech.media_host,
        media_ports=port_range(speech.media_ports),
    )
    return replace(
        found,
        worker=worker,
        workers=speech.local_workers,
        remote=remote,
        media_from=speech.media_from,
        growth_mb=speech.growth_mb,
    )


def remote_workers(speech: SpeechSettings) -> tuple[RemoteWorker, ...]:
    """Raises ConfigError: the token cannot be read."""
    if not speech.workers:
        return ()
    token = speech.workers_token.get_secret_value()
    if not token and speech.workers_token_file is not None:
        token = read_token(speech.workers_token_file)
    ca_file = str(speech.workers_ca_file or "")
    return tuple(
        RemoteWorker(url.partition("#")[0].rstrip("/"), token, check_url(url, plain=True), ca_file)
        for url in speech.workers
    )


def check_url(url: str, *, plain: bool) -> str:
    """The pinned fingerprint, "" where there is none. Raises ValueError: no address of a worker, or not a safe one."""
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss") or not parts.hostname or not parts.port or parts.path.strip("/"):
        raise ValueError(f"{url}: a worker is written wss://host:port")
    if parts.scheme == "ws" and not plain and not is_loopback(parts.hostname):
        raise ValueError(
            f"{url}: what callers say would cross the network unencrypted: write wss:// and give the worker a "
            "certificate, or set workers_plain where nobody else is in that network"
        )
    name, _, fingerprint = parts.fragment.partition("=")
    digits = fingerprint.replace(":", "").lower()
    if parts.fragment and (name != "sha256" or len(digits) != 64 or set(digits) - set("0123456789abcdef")):
        raise ValueError(f"{url}: a pinned certificate is written #sha256= and 64 hex digits")
    if digits and parts.scheme == "ws":
        raise ValueError(f"{url}: only wss:// has a certificate that could be pinned")
    return digits


def port_range(written: str) -> tuple[int, int] | None:
    """`20000-20100`. Raises ValueError."""
    if not written:
        return None
    first, dash, last = written.partition("-")
    if not (dash and first.isdigit() and last.isdigit() and 1024 <= int(first) <= int(last) <= 65535):
        raise ValueError(f"{written!r}: ports are written FIRST-LAST, between 1024 and 65535")
    return int(first), int(last)


def read_token(path: Path) -> str:
    """Raises ConfigError: not readable, readable for everybody, or too short to be a secret."""
    try:
        token, mode = path.read_text(encoding="utf-8").strip(), path.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the token of the speech workers: {error}", mend=f"make {path} readable"
        ) from error
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        raise ConfigError(f"{path} can be read by everybody on this machine", mend=f"chmod o-rwx {path}")
    if len(token) < SHORTEST_TOKEN:
        raise ConfigError(
            f"{path}: a token has at least {SHORTEST_TOKEN} characters", mend=f"openssl rand -hex 24 > {path}"
        )
    return token


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
