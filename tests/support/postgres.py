"""A private, throw-away Postgres for tests: one cluster for the session, a fresh database for each test.

    @pytest.mark.real
    async def test_x(database_url: str) -> None:      # postgresql+asyncpg://... of an empty database

The cluster lives in a folder of its own, listens on a unix socket there and nowhere else, and lets in whoever
can reach that socket (the folder's mode says who can). Postgres refuses to run as root: as root it runs as an
unprivileged user. It writes nothing through to the disk (`fsync=off`): it is thrown away anyway.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import asyncpg
import pytest

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
PORT = 5432
"""Only names the socket's file; nothing listens on the network."""
UNPRIVILEGED = ("postgres", "nobody")
OWNER = "hotline"

SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "timezone": "UTC",
}


@dataclass(slots=True)
class PrivatePostgres:
    """A running cluster. `url(name)` is SQLAlchemy's address of one of its databases."""

    folder: Path
    process: subprocess.Popen[bytes]
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://{OWNER}@/{database}?host={quote(str(self.folder))}&port={PORT}"

    def new_name(self) -> str:
        return f"test_{next(self._numbers)}"

    async def execute(self, statement: str) -> None:
        """Runs one statement in the database `postgres`."""
        connection = await asyncpg.connect(
            host=str(self.folder), port=PORT, user=OWNER, database="postgres", timeout=10
        )
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def create(self) -> str:
        """A new empty database: its name."""
        name = self.new_name()
        await self.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        return name

    async def drop(self, name: str) -> None:
        """Ends its connections and removes it."""
        await self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def stop(self) -> None:
        """Ends the server at once; connections are closed, nothing is kept."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PrivatePostgres]:
    """The session's cluster, started on first use."""
    # Not pytest's own folder: as root that one can be entered by root only. Short, for the socket's path.
    folder = Path(tempfile.mkdtemp(prefix="hotline-pg-"))
    try:
        running = start(folder)
        try:
            yield running
        finally:
            running.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def database_url(postgres: PrivatePostgres) -> AsyncIterator[str]:
    """An empty database of this test's own."""
    name = await postgres.create()
    yield postgres.url(name)
    await postgres.drop(name)


def start(folder: Path) -> PrivatePostgres:
    """Makes a cluster in `folder` and starts it; returns when it takes connections."""
    programs = server_programs()
    prefix = _as_unprivileged(folder)
    data = folder / "data"
    made = subprocess.run(
        [
            *prefix, str(programs / "initdb"), "--pgdata", str(data), "--username", OWNER, "--auth", "trust",
            "--encoding", "UTF8", "--locale", "C", "--no-sync",
        ],
        capture_output=True, text=True, check=False, timeout=60, cwd=folder,
    )  # fmt: skip
    if made.returncode != 0:
        raise RuntimeError(f"initdb failed: {made.stderr}")
    settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
    log = (folder / "server.log").open("wb")
    with log:
        process = subprocess.Popen(
            [
                *prefix, str(programs / "postgres"), "-D", str(data), "-k", str(folder), "-p", str(PORT), *settings,
            ],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, start_new_session=True,
        )  # fmt: skip
    running = PrivatePostgres(folder, process)
    try:
        _wait_ready(programs, folder, process)
    except BaseException:
        running.stop()
        raise
    return running


def server_programs() -> Path:
    """Debian's folder of the newest server's programs, else where PATH's `postgres` lies."""
    folders = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "postgres").exists()]
    if folders:
        return max(folders, key=lambda path: float(path.parent.name))
    on_path = shutil.which("postgres")
    if on_path is None:
        raise RuntimeError("no Postgres server on this machine: run `make setup`")
    return Path(on_path).resolve().parent


def _as_unprivileged(folder: Path) -> list[str]:
    """What goes before a command so that it does not run as root and dies with us."""
    command = ["setpriv", "--pdeathsig", "KILL"]
    if os.geteuid() != 0:
        return [*command, "--"]
    user = next((name for name in UNPRIVILEGED if _exists(name)), None)
    if user is None:
        raise RuntimeError(f"none of the users {UNPRIVILEGED} exists to run Postgres as")
    entry = pwd.getpwnam(user)
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    return [*command, f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups", "--"]


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _wait_ready(programs: Path, folder: Path, process: subprocess.Popen[bytes]) -> None:
    """Asks until it takes connections; waiting is waiting for its end, with a timeout."""
    deadline = time.monotonic() + START_TIMEOUT_S
    ask = [str(programs / "pg_isready"), "--quiet", "--host", str(folder), "--port", str(PORT)]
    while subprocess.run(ask, check=False, timeout=10).returncode != 0:
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            if time.monotonic() < deadline:
                continue
        raise RuntimeError(f"Postgres did not start:\n{(folder / 'server.log').read_text()}")
