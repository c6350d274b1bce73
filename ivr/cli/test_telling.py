"""What `ivr test` tells people while it runs, and its exit codes."""

from __future__ import annotations

from typing import Final

import typer

from ivr.cli.test_folders import Folder, Run
from ivr.cli.test_reports import failures_of

PASSED: Final = 0
FAILED: Final = 1
FAULTY: Final = 3

_COLOURS = {"error": "red", "warning": "yellow"}


def tell_faults(folder: Folder) -> None:
    for finding in folder.findings:
        typer.secho(folder.told(finding), fg=_COLOURS[finding.severity], err=True)


def tell(done: Run, *, verbose: bool) -> None:
    """What failed, with what was heard and done before it; verbose: all of them."""
    for result in done.results:
        if result.passed and not verbose:
            continue
        word, colour = ("ok", "green") if result.passed else ("FAILED", "red")
        if result.skipped:
            word, colour = "not live", "yellow"
        place = f"{done.folder.place(result.case.file)}: {result.case.name}"
        why = f": {result.skipped}" if result.skipped else ""
        typer.echo(f"{typer.style(word, fg=colour)} {place}{why}")
        for line in result.transcript:
            typer.echo(f"    {line}")
        for line in failures_of(done, result):
            typer.echo(f"  {line}")


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
