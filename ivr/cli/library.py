"""The dialogue that a command works on."""

from __future__ import annotations

from pathlib import Path

import typer

from ivr.flow.findings import FlowLoadError
from ivr.flow.load import load
from ivr.flow.model import FlowLibrary


def loaded(folder: Path) -> FlowLibrary:
    """Ends the command with 1 when it cannot be loaded, and says why."""
    try:
        return load(folder)
    except FlowLoadError as error:
        for finding in error.findings:
            typer.echo(str(finding), err=True)
        raise typer.Exit(1) from None
