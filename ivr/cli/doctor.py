"""`ivr doctor`: is everything here that the hotline needs? Exit code 1 when something fails."""

from __future__ import annotations

import asyncio
import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from ivr.config import load_settings
from ivr.doctor.checks import CHECKS
from ivr.doctor.examining import Finding, examine, worst
from ivr.errors import ConfigError
from ivr.reconcile.examining import check_live

MARKS = {"ok": ("ok  ", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "bold red")}


class Format(StrEnum):
    text = "text"
    json = "json"


def doctor(
    config: Annotated[Path | None, typer.Option("--config", help="The settings file.")] = None,
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="Ask the running server instead: is everything so that it believes? (Exit code 1: no.)",
        ),
    ] = False,
    format: Annotated[Format, typer.Option("--format", help="How to say it.")] = Format.text,
) -> None:
    """Check this machine, or the running server, and say how to mend what is missing."""
    try:
        checks = (check_live,) if live else CHECKS
        findings = asyncio.run(examine(load_settings(config), checks))
    except ConfigError as error:
        findings = [Finding("settings", "fail", str(error), error.mend)]
    status = worst(findings)
    if format is Format.json:
        typer.echo(
            json.dumps({"status": status, "findings": [finding.as_dict() for finding in findings]}, indent=2)
        )
    else:
        _print(findings)
    if status == "fail":
        raise typer.Exit(1)


def _print(findings: list[Finding]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        mark, style = MARKS[finding.status]
        console.print(Text.assemble((mark, style), f"  {finding.name:<{width}}  {finding.detail}"))
        if finding.mend:
            console.print(Text(f"      {'':<{width}}  mend: {finding.mend}", style="dim"))
    count = sum(finding.status != "ok" for finding in findings)
    console.print("All well." if not count else f"{count} of {len(findings)} need a look.")
