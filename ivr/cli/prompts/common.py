"""What the commands of `ivr prompts` share: options, the texts and their sounds, errors told in two lines."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from asr import models
from ivr.errors import ConfigError, HotlineError
from ivr.prompts import audio, book
from ivr.prompts.book import Book
from ivr.prompts.catalogue import Folders, PromptCatalogue

console = Console()

FlowsOption = Annotated[
    Path, typer.Option("--flows", help="The folder with prompts/, audio/ and recordings/.")
]
LanguageOption = Annotated[str | None, typer.Option("--language", help="Only this language (zh, en ...).")]


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="For people, or for programs.")]


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """An error of ours is two lines and exit code 1."""
    try:
        yield
    except HotlineError as error:
        console.print(str(error), style="red", markup=False)
        if error.mend:
            console.print(f"To mend: {error.mend}", markup=False)
        raise typer.Exit(1) from None


def bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=not console.is_terminal)


def read_book(flows: Path) -> Book:
    """Says so when the flows cannot be read: then the texts written into them are left out."""
    found = book.read(flows)
    if found.problem:
        console.print("[yellow]The flows do not load, so the texts written into them are left out.[/yellow]")
        console.print(found.problem, style="yellow", markup=False)
    return found


def load(flows: Path, library: Book, *, quiet: bool = False) -> PromptCatalogue:
    """With a bar while files are decoded."""
    if quiet:
        return PromptCatalogue.load(library.texts, Folders.of(flows))
    with bar() as progress:
        task = progress.add_task("preparing", total=None)
        return PromptCatalogue.load(
            library.texts,
            Folders.of(flows),
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )


def languages(library: Book, only: str | None) -> list[str]:
    """Those asked for. Raises ConfigError for one without texts."""
    if only is None:
        return list(library.texts)
    if only not in library.texts:
        known = ", ".join(library.texts) or "none yet"
        raise ConfigError(f"there are no prompts in `{only}`", mend=f"one of {known}")
    return [only]


def hearing() -> Callable[[audio.Samples, str], str] | None:
    """Whisper, where the set-up has put its model: (samples at 16 kHz, language) -> text."""
    here = next((found for found in models.installed() if found.engine == "whisper"), None)
    if here is None:
        return None
    from asr.whisper_engine import WhisperRecognizer

    recognizer = WhisperRecognizer(here.folder)

    def hear(samples: audio.Samples, language: str) -> str:
        return recognizer.hear(audio.raw_formats(samples, 16_000)["sln16"], language).text

    return hear
