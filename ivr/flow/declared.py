"""The types that variables are declared with: by the hotline for the whole call, by each flow for itself. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ivr.flow.expressions import Type


class DeclaredTypes:
    """What holds in a file: its own declarations, then those for the whole call."""

    def __init__(self) -> None:
        self._of: dict[str, dict[str, Type]] = {}
        self._for_all: dict[str, Type] = {}

    def declare(self, file: str, name: str, type_: Type, *, for_all: bool = False) -> None:
        if for_all:
            # The hotline's, which is read first, goes before a library's.
            self._for_all.setdefault(name, type_)
        else:
            self._of.setdefault(file, {})[name] = type_

    def get(self, file: str, name: str) -> Type | None:
        own = self._of.get(file, {}).get(name)
        return own if own is not None else self._for_all.get(name)

    def seen_from(self, file: str) -> Mapping[str, Type]:
        return {**self._for_all, **self._of.get(file, {})}
