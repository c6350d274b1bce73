"""Renders `asterisk-config/` into a folder: free ports, generated secrets, everything inside that folder.

The folder afterwards (mode 0700, for it holds secrets):

    process.json   which process runs with it, if one does
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
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ivr.accounts.profile import Profile, fallback_variable
from ivr.accounts.profiles import has_opus, private_profile
from ivr.accounts.secrets import new_secret
from ivr.asterisk import certificate as certificate_choice
from ivr.asterisk import ports as port_choice
from ivr.asterisk.full_house import FULL_HOUSE, sounds_variable
from ivr.asterisk.locate import AsteriskBinary
from ivr.asterisk.options import Fallback, RenderOptions, check
from ivr.asterisk.ports import Ports
from ivr.asterisk.running import read_mark
from ivr.asterisk.scanners import pattern as scanners_pattern
from ivr.asterisk.vitals import ASKED_FROM
from ivr.errors import AsteriskError

__all__ = ["Fallback", "RenderOptions", "RenderedAsterisk", "SipAccount", "render"]

TEMPLATES = Path(__file__).resolve().parents[2] / "asterisk-config"

ARI_USER = "ivr"

LONGEST_SOCKET_PATH = 100
"""The kernel takes 107 bytes for a unix socket's path; Asterisk's control socket must fit."""

FOLDERS = ("etc", "keys", "lib", "spool", "log", "run", "cache")
INSIDE = (
    "etc/extensions.d",
    "etc/pjsip.d",
    "spool/recording",
    "spool/voicemail",
    "spool/fallback",
)


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
    """The agents that it was rendered for, with the secrets that they begin with (ivr/accounts may change them)."""
    certificate: Path
    profile: Profile
    """What their accounts are to be in this Asterisk."""

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
    check(options)
    folder = folder.absolute()
    folders = _make_folders(folder)
    kept = _load_secrets(folder / "secrets.json")
    ports = options.ports or _choose_ports(kept, folder, options)
    passwords: dict[str, str] = dict(kept.get("agents", {}))
    for name in options.agents:
        passwords.setdefault(name, new_secret())
    ari_password: str = kept.get("ari_password") or new_secret()
    _write_private(
        folder / "secrets.json",
        json.dumps({"ports": ports.as_dict(), "ari_password": ari_password, "agents": passwords}, indent=2)
        + "\n",
    )
    if options.certificate is not None and options.private_key is not None:
        certificate, private_key = options.certificate.absolute(), options.private_key.absolute()
    else:
        certificate, private_key = certificate_choice.ensure(
            folders["keys"], name=f"hotline-{options.node}", external_address=options.external_address
        )
    trunk_authorities: Path | str = ""
    if options.outbound_trunk and options.trunk_transport == "tls":
        trunk_authorities = (options.trunk_authorities or certificate_choice.authorities()).absolute()
    accounts = tuple(SipAccount(name, passwords[name]) for name in options.agents)
    opus = has_opus(binary.modules)
    values: dict[str, Any] = {
        "folders": SimpleNamespace(**folders),
        "root": folder,
        "binary": _BinaryView(binary),
        "ports": ports,
        "ari_user": ARI_USER,
        "ari_password": ari_password,
        "sip_host": options.sip_host,
        "certificate": certificate,
        "private_key": private_key,
        "trunk_authorities": trunk_authorities,
        "opus": opus,
        "digests": ",".join(options.digests),
        "scanners": scanners_pattern(),
        "vitals_address": ASKED_FROM,
        "fallback_phones": fallback_variable(options.application),
        "full_house": FULL_HOUSE,
        "full_house_sounds": sounds_variable(options.application),
    }
    for name in (
        "hotline_number", "application", "node", "demo_anonymous", "loopback", "trunk_hosts", "outbound_trunk",
        "http_host", "external_address", "local_networks", "fallback", "extra_modules", "trunk_transport",
        "trunk_encrypted",
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
        profile=private_profile(
            options.application,
            binary.modules,
            loopback=options.loopback,
            rtp_timeout_s=options.rtp_timeout_s,
            digests=options.digests,
            transfers=options.transfers,
            encrypted=options.phones_encrypted,
        ),
    )


def kept_access(folder: Path) -> tuple[str, str, str] | None:
    """(ARI's address, user, password) of the private Asterisk in this folder; None: none was rendered there."""
    kept = _load_secrets(folder / "secrets.json")
    if not kept:
        return None
    return f"http://127.0.0.1:{Ports(**kept['ports']).http}/ari", ARI_USER, kept["ari_password"]


class _BinaryView:
    """What templates may ask of the Asterisk at hand."""

    def __init__(self, binary: AsteriskBinary) -> None:
        self.modules = binary.modules
        self.data = binary.data

    def has(self, module: str) -> bool:
        return (self.modules / module).is_file()


def _write_templates(etc: Path, values: Mapping[str, Any]) -> None:
    # Not where the Asterisk is somebody else's.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

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


def _make_folders(folder: Path) -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    folders = {name: folder / name for name in FOLDERS}
    if len(str(folders["run"] / "asterisk.ctl").encode()) > LONGEST_SOCKET_PATH:
        digest = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
        folders["run"] = Path(tempfile.gettempdir()) / f"hotline-{digest}"
    for path in (*folders.values(), *(folder / name for name in INSIDE)):
        path.mkdir(mode=0o700, exist_ok=True)
    if folders["run"].parent != folder:
        _check_ours(folders["run"])
    return folders


def _check_ours(run: Path) -> None:
    """Whoever has that folder has Asterisk, and beside others' files anybody could have made it before us."""
    found = run.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise AsteriskError(
            f"{run} is somebody else's: Asterisk's control socket cannot be there",
            mend="remove it, or choose a state_dir with a shorter path, where the socket fits",
        )
    run.chmod(0o700)


def _choose_ports(kept: Mapping[str, Any], folder: Path, options: RenderOptions) -> Ports:
    last_time = Ports(**kept["ports"]) if "ports" in kept else None
    if last_time is not None and read_mark(folder) is not None:
        # They are taken by this very Asterisk.
        return last_time
    wished = options.preferred_ports
    chosen = port_choice.choose(
        options.sip_host, options.http_host, rtp_count=options.rtp_count, preferred=last_time or wished
    )
    if options.loopback or wished is None:
        return chosen
    # The trunk, the telephones and the firewall know them: one that is taken is an error at the start, not another one.
    return replace(
        wished, sip=wished.sip or chosen.sip, sip_tls=wished.sip_tls or chosen.sip_tls, http=chosen.http
    )


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
