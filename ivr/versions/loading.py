"""Loading a version while calls are up: in a thread, so that the event loop is held up for a millisecond at a time.

Two things would stop every thread for much longer. Python hands the interpreter over every 5 ms by default, and the
loop needs it several times a round: while we load it is handed over every half millisecond. And the garbage
collector looks through everything that was made, several times while it grows: it rests meanwhile, and what was
loaded is then set aside for good (`gc.freeze`), since a library has no cycles and is freed by its counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from ivr.call.dialogue import Dialogue
from ivr.flow.assemble import Assembly
from ivr.flow.findings import Finding, FlowLoadError
from ivr.flow.load import version_of
from ivr.flow.model import FlowLibrary
from ivr.prompts.catalogue import PromptCatalogue

Result = TypeVar("Result")

HAND_OVER_S = 0.0005

_lock = threading.Lock()
"""The settings that are changed meanwhile belong to the whole process."""


async def load_aside(sources: Mapping[str, bytes]) -> FlowLibrary:
    """As `load_sources`. Raises FlowLoadError."""
    return await aside(lambda: _load(sources))


def _load(sources: Mapping[str, bytes]) -> FlowLibrary:
    assembly = Assembly(sources, version_of(sources))
    findings: Sequence[Finding] = ()
    library: FlowLibrary | None = None
    try:
        library = assembly.library()
    except FlowLoadError as error:
        # Not raised from here: its traceback would keep all that was read until the event loop lets go of it.
        findings = error.findings
    pieces = assembly.scaffolding()
    del assembly
    while pieces:
        pieces.pop()
    if library is None:
        raise FlowLoadError(findings)
    return library


async def aside(work: Callable[[], Result]) -> Result:
    """Work in Python that makes much to keep, while the loop goes on. One at a time."""

    def politely() -> Result:
        with _lock, _hand_over_often(), _collect_nothing():
            return work()

    return await asyncio.to_thread(politely)


@contextlib.contextmanager
def _hand_over_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, HAND_OVER_S))
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextlib.contextmanager
def _collect_nothing() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


async def free_in_steps(only: list[Dialogue]) -> None:
    """Free a version that no call runs any more, piece by piece: freed at once, a large one would hold up the loop.

    only: the list with the last reference to it, which is emptied. Harmless when there is another: nothing in it is
    changed.
    """
    await asyncio.to_thread(_free, only)


def _free(only: list[Dialogue]) -> None:
    with _lock, _hand_over_often():
        dialogue = only.pop()
        library = dialogue.library
        pieces: list[object] = [*library.nodes.values(), *library.flows.values(), *library.prompts.values()]
        pieces += library.exits
        if isinstance(dialogue.audio, PromptCatalogue):
            pieces += dialogue.audio.parts()
        del dialogue, library
        while pieces:
            pieces.pop()
