"""`ivr check`: are the hotlines in these folders sound? Exit codes: 0 sound, 1 errors, 2 nothing to check."""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from asr.vocabulary import Vocabulary
from ivr.cli.check_output import Report, as_annotations, as_json, as_text
from ivr.cli.checking import audio_findings, check_sources
from ivr.cli.hearing import hearing_findings, known_words
from ivr.errors import ConfigError
from ivr.flow.findings import Finding, FlowLoadError, did_you_mean, sorted_findings
from ivr.flow.folder import HOTLINE
from ivr.flow.load import read_folder

KINDS_OF_FILE = (".yaml", ".csv")
_HOPS = 5
"""So many folders up a file's hotline is looked for."""


class Format(StrEnum):
    text = "text"
    json = "json"
    github = "github"


def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Folders of flows, or files in them. A folder brings the hotlines below it along.",
            metavar="[FOLDER]...",
        ),
    ] = None,
    format: Annotated[
        Format, typer.Option("--format", help="text, json, or github's annotations.")
    ] = Format.text,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail too.")] = False,
    hints: Annotated[bool, typer.Option("--hints", help="What is written and does nothing, too.")] = False,
    audio: Annotated[
        bool, typer.Option("--audio", help="Prompts without a recording or a natural voice, too.")
    ] = False,
    speech: Annotated[
        bool | None,
        typer.Option(
            "--speech/--no-speech",
            help="Phrases with words that the speech model does not know (default: where the model is here).",
        ),
    ] = None,
    explain: Annotated[
        str, typer.Option("--explain", help="What a code means, with examples.", metavar="CODE")
    ] = "",
) -> None:
    """Check flows, prompts, scenarios, queues and agents: every fault with file, line, column, cause and suggestion."""
    if explain:
        _explain(explain)
        return
    try:
        folders = list(
            dict.fromkeys(folder for path in paths or [Path("flows")] for folder in _folders(path))
        )
    except OSError as error:
        _refuse(f"{error.filename}: {error.strerror}")
    now = dt.datetime.now(dt.UTC)
    hearing = None if speech is False else partial(_words_of, said=speech is True)
    reports = [report_of(folder, now, hints=hints, audio=audio, hearing=hearing) for folder in folders]
    if format is Format.json:
        typer.echo(as_json(reports))
    else:
        colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        for line in as_annotations(reports) if format is Format.github else as_text(reports, colour=colour):
            typer.echo(line)
    wrong = sum(report.count("error") + (report.count("warning") if strict else 0) for report in reports)
    if wrong:
        raise typer.Exit(1)


def _folders(path: Path) -> Iterator[Path]:
    """The hotlines that are meant."""
    if path.is_file():
        if path.suffix not in KINDS_OF_FILE:
            _refuse(f"{path} is no file of a hotline: give its folder, or a .yaml file in it")
        yield _hotline_of(path)
    elif path.is_dir():
        here = [path] if any(path.glob("*.yaml")) else []
        found = [*here, *(folder for folder in _below(path) if folder not in here)]
        if not found:
            _refuse(f"there is nothing to check in {path}: no *.yaml")
        yield from found
    else:
        near = (
            did_you_mean(path.name, (each.name for each in path.parent.glob("*")))
            if path.parent.is_dir()
            else ""
        )
        _refuse(f"there is no {path}{f': {near}' if near else ''}")


def _hotline_of(file: Path) -> Path:
    """The folder that the file's hotline stands in: the nearest with a `hotline.yaml`, else the file's own."""
    for folder in list(file.resolve().parents)[:_HOPS]:
        if (folder / HOTLINE).is_file():
            return next((each for each in file.parents if each.resolve() == folder), folder)
    return file.parent


def _below(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob(HOTLINE)):
        parts = file.relative_to(folder).parts
        if len(parts) > 1 and not any(part.startswith(".") or part == "node_modules" for part in parts):
            yield file.parent


Hearing = Callable[[Sequence[str]], Mapping[str, Vocabulary]]
"""The hotline's languages -> the words that can be heard in them."""


def _words_of(languages: Sequence[str], *, said: bool) -> Mapping[str, Vocabulary]:
    """said: also for which languages there is nothing to look up."""
    try:
        words = known_words(languages)
    # An engine is foreign code, and the dialogue is no worse for its damaged model.
    except Exception as error:
        typer.echo(f"the words of the speech models cannot be read: {error}", err=True)
        return {}
    for language in languages if said else ():
        if language not in words:
            typer.echo(f"{language}: no model with a list of words here; `ivr models list`", err=True)
    return words


def report_of(
    folder: Path, now: dt.datetime, *, hints: bool, audio: bool, hearing: Hearing | None = None
) -> Report:
    """Of one hotline. What cannot be read is a finding. now: says which holidays should be known. hearing: None = what
    can be heard is not asked."""
    try:
        sources = read_folder(folder)
    except FlowLoadError as error:
        return Report(folder, error.findings, "", {})
    checked = check_sources(sources, now, hints=hints, folder=folder)
    found = list(checked.findings)
    version = checked.version
    if hearing is not None and checked.library is not None:
        unheard = list(hearing_findings(checked.library, hearing(checked.library.languages)))
        found += unheard
        version = "" if unheard else version
    if audio and checked.library is not None:
        try:
            found += audio_findings(folder, checked.library)
        except ConfigError as error:
            found.append(Finding("", 0, 0, "missing-audio", str(error), error.mend, "warning"))
    return Report(folder, tuple(sorted_findings(found)), version, sources)


def _refuse(message: str) -> NoReturn:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(2)


def _explain(code: str) -> None:
    from ivr.flow.explained import explanation  # examples of everything: only for who asks

    found = explanation(code)
    if found is None:
        from ivr.flow.codes import CODES

        _refuse(
            f"there is no code `{code}`: {did_you_mean(code, CODES) or 'the page of the language lists them'}"
        )
    typer.echo(found)
