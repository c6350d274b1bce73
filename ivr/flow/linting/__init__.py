"""What is allowed and yet hardly meant: findings about a library that could be built. Pure; one file a subject."""

from __future__ import annotations

from collections.abc import Callable

from ivr.flow.findings import Finding, Severity
from ivr.flow.linting.asking import check_asking
from ivr.flow.linting.care import check_care
from ivr.flow.linting.lengths import check_lengths
from ivr.flow.linting.ways import check_ways
from ivr.flow.model import FlowLibrary
from ivr.flow.yaml_source import Mark

PlaceOf = Callable[[str], tuple[str, Mark]]
"""Node id -> file and place of its name."""


def lint(library: FlowLibrary, place_of: PlaceOf) -> list[Finding]:
    findings: list[Finding] = []

    def report(node: str, code: str, cause: str, suggestion: str, severity: Severity = "warning") -> None:
        if library.nodes[node].flow:  # the hidden ones stand nowhere
            file, mark = place_of(node)
            findings.append(Finding(file, mark.line, mark.column, code, cause, suggestion, severity))

    check_ways(library, report)
    check_asking(library, report)
    check_care(library, report)
    check_lengths(library, report)
    return findings
