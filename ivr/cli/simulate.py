"""`ivr simulate`: talk to a flow in the terminal, without a telephone."""

from __future__ import annotations

import contextlib
import datetime as dt
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from ivr.cli.library import loaded
from ivr.cli.simulating.lines import LineError, assignments
from ivr.cli.simulating.talk import Talk
from ivr.cli.simulating.terminal import Terminal, checked
from ivr.cli.watching import saves
from ivr.flow.findings import did_you_mean

SAVED = "saved.scenario.yaml"


def simulate(
    folder: Annotated[Path, typer.Argument(help="The folder of the flows, or a file in it.")] = Path("flows"),
    flow: Annotated[str, typer.Option("--flow", help="The flow to begin with.")] = "",
    caller: Annotated[
        str | None, typer.Option("--caller", help="The caller's number; empty: withheld.")
    ] = None,
    number: Annotated[str | None, typer.Option("--number", help="The number dialled.")] = None,
    language: Annotated[str, typer.Option("--language", help="The language to begin with.")] = "",
    clock: Annotated[
        str, typer.Option("--clock", help="Begin then: 23:30 or 2026-11-22T23:30, the hotline's time.")
    ] = "",
    hours: Annotated[
        list[str] | None, typer.Option("--hours", help="day_desk=closed, before its calendar.")
    ] = None,
    fact: Annotated[list[str] | None, typer.Option("--fact", help="age=70: known of the call.")] = None,
    given: Annotated[
        str,
        typer.Option(
            "--given",
            help="What others do, as `given` of a scenario: a YAML file (a scenario file too), or '{queues: ...}'.",
        ),
    ] = "",
    keys_only: Annotated[bool, typer.Option("--keys-only", help="Without speech recognition.")] = False,
    journal: Annotated[bool, typer.Option("--journal", help="Show the notes for the journal too.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="When a file is saved: the same turns again in the new flows.")
    ] = False,
    saved: Annotated[
        Path | None,
        typer.Option(
            "--save-to", help=f"Where `/save` writes (default: {SAVED} in the folder).", dir_okay=False
        ),
    ] = None,
) -> None:
    """Talk to a flow: type what the caller says or presses; `/help` lists the rest. Reads standard input, so it can be
    scripted.

    与流程对话：输入来电人说的话或按键；`/help` 列出其他命令。也可从标准输入读入脚本。
    """
    folder = folder.parent if folder.is_file() else folder
    library = loaded(folder)
    if flow and flow not in library.flows:
        hint = did_you_mean(flow, library.flows) or ", ".join(library.flows)
        typer.echo(f"there is no flow `{flow}`: {hint}", err=True)
        raise typer.Exit(1)
    data = _given(given)
    options: dict[str, Any] = {
        "flow": flow or None,
        "caller": caller,
        "number": number,
        "language": language or None,
        "time": clock.strip() or None,
        "speech": False if keys_only else None,
    }
    data |= {name: said for name, said in options.items() if said is not None}
    for name, written, option in (("hours", hours, "--hours"), ("facts", fact, "--fact")):
        if written:
            with _named(option):
                data[name] = {**data.get(name, {}), **assignments(" ".join(written))}
    with _named("--given" if given else "the options"):
        begins = checked(data, library)
    talk = Talk(library, begins, dt.datetime.now(dt.UTC))
    typing = sys.stdin.isatty() and sys.stdout.isatty()
    where = saved if saved is not None else folder / SAVED
    terminal = Terminal(talk, folder, where, journal=journal, typing=typing)
    if typing:
        typer.echo("/help lists the commands · /help 列出命令")
    if watch:
        watching = threading.Event()
        threading.Thread(
            target=_follow, args=(terminal, folder, watching), name="files watched", daemon=True
        ).start()
        watching.wait()
    terminal.run(_typed(terminal) if typing else _scripted())


def _given(written: str) -> dict[str, Any]:
    """A file, or the thing itself."""
    if not written:
        return {}
    with _named("--given"):
        try:
            text = written if written.lstrip().startswith("{") else Path(written).read_text("utf-8")
            found = yaml.safe_load(text)
        except (OSError, UnicodeDecodeError) as error:
            raise LineError(f"{written}: {error}") from error
        except yaml.YAMLError as error:
            raise LineError(f"this is not YAML: {' '.join(str(error).split())}") from error
        if isinstance(found, dict) and "scenarios" in found:
            found = found.get("given") or {}
        if not isinstance(found, dict):
            raise LineError("write {queues: {general: full}}, or the name of a file with such")
        return found


@contextlib.contextmanager
def _named(option: str) -> Iterator[None]:
    """What is wrong with what an option says is told with its name, exit code 2."""
    try:
        yield
    except LineError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def _typed(terminal: Terminal) -> Iterator[str]:
    """Lines from a person; Ctrl-D ends, Ctrl-C drops the line. The arrow keys bring back earlier lines."""
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  # changes how `input` reads
    while True:
        try:
            yield input(terminal.prompt())
        except EOFError:
            typer.echo()
            return
        except KeyboardInterrupt:
            typer.echo("  (/quit or Ctrl-D ends)")


def _scripted() -> Iterator[str]:
    for line in sys.stdin:
        yield line.rstrip("\r\n")


def _follow(terminal: Terminal, folder: Path, watching: threading.Event) -> None:
    changes = saves([folder])
    try:
        next(changes, None)
    finally:
        watching.set()
    for _ in changes:
        terminal.reload()
