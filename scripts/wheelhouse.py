"""Installs the pinned Python packages through a folder of downloaded ones that outlives the checkout.

Every file is checked against the hashes of the lock, on download and again on installation. Source packages
are built with the pinned setuptools of `scripts/build.lock`, never with whatever is newest that day; its newer pip
reads the index in half the time.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

PARALLEL = 2
"""Downloads at once: most of the time goes into reading the index, one processor each."""
ATTEMPTS = 3

PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet")
PINNED = ("--require-hashes", "--no-deps", "--no-build-isolation", "--progress-bar", "off")


class InstallFailed(Exception):
    """pip failed; the text has the last lines of its log."""


def install(*, python: Path, build_lock: Path, lock: Path, project: Path, house: Path, log: Path) -> None:
    """Everything of both locks, and the project itself in development mode, into `python`'s environment."""
    house.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    with _only_one(house / ".lock"):
        _fetch(python, build_lock, house, log, parts=1)
        _from_house(python, build_lock, house, log)
        _fetch(python, lock, house, log, parts=PARALLEL)
    try:
        _from_house(python, lock, house, log)
    except InstallFailed:
        # A file may have been cut short or removed: look at each of them again, once.
        with _only_one(house / ".lock"):
            _marker(house, lock).unlink(missing_ok=True)
            _fetch(python, lock, house, log, parts=PARALLEL)
        _from_house(python, lock, house, log)
    _pip(
        [str(python), *PIP, "install", "--no-deps", "--no-build-isolation", "--no-index", "-e", str(project)],
        log,
    )


def split_lock(text: str, parts: int) -> list[str]:
    """The lock's requirements dealt out to `parts` locks. A requirement's hashes stay with it."""
    blocks: list[list[str]] = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0].isspace() and blocks:
            blocks[-1].append(line)
        else:
            blocks.append([line])
    dealt = [blocks[number::parts] for number in range(parts)]
    return ["\n".join("\n".join(block) for block in blocks) + "\n" for blocks in dealt if blocks]


def _fetch(python: Path, lock: Path, house: Path, log: Path, *, parts: int) -> None:
    """Downloads what the house lacks; nothing is asked of the network when it was complete before."""
    marker = _marker(house, lock)
    if marker.exists():
        return
    work = Path(tempfile.mkdtemp(prefix=".part-", dir=house))
    try:
        commands = []
        for number, text in enumerate(split_lock(lock.read_text(), parts)):
            part = work / f"{number}.lock"
            part.write_text(text)
            commands.append(
                [str(python), *PIP, "download", *PINNED, "--no-cache-dir", "--find-links", str(house),
                 "--dest", str(house), "-r", str(part)]
            )  # fmt: skip
        for attempt in range(1, ATTEMPTS + 1):
            try:
                _together(commands, log)
                break
            except InstallFailed:
                if attempt == ATTEMPTS:
                    raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    marker.touch()


def _from_house(python: Path, lock: Path, house: Path, log: Path) -> None:
    """Without the network. Byte code is left to the first import of each module: most are never imported."""
    _pip(
        [str(python), *PIP, "install", *PINNED, "--no-compile", "--no-index", "--find-links", str(house),
         "-r", str(lock)],
        log,
    )  # fmt: skip


def _marker(house: Path, lock: Path) -> Path:
    return house / f".complete-{hashlib.sha256(lock.read_bytes()).hexdigest()[:24]}"


def _pip(command: Sequence[str], log: Path) -> None:
    _together([command], log)


def _together(commands: Sequence[Sequence[str]], log: Path) -> None:
    # Settings of the machine may name more folders and indexes; the hashes decide what is taken.
    environment = {**os.environ, "PIP_NO_WARN_SCRIPT_LOCATION": "1"}
    with log.open("ab") as output:
        children = [
            subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment)
            for command in commands
        ]
        codes = [child.wait() for child in children]
    if any(codes):
        lines = [
            line for line in log.read_text(errors="replace").splitlines() if not line.startswith("WARNING")
        ]
        last = "\n  ".join(lines[-8:])
        raise InstallFailed(
            f"pip failed; check that the package registry can be reached. The log is {log}:\n  {last}"
        )


@contextlib.contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
