"""`ivr asr-worker`: speech recognition for controllers on other machines."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import socket
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from asr.settings import WorkerSettings, settings_for
from asr.worker import loop_factory, serve
from ivr import log as house_log
from ivr.errors import ConfigError
from ivr.service_manager import ServiceManager
from ivr.speech import is_loopback, port_range, read_token

log = logging.getLogger(__name__)


class LogStyle(StrEnum):
    text = "text"
    json = "json"


START_AGAIN: Final = 75
"""Exit code when it should be started again: it has grown and nobody is listened to."""


def asr_worker(
    token_file: Annotated[
        Path, typer.Option(help="File with the secret that controllers show.", metavar="FILE")
    ],
    listen: Annotated[
        str, typer.Option(help="Where controllers reach it.", metavar="HOST:PORT")
    ] = "127.0.0.1:8790",
    media_host: Annotated[
        str, typer.Option(help="This machine's address for audio; else that of --listen.", metavar="HOST")
    ] = "",
    media_ports: Annotated[
        str, typer.Option(help="UDP ports for audio; else any free one.", metavar="FIRST-LAST")
    ] = "",
    tls_certificate: Annotated[
        Path | None, typer.Option(help="PEM file: encrypts what is heard.", metavar="FILE")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(help="PEM file, where it is not in the certificate's.", metavar="FILE")
    ] = None,
    allow_plain: Annotated[
        bool, typer.Option(help="Listen beyond this machine without a certificate.")
    ] = False,
    languages: Annotated[
        str, typer.Option(help="Only these; else all that the models here know.", metavar="zh,en")
    ] = "zh,en",
    threads: Annotated[int, typer.Option(help="0: one a core.", min=0)] = 0,
    max_streams: Annotated[
        int, typer.Option(help="Callers at once, even if it could serve more.", min=1)
    ] = 64,
    longest_wait_s: Annotated[
        float, typer.Option(help="A caller who may have to wait longer is refused.", min=0.1)
    ] = 3.0,
    growth_mb: Annotated[
        float,
        typer.Option(help=f"Ends with code {START_AGAIN} when it has grown by more and is idle.", min=1),
    ] = 600.0,
    traces: Annotated[
        str, typer.Option(help="Collector for traces of calls, OTLP over HTTP; else none.", metavar="URL")
    ] = "",
    traces_share: Annotated[
        float, typer.Option(help="Of the calls: as the controllers have it.", min=0, max=1)
    ] = 1.0,
    log_style: Annotated[LogStyle, typer.Option(help="Of the log.")] = LogStyle.text,
) -> None:
    """Recognise speech for controllers on other machines, until Ctrl-C."""
    house_log.setup("INFO", log_style.value, socket.gethostname())
    host, port = _address(listen)
    if tls_certificate is None and not (is_loopback(host) or allow_plain):
        raise ConfigError(
            f"--listen {listen}: what callers say would cross the network unencrypted",
            mend="give it a certificate by --tls-certificate, or --allow-plain where nobody else is in that network",
        )
    if not media_host and _is_any(host):
        raise ConfigError(
            f"--listen {listen} is every address of this machine, and audio needs one",
            mend="name the one that Asterisk reaches by --media-host",
        )
    settings = _with_models(languages, threads, max_streams)
    settings = replace(
        settings,
        host=host,
        port=port,
        media_host=media_host or host,
        media_ports=_ports(media_ports),
        longest_wait_s=longest_wait_s,
        nice=0,
        tls_certificate=str(tls_certificate or ""),
        tls_key=str(tls_key or ""),
        token=read_token(token_file),
        traces=traces,
        traces_share=traces_share,
    )
    asked_to_stop = _serve(settings, growth_mb)
    sys.stdout.flush()
    # Engine threads may be deep in a decoding nobody waits for: do not wait for it either.
    os._exit(0 if asked_to_stop else START_AGAIN)


def _serve(settings: WorkerSettings, growth_mb: float) -> bool:
    # Loads the engines' libraries: only now that everything else is right.
    from asr.service import Worker

    log.info("loading %s", ", ".join(spec.name for spec in settings.engines))
    try:
        worker, manager = Worker(settings), ServiceManager()
    except ImportError as error:
        raise ConfigError(
            str(error), mend="pip install 'open-hotline[traces]', or leave --traces out"
        ) from error

    def ready(port: int) -> None:
        manager.ready(f"serves on port {port}")
        scheme = "wss" if settings.tls_certificate else "ws"
        typer.echo(f"ready: {scheme}://{settings.host}:{port}, audio to {settings.media_host}")
        sys.stdout.flush()

    async def served() -> bool:
        async with manager.alive():
            return await serve(worker, growth_mb, ready)

    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(served())
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"the speech worker cannot listen: {error}", mend="correct --listen or the certificate"
        ) from error


def _with_models(languages: str, threads: int, max_streams: int) -> WorkerSettings:
    wanted = [language.strip() for language in languages.split(",") if language.strip()]
    found = settings_for(wanted, threads=threads, max_streams=max_streams)
    if found is None:
        raise ConfigError("no speech model is installed here", mend="run `ivr models fetch`")
    return found.worker


def _address(written: str) -> tuple[str, int]:
    host, _, port = written.rpartition(":")
    host = host.strip("[]")
    try:
        socket.getaddrinfo(host, int(port))
    except (ValueError, OSError) as error:
        raise ConfigError(
            f"--listen {written}: {error}", mend="write HOST:PORT, for example 10.0.0.7:8790"
        ) from error
    return host, int(port)


def _is_any(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _ports(written: str) -> tuple[int, int] | None:
    try:
        return port_range(written)
    except ValueError as error:
        raise ConfigError(f"--media-ports: {error}", mend="for example --media-ports 20000-20100") from error
