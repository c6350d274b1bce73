"""`ivr asterisk-watch`: looks at an Asterisk that is somebody else's, and ends when it is frozen.

It can end nothing itself: whoever started this command knows by its exit code (`deploy/systemd`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
from yarl import URL

from ivr import log as house_log
from ivr.asterisk.vitals import ANSWER_S, Ask, Sign, http_answers, sip_answers, until_frozen
from ivr.config import AsteriskSettings, load_settings

log = logging.getLogger(__name__)

ASKED_ALWAYS: Final[tuple[Sign, ...]] = ("http",)
"""By it is known whether there is an Asterisk at all."""
FROZEN: Final = 3
"""Exit code: a part of it has not answered for `asterisk.frozen_s`."""


def asterisk_watch(
    config: Annotated[Path | None, typer.Option("--config", help="The settings file.")] = None,
) -> None:
    """Watch an Asterisk that has a unit of its own; ends with code 3 when it is frozen."""
    settings = load_settings(config, asterisk={"mode": "external"})
    house_log.setup(settings.log_level, settings.log_style, socket.gethostname())
    with contextlib.suppress(KeyboardInterrupt):
        log.critical("Asterisk is frozen: %s", asyncio.run(watch(settings.asterisk)))
        raise typer.Exit(FROZEN)


async def watch(settings: AsteriskSettings) -> str:
    """Until it is frozen: why. One that does not run at all, or is being started, is none of this."""
    url = URL(settings.ari_url)
    host, port = url.host or "127.0.0.1", url.port or 80
    there = False

    async def http() -> bool | None:
        nonlocal there
        listens = await _listens(host, port)
        if listens is None:
            return None
        there = listens
        return there and await http_answers(
            settings.ari_url.rstrip("/"),
            settings.username,
            settings.password.get_secret_value(),
            settings.app,
        )

    asks: dict[Sign, Ask] = {"http": http, "sip": partial(sip_answers, host, settings.sip_port)}
    return await until_frozen(settings.frozen_s, asks, runs=lambda: there, always=ASKED_ALWAYS)


async def _listens(host: str, port: int) -> bool | None:
    """False: refused, so that there is no such process. One that is frozen still holds its ports. None: not known (no
    more files, no such name now)."""
    try:
        async with asyncio.timeout(ANSWER_S):
            _, writer = await asyncio.open_connection(host, port)
    except ConnectionRefusedError:
        return False
    except TimeoutError:
        return True
    except OSError as error:
        log.warning("not known whether there is an Asterisk: %s", error)
        return None
    writer.close()
    return True
