"""What the administrator says about requests, lookups and notifications: `outside`, a section of the settings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ivr.flow.digits import PatternError
from ivr.flow.hosts import HostError, host_rule, read_address
from ivr.outside.addresses import PrivateHosts
from ivr.outside.messages import check_rule


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SecretReference(_Section):
    """`{secret: NAME}`: read when it is used."""

    secret: str
    prefix: str = ""


class ChannelSettings(_Section):
    """What every channel has. to: whom a dialogue may name: `caller` (the number that calls), patterns of digits as in
    `collect` (`1[3-9]X{9}`), a mail address, `*@city.example`. address: whom it reaches when the dialogue names nobody.
    """

    to: tuple[str, ...] = ("caller",)
    address: str = ""
    at_once: int = Field(default=4, ge=1, le=50)
    timeout_s: float = Field(default=10.0, gt=0, le=60)

    @field_validator("to")
    @classmethod
    def _rules(cls, rules: tuple[str, ...]) -> tuple[str, ...]:
        for rule in rules:
            try:
                check_rule(rule)
            except PatternError as error:
                raise ValueError(f"`{rule}`: {error}") from error
        return rules


class WebhookChannel(ChannelSettings):
    """POSTs JSON. body: with `{to}`, `{text}`, `{id}` ... put in; empty: everything, under its name. answer: what the
    JSON that comes back must say for it to be sent: `{code: OK}`."""

    kind: Literal["webhook"]
    url: str
    headers: dict[str, str | SecretReference] = {}
    body: dict[str, Any] = {}
    answer: dict[str, str | int | bool] = {}

    @field_validator("url")
    @classmethod
    def _readable(cls, url: str) -> str:
        _check(read_address, url)
        return url


class MailChannel(ChannelSettings):
    """By SMTP. security: starttls (port 587), tls (port 465), or none, for a server on this machine."""

    kind: Literal["mail"]
    host: str
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: str
    username: str = ""
    password: SecretReference | None = None
    subject: dict[str, str] = {"zh": "12345热线", "en": "Message from the hotline"}


class LogChannel(ChannelSettings):
    """Kept for the supervisors' console; the log says that there is one, not what it says."""

    kind: Literal["log"]
    address: str = "supervisor"


SUPERVISOR = {"supervisor": LogChannel(kind="log")}
"""There is always somebody to tell, unless the settings make it another kind of channel."""

AnyChannel = Annotated[WebhookChannel | MailChannel | LogChannel, Field(discriminator="kind")]


class OutsideSettings(_Section):
    """Requests, lookups and notifications of the dialogues."""

    hosts: tuple[str, ...] = Field(
        default=(), description="narrows what the flows list; empty: whatever they list"
    )
    private_hosts: tuple[str, ...] = Field(
        default=(), description="hosts, addresses and networks that may be asked though they are not public"
    )
    secrets_dir: str = Field(
        default="", description="a file a secret; also `IVR_SECRET_<NAME>` and systemd's credentials"
    )
    ca_file: str = Field(
        default="", description="PEM file of certificate authorities, beside the system's own"
    )
    connections: int = Field(default=50, ge=1, le=1000, description="at once, to all hosts")
    connections_per_host: int = Field(default=20, ge=1, le=1000, description="at once, to one host")
    longest_s: float = Field(default=30.0, gt=0, description="bound of a request's time, s")
    max_bytes: int = Field(default=1_048_576, ge=1024, description="bound of an answer's size")
    breaker_failures: int = Field(
        default=5,
        ge=1,
        description="failures of a host, at least half of its answers, until it is left alone",
    )
    breaker_window_s: float = Field(default=30.0, gt=0, description="in which they are counted, s")
    breaker_open_s: float = Field(default=15.0, gt=0, description="for how long it is left alone, s")
    give_up_h: float = Field(default=24.0, gt=0, description="for how long a notification is tried, h")
    channels: dict[str, AnyChannel] = Field(
        default={},
        description="of notifications, beside `supervisor`; see docs/operators/requests.md",
    )

    @field_validator("hosts")
    @classmethod
    def _hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            _check(host_rule, host)
        return hosts

    @field_validator("private_hosts")
    @classmethod
    def _private(cls, hosts: Iterable[str]) -> Iterable[str]:
        PrivateHosts.read(hosts)
        return hosts


def _check(read: Any, text: str) -> None:
    """pydantic tells the place of a ValueError, and lets anything else through."""
    try:
        read(text)
    except HostError as error:
        raise ValueError(f"{error} ({error.mend})") from error
