"""Renders `asterisk-config/` into a folder: free ports, generated secrets, everything inside that folder.

The folder afterwards (mode 0700, for it holds secrets):

    secrets.json   ports, ARI's password, agents' passwords: kept, so that a restart changes nothing (mode 0600)
    etc/           the configuration, written anew each time; etc/extensions.d and etc/pjsip.d are yours
    keys/          the self-signed certificate of SIP over TLS
    lib/           Asterisk's own database
    spool/         recording/ (ARI's), voicemail/ and fallback/ (calls taken while no controller answered)
    log/ run/ cache/
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ivr.asterisk import ports as port_choice
from ivr.asterisk.locate import AsteriskBinary
from ivr.asterisk.ports import Ports
from ivr.errors import AsteriskError

TEMPLATES = Path(__file__).resolve().parents[2] / "asterisk-config"

ARI_USER = "ivr"
PASSWORD_BYTES = 24
"""192 bits, written in letters, digits, - and _ only: safe in every file, URL and SIP client."""

LONGEST_SOCKET_PATH = 100
"""The kernel takes 107 bytes for a unix socket's path; Asterisk's control socket must fit."""

CERTIFICATE_DAYS = 825
RENEW_BEFORE_S = 30 * 24 * 3600

FOLDERS = ("etc", "keys", "lib", "spool", "log", "run", "cache")
INSIDE = (
    "etc/extensions.d",
    "etc/pjsip.d",
    "spool/recording",
    "spool/voicemail",
    "spool/fallback",
)

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
    default 127.0.0.2 is one that a test can call from. loopback: SIP, HTTP and media on 127.0.0.1 only.
    ports: exact ports (then nothing is chosen); None: those of last time, else `preferred_ports`, else free ones.
    http_host: never anything but loopback, unless a TLS proxy stands before it.
    """

    agents: tuple[str, ...] = ()
    hotline_number: str = "12345"
    application: str = "ivr"
    node: str = "n1"
    demo_anonymous: bool = False
    loopback: bool = True
    trunk_hosts: tuple[str, ...] = ("127.0.0.2",)
    http_host: str = "127.0.0.1"
    external_address: str | None = None
    local_networks: tuple[str, ...] = ()
    ports: Ports | None = None
    preferred_ports: Ports | None = None
    rtp_count: int = 4000
    fallback: Fallback = field(default_factory=Fallback)
    extra_modules: tuple[str, ...] = ()

    @property
    def sip_host(self) -> str:
        return "127.0.0.1" if self.loopback else "0.0.0.0"


@dataclass(frozen=True, slots=True)
class SipAccount:
    name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RenderedAsterisk:
    """A configuration that is ready to start, and all that others need to know of it."""

    folder: Path
    etc: Path
    run: Path
    spool: Path
    log: Path
    options: RenderOptions
    ports: Ports
    sip_host: str
    http_host: str
    ari_user: str
    ari_password: str = field(repr=False)
    accounts: tuple[SipAccount, ...]
    certificate: Path

    @property
    def config_file(self) -> Path:
        return self.etc / "asterisk.conf"

    @property
    def application(self) -> str:
        return self.options.application

    @property
    def hotline_number(self) -> str:
        return self.options.hotline_number

    @property
    def http_url(self) -> str:
        """Without a slash at its end: `http://127.0.0.1:40123`; ARI is below `/ari`, media below `/media`."""
        return f"http://{self.http_host}:{self.ports.http}"

    @property
    def ari_url(self) -> str:
        return f"{self.http_url}/ari"

    @property
    def hotline_uri(self) -> str:
        return f"sip:{self.hotline_number}@{self.sip_host}:{self.ports.sip}"

    @property
    def recordings(self) -> Path:
        """Where ARI's recordings (`record`, stored recordings) lie."""
        return self.spool / "recording"

    @property
    def voicemail(self) -> Path:
        """WAV files of callers whom no controller answered, `<UTC time>-<unique id>.wav`."""
        return self.spool / "voicemail"

    @property
    def fallback_notes(self) -> Path:
        """One file for each call that the fallback took: `*.jsonl`, one event a line."""
        return self.spool / "fallback"

    @property
    def messages_log(self) -> Path:
        return self.log / "messages.log"

    def account(self, name: str) -> SipAccount:
        for account in self.accounts:
            if account.name == name:
                return account
        raise KeyError(name)


