"""Whole calls that measure what a citizen hears while others load the house: on the RTP that arrives, by pitch.

key -> prompt: key let go (the first end packet of its RFC 4733 event) -> first packet of the next prompt, in the menu
and in the survey, less the silence with which the prompt's file begins. To the survey: from the end of the prompt
before the line to the survey's first packet, less the talk: line, ringing, answering and taking the citizen back.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bench.probes import first_heard
from bench.whole_house import PROMPTS, TALK_S
from ivr.demo.lightphone import LightPhone
from ivr.demo.phone import PhoneError

LISTEN_S: Final = (0.4, 0.9)
PATIENCE_S: Final = 12.0
LOOK_S: Final = 0.1


class _Unheard(Exception):
    """A prompt was not heard in time."""


@dataclass(slots=True)
class Noticed:
    """ms, one figure a key or a call. failed: calls that did not come to their end."""

    key_to_prompt: list[float] = field(default_factory=list)
    to_survey: list[float] = field(default_factory=list)
    post_dial: list[float] = field(default_factory=list)
    failed: int = 0


async def probe_whole(
    server: str,
    number: str,
    leads_ms: Mapping[str, float],
    *,
    callers: int,
    until_s: float,
    only_menu: bool = False,
) -> Noticed:
    """So many callers call again and again until this time on the loop's clock. only_menu: they hang up in line."""
    found = Noticed()
    async with asyncio.TaskGroup() as group:
        for one in range(callers):
            group.create_task(_caller(server, number, leads_ms, one, until_s, only_menu, found))
    return found


async def _caller(
    server: str,
    number: str,
    leads_ms: Mapping[str, float],
    one: int,
    until_s: float,
    only_menu: bool,
    found: Noticed,
) -> None:
    chance, loop = random.Random(one), asyncio.get_running_loop()
    await asyncio.sleep(one * 0.13)  # not all in step
    while loop.time() < until_s:
        try:
            async with LightPhone(f"1390000{one:04d}", server, address="127.0.0.2") as phone:
                await phone.dial(f"sip:{number}@{server}")
                await phone.events.next("established", timeout=PATIENCE_S)
                call = _Call(phone, leads_ms)
                found.post_dial.append(call.post_dial_ms)
                await asyncio.sleep(chance.uniform(*LISTEN_S))
                one_s, took_ms = await call.press("1", "bench.one")
                found.key_to_prompt.append(took_ms)
                if only_menu:
                    continue
                survey_s = await call.hears("bench.survey")
                between_s = survey_s - one_s - PROMPTS["bench.one"][1] - TALK_S
                found.to_survey.append(between_s * 1000)
                await asyncio.sleep(chance.uniform(*LISTEN_S))
                _, took_ms = await call.press("5", "bench.thanks")
                found.key_to_prompt.append(took_ms)
                await phone.events.next("closed", timeout=PATIENCE_S)
        except (PhoneError, _Unheard) as error:
            found.failed += 1
            print(f"    probe {one}: {type(error).__name__} {error}", flush=True)


class _Call:
    def __init__(self, phone: LightPhone, leads_ms: Mapping[str, float]) -> None:
        assert phone.call is not None and phone.call.answered_s is not None
        self._phone, self._media = phone, phone.call.media
        self._leads_ms = leads_ms
        self._looked_at = 0
        self.post_dial_ms = (phone.call.answered_s - phone.call.invited_s) * 1000

    async def press(self, key: str, prompt: str) -> tuple[float, float]:
        """When the prompt began (the loop's clock), and ms from letting the key go."""
        self._looked_at = len(self._media.heard)
        await self._phone.send_digits(key)
        heard_s = await self.hears(prompt)
        released_s = self._media.key_released_s
        assert released_s is not None
        return heard_s, (heard_s - released_s) * 1000 - self._leads_ms[prompt]

    async def hears(self, prompt: str) -> float:
        """When its first packet came, of those that were not looked at before."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + PATIENCE_S
        while loop.time() < until_s:
            packets = self._media.heard[self._looked_at :]
            heard_s = first_heard(packets, PROMPTS[prompt][0])
            self._looked_at += len(packets)
            if heard_s is not None:
                return heard_s
            if self._phone.call is None or self._phone.call.state == "over":
                break
            await asyncio.sleep(LOOK_S)
        raise _Unheard(prompt)
