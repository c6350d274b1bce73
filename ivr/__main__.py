"""The command line: `ivr`. Each command is a file of `ivr.cli`, read only when it is asked for: whoever checks a flow
does not wait for databases and telephones to be imported."""

from __future__ import annotations

import contextlib
import gc
import importlib
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

import typer
from typer.core import TyperGroup

from ivr.errors import HotlineError
from ivr.flow.findings import did_you_mean
from ivr.kept_code import kept_code, place_of

COMMANDS: Final[Mapping[str, str]] = {
    "run": "run:run",
    "check": "check:check",
    "simulate": "simulate:simulate",
    "test": "test:test",
    "schema": "schema:schema",
    "graph": "graph:graph",
    "replay": "replay:replay",
    "whatif": "whatif:whatif",
    "publish": "versions:publish",
    "rollback": "versions:rollback",
    "diff": "diff:diff",
    "versions": "versions:app",
    "explain": "explain:explain",
    "transcripts": "transcripts:app",
    "recordings": "recordings:app",
    "missed": "missed:app",
    "nuisance": "nuisance:app",
    "audit": "audit:audit",
    "kpi": "kpi:kpi",
    "rebuild": "rebuild:rebuild_",
    "backup": "backup:backup",
    "restore": "backup:restore_",
    "archive": "archive:archive_",
    "erase": "erase:erase",
    "retention": "erase:retention",
    "accounts": "accounts:app",
    "migrate": "migrate:migrate",
    "doctor": "doctor:doctor",
    "models": "models:app",
    "asterisk-watch": "asterisk_watch:asterisk_watch",
    "asr-worker": "asr_worker:asr_worker",
    "asr-eval": "asr_eval:asr_eval",
    "prompts": "prompts:app",
}
"""Name -> module of `ivr.cli` and what it has: a function, or a group of commands."""
CALLERS_WAIT: Final = "run"
"""The command for whose start they do, when a controller was killed."""


class _Commands(TyperGroup):
    # Typer carries its own copy of Click, whose names are private: hence Any.
    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            ctx.fail(
                f"there is no command `{cmd_name}`; {did_you_mean(cmd_name, COMMANDS) or '`ivr` lists them'}"
            )
        if cmd_name not in self.commands:
            module, _, attribute = COMMANDS[cmd_name].partition(":")
            with _quickly(cmd_name):
                found: Any = getattr(importlib.import_module(f"ivr.cli.{module}"), attribute)
            if not isinstance(found, typer.Typer):
                function, found = found, typer.Typer(add_completion=False, pretty_exceptions_enable=False)
                found.command(cmd_name)(function)
            command = typer.main.get_command(found)
            command.name = cmd_name
            self.commands[cmd_name] = command
        return self.commands[cmd_name]


@contextlib.contextmanager
def _quickly(command: str) -> Iterator[None]:
    """While modules are loaded nothing of them becomes garbage: looking for it would be a tenth of a start. What is
    compiled meanwhile is kept for the next start where callers may wait for it."""
    gc.disable()
    try:
        with kept_code(place_of(__file__)) if command == CALLERS_WAIT else contextlib.nullcontext():
            yield
    finally:
        gc.enable()


app = typer.Typer(
    name="ivr",
    cls=_Commands,
    help="An open hotline: takes calls on Asterisk, runs dialogues, queues callers for agents.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _ivr() -> None:
    """An open hotline: takes calls on Asterisk, runs dialogues, queues callers for agents."""


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
