"""Chinese text as tagged words, by jieba's dictionary, which takes a second or two to read, once a process."""

from __future__ import annotations

import functools
import logging
import os
import threading
import warnings
from pathlib import Path
from typing import Any

_reading = threading.Lock()


def read_dictionary() -> None:
    """Now, and not in the midst of a call. Takes a second or two: never on an event loop. Idempotent."""
    with _reading:
        _tagger()


def tagged(text: str) -> list[tuple[str, str]]:
    """(word, part of speech) of the whole text: joined, they are the text. `nr` is a person's name."""
    with _reading:
        return [(word, flag) for word, flag in _tagger().lcut(text)]


def words(text: str) -> list[str]:
    """The words of the dictionary that a text without spaces is made of."""
    with _reading:
        return [str(word) for word in _jieba().lcut(text, HMM=False)]


@functools.lru_cache(maxsize=1)
def _jieba() -> Any:
    with warnings.catch_warnings():
        # Its source has escapes that Python complains of while compiling them.
        warnings.simplefilter("ignore")
        import jieba
    logging.getLogger("jieba").setLevel(logging.WARNING)
    # What it keeps for the next start is read without a look at who wrote it: not from a folder open to everybody.
    folder = Path(os.environ.get("IVR_CACHE") or "~/.cache/open-hotline").expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    jieba.dt.tmp_dir = str(folder)
    jieba.initialize()
    return jieba


@functools.lru_cache(maxsize=1)
def _tagger() -> Any:
    _jieba()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba.posseg
    return jieba.posseg
