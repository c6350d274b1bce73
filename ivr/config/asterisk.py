"""Of Asterisk, its telephones and its trunk."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from ivr.call.outbound import expression
from ivr.config.section import Section


class AsteriskSettings(Section):
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
        default=5060,
        ge=0,
        le=65534,
        description="where it is taken: another one with `loopback`, else no start; 0: any free one",
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
    trunk_authorities: Path | None = Field(
        default=None,
        description="PEM file of who may sign for the trunk's certificate (`trunk_transport: tls`); none: whom this "
        "machine trusts",
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
        description="so long without events, HTTP or SIP, and Asterisk is frozen: a private one is started anew, s",
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
