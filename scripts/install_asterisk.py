"""Puts a private Asterisk into the cache, or says that one is there already. Needs only Python and mmdebstrap.

    python3 scripts/install_asterisk.py [--force] [--quiet]

Asterisk and the libraries it needs come from a Debian suite that has a new enough one and are unpacked, not
installed: nothing of the machine changes, and running it needs no root rights (decision 0010).
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

# Runs before the project is installed anywhere, so its packages are found beside this folder.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ivr.asterisk.locate import (
    AsteriskBinary,
    cache_folder,
    inspect_private,
    locate,
)
from ivr.errors import AsteriskError

SUITE = "forky"
PACKAGES = ("asterisk", "asterisk-core-sounds-en-wav", "asterisk-moh-opsound-wav")
RECIPE = 1
"""Raised when what is unpacked or pruned changes, so that caches of before are not taken for it."""
KEY = f"{SUITE}-{RECIPE}"

ATTEMPTS = 3
"""A download can break off half way."""

NOT_NEEDED = (
    "dev", "etc", "tmp", "var", "usr/bin", "usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale",
    "usr/share/perl", "usr/share/perl5", "usr/share/lintian", "usr/share/gnupg", "usr/share/snmp",
    "usr/share/zoneinfo", "usr/share/alsa", "usr/lib/gnupg", "usr/share/asterisk/documentation/thirdparty",
    "usr/share/asterisk/firmware", "usr/share/asterisk/phoneprov",
)  # fmt: skip
"""Folders of the unpacked system that Asterisk does not read when all its own folders are named by us."""
NOT_NEEDED_LIBRARIES = ("perl", "perl-base", "gconv", "libcodec2.so*", "libperl.so*")
"""Large libraries for modules that are never loaded (`autoload=no`)."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--force", action="store_true", help="unpack anew even if one is there")
    parser.add_argument("--quiet", action="store_true", help="say only what goes wrong")
    options = parser.parse_args()
    try:
        binary = ensure(force=options.force, quiet=options.quiet)
    except AsteriskError as error:
        print(f"asterisk: {error}\n  mend: {error.mend}", file=sys.stderr)
        return 1
    if not options.quiet:
        place = binary.modules if not binary.private else binary.argv[-1]
        print(f"asterisk: {binary.version_text} ({place})")
    return 0


def ensure(*, force: bool = False, quiet: bool = False) -> AsteriskBinary:
    """An Asterisk that is new enough: the one at hand, else one unpacked now. Raises AsteriskError."""
    if not force:
        with contextlib.suppress(AsteriskError):
            return locate()
    home = cache_folder() / "asterisk"
    home.mkdir(parents=True, exist_ok=True)
    with _only_one(home / ".lock", quiet=quiet):
        if not force:
            # The other set-up we waited for may have done it.
            with contextlib.suppress(AsteriskError):
                return locate()
        _unpack(home, quiet=quiet)
    return locate()


def _unpack(home: Path, *, quiet: bool) -> None:
    """Unpacks beside the final place and renames, so that a broken-off run never looks finished."""
    program = _mmdebstrap()
    _remove_leftovers(home)
    started = time.monotonic()
    if not quiet:
        print(
            f"asterisk: unpacking a private one from Debian's {SUITE} (about half a minute) ...", flush=True
        )
    work = Path(tempfile.mkdtemp(prefix=".new-", dir=home))
    root = work / "root"
    log = home / "install.log"
    for attempt in range(1, ATTEMPTS + 1):
        if _fetch(program, root, log):
            break
        shutil.rmtree(root, ignore_errors=True)
        if attempt == ATTEMPTS:
            shutil.rmtree(work, ignore_errors=True)
            last = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
            raise AsteriskError(
                f"mmdebstrap failed {ATTEMPTS} times:\n{last}",
                mend=f"check that Debian's packages can be reached; the whole log is {log}",
            )
        print(f"asterisk: attempt {attempt} of {ATTEMPTS} failed, trying again", file=sys.stderr, flush=True)
    _make_usable(root)
    _prune(root)
    binary = inspect_private(root)
    facts = {"version": binary.version_text, "suite": SUITE, "packages": PACKAGES, "recipe": RECIPE}
    (root / "manifest.json").write_text(json.dumps(facts, indent=2) + "\n")
    # As root, mkdtemp's 0700 would keep other users of a shared cache out.
    root.chmod(0o755)
    final = home / KEY
    if final.exists():
        # Moved aside, not removed in place: an Asterisk that runs from it keeps its open files.
        final.rename(work / "old")
    root.rename(final)
    shutil.rmtree(work, ignore_errors=True)
    if not quiet:
        print(f"asterisk: unpacked in {time.monotonic() - started:.0f} s", flush=True)


def _fetch(program: str, root: Path, log: Path) -> bool:
    command = [
        program,
        "--variant=extract",
        "--components=main",
        # The machine's clock or a mirror's age must not decide whether the set-up works.
        '--aptopt=Acquire::Check-Valid-Until "false"',
        '--aptopt=Apt::Install-Recommends "false"',
        '--aptopt=Acquire::Retries "3"',
        "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        f"--include={','.join(PACKAGES)}",
        SUITE,
        str(root),
    ]
    with log.open("wb") as output:
        return subprocess.run(command, stdout=output, stderr=output, check=False).returncode == 0


def _make_usable(root: Path) -> None:
    """Does what the packages' own scripts would have done, had they run."""
    sounds = root / "usr/share/asterisk/sounds"
    voices = sorted(folder.name for folder in sounds.glob("en_US_*") if folder.is_dir())
    if not voices:
        raise AsteriskError(
            f"no English prompts came with the packages ({sounds})", mend="run it with --force"
        )
    english = sounds / "en"
    # Without this link every `sound:` plays in silence and still ends as if it had been heard.
    if not english.exists():
        english.symlink_to(voices[0])
    for link in sounds.iterdir():
        # Links to folders of an installed system point to nothing here.
        if link.is_symlink() and not link.exists():
            link.unlink()


def _prune(root: Path) -> None:
    for name in NOT_NEEDED:
        shutil.rmtree(root / name, ignore_errors=True)
    for folder in (root / "usr/lib").glob("*-linux-gnu"):
        for pattern in NOT_NEEDED_LIBRARIES:
            for path in folder.glob(pattern):
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()


def _mmdebstrap() -> str:
    found = shutil.which("mmdebstrap")
    if found:
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("asterisk: installing mmdebstrap", flush=True)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (
            ["apt-get", "update"],
            ["apt-get", "install", "-y", "--no-install-recommends", "mmdebstrap"],
        ):
            subprocess.run(command, env=environment, check=False, **quiet)
        found = shutil.which("mmdebstrap")
        if found:
            return found
    raise AsteriskError(
        "mmdebstrap is not installed",
        mend="sudo apt-get install --no-install-recommends mmdebstrap (or put an asterisk >= 22.10.1 on PATH)",
    )


def _remove_leftovers(home: Path) -> None:
    """What a set-up that was killed left behind; we hold the lock, so nobody is at work there."""
    for leftover in home.glob(".new-*"):
        shutil.rmtree(leftover, ignore_errors=True)


@contextlib.contextmanager
def _only_one(lock: Path, *, quiet: bool) -> Iterator[None]:
    """Two set-ups at once: the second waits for the first. The lock ends with its process."""
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not quiet:
                print("asterisk: another set-up is at it, waiting ...", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main())
