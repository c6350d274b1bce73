"""The checks of this machine, in the order in which their findings are shown: `CHECKS`."""

from __future__ import annotations

import asyncio
import functools
import os
import platform
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from importlib import metadata
from pathlib import Path

import aiohttp
from sqlalchemy.engine import make_url

from asr import model_report
from asr.pool import WorkerPool
from asr.settings import PoolSettings
from ivr.admission.refusal import SAID
from ivr.adoption.lock import Holder, who_runs
from ivr.asterisk import locate, ports
from ivr.config import Settings
from ivr.doctor.examining import Check, Finding, Status
from ivr.errors import AsteriskError
from ivr.flow.prompt_text import PromptTextError
from ivr.prompts import texts
from ivr.prompts.catalogue import Folders, PromptCatalogue
from ivr.speech import remote_workers
from storage import migrate

LANGUAGES = ("zh", "en")
ARI_TIMEOUT_S = 5.0
WORKER_TIMEOUT_S = 8.0
DISK_NEEDED_BYTES = 2 << 30
DISK_LOW_BYTES = 10 << 30

TOOLS: tuple[tuple[str, str, str, Status], ...] = (
    # program, what it is for, Debian's package, how bad it is that it is missing
    ("openssl", "the certificate of SIP over TLS", "openssl", "fail"),
    ("setpriv", "ending Asterisk with its controller", "util-linux", "fail"),
    ("espeak-ng", "the stand-in voice", "espeak-ng", "warn"),
    ("sipp", "tests and benchmarks: SIP load", "sip-tester", "warn"),
    ("baresip", "tests and the demo: softphones", "baresip-core", "warn"),
    ("ffmpeg", "tests: audio", "ffmpeg", "warn"),
    ("sox", "tests: audio", "sox", "warn"),
    ("chromium", "tests: the pages in a browser", "chromium", "warn"),
)


async def check_python(settings: Settings) -> AsyncIterator[Finding]:
    yield Finding("python", "ok", f"{platform.python_version()} ({sys.executable})")
    missing = [name for name in await asyncio.to_thread(_requirements) if not _is_installed(name)]
    if missing:
        yield Finding("python packages", "fail", f"missing: {', '.join(missing)}", "run `make setup`")
    else:
        yield Finding("python packages", "ok", "all there")


async def check_asterisk(settings: Settings) -> AsyncIterator[Finding]:
    wanted = settings.asterisk
    if wanted.mode == "external":
        yield await _external_asterisk(settings)
        return
    try:
        binary = await asyncio.to_thread(locate.locate)
    except AsteriskError as error:
        yield Finding("asterisk", "fail", str(error), error.mend)
        return
    whose = "private" if binary.private else "the machine's own"
    yield Finding("asterisk", "ok", f"{binary.version_text}, {whose}, with its modules, prompts and music")


async def check_tools(settings: Settings) -> AsyncIterator[Finding]:
    for program, purpose, package, severity in TOOLS:
        where = shutil.which(program)
        if where is None:
            yield Finding(program, severity, f"not there; for {purpose}", f"apt-get install {package}")
        else:
            yield Finding(program, "ok", where)
    server = _postgres_server()
    if server is None:
        yield Finding("postgres server", "warn", "not there; for tests", "apt-get install postgresql")
    else:
        yield Finding("postgres server", "ok", server)


async def check_speech(settings: Settings) -> AsyncIterator[Finding]:
    if settings.speech.engine == "off":
        yield Finding("speech", "warn", "switched off: keys only", "speech.engine: auto")
        return
    if settings.speech.local_workers:
        preference = settings.speech.engines or None
        for name, good, detail, mend in await asyncio.to_thread(model_report.report, LANGUAGES, preference):
            yield Finding(name, "ok" if good else "warn", detail, mend)


async def check_speech_workers(settings: Settings) -> AsyncIterator[Finding]:
    """Those on other machines: are they there, and what do they understand?"""
    if settings.speech.engine == "off" or not settings.speech.workers:
        return
    remote = remote_workers(settings.speech)
    async with WorkerPool(PoolSettings(workers=0, remote=remote, ready_s=WORKER_TIMEOUT_S)) as pool:
        for worker in pool.state():
            name = f"speech worker {worker.name}"
            if worker.ready:
                engines = ", ".join(
                    f"{one['name']} for {'/'.join(one['languages'])}" for one in worker.engines
                )
                yield Finding(name, "ok", engines)
            else:
                mend = "is `ivr asr-worker` running there, and do address, token and certificate fit?"
                yield Finding(name, "fail", worker.trouble or "no answer", mend)


