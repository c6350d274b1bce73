"""What somebody other than the caller hears first: the announcement to another party, the word to an agent."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ivr.call.facts import with_facts
from ivr.call.ports import PromptAudio
from ivr.call.services import OpenCall
from ivr.errors import PromptMissing
from ivr.flow.actions import Prompt

log = logging.getLogger(__name__)


async def facts_told(
    here: OpenCall, prompts: Sequence[Prompt], queue: str, of_caller: str, waited_s: float, language: str
) -> tuple[list[str], float]:
    """`sounds_of`, with the facts of the caller where the prompts ask for them. of_caller: the caller's language."""

    def has(prompt: Prompt) -> bool:
        try:
            return bool(here.services.audio.media((prompt,), language))
        except PromptMissing:
            return False

    return await sounds_of(
        here.services.audio, with_facts(prompts, queue, of_caller, waited_s, has), language
    )


async def sounds_of(audio: PromptAudio, prompts: Sequence[Prompt], language: str) -> tuple[list[str], float]:
    """`sounds_there`, once free texts are spoken."""
    if not audio.ready(prompts, language):
        await audio.prepare(prompts, language)
    return sounds_there(audio, prompts, language)


def sounds_there(audio: PromptAudio, prompts: Sequence[Prompt], language: str) -> tuple[list[str], float]:
    """Media and length (s) of what has a sound now; the rest is left out, and logged."""
    media: list[str] = []
    seconds = 0.0
    for prompt in prompts:
        try:
            media += audio.media((prompt,), language)
            seconds += audio.seconds((prompt,), language)
        except PromptMissing as missing:
            log.error("%s", missing)
    return media, seconds
