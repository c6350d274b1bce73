"""What is wrong with a folder of flows, told so that its author can mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ivr.errors import FlowError

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault. line and column count from 1; 0 = the whole file. code: stable, documented in flow-language.md."""

    file: str
    line: int
    column: int
    code: str
    cause: str
    suggestion: str = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        mend = f" ({self.suggestion})" if self.suggestion else ""
        return f"{self.file}:{self.line}:{self.column}: {self.severity} {self.code}: {self.cause}{mend}"


class FlowLoadError(FlowError):
    """A folder that does not make a library. `findings`: the errors, and the warnings found on the way."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(sorted_findings(findings))
        errors = [finding for finding in self.findings if finding.severity == "error"]
        first = str(errors[0]) if errors else "no finding"
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        super().__init__(first + more, mend="run `ivr check` on the folder")


def sorted_findings(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(
        set(findings), key=lambda finding: (finding.file, finding.line, finding.column, finding.code)
    )


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean `complaint`?`, or "" when nothing is near."""
    near = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else ""
