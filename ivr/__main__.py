"""The command line: `ivr`. Each command is a file of `ivr.cli`."""

from __future__ import annotations

import sys

import typer

from ivr.cli import (
    check,
    diff,
    doctor,
    graph,
    migrate,
    models,
    prompts,
    run,
    schema,
    simulate,
    test,
    versions,
)
from ivr.errors import HotlineError

app = typer.Typer(
    name="ivr",
    help="An open hotline: takes calls on Asterisk, runs dialogues, queues callers for agents.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(run.run)
app.command()(check.check)
app.command()(simulate.simulate)
app.command()(test.test)
app.command()(schema.schema)
app.command()(graph.graph)
app.command()(versions.publish)
app.command()(versions.rollback)
app.command()(diff.diff)
app.add_typer(versions.app, name="versions")
app.command()(migrate.migrate)
app.command()(doctor.doctor)
app.add_typer(models.app, name="models")
app.add_typer(prompts.app, name="prompts")


def main() -> None:
    """Errors of ours end with one clear message and exit code 1, never a traceback."""
    try:
        app()
    except HotlineError as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        if error.mend:
            typer.secho(f"  mend: {error.mend}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
