"""What Chinese text is understood by, read before the first call needs it. Pure, apart from reading it once."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Iterator
from contextvars import ContextVar

from ivr.flow.understanding.alike import words_said
from ivr.flow.understanding.segments import segments

_hurry: ContextVar[bool] = ContextVar("hurry", default=False)


@contextlib.contextmanager
def in_a_hurry(hurry: bool = True) -> Iterator[None]:
    """What is built in the block, of a version that was found sound before, is not looked through for advice to its
    authors, and nothing is made ready: whoever builds so calls `make_ready` before anybody is understood by voice."""
    token = _hurry.set(hurry)
    try:
        yield
    finally:
        _hurry.reset(token)


def is_hurry() -> bool:
    return _hurry.get()


def make_ready(languages: Iterable[str]) -> None:
    """Called where flows are built, which is never on an event loop that serves calls."""
    if "zh" in languages and not is_hurry():
        _chinese()


@functools.lru_cache(maxsize=1)
def _chinese() -> None:
    """Dictionary, pinyin and simplified characters: about a second, once a process."""
    from asr.sound import syllables

    text = words_said("準備好了")
    segments(text)
    syllables(text)
