"""What a rendered configuration depends on, and which values are let through."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ivr.asterisk.ports import Ports
from ivr.errors import AsteriskError

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
_NUMBER = re.compile(r"[0-9]{2,15}")
_RESERVED = frozenset(
    {"trunk", "anonymous", "global", "system", "common", "transport-udp", "h", "s", "i", "t"}
)
_ADDRESS = re.compile(r"[0-9A-Fa-f.:/]+|[A-Za-z0-9][A-Za-z0-9.-]*")


@dataclass(frozen=True, slots=True)
class Fallback:
    """The plain queue and voicemail that answer while no controller does. All in seconds."""

    ring_s: int = 15
    wait_s: int = 120
    silence_s: int = 5
    longest_s: int = 180


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """What a configuration depends on.

    agents: SIP user names. trunk_hosts: addresses whose calls come in as the trunk's; with loopback the
    default 127.0.0.2 is one that a test can call from. outbound_trunk: `host` or `host:port` that takes calls to
    outside numbers, "" = none go out. loopback: SIP, HTTP and media on 127.0.0.1 only.
    ports: exact ports (then nothing is chosen); None: those of last time, else `preferred_ports`, else free ones;
    beyond loopback those of `preferred_ports` that are not 0, free or not.
    rtp_timeout_s: so long without an agent's voice, and the phone is taken to be gone.
    digests: how agents' phones may prove their secret, `MD5`, `SHA-256` or both.
    transfers: the transfer key of agents' phones works.
    certificate, private_key: PEM files of SIP over TLS, together or neither: then one is made that signs itself.
    trunk_transport: how calls go out to the trunk. trunk_authorities: by TLS, a PEM file of those who may sign for its
    certificate; None = whom this machine trusts. trunk_encrypted, phones_encrypted: voice by SRTP only (its keys in
    SDP), on the trunk, on agents' telephones; else telephones that can encrypt do, and the trunk does not.
    http_host: never anything but loopback, unless a TLS proxy stands before it.
    """

    agents: tuple[str, ...] = ()
    hotline_number: str = "12345"
    application: str = "ivr"
    node: str = "n1"
    demo_anonymous: bool = False
    loopback: bool = True
    trunk_hosts: tuple[str, ...] = ("127.0.0.2",)
    outbound_trunk: str = ""
    http_host: str = "127.0.0.1"
    external_address: str | None = None
    local_networks: tuple[str, ...] = ()
    ports: Ports | None = None
    preferred_ports: Ports | None = None
    rtp_count: int = 4000
    fallback: Fallback = field(default_factory=Fallback)
    extra_modules: tuple[str, ...] = ()
    rtp_timeout_s: int = 60
    digests: tuple[str, ...] = ("MD5",)
    transfers: bool = False
    certificate: Path | None = None
    private_key: Path | None = None
    trunk_transport: Literal["udp", "tcp", "tls"] = "udp"
    trunk_authorities: Path | None = None
    trunk_encrypted: bool = False
    phones_encrypted: bool = False

    @property
    def sip_host(self) -> str:
        return "127.0.0.1" if self.loopback else "0.0.0.0"


def check(options: RenderOptions) -> None:
    """Names go into configuration files as they are, so only plain ones are let through. Raises AsteriskError."""
    for name in options.agents:
        if not _NAME.fullmatch(name) or name.lower() in _RESERVED:
            raise AsteriskError(
                f"{name!r} cannot be an agent's SIP name",
                mend="a letter, then up to 31 letters, digits, - or _; not a name of the configuration's own",
            )
    if len(set(options.agents)) != len(options.agents):
        raise AsteriskError("two agents have the same SIP name", mend="give each a name of its own")
    if not _NUMBER.fullmatch(options.hotline_number):
        raise AsteriskError(
            f"{options.hotline_number!r} cannot be the hotline's number", mend="2 to 15 digits"
        )
    for name in (options.application, options.node):
        if not _NAME.fullmatch(name):
            raise AsteriskError(
                f"{name!r} cannot be the application's or node's name", mend="letters and digits"
            )
    if (options.certificate is None) != (options.private_key is None):
        raise AsteriskError(
            "a certificate and its private key go together",
            mend="set asterisk.tls_certificate and asterisk.tls_private_key, or neither",
        )
    for path in filter(None, (options.certificate, options.private_key, options.trunk_authorities)):
        if re.search(r"[\x00-\x1f;]", str(path)):
            raise AsteriskError(
                f"{str(path)!r} cannot be written into the configuration", mend="a plain path"
            )
        if not path.is_file():
            raise AsteriskError(
                f"{path}: there is no such file",
                mend="correct asterisk.tls_certificate and its key, or asterisk.trunk_authorities",
            )
    host, colon, port = options.outbound_trunk.partition(":")
    if options.outbound_trunk and not (_ADDRESS.fullmatch(host) and (port.isdigit() or not colon)):
        raise AsteriskError(f"{options.outbound_trunk!r} is not a trunk's address", mend="host or host:port")
    addresses = (*options.trunk_hosts, *options.local_networks, options.http_host)
    for address in (*addresses, options.external_address or "localhost"):
        if not _ADDRESS.fullmatch(address):
            raise AsteriskError(f"{address!r} is not an address", mend="an IP address, network or host name")
