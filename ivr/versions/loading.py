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
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from ivr.call.dialogue import Dialogue
from ivr.flow.assemble import Assembly
from ivr.flow.findings import Finding, FlowLoadError
from ivr.flow.load import version_of
from ivr.flow.model import FlowLibrary
from ivr.prompts.catalogue import PromptCatalogue
from ivr.versions.routing_rules import rules_of

Result = TypeVar("Result")

HAND_OVER_S = 0.0005

_lock = threading.Lock()
"""One at a time: the collector, which rests meanwhile, is the whole process's."""


async def load_aside(sources: Mapping[str, bytes], version: str = "") -> FlowLibrary:
    """As `load_sources`, and its queues are sound too (`rules_of`). version: its name, "" = by its content.

    Raises FlowLoadError.
    """
    return await aside(lambda: _load(sources, version))


def _load(sources: Mapping[str, bytes], version: str) -> FlowLibrary:
    assembly = Assembly(sources, version or version_of(sources))
    findings: list[Finding] = []
    library: FlowLibrary | None = None
    # Not raised from here: their traceback would keep all that was read until the event loop lets go of it.
    try:
        library = assembly.library()
    except FlowLoadError as error:
        findings += error.findings
    try:
        rules_of(sources)
    except FlowLoadError as error:
        library = None
        findings += (finding for finding in error.findings if finding not in findings)
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

    # Here too: what the thread does before it comes to it would hold up the loop once for the usual time.
    with _hand_over_often():
        return await asyncio.to_thread(politely)


class _HandOver:
    """How often the interpreter is handed over, for as long as anybody needs it often."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._usual_s = 0.0

    @contextlib.contextmanager
    def often(self) -> Iterator[None]:
        with self._lock:
            if not self._users:
                self._usual_s = sys.getswitchinterval()
                sys.setswitchinterval(min(self._usual_s, HAND_OVER_S))
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    sys.setswitchinterval(self._usual_s)


_hand_over_often = _HandOver().often


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
    with _hand_over_often():
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
