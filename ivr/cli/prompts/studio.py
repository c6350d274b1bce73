"""`ivr prompts script` and `import`: to a voice artist, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ivr.cli.prompts.common import FlowsOption, bar, console, explained, hearing, languages, load, read_book
from ivr.errors import ConfigError
from ivr.prompts import importing, takes
from ivr.prompts import script as scripts
from ivr.prompts.book import Book
from ivr.prompts.catalogue import Folders
from ivr.prompts.importing import Judged
from ivr.prompts.recorded import find_recordings
from ivr.prompts.takes import Take

_COLOURS = {"accepted": "green", "fixed": "yellow", "refused": "red"}

OneLanguage = Annotated[str, typer.Option("--language", help="The language that is recorded (zh, en ...).")]


def script(
    language: OneLanguage,
    out: Annotated[Path, typer.Option("--out", help="The file to write: .csv, .xlsx, .html or .md.")],
    flows: FlowsOption = Path("flows"),
    values: Annotated[
        bool, typer.Option("--values", help="Also the words of numbers, dates and times (about 190).")
    ] = False,
    new: Annotated[bool, typer.Option("--new", help="Only what is not recorded yet.")] = False,
) -> None:
    """Write the script for a voice artist: what to say, how, and how to name each file."""
    with explained():
        library = read_book(flows)
        languages(library, language)
        wanted = _takes(library, language, values=values)
        if new:
            recorded = find_recordings(Folders.of(flows).recordings)
            wanted = [take for take in wanted if (language, take.id) not in recorded]
        lines = scripts.lines(wanted, library, language)
        scripts.write(out, lines, language)
    console.print(f"{escape(str(out))}: {len(lines)} lines")
    if not values and takes.can_say_values(language) and any(take.clip is not None for take in wanted):
        console.print("Numbers in them will be said by the synthetic voice: --values adds their words.")
    if not takes.can_say_values(language) and any(map(takes.has_values, library.texts[language].values())):
        console.print(f"Prompts with values are always synthesised in `{language}`, and not in the script.")


def import_recordings(
    source: Annotated[Path, typer.Argument(help="A folder or a zip with the artist's files.")],
    language: OneLanguage,
    flows: FlowsOption = Path("flows"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only judge; change nothing.")] = False,
    listen: Annotated[
        bool, typer.Option("--listen", help="Have the recogniser check the words (slow).")
    ] = False,
) -> None:
    """Check an artist's recordings, make them fit and put them where they are played."""
    with explained():
        library = read_book(flows)
        languages(library, language)
        hear = _listener() if listen else None
        files = importing.incoming(source)
        wanted = _takes(library, language, values=True)
        with bar() as progress:
            task = progress.add_task("checking", total=len(files))
            judged = importing.judge_all(
                files, wanted, language, hear=hear, done=lambda: progress.advance(task)
            )
        _print(judged)
        refused = sum(each.verdict.state == "refused" for each in judged)
        good = len(judged) - refused
        if dry_run:
            console.print(f"{good} would be placed, {refused} refused. Nothing was changed.")
        else:
            _place(flows, library, language, judged)
            console.print(f"{good} placed in {flows / 'recordings' / language}, {refused} refused.")
    if refused:
        raise typer.Exit(1)


def _listener() -> importing.Hear:
    hear = hearing()
    if hear is None:
        raise ConfigError(
            "the recogniser has no model on this machine", mend="`ivr models fetch`, or no --listen"
        )
    return hear


def _takes(library: Book, language: str, *, values: bool) -> list[Take]:
    return takes.takes(library.texts, language, values=values)


def _place(flows: Path, library: Book, language: str, judged: list[Judged]) -> None:
    """And prepare them for Asterisk, so that the next start finds them ready."""
    folder = Folders.of(flows).recordings / language
    try:
        importing.place(judged, folder)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror}", mend="check the folder") from error
    load(flows, library)


def _print(judged: list[Judged]) -> None:
    table = Table("file", "for", "state", "LUFS", "what", "to do")
    for each in judged:
        verdict, colour = each.verdict, _COLOURS[each.verdict.state]
        table.add_row(
            escape(each.name),
            escape(each.take.id) if each.take is not None else "-",
            f"[{colour}]{verdict.state}[/{colour}]",
            f"{verdict.loudness:.0f}" if verdict.wave else "",
            escape("; ".join(verdict.changes)),
            escape(verdict.mend),
        )
    console.print(table)
