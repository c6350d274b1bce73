"""The words that a Vosk model can hear, read from its files in half a second instead of loading it.

Vosk takes them from the symbols inside `graph/HCLG.fst`, else inside `graph/Gr.fst`, else from `graph/words.txt`; so
does this. Source of the format: OpenFst's `FstHeader` and `SymbolTable`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_FST_MAGIC = 2125659606
_TABLE_MAGIC = 2125658996
_HAS_INPUT_SYMBOLS, _HAS_OUTPUT_SYMBOLS = 1, 2
_LONGEST_NAME = 1 << 12


class UnreadableWords(Exception):
    """The model has no list of its words that we can read."""


def read_words(folder: Path) -> frozenset[str]:
    """Raises UnreadableWords."""
    graph = folder / "graph"
    try:
        for name in ("HCLG.fst", "Gr.fst"):
            if (graph / name).is_file():
                words = _symbols(graph / name)
                if words:
                    return words
        lines = (graph / "words.txt").read_text(encoding="utf-8").splitlines()
    except (OSError, struct.error, UnicodeDecodeError) as error:
        raise UnreadableWords(f"{folder}: {error}") from error
    return frozenset(line.rsplit(maxsplit=1)[0] for line in lines if len(line.split()) > 1)


def _symbols(path: Path) -> frozenset[str]:
    """The output symbols, that is the words; empty when the file carries none."""
    with path.open("rb") as file:
        if _int32(file) != _FST_MAGIC:
            raise UnreadableWords(f"{path} is no FST")
        _name(file), _name(file)  # its type and that of its arcs
        _int32(file)  # version
        flags = _int32(file)
        file.seek(32, 1)  # properties, start, states, arcs
        words: frozenset[str] = frozenset()
        # One table after the other where there are both; the words are the last.
        for flag in (_HAS_INPUT_SYMBOLS, _HAS_OUTPUT_SYMBOLS):
            if flags & flag:
                words = frozenset(_table(file))
        return words


def _table(file: BinaryIO) -> Iterator[str]:
    if _int32(file) != _TABLE_MAGIC:
        raise UnreadableWords("a table of symbols was expected")
    _name(file)
    _int64(file)  # the next free number
    size = _int64(file)
    # Read by hand: half a million words.
    read, length_of = file.read, struct.Struct("<i").unpack
    for _ in range(size):
        (length,) = length_of(read(4))
        word, number = read(length), read(8)
        if len(number) != 8:
            raise UnreadableWords("the table of symbols is cut off")
        yield word.decode("utf-8", "replace")


def _name(file: BinaryIO) -> str:
    length = _int32(file)
    if not 0 <= length <= _LONGEST_NAME:
        raise UnreadableWords("a name of a reasonable length was expected")
    return file.read(length).decode("utf-8", "replace")


def _int32(file: BinaryIO) -> int:
    value: int = struct.unpack("<i", file.read(4))[0]
    return value


def _int64(file: BinaryIO) -> int:
    value: int = struct.unpack("<q", file.read(8))[0]
    return value