def render(folder: Path, binary: AsteriskBinary, options: RenderOptions | None = None) -> RenderedAsterisk:
    """Writes the configuration into `folder` (made if missing). The same again gives the same.

    Raises AsteriskError for a name or number that cannot be, or when no port is free.
    """
    options = RenderOptions() if options is None else options
    _check(options)
    folder = folder.absolute()
    folders = _make_folders(folder)
    kept = _load_secrets(folder / "secrets.json")
    ports = options.ports or _choose_ports(kept, folders, options)
    passwords: dict[str, str] = dict(kept.get("agents", {}))
    for name in options.agents:
        passwords.setdefault(name, _new_password())
    ari_password: str = kept.get("ari_password") or _new_password()
    _write_private(
        folder / "secrets.json",
        json.dumps({"ports": ports.as_dict(), "ari_password": ari_password, "agents": passwords}, indent=2)
        + "\n",
    )
    certificate, private_key = _certificate(folders["keys"], options)
    accounts = tuple(SipAccount(name, passwords[name]) for name in options.agents)
    values: dict[str, Any] = {
        "folders": SimpleNamespace(**folders),
        "root": folder,
        "binary": _BinaryView(binary),
        "ports": ports,
        "ari_user": ARI_USER,
        "ari_password": ari_password,
        "agents": accounts,
        "sip_host": options.sip_host,
        "certificate": certificate,
        "private_key": private_key,
        "opus": any(_BinaryView(binary).has(name) for name in ("codec_opus_open_source.so", "codec_opus.so")),
    }
    for name in (
        "hotline_number", "application", "node", "demo_anonymous", "loopback", "trunk_hosts", "http_host",
        "external_address", "local_networks", "fallback", "extra_modules",
    ):  # fmt: skip
        values[name] = getattr(options, name)
    _write_templates(folders["etc"], values)
    return RenderedAsterisk(
        folder=folder,
        etc=folders["etc"],
        run=folders["run"],
        spool=folders["spool"],
        log=folders["log"],
        options=options,
        ports=ports,
        sip_host="127.0.0.1",
        http_host=options.http_host,
        ari_user=ARI_USER,
        ari_password=ari_password,
        accounts=accounts,
        certificate=certificate,
    )


class _BinaryView:
    """What templates may ask of the Asterisk at hand."""

    def __init__(self, binary: AsteriskBinary) -> None:
        self.modules = binary.modules
        self.data = binary.data

    def has(self, module: str) -> bool:
        return (self.modules / module).is_file()


def _write_templates(etc: Path, values: Mapping[str, Any]) -> None:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    for template in sorted(TEMPLATES.glob("*.conf.j2")):
        text = environment.get_template(template.name).render(values)
        _write_private(etc / template.name.removesuffix(".j2"), text)


def _check(options: RenderOptions) -> None:
    """Names go into configuration files as they are, so only plain ones are let through."""
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
    addresses = (*options.trunk_hosts, *options.local_networks, options.http_host)
    for address in (*addresses, options.external_address or "localhost"):
        if not _ADDRESS.fullmatch(address):
            raise AsteriskError(f"{address!r} is not an address", mend="an IP address, network or host name")


def _make_folders(folder: Path) -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    folders = {name: folder / name for name in FOLDERS}
    if len(str(folders["run"] / "asterisk.ctl").encode()) > LONGEST_SOCKET_PATH:
        digest = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
        folders["run"] = Path(tempfile.gettempdir()) / f"hotline-{digest}"
    for path in (*folders.values(), *(folder / name for name in INSIDE)):
        path.mkdir(mode=0o700, exist_ok=True)
    return folders


def _choose_ports(kept: Mapping[str, Any], folders: Mapping[str, Path], options: RenderOptions) -> Ports:
    last_time = Ports(**kept["ports"]) if "ports" in kept else None
    if last_time is not None and _is_running(folders["run"]):
        # They are taken by this very Asterisk.
        return last_time
    return port_choice.choose(
        options.sip_host,
        options.http_host,
        rtp_count=options.rtp_count,
        preferred=last_time or options.preferred_ports,
    )


def _is_running(run: Path) -> bool:
    try:
        pid = int((run / "asterisk.pid").read_text())
        return b"asterisk" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return False


def _load_secrets(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise AsteriskError(
            f"{path} cannot be read: {error}",
            mend="remove it: passwords are then made anew, phones need the new ones",
        ) from error
    if not isinstance(found, dict):
        raise AsteriskError(f"{path} is not an object", mend="remove it: passwords are then made anew")
    return found


def _new_password() -> str:
    return secrets.token_urlsafe(PASSWORD_BYTES)


def _write_private(path: Path, text: str) -> None:
    """Whole or not at all, readable by its owner only, and untouched when nothing has changed."""
    try:
        if path.read_text() == text:
            path.chmod(0o600)
            return
    except FileNotFoundError:
        pass
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    beside.touch(mode=0o600)
    beside.write_text(text)
    beside.replace(path)


def _certificate(keys: Path, options: RenderOptions) -> tuple[Path, Path]:
    """A self-signed certificate for SIP over TLS, kept until it is about to end."""
    certificate, private_key = keys / "hotline.crt", keys / "hotline.key"
    try:
        if certificate.exists() and private_key.exists():
            check = ["openssl", "x509", "-checkend", str(RENEW_BEFORE_S), "-noout", "-in", str(certificate)]
            if subprocess.run(check, capture_output=True, check=False, timeout=30).returncode == 0:
                return certificate, private_key
        names = ["DNS:localhost", "IP:127.0.0.1"]
        if options.external_address:
            kind = "IP" if re.fullmatch(r"[0-9.]+|.*:.*", options.external_address) else "DNS"
            names.append(f"{kind}:{options.external_address}")
        private_key.unlink(missing_ok=True)
        private_key.touch(mode=0o600)
        subprocess.run(
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", str(CERTIFICATE_DAYS), "-subj", f"/CN=hotline-{options.node}",
                "-addext", f"subjectAltName={','.join(names)}",
                "-keyout", str(private_key), "-out", str(certificate),
            ],
            capture_output=True, check=True, text=True, timeout=30,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise AsteriskError("openssl is not installed", mend="apt-get install openssl") from error
    except subprocess.SubprocessError as error:
        raise AsteriskError(
            f"openssl made no certificate: {error}", mend="look at keys/ in the folder"
        ) from error
    return certificate, private_key
