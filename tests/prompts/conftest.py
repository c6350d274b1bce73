"""Fixtures of the prompts room: the session's real Asterisk, and a folder of texts and audio made for a test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ivr.prompts import audio
from ivr.prompts.catalogue import Folders
from tests.support.asterisk import asterisk, asterisk_binary, asterisk_session

__all__ = ["asterisk", "asterisk_binary", "asterisk_session", "eventually", "folders", "tone"]


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """Empty: nothing shipped, nothing recorded, nothing cached."""
    return Folders(tmp_path / "audio", tmp_path / "recordings", tmp_path / "cache")


def tone(hz: float, seconds: float = 1.0, rate: int = audio.SHELF_RATE) -> audio.Samples:
    turns = np.arange(round(seconds * rate)) * hz / rate
    return (np.sin(2 * np.pi * turns) * 0.4).astype(np.float32)


async def eventually(holds: Callable[[], bool]) -> None:
    """Lets others work until it holds; fails after half a minute."""
    for _ in range(6000):
        if holds():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came to hold")
