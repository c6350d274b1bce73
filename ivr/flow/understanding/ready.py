"""What Chinese text is understood by, read before the first call needs it. Pure, apart from reading it once."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from ivr.flow.understanding.alike import words_said
from ivr.flow.understanding.segments import segments


def make_ready(languages: Iterable[str]) -> None:
    """Called where flows are built, which is never on an event loop that serves calls."""
    if "zh" in languages:
        _chinese()


@functools.lru_cache(maxsize=1)
def _chinese() -> None:
    """Dictionary, pinyin and simplified characters: about a second, once a process."""
    from asr.sound import syllables

    text = words_said("準備好了")
    segments(text)
    syllables(text)
