"""Finds the Asterisk to run: the one on PATH when it is new enough, else the private one in the cache.

Standard library only: `scripts/install_asterisk.py` and `scripts/setup.py` use this file before any virtual
environment exists.

A private Asterisk is a Debian system unpacked into a folder (decision 0010). Its programs need the libraries
of that folder, so they are started through that folder's own loader: `ld-linux --library-path LIBS asterisk`.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ivr.errors import AsteriskError

Version = tuple[int, int, int]

MINIMUM: Version = (22, 10, 1)
"""Older ones lack the fixed chan_websocket and keep the deadlocks #1907, #1928 and #1936."""

_MULTIARCH = {
    # machine name -> (Debian's library folder, the loader's path inside the unpacked system)
    "x86_64": ("x86_64-linux-gnu", "usr/lib64/ld-linux-x86-64.so.2"),
    "aarch64": ("aarch64-linux-gnu", "usr/lib/ld-linux-aarch64.so.1"),
}

REQUIRED_MODULES = (
    "app_dial.so", "app_playback.so", "app_queue.so", "app_record.so", "app_stasis.so", "bridge_holding.so",
    "bridge_softmix.so", "chan_pjsip.so", "chan_rtp.so", "chan_websocket.so", "codec_alaw.so", "codec_g722.so",
    "codec_ulaw.so", "format_pcm.so", "format_sln.so", "format_wav.so", "res_ari_channels.so",
    "res_ari_events.so", "res_musiconhold.so", "res_pjsip.so", "res_rtp_asterisk.so", "res_srtp.so",
    "res_stasis_snoop.so", "res_timing_timerfd.so",
)  # fmt: skip
"""What the hotline cannot do without; the whole list to load is in `asterisk-config/modules.conf.j2`."""

REQUIRED_SOUNDS = (
    "beep",
    "ss-noservice",
    "vm-intro",
    "vm-goodbye",
    "queue-thankyou",
    "digits/1",
    "silence/1",
)
"""What the dialplan of `asterisk-config/` plays by itself, below `sounds/en`."""

_MEND = "run `make setup` (it calls scripts/install_asterisk.py)"


@dataclass(frozen=True, slots=True)
class AsteriskBinary:
    """An Asterisk that can be started with `[*argv, "-C", CONFIG, "-f"]`.

    argv: the program with what must stand before it (loader and library path).
    modules, data: its `astmoddir` and `astdatadir` (`data/sounds/en`, `data/moh`, `data/rest-api`).
    private: it is the one in the cache, not one that the machine has.
    """

    argv: tuple[str, ...]
    modules: Path
    data: Path
    version: Version
    private: bool

    @property
    def version_text(self) -> str:
        return ".".join(map(str, self.version))


