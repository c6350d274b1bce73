"""`ivr publish`, `ivr rollback` and `ivr versions`: which version of the dialogue is live, and who made it so."""

from __future__ import annotations

import asyncio
import getpass
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from ivr.cli.opening import (
    AuthorOption,
    ConfigOption,
    DatabaseOption,
    Format,
    FormatOption,
    KeepOption,
    MapOption,
    MessageOption,
    explained,
    opened,
)
from ivr.config import Settings
from ivr.errors import VersionError
from ivr.flow.folder import inside
from ivr.flow.load import read_folder
from ivr.flow.model import FlowLibrary
from ivr.prompts.catalogue import Folders, PromptCatalogue
from ivr.versions.ready import texts_of
from ivr.versions.returning import parse_mapping
from ivr.versions.service import Published, Versions
from storage.flow_records import FlowRelease, FlowVersion

console = Console(highlight=False, soft_wrap=True)
Result = TypeVar("Result")
app = typer.Typer(help="The versions of the dialogue: list, show, export.", invoke_without_command=True)


def publish(
    folder: Annotated[
        Path | None, typer.Argument(help="The folder of the flows (default: the settings').")
    ] = None,
    message: MessageOption = "",
    author: AuthorOption = "",
    map_: MapOption = None,
    keep: KeepOption = False,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
    format: FormatOption = Format.text,
) -> None:
    """Make the folder what new calls run. It is checked first; a fault, or nothing new, changes nothing.

    A running server takes it within a second, without a restart. Calls in flight stay on the version they began with.
    """
    if not message:
        raise typer.BadParameter("say why in a sentence: -m 'Shorter greeting'", param_hint="--message")

    async def work(versions: Versions, settings: Settings) -> Published:
        path = folder or settings.flows_dir
        if not path.is_dir():
            raise VersionError(
                f"{path} {'is no folder' if path.exists() else 'is not there'}",
                mend="name the folder of the flows: `ivr check FOLDER` looks through it",
            )
        sources = read_folder(path)
        library = await versions.examine(sources)
        silent = _silent(library, path)
        if silent and not settings.prompts.render:
            raise VersionError(
                f"{len(silent)} prompts have no sound, and this server renders none: {', '.join(silent[:5])} ...",
                mend=f"`ivr prompts render --flows {path}`, then publish again",
            )
        published = await versions.publish(
            sources,
            author=author or _who(),
            message=message,
            mapping=parse_mapping(map_ or ()),
            keep=keep,
            library=library,
        )
        if published.released and format is Format.text:
            _tell_unheard(library, settings)
        if silent and published.released and format is Format.text:
            have = "1 prompt has" if len(silent) == 1 else f"{len(silent)} prompts have"
            console.print(f"  {have} no sound yet: the server speaks them before it takes the version")
        return published

    with explained(format):
        _tell(_run(work, config, database_url, making=True), format)


def _tell_unheard(library: FlowLibrary, settings: Settings) -> None:
    if settings.speech.engine == "off":
        return
    from ivr.cli.hearing import unheard_of  # its lists of words take a third of a second

    unheard = unheard_of(library, settings.speech.engines or None)
    for one in unheard[:5]:
        console.print(f"  [yellow]warning[/yellow] {one.file}:{one.line}:{one.column}: {one.cause}")
    if len(unheard) > 5:
        console.print(f"  [yellow]warning[/yellow] and {len(unheard) - 5} more: `ivr check` tells them")


def rollback(
    version: Annotated[
        str, typer.Argument(help="To this one: a hash or its beginning, or the number of a release.")
    ] = "",
    steps: Annotated[int, typer.Option("--steps", min=1, help="Or so many versions back.")] = 1,
    message: MessageOption = "",
    author: AuthorOption = "",
    map_: MapOption = None,
    keep: KeepOption = False,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
    format: FormatOption = Format.text,
) -> None:
    """Make an earlier version live again: the one before, unless you say which."""

    async def work(versions: Versions, settings: Settings) -> Published:
        return await versions.rollback(
            version,
            steps=steps,
            author=author or _who(),
            message=message,
            mapping=parse_mapping(map_ or ()),
            keep=keep,
        )

    with explained(format):
        _tell(_run(work, config, database_url), format)


@app.callback()
def versions(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, help="So many, newest first.")] = 20,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
    format: FormatOption = Format.text,
) -> None:
    """Without a command: what was live when, and how many calls run it now."""
    context.obj = (config, database_url)
    if context.invoked_subcommand is not None:
        return

    async def work(versions: Versions, settings: Settings) -> None:
        releases = (await versions.releases())[::-1][:limit]
        async with versions.store.reading() as uow:
            calls = dict(await uow.calls.live_by_version())
        if format is Format.json:
            rows = [_plain(release) | {"calls": calls.get(release.version, 0)} for release in releases]
            typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        elif not releases:
            console.print(f"nothing is published for {versions.hotline}: `ivr publish -m ...`")
        else:
            console.print(_table(releases, calls))

    with explained(format):
        _run(work, config, database_url)


