"""What systemd is told: that we are ready, how we do, that we still live (sd_notify(3), Type=notify, WatchdogSec=).

Without systemd there is nobody to tell, and nothing is done.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Final

log = logging.getLogger(__name__)

SHARE: Final = 1 / 3
"""Of the watchdog's time passes between two signs of life."""


class ServiceManager:
    """environment: NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, as systemd sets them; taken out of it, since what is
    started by us (Asterisk can speak to systemd too) is not to answer for us."""

    def __init__(self, environment: MutableMapping[str, str] | None = None) -> None:
        given = os.environ if environment is None else environment
        self._address, every, process = (
            given.pop(name, "") for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
        )
        ours = self._address and process in ("", str(os.getpid()))
        self.watchdog_s = _seconds(every) if ours else 0.0
        """Without a sign of life for so long we are ended; 0.0: nobody looks."""

    @property
    def is_there(self) -> bool:
        """Somebody starts and watches us, and keeps what we print."""
        return bool(self._address)

    def ready(self, status: str = "") -> None:
        self._tell("READY=1", f"STATUS={status}" if status else "")

    def instead(self) -> None:
        """From now on this process is the service, in place of the one that it takes over from (NotifyAccess=all)."""
        self._tell(f"MAINPID={os.getpid()}")

    def status(self, status: str) -> None:
        """One line, as `systemctl status` shows it."""
        self._tell(f"STATUS={status}")

    def stopping(self) -> None:
        self._tell("STOPPING=1")

    @asynccontextmanager
    async def alive(self) -> AsyncIterator[None]:
        """While in the block, signs of life are given by the event loop: one that stands still gives none."""
        if not self.watchdog_s:
            yield
            return
        task = asyncio.create_task(self._live(), name="service manager told")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _live(self) -> None:
        while True:
            self._tell("WATCHDOG=1")
            await asyncio.sleep(self.watchdog_s * SHARE)

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        # An abstract socket is written with an @, and begins with a zero byte.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        message = "\n".join(line.replace("\n", " ") for line in lines if line)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as told:
                told.sendto(message.encode(), address)
        except OSError as error:
            log.warning("systemd is not told %s: %s", message.partition("\n")[0], error)


def _seconds(microseconds: str) -> float:
    return int(microseconds) / 1e6 if microseconds.isdigit() else 0.0
