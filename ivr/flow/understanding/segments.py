"""Chinese text as the words of a dictionary. Pure, apart from reading that dictionary once.

A recogniser writes words; where it mishears, it often writes characters that make up no word (着火 -> 找火). So whether
some characters are a word, or parts of their neighbours' words (找|火锅店), tells what was heard from what only sounds
like it.
"""

from __future__ import annotations

import functools
import logging
import os
import warnings
from pathlib import Path
from typing import Any

RARE = 20
"""Occurrences in the dictionary's texts; what is rarer is hardly a word."""


@functools.lru_cache(maxsize=1)
def _dictionary() -> Any:
    """Takes about a second, once a process (ready.py)."""
    with warnings.catch_warnings():
        # Its source has escapes that Python complains of while compiling them.
        warnings.simplefilter("ignore")
        import jieba
    logging.getLogger("jieba").setLevel(logging.WARNING)
    # What it keeps of the dictionary for the next start is read without a look at who wrote it: not from /tmp.
    folder = _cache()
    if folder is not None:
        jieba.dt.tmp_dir = folder
    jieba.initialize()
    return jieba


def _cache() -> str | None:
    base = os.environ.get("IVR_CACHE") or os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = Path(base).expanduser() / ("" if os.environ.get("IVR_CACHE") else "open-hotline")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return str(folder)


@functools.lru_cache(maxsize=2048)
def segments(text: str) -> tuple[str, ...]:
    """The words that a text without spaces is made of: 我想找火锅店 -> 我, 想, 找, 火锅店. Joined, they are it."""
    return tuple(_dictionary().lcut(text, HMM=False))


def frequency(text: str) -> int:
    """How often the dictionary's texts have it; 0 = it is no word."""
    return int(_dictionary().dt.FREQ.get(text, 0))


def is_word(text: str) -> bool:
    """Whether it is one word of several characters."""
    return len(text) > 1 and frequency(text) >= RARE


def crossed(text: str, begin: int, end: int) -> int:
    """How many words reach over an end of text[begin:end]: 1 for 找火 in 找|火锅店, 2 for 起火 in 一起|火车."""
    left = count = 0
    for word in segments(text):
        right = left + len(word)
        if (left < begin < right or left < end < right) and frequency(word) >= RARE:
            count += 1
        left = right
    return count
