"""What systemd hears from us: ready, alive as long as the event loop turns, stopping."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.service_manager import ServiceManager


@pytest.fixture(params=["file", "abstract"])
def heard(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """A socket as systemd opens it, and its address as it tells it."""
    abstract = request.param == "abstract"
    address = f"@hotline-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + address[1:] if abstract else address)
        listening.settimeout(20)
        yield listening, address


def test_ready_and_stopping_are_told(heard: tuple[socket.socket, str]) -> None:
    listening, address = heard
    manager = ServiceManager({"NOTIFY_SOCKET": address})
    manager.ready("takes calls\nREADY=0")
    assert listening.recv(1000) == b"READY=1\nSTATUS=takes calls READY=0", "no line of ours forges another"
    manager.status("300 calls")
    assert listening.recv(1000) == b"STATUS=300 calls"
    manager.instead()
    assert listening.recv(1000) == b"MAINPID=%d" % os.getpid(), (
        "the watchdog and the next stop are for us now"
    )
    manager.stopping()
    assert listening.recv(1000) == b"STOPPING=1"
    assert manager.is_there
    assert manager.watchdog_s == 0.0


async def test_signs_of_life_come_while_the_loop_turns(heard: tuple[socket.socket, str]) -> None:
    listening, address = heard
    manager = ServiceManager(
        {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "3000", "WATCHDOG_PID": str(os.getpid())}
    )
    assert manager.watchdog_s == 0.003
    async with manager.alive():
        for _ in range(3):
            assert await asyncio.to_thread(listening.recv, 1000) == b"WATCHDOG=1"
    names = [task.get_name() for task in asyncio.all_tasks()]
    assert "service manager told" not in names


async def test_without_systemd_nobody_is_told() -> None:
    environments: list[dict[str, str]] = [
        {},
        {"WATCHDOG_USEC": "3000000"},
        {"NOTIFY_SOCKET": "/nowhere/notify", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"},
    ]
    for environment in environments:
        manager = ServiceManager(environment)
        assert environment == {}, "no child of ours speaks for us"
        assert manager.watchdog_s == 0.0
        manager.ready()
        before = asyncio.all_tasks()
        async with manager.alive():
            assert asyncio.all_tasks() == before
