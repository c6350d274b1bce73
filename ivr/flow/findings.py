"""What is wrong with a folder of flows, told so that its author can mend it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from rapidfuzz import fuzz, process

from ivr.errors import FlowError

Severity = Literal["error", "warning", "hint"]
"""hint: only for whoever asks for them."""

LONGEST = 300
"""Characters of a cause or a suggestion."""
_LONGEST_NAME = 80
_NEAR = 60.0
"""From 0 to 100: how alike two names must be for one to be a misspelling of the other."""


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

    def __post_init__(self) -> None:
        """Whatever an author wrote, what is told of it fits a line and can be shown."""
        for field in ("cause", "suggestion"):
            object.__setattr__(self, field, _line(getattr(self, field)))

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
    if not 0 < len(word) <= _LONGEST_NAME:
        return ""
    near = process.extract(word, list(known), scorer=fuzz.ratio, score_cutoff=_NEAR, limit=50)
    best = min((-score, name) for name, score, _ in near)[1] if near else ""
    return f"did you mean `{best}`?" if best else ""


def quoted(value: object) -> str:
    """A value as its author wrote it, or nearly so: `x`, `5`, `{"a": [1]}`."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return f"`{text if len(text) <= _LONGEST_NAME else text[:_LONGEST_NAME] + '…'}`"


def _line(text: str) -> str:
    if len(text) > LONGEST:
        text = text[: LONGEST - 1] + "…"
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else " " if each in "\n\t\u3000" else f"\\u{ord(each):04x}"
        for each in text
    )[: 2 * LONGEST]
