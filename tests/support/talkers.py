"""Citizens who speak, several at once: what each call's dialogue made of it, by its journal."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ivr.demo.sayings import SAYINGS
from tests.support.audio import PHONE_RATE, Samples
from tests.support.citizens import Caller, Scene

OVERLOADED = "'overloaded'"
"""Found in what an AssertionError of a Talker says, when its call was not listened to for want of time."""

PATIENCE_S = 80.0
"""A busy machine recognises slowly; the machine's pace is not what these tests are about."""


@dataclass(slots=True)
class Talker:
    """One citizen on the line. keys: pressed at once, to get to the question that the test is about."""

    scene: Scene
    phone: Caller
    call: str
    came_by: list[str] = field(default_factory=list)

    @classmethod
    async def at(cls, scene: Scene, keys: str, node: str) -> Talker:
        """Called, and brought to that node by keys."""
        phone = await scene.citizen()
        (session,) = [each for each in scene.hotline.front_door.registry if each.facts.caller == phone.user]
        talker = cls(scene, phone, session.call)
        if keys:
            await phone.send_digits(keys)
        await talker.until(node)
        return talker

    @property
    def node(self) -> str:
        """Where the dialogue stands, "" when the call is over."""
        found = [each.node for each in self.scene.hotline.front_door.registry if each.call == self.call]
        return found[0] if found else ""

    async def until(self, *nodes: str, timeout_s: float = PATIENCE_S) -> str:
        """Until the dialogue stands at one of these."""
        try:
            await self.scene.until(lambda: self.node in nodes, f"{self.call} at {nodes}", timeout_s)
        except AssertionError as error:
            raise AssertionError(f"{error}; at {self.node}; heard {await self._heard()}") from None
        return self.node

    async def says(self, *sayings: str | Samples) -> None:
        """Begin to say it; several are said without a pause between them."""
        await self.phone.play(np.concatenate([said(each) for each in sayings]))

    async def notes(self, kind: str) -> list[dict[str, Any]]:
        return [data for each, data in await self.scene.journal(self.call) if each == kind]

    async def has_note(self, kind: str, **wanted: object) -> bool:
        return any(wanted.items() <= data.items() for data in await self.notes(kind))

    async def until_noted(self, kind: str, timeout_s: float = PATIENCE_S, **wanted: object) -> None:
        """Until the journal has such a note."""
        status, seen = self.scene.hotline.status, -1
        try:
            async with asyncio.timeout(timeout_s):
                while not await self.has_note(kind, **wanted):
                    seen = await status.changed(seen)
        except TimeoutError:
            raise AssertionError(f"no {kind} {wanted} at {self.node}; heard {await self._heard()}") from None

    async def _heard(self) -> list[object]:
        inputs = [data for data in await self.notes("input") if data["type"].startswith("speech_")]
        fields = ("type", "text", "phrase", "confidence", "languages", "cause")
        return [tuple(data[name] for name in fields if name in data) for data in inputs]

    async def hangs_up(self) -> None:
        await self.phone.hangup()


def said(what: str | Samples) -> Samples:
    """A saying by its id, or samples as they are."""
    return SAYINGS[what].samples() if isinstance(what, str) else what


def mixed(front: Samples, behind: Samples, behind_db: float) -> Samples:
    """Two speakers at once, the second so much louder (dB; negative: fainter) than he was recorded."""
    length = max(len(front), len(behind))
    both = np.zeros(length)
    both[: len(front)] += front
    both[: len(behind)] += behind * 10 ** (behind_db / 20)
    return np.clip(both, -32768, 32767).astype(np.int16)


def noise(seconds: float, level: float = 0.03) -> Samples:
    """White noise, the same every time; level 0..1."""
    samples = np.random.default_rng(11).normal(0.0, level, round(seconds * PHONE_RATE))
    return (np.clip(samples, -1, 1) * 32767).astype(np.int16)


def music(seconds: float, level: float = 0.25) -> Samples:
    """Chords of four voices that change every 0.6 s, with a beat: music, as somebody's radio plays it."""
    chords = ((262, 330, 392, 523), (220, 262, 330, 440), (175, 220, 262, 349), (196, 247, 294, 392))
    pieces = []
    for number in range(round(seconds / 0.6)):
        at = np.arange(round(0.6 * PHONE_RATE)) / PHONE_RATE
        voices = sum(
            np.sin(2 * np.pi * hz * at) + 0.4 * np.sin(4 * np.pi * hz * at) for hz in chords[number % 4]
        )
        pieces.append(voices * np.exp(-2.5 * at))
    together = np.concatenate(pieces)
    return (together / np.max(np.abs(together)) * level * 32767).astype(np.int16)
