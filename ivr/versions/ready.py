"""A library becomes a dialogue that calls can run: its prompts get a sound, its queues their rules."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from ivr.call.dialogue import Dialogue
from ivr.flow.model import FlowLibrary
from ivr.prompts.catalogue import Folders, PromptCatalogue
from ivr.prompts.clips import Clip
from ivr.versions.routing_rules import rules_of

log = logging.getLogger(__name__)

AT_ONCE: Final = 200
"""Clips between two breaths of the event loop."""


@dataclass(frozen=True, slots=True)
class Ready:
    """silent: clips that have no sound yet, missing: no natural one."""

    dialogue: Dialogue
    audio: PromptCatalogue
    missing: tuple[Clip, ...]
    silent: tuple[Clip, ...]


def prepare(library: FlowLibrary, folders: Folders, beside: PromptCatalogue | None) -> Ready:
    """Long work, not for the event loop. beside: the prompts in use, whose sounds the new ones share."""
    texts = texts_of(library)
    audio = PromptCatalogue.load(texts, folders, beside=beside)
    audio.now = lambda: dt.datetime.now(library.timezone)
    asks_history = any(b"history" in source for source in library.texts.values())
    return Ready(
        Dialogue(library, audio, asks_history, rules=rules_of(library.texts)),
        audio,
        tuple(clip for language in texts for clip in audio.missing(language)),
        tuple(clip for language in texts for clip in audio.silent(language)),
    )


async def give_sound(ready: Ready, longest_s: float) -> None:
    """Ask for what has no sound and wait for it: a caller must not be the first to miss it.

    Where nobody renders (or not within `longest_s`) the log says what stays silent.
    """
    audio = ready.audio
    if audio.sounds.live:
        async for clip in _breathing(ready.missing):
            audio.on_missing(clip)
        await audio.sounds.wait(ready.silent, best_s=0, any_s=longest_s)
    silent: dict[str, list[Clip]] = {}
    async for clip in _breathing(ready.silent):
        if not audio.has_sound(clip):
            silent.setdefault(clip.language, []).append(clip)
    for language, clips in sorted(silent.items()):
        log.warning(
            "%d clips of version %s have no sound in %s, as “%s”: run `ivr prompts render`",
            len(clips),
            ready.dialogue.library.version[:12],
            language,
            clips[0].text,
        )


def texts_of(library: FlowLibrary) -> dict[str, dict[str, str]]:
    """Language -> prompt id -> text, as the prompts' room wants it."""
    texts: dict[str, dict[str, str]] = {language: {} for language in library.languages}
    for name, by_language in library.prompts.items():
        for language, text in by_language.items():
            texts.setdefault(language, {})[name] = text
    return texts


async def _breathing(clips: Sequence[Clip]) -> AsyncIterator[Clip]:
    """All of them, with a breath for the event loop now and then: there may be thousands."""
    for number, clip in enumerate(clips, start=1):
        yield clip
        if not number % AT_ONCE:
            await asyncio.sleep(0)
