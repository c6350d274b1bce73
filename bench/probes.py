"""Calls that measure what a caller hears while the load runs: key let go -> first audio of the next prompt.

Measured on the RTP that arrives, by the pitch of the prompts (they are tones); the key is an RFC 4733 event, and
its time is that of its first end packet.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ivr.demo.lightphone import LightPhone
from ivr.demo.phone import PHONE_RATE, PhoneError
from ivr.demo.rtp import HeardPacket, decode

LISTEN_S: Final = (0.4, 0.9)
"""A caller listens so long before the key."""
PATIENCE_S: Final = 6.0
DOMINANT: Final = 0.6
FAINT: Final = 200.0


@dataclass(slots=True)
class Probed:
    """key_to_prompt_ms, post_dial_ms: one figure a call. failed: calls that did not reach the next prompt."""

    key_to_prompt_ms: list[float] = field(default_factory=list)
    post_dial_ms: list[float] = field(default_factory=list)
    failed: int = 0


async def probe(server: str, uri: str, *, callers: int, until_s: float, next_prompt_hz: float) -> Probed:
    """So many callers call again and again, until this time on the loop's clock."""
    found = Probed()
    async with asyncio.TaskGroup() as group:
        for number in range(callers):
            group.create_task(
                _caller(server, uri, number, until_s, next_prompt_hz, found), name=f"probe-{number}"
            )
    return found


async def _caller(server: str, uri: str, number: int, until_s: float, hz: float, found: Probed) -> None:
    chance = random.Random(number)
    loop = asyncio.get_running_loop()
    await asyncio.sleep(number * 0.07)  # not all in step
    while loop.time() < until_s:
        try:
            async with LightPhone(f"1390000{number:04d}", server, address="127.0.0.2") as phone:
                await phone.dial(uri)
                await phone.events.next("established", timeout=PATIENCE_S)
                await asyncio.sleep(chance.uniform(*LISTEN_S))
                await phone.send_digits("1")
                await phone.events.next("closed", timeout=PATIENCE_S)
                _note(phone, hz, found)
        except PhoneError:
            found.failed += 1


def _note(phone: LightPhone, hz: float, found: Probed) -> None:
    call = phone.call
    assert call is not None and call.answered_s is not None
    found.post_dial_ms.append((call.answered_s - call.invited_s) * 1000)
    released_s = call.media.key_released_s
    heard_s = first_heard(call.media.heard, hz)
    if released_s is None or heard_s is None:
        found.failed += 1
    else:
        found.key_to_prompt_ms.append((heard_s - released_s) * 1000)


def first_heard(packets: Sequence[HeardPacket], hz: float) -> float | None:
    """When the first packet arrived that is mostly this tone."""
    for packet in packets:
        samples = decode(packet.payload).astype(float)
        energy = float(np.sum(samples**2))
        if energy < len(samples) * FAINT**2:
            continue
        turn = np.exp(-2j * np.pi * hz / PHONE_RATE * np.arange(len(samples)))
        if abs(samples @ turn) ** 2 * 2 / len(samples) >= DOMINANT * energy:
            return packet.at_s
    return None
