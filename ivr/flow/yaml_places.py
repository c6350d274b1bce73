"""Where everything stands in a YAML file: made only for a file that something has to be said of. Bytes in, no I/O.

Most files are sound, and a place for each of their values would cost as much as the values themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

MERGE = "<<"
"""The key that takes over another mapping's entries: not of YAML 1.2, but what authors know from everywhere else."""

Path = tuple[str | int, ...]
Place = tuple[int, int]
"""Line and column, from 1."""


class Places:
    """Of a text that `yaml_source.read` has read without a fault."""

    __slots__ = ("_keys", "_merges", "_next", "_values")

    def __init__(self, text: str) -> None:
        self._keys: dict[Path, Place] = {}
        self._values: dict[Path, Place] = {}
        self._merges: dict[Path, Place] = {}
        loader = yaml.CSafeLoader(text)
        self._next: Callable[[], Any] = loader.get_event
        try:
            self._next()  # the stream begins
            if not isinstance(self._next(), yaml.StreamEndEvent):
                self._value(self._next(), ())
        finally:
            del self._next
            loader.dispose()

    def at(self, path: Path, *, key: bool = False) -> Place:
        """Where that path stands. One that is not there stands where its nearest parent does, and one that came with
        `<<` at the `<<`."""
        first, second = (self._keys, self._values) if key else (self._values, self._keys)
        for length in range(len(path), -1, -1):
            part = path[:length]
            found = first.get(part) or second.get(part) or (self._merges.get(part[:-1]) if part else None)
            if found is not None:
                return found
        return 1, 1

    def _value(self, event: Any, path: Path) -> None:
        self._values[path] = _place(event)
        if isinstance(event, yaml.SequenceStartEvent):
            index = 0
            while not isinstance(event := self._next(), yaml.SequenceEndEvent):
                self._value(event, (*path, index))
                index += 1
        elif isinstance(event, yaml.MappingStartEvent):
            while not isinstance(event := self._next(), yaml.MappingEndEvent):
                if event.value == MERGE and event.implicit[0]:
                    self._merges[path] = _place(event)
                inner = (*path, event.value)
                self._keys[inner] = _place(event)
                self._value(self._next(), inner)


def _place(event: Any) -> Place:
    mark = event.start_mark
    return mark.line + 1, mark.column + 1