@app.command()
def show(
    context: typer.Context,
    version: Annotated[
        str, typer.Argument(help="A hash or its beginning, the number of a release, or `live`.")
    ],
    format: FormatOption = Format.text,
) -> None:
    """One version: who, when, why, from which it was made, and its files."""

    async def work(versions: Versions, settings: Settings) -> None:
        found = await versions.find(version)
        releases = [one for one in await versions.releases() if one.version == found.hash]
        sizes = {name: len(content) for name, content in (await versions.sources(found.hash)).items()}
        if format is Format.json:
            plain = asdict(found) | {
                "created_at": found.created_at.isoformat(),
                "releases": [_plain(release) for release in releases],
            }
            typer.echo(json.dumps(plain, ensure_ascii=False, indent=2))
        else:
            _show(found, releases, sizes)

    with explained(format):
        _run(work, *context.obj)


@app.command()
def export(
    context: typer.Context,
    version: Annotated[
        str, typer.Argument(help="A hash or its beginning, the number of a release, or `live`.")
    ],
    folder: Annotated[Path, typer.Argument(help="An empty folder, or one that is not there yet.")],
) -> None:
    """Lay the files of a version out in a folder, to look at or to publish again."""

    async def work(versions: Versions, settings: Settings) -> None:
        found = await versions.find(version)
        files = await versions.sources(found.hash)
        if folder.exists() and any(folder.iterdir()):
            raise VersionError(f"{folder} is not empty", mend="give a folder that is not there yet")
        for name, content in files.items():
            if not inside(name):
                raise VersionError(f"version {found.hash[:12]} has a file outside its folder: {name}")
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        console.print(f"{len(files)} files of version {found.hash[:12]} are in {folder}")

    with explained():
        _run(work, *context.obj)


def _run(
    work: Callable[[Versions, Settings], Awaitable[Result]],
    config: Path | None,
    database_url: str,
    *,
    making: bool = False,
) -> Result:
    async def inside_the_loop() -> Result:
        async with opened(config, database_url, making=making) as (versions, settings):
            return await work(versions, settings)

    return asyncio.run(inside_the_loop())


def _silent(library: FlowLibrary, folder: Path) -> list[str]:
    """What cannot be heard yet, as `en: Hello`."""
    texts = texts_of(library)
    catalogue = PromptCatalogue.load(texts, Folders.of(folder))
    return [f"{language}: {clip.text.strip()}" for language in texts for clip in catalogue.silent(language)]


def _who() -> str:
    """Who is logged in; "" where nobody is (a container)."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def _tell(published: Published, format: Format) -> None:
    release = published.release
    if format is Format.json:
        plain = _plain(release) | {"released": published.released, "before": published.before}
        plain["kept_queues"] = dict(published.kept_queues)
        typer.echo(json.dumps(plain, ensure_ascii=False, indent=2))
        return
    if not published.released:
        console.print(f"already live: version {release.version[:12]} (release {release.seq})")
        return
    before = f", it was {published.before[:12]}" if published.before else ""
    console.print(f"[green]version {release.version[:12]} is live[/green] (release {release.seq}{before})")
    for old, new in sorted(release.mapping.items()):
        console.print(f"  {old}: {'stays on its version' if new is None else f'comes back to {new}'}")
    for queue, count in sorted(published.kept_queues.items()):
        console.print(f"  queue {queue} is gone, but {count} wait there: it is kept until they are served")
    if published.before:
        console.print(f"  what changed: ivr diff {published.before[:12]} {release.version[:12]}", style="dim")


def _plain(release: FlowRelease) -> dict[str, object]:
    return asdict(release) | {"at": release.at.isoformat()}


def _table(releases: list[FlowRelease], calls: dict[str, int]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("", "release", "when", "version", "by", "calls now", "why"):
        table.add_column(name, justify="right" if name in ("release", "calls now") else "left")
    for number, release in enumerate(releases):
        table.add_row(
            "[green]live[/green]" if not number else "",
            str(release.seq),
            f"{release.at.astimezone():%Y-%m-%d %H:%M}",
            release.version[:12],
            release.author,
            # Of a version that was live twice the calls are told once.
            str(calls.pop(release.version, "") or ""),
            f"back: {release.message}" if release.kind == "rollback" else release.message,
        )
    return table


def _show(version: FlowVersion, releases: list[FlowRelease], sizes: Mapping[str, int]) -> None:
    console.print(f"version {version.hash}")
    parent = f", made from {version.parent[:12]}" if version.parent else ""
    console.print(
        f"  {version.created_at.astimezone():%Y-%m-%d %H:%M:%S %z} by {version.author or '?'}{parent}"
    )
    console.print(f"  {version.message}")
    for release in releases:
        console.print(f"  release {release.seq}: {release.kind} {release.at.astimezone():%Y-%m-%d %H:%M:%S}")
        for old, new in sorted(release.mapping.items()):
            console.print(f"    {old} -> {new or 'stays on its version'}")
    for name, size in sorted(sizes.items()):
        console.print(f"  {size:>8} {name}")