def cache_folder(environment: Mapping[str, str] | None = None) -> Path:
    """Where everything that outlives a checkout is kept: `IVR_CACHE`, else the user's cache folder."""
    environment = os.environ if environment is None else environment
    chosen = environment.get("IVR_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    base = environment.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "open-hotline"


def locate(
    cache: Path | None = None, *, path: str | None = None, minimum: Version = MINIMUM
) -> AsteriskBinary:
    """The Asterisk to use. `path`: as the environment's PATH. Raises AsteriskError when there is none."""
    found: list[str] = []
    on_path = shutil.which("asterisk", path=path)
    if on_path is not None:
        try:
            binary = inspect_installed(Path(on_path))
            if binary.version >= minimum:
                return binary
            found.append(f"{on_path} is {binary.version_text}")
        except AsteriskError as error:
            found.append(f"{on_path}: {error}")
    best = newest_private((cache_folder() if cache is None else cache) / "asterisk", found)
    if best is not None and best.version >= minimum:
        return best
    if best is not None:
        found.append(f"the private one is {best.version_text}")
    wanted = ".".join(map(str, minimum))
    seen = f" ({'; '.join(found)})" if found else ""
    raise AsteriskError(f"no Asterisk of version {wanted} or newer{seen}", mend=_MEND)


def newest_private(folder: Path, complaints: list[str]) -> AsteriskBinary | None:
    """The newest usable private Asterisk below `folder`; why others are not is added to `complaints`."""
    candidates: list[AsteriskBinary] = []
    for root in sorted(folder.glob("*/")):
        # A name that begins with a dot is an installation under way.
        if root.name.startswith("."):
            continue
        try:
            candidates.append(inspect_private(root))
        except AsteriskError as error:
            complaints.append(str(error))
    return max(candidates, key=lambda binary: binary.version, default=None)


def private_argv(root: Path) -> tuple[str, ...]:
    """How to start the Asterisk that was unpacked into `root`."""
    libraries, loader = _architecture()
    return (
        str(root / loader),
        "--library-path",
        str(root / "usr/lib" / libraries),
        str(root / "usr/sbin/asterisk"),
    )


def inspect_private(root: Path) -> AsteriskBinary:
    """The Asterisk unpacked into `root`, verified. Raises AsteriskError naming what is missing."""
    libraries, _ = _architecture()
    return _verified(
        private_argv(root),
        modules=root / "usr/lib" / libraries / "asterisk/modules",
        data=root / "usr/share/asterisk",
        private=True,
    )


def inspect_installed(program: Path) -> AsteriskBinary:
    """An Asterisk that the machine has, with its folders found where packages put them."""
    libraries, _ = _architecture()
    prefix = program.resolve().parent.parent
    modules = _first_with(
        "chan_pjsip.so",
        (
            prefix / "lib/asterisk/modules",
            prefix / "lib" / libraries / "asterisk/modules",
            prefix / "lib64/asterisk/modules",
        ),
    )
    data = _first_with("sounds/en", (prefix / "share/asterisk", Path("/var/lib/asterisk")))
    return _verified((str(program),), modules=modules, data=data, private=False)


def read_version(argv: tuple[str, ...]) -> Version:
    """What `asterisk -V` says: "Asterisk 22.10.1+dfsg..." -> (22, 10, 1)."""
    try:
        answer = subprocess.run([*argv, "-V"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AsteriskError(f"{argv[-1]} does not start: {error}", mend=_MEND) from error
    match = re.search(r"Asterisk (?:certified/)?(\d+)\.(\d+)(?:\.(\d+))?", answer.stdout)
    if match is None:
        said = (answer.stderr or answer.stdout).strip()[:200]
        raise AsteriskError(f"{argv[-1]} does not say its version: {said!r}", mend=_MEND)
    major, minor, patch = match.groups(default="0")
    return int(major), int(minor), int(patch)


def missing_parts(modules: Path, data: Path) -> list[str]:
    """Required modules, prompts, music and descriptions that are not there."""
    missing = [str(modules / name) for name in REQUIRED_MODULES if not (modules / name).is_file()]
    sounds = data / "sounds/en"
    missing += [str(sounds / name) for name in REQUIRED_SOUNDS if not any(sounds.glob(f"{name}.*"))]
    if not any((data / "moh").glob("*.*")):
        missing.append(str(data / "moh"))
    if not (data / "rest-api/resources.json").is_file():
        missing.append(str(data / "rest-api/resources.json"))
    return missing


def _verified(argv: tuple[str, ...], *, modules: Path, data: Path, private: bool) -> AsteriskBinary:
    missing = missing_parts(modules, data)
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise AsteriskError(f"{argv[-1]} lacks {', '.join(missing[:3])}{more}", mend=_MEND)
    return AsteriskBinary(argv, modules, data, read_version(argv), private)


def _architecture() -> tuple[str, str]:
    machine = platform.machine()
    if machine not in _MULTIARCH:
        raise AsteriskError(
            f"no private Asterisk for a {machine} machine",
            mend="put an `asterisk` of version 22.10.1 or newer on PATH",
        )
    return _MULTIARCH[machine]


def _first_with(name: str, folders: tuple[Path, ...]) -> Path:
    return next((folder for folder in folders if (folder / name).exists()), folders[0])
