"""`ivr check`: is the hotline in this folder sound? Exit code 1 when it has an error."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ivr.cli.test_folders import open_folder
from ivr.flow.findings import Finding, sorted_findings
from routing.rules_load import RulesError, load_agents, load_rules


class Format(StrEnum):
    text = "text"
    json = "json"
    github = "github"


def check(
    folder: Annotated[Path, typer.Argument(help="The folder of the flows, or a file in it.")] = Path("flows"),
    format: Annotated[
        Format, typer.Option("--format", help="text, json, or github's annotations.")
    ] = Format.text,
) -> None:
    """Check flows, prompts, scenarios, queues and agents: every fault with file, line, column, cause and suggestion."""
    folder = folder.parent if folder.is_file() else folder
    findings, version = _examine(folder)
    errors = sum(finding.severity == "error" for finding in findings)
    if format is Format.json:
        report = {
            "errors": errors,
            "warnings": len(findings) - errors,
            "version": version,
            "findings": [{**asdict(finding), "file": _path(folder, finding)} for finding in findings],
        }
        typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
    elif format is Format.github:
        for finding in findings:
            typer.echo(_annotation(folder, finding))
    else:
        _tell(folder, findings, errors, version)
    if errors:
        raise typer.Exit(1)


def _examine(folder: Path) -> tuple[list[Finding], str]:
    """All findings in order, and the library's version ("" when it has errors)."""
    opened = open_folder(folder)
    library = opened.library
    findings = [*opened.findings, *(library.findings if library is not None else ())]
    errors = any(finding.severity == "error" for finding in findings)
    version = "" if library is None or errors else library.version
    return sorted_findings([*findings, *_routing(folder)]), version


def _routing(folder: Path) -> list[Finding]:
    """What the routing itself says of its two files, where they are."""
    found: list[Finding] = []
    try:
        queues, agents = folder / "queues.yaml", folder / "agents.yaml"
        rules = load_rules(queues.read_text("utf-8")) if queues.is_file() else None
        if rules is not None and agents.is_file():
            load_agents(agents.read_text("utf-8"), rules, dt.datetime.now(dt.UTC))
    except RulesError as error:
        found = [Finding(f.file, f.line, f.column, "routing", f.cause, f.suggestion) for f in error.findings]
    except (OSError, UnicodeDecodeError):
        # The loader of the flows read the same folder and has said what is wrong with it.
        found = []
    return found


def _path(folder: Path, finding: Finding) -> str:
    return (folder / finding.file).as_posix() if finding.file else folder.as_posix()


def _tell(folder: Path, findings: list[Finding], errors: int, version: str) -> None:
    for finding in findings:
        colour = "red" if finding.severity == "error" else "yellow"
        place = f"{_path(folder, finding)}:{finding.line}:{finding.column}"
        severity = typer.style(finding.severity, fg=colour)
        typer.echo(f"{place}: {severity} {finding.code}: {finding.cause}")
        if finding.suggestion:
            typer.echo(f"    {finding.suggestion}")
    warnings = len(findings) - errors
    if not findings:
        typer.echo(f"{folder}: sound (version {version[:12]})")
    else:
        typer.echo(f"{folder}: {_count(errors, 'error')}, {_count(warnings, 'warning')}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _annotation(folder: Path, finding: Finding) -> str:
    """A workflow command of GitHub; `%`, line ends, and in properties `:` and `,`, are escaped as it asks."""

    def message(text: str) -> str:
        return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

    def value(text: str) -> str:
        return message(text).replace(":", "%3A").replace(",", "%2C")

    words = f"{finding.cause} ({finding.suggestion})" if finding.suggestion else finding.cause
    place = f"file={value(_path(folder, finding))},line={max(1, finding.line)},col={max(1, finding.column)}"
    return f"::{finding.severity} {place},title={value(finding.code)}::{message(words)}"
