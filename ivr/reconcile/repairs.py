"""How much was repaired since the start: for the metrics, and for tests that want nothing to be."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ivr.reconcile.compare import Code


@dataclass(slots=True)
class Repairs:
    """done: by kind of finding. failed: repairs that Asterisk refused or did not answer; they are tried again."""

    done: Counter[Code] = field(default_factory=Counter)
    failed: int = 0

    @property
    def total(self) -> int:
        return self.done.total()

    def __bool__(self) -> bool:
        return bool(self.total)

    def __str__(self) -> str:
        return ", ".join(f"{code} {count}" for code, count in sorted(self.done.items())) or "none"

    def as_dict(self) -> dict[str, int]:
        """By kind, those that were done."""
        return {str(code): count for code, count in sorted(self.done.items())}

    def clear(self) -> None:
        self.done.clear()
        self.failed = 0
