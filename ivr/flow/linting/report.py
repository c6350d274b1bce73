"""How a check tells what it found at a node."""

from __future__ import annotations

from typing import Protocol

from ivr.flow.findings import Severity


class Report(Protocol):
    def __call__(
        self, node: str, code: str, cause: str, suggestion: str, severity: Severity = "warning"
    ) -> None: ...