async def check_prompts(settings: Settings) -> AsyncIterator[Finding]:
    folder = settings.flows_dir / "prompts"
    try:
        library = texts.read(folder)
        load = functools.partial(PromptCatalogue.load, library, Folders.of(settings.flows_dir))
        catalogue = await asyncio.to_thread(load)
    except PromptTextError as error:
        yield Finding("prompts", "fail", str(error), "correct that text; `ivr check` shows the place")
        return
    if not library:
        yield Finding("prompts", "fail", f"no texts in {folder}", "name the right folder in flows_dir")
    for language in library:
        silent, stand_ins = catalogue.silent(language), catalogue.missing(language)
        name, count = f"prompts {language}", len(library[language])
        if silent:
            detail = f"{len(silent)} pieces have no audio, for example {silent[0].text!r}"
            yield Finding(name, "fail", detail, "run `ivr prompts render`")
        elif stand_ins:
            detail = f"{len(stand_ins)} pieces are spoken by the stand-in voice"
            yield Finding(name, "warn", detail, "run `ivr prompts render`")
        else:
            yield Finding(name, "ok", f"{count} prompts, all with audio")
        missing = [prompt for prompt in SAID if not library[language].get(prompt)]
        if missing:
            detail = f"who is refused does not hear {', '.join(missing)}: there is no text"
            yield Finding(name, "warn", detail, f"write it in {folder}/{language}.yaml")


async def check_database(settings: Settings) -> AsyncIterator[Finding]:
    address = settings.effective_database_url
    url = make_url(address)
    shown = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and not _exists(url.database):
        yield Finding("database", "ok", f"{shown}: made at the first start")
        return
    has, needs = await migrate.status(address)
    if has == needs:
        yield Finding("database", "ok", f"{shown}, revision {has}")
    else:
        yield Finding("database", "warn", f"{shown} is at {has}, needed is {needs}", "run `ivr migrate`")


async def check_ports(settings: Settings) -> AsyncIterator[Finding]:
    stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
    wanted, web = settings.asterisk, settings.web
    running = await asyncio.to_thread(who_runs, settings.state_dir)
    if wanted.mode == "private":
        host = "127.0.0.1" if wanted.loopback else "0.0.0.0"
        mend = f"another one is chosen at the start; `ss -lntup | grep :{wanted.sip_port}` says who has it"
        free = ports.is_free(wanted.sip_port, host, (datagram, stream))
        yield _port("port for SIP", wanted.sip_port, free, running, mend)
    if web.enabled and web.port:
        free = ports.is_free(web.port, web.host, (stream,))
        yield _port("port for pages", web.port, free, running, "choose another: web.port")


def _port(name: str, port: int, free: bool, running: Holder | None, mend: str) -> Finding:
    """running: the controller of this state directory, which has the ports of these settings."""
    if free:
        return Finding(name, "ok", f"{port} is free")
    if running is not None:
        return Finding(name, "ok", f"{port} is in use, and this hotline runs: {running}")
    return Finding(name, "warn", f"{port} is taken by another program", mend)


async def check_disk(settings: Settings) -> AsyncIterator[Finding]:
    for name, folder in (("state", settings.state_dir), ("cache", locate.cache_folder())):
        there = _nearest(folder.absolute())
        free = shutil.disk_usage(there).free
        text = f"{folder}: {free / (1 << 30):.1f} GB free"
        if not os.access(there, os.W_OK):
            yield Finding(
                f"disk {name}", "fail", f"{folder}: not writable", "give this user the right to write there"
            )
        elif free < DISK_NEEDED_BYTES:
            yield Finding(f"disk {name}", "fail", text, "make room: recordings and logs need it")
        elif free < DISK_LOW_BYTES:
            yield Finding(f"disk {name}", "warn", text, "make room soon")
        else:
            yield Finding(f"disk {name}", "ok", text)


async def _external_asterisk(settings: Settings) -> Finding:
    wanted = settings.asterisk
    login = aiohttp.encode_basic_auth(wanted.username, wanted.password.get_secret_value())
    timeout = aiohttp.ClientTimeout(total=ARI_TIMEOUT_S)
    url = f"{wanted.ari_url}/asterisk/info"
    try:
        async with (
            aiohttp.ClientSession(headers={"Authorization": login}, timeout=timeout) as session,
            session.get(url, params={"only": "system"}) as response,
        ):
            if response.status == 401:
                return Finding("asterisk", "fail", f"{url} refuses the password", "correct asterisk.password")
            if response.status != 200:
                return Finding(
                    "asterisk", "fail", f"{url} answers {response.status}", "is that Asterisk's ARI?"
                )
            version = (await response.json())["system"]["version"]
    except (aiohttp.ClientError, TimeoutError, KeyError, ValueError) as error:
        return Finding(
            "asterisk", "fail", f"{url}: {error or 'no answer'}", "start it, or correct asterisk.ari_url"
        )
    return Finding("asterisk", "ok", f"{version} at {wanted.ari_url}")


def _requirements() -> list[str]:
    """The names that this project itself depends on, without its extras."""
    wanted = metadata.requires("open-hotline") or []
    plain = [line for line in wanted if "extra ==" not in line]
    return [line.split(";")[0].split("[")[0].split("=")[0].rstrip("<>!~ ").split(" ")[0] for line in plain]


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _postgres_server() -> str | None:
    """Debian keeps servers off PATH, one folder a version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return str(found[-1]) if found else shutil.which("postgres")


def _exists(database: str | None) -> bool:
    """Whether SQLite's file is there: connecting would make it."""
    return database is not None and Path(database).exists()


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(path for path in (folder, *folder.parents) if path.exists())


CHECKS: tuple[Check, ...] = (
    check_python,
    check_asterisk,
    check_tools,
    check_speech,
    check_speech_workers,
    check_prompts,
    check_database,
    check_ports,
    check_disk,
)
