"""How `ivr check` tells its findings: for people, for programs, and as annotations of GitHub. Text out, no I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.cells import cell_len

from ivr.flow.findings import Finding, Severity

WIDEST = 110
"""Cells of a source line that are shown."""
_COLOURS: Mapping[Severity, str] = {"error": "31", "warning": "33", "hint": "36"}
_LINE_END = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
_WORD = re.compile(r"""'[^']*'|"[^"]*"|[^\s,:{}\[\]]+""")


@dataclass(frozen=True, slots=True)
class Report:
    """Of one hotline. version: "" when it has errors. sources: file within the folder -> content."""

    folder: Path
    findings: tuple[Finding, ...]
    version: str
    sources: Mapping[str, bytes]

    def count(self, severity: Severity) -> int:
        return sum(finding.severity == severity for finding in self.findings)

    def path(self, finding: Finding) -> str:
        return (self.folder / finding.file).as_posix() if finding.file else self.folder.as_posix()


def as_text(reports: Iterable[Report], *, colour: bool) -> Iterator[str]:
    """Lines: each finding as `file:line:column: severity code: cause`, the line that it is about, what to write."""
    for report in reports:
        lines: dict[str, list[str]] = {}
        for finding in report.findings:
            severity = _in_colour(finding.severity, _COLOURS[finding.severity], colour)
            place = f"{report.path(finding)}:{finding.line}:{finding.column}"
            yield f"{place}: {severity} {finding.code}: {finding.cause}"
            if finding.file not in lines:
                text = report.sources.get(finding.file, b"").decode("utf-8", "replace")
                lines[finding.file] = _LINE_END.split(text.removeprefix("\ufeff"))
            if 1 <= finding.line <= len(lines[finding.file]):
                yield from _shown(lines[finding.file][finding.line - 1], finding, colour)
            if finding.suggestion:
                yield f"    = {finding.suggestion}"
        if not report.findings:
            yield f"{report.folder}: sound (version {report.version[:12]})"
        else:
            counts = [_count(report.count("error"), "error"), _count(report.count("warning"), "warning")]
            if report.count("hint"):
                counts.append(_count(report.count("hint"), "hint"))
            yield f"{report.folder}: {', '.join(counts)}"


def _shown(line: str, finding: Finding, colour: bool) -> Iterator[str]:
    """The line, and a caret under each cell of the word that the finding is about."""
    column = min(max(finding.column, 1), len(line) + 1) - 1
    line = "".join(each if each.isprintable() else " " for each in line)
    begin, end = 0, len(line)
    while cell_len(line[begin:column]) > WIDEST // 2:
        begin += 1
    while cell_len(line[begin:end]) > WIDEST:
        end -= 1
    word = _WORD.match(line, column, end)
    before, marked = line[begin:column], word.group() if word else " "
    number = str(finding.line)
    yield f" {number} | {'…' if begin else ''}{line[begin:end].rstrip()}{'…' if end < len(line) else ''}"
    caret = _in_colour("^" * max(1, cell_len(marked)), _COLOURS[finding.severity], colour)
    yield f" {' ' * len(number)} | {' ' * (cell_len(before) + bool(begin))}{caret}"


def as_json(reports: Iterable[Report]) -> str:
    reports = list(reports)
    made = {
        "errors": sum(report.count("error") for report in reports),
        "warnings": sum(report.count("warning") for report in reports),
        "hints": sum(report.count("hint") for report in reports),
        "folders": [
            {
                "folder": report.folder.as_posix(),
                "version": report.version,
                "errors": report.count("error"),
                "warnings": report.count("warning"),
            }
            for report in reports
        ],
        "findings": [
            {**asdict(finding), "file": report.path(finding)}
            for report in reports
            for finding in report.findings
        ],
    }
    return json.dumps(made, ensure_ascii=False, indent=2)


def as_annotations(reports: Iterable[Report]) -> Iterator[str]:
    """Workflow commands of GitHub; `%`, line ends, and in properties `:` and `,`, are escaped as it asks."""
    for report in reports:
        for finding in report.findings:
            words = f"{finding.cause} ({finding.suggestion})" if finding.suggestion else finding.cause
            line, column = max(1, finding.line), max(1, finding.column)
            place = f"file={_property(report.path(finding))},line={line},col={column}"
            level = "notice" if finding.severity == "hint" else finding.severity
            yield f"::{level} {place},title={_property(finding.code)}::{_message(words)}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _in_colour(text: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text
