"""`ivr prompts list` and `missing`: every prompt with the voice it has, and what is still to do."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from ivr.cli.prompts.common import (
    FlowsOption,
    Format,
    FormatOption,
    LanguageOption,
    console,
    explained,
    languages,
    load,
    read_book,
)
from ivr.prompts import book, report
from ivr.prompts.book import Book
from ivr.prompts.catalogue import Folders, PromptCatalogue
from ivr.prompts.recorded import find_recordings
from ivr.prompts.report import Lacks

_MOST = 12
"""Rows of one kind in the table; the JSON has all."""
_COLOURS = {"recorded": "green", "natural": "green", "live": "cyan", "stand-in": "yellow", "none": "red"}


def list_prompts(
    flows: FlowsOption = Path("flows"),
    language: LanguageOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Every prompt: its text, the voice that says it, and where flows say it."""
    with explained():
        library, catalogue = _load(flows, output)
        rows = [row for name in languages(library, language) for row in report.rows(library, catalogue, name)]
    if output is Format.JSON:
        _print_json([asdict(row) for row in rows])
        return
    table = Table("language", "prompt", "text", "voice", "said in")
    for row in rows:
        colour = _COLOURS[row.sound]
        places = (
            str(row.uses[0]) + (f" (+{len(row.uses) - 1})" if len(row.uses) > 1 else "") if row.uses else "-"
        )
        table.add_row(
            row.language,
            escape(row.id),
            escape(row.text),
            f"[{colour}]{row.sound}[/{colour}]",
            escape(places),
        )
    console.print(table)


def missing(
    flows: FlowsOption = Path("flows"),
    language: LanguageOption = None,
    output: FormatOption = Format.TABLE,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when anything is missing.")] = False,
) -> None:
    """What has no translation, no natural or recorded voice, no use; recordings that nobody hears."""
    with explained():
        library, catalogue = _load(flows, output)
        recordings = find_recordings(Folders.of(flows).recordings)
        found = {
            name: report.lacks(library, catalogue, name, recordings) for name in languages(library, language)
        }
    unused = () if library.problem else report.unused(library)
    if output is Format.JSON:
        per_language = {name: asdict(lacks) for name, lacks in found.items()}
        _print_json({"languages": per_language, "unused": unused, "problem": library.problem})
    else:
        _print_missing(found, unused)
    if strict and (any(found.values()) or unused or library.problem):
        raise typer.Exit(1)


def _load(flows: Path, output: Format) -> tuple[Book, PromptCatalogue]:
    if output is Format.JSON:  # nothing else may be printed
        library = book.read(flows)
        return library, load(flows, library, quiet=True)
    library = read_book(flows)
    return library, load(flows, library)


def _print_json(value: Any) -> None:
    console.file.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def _print_missing(found: dict[str, Lacks], unused: tuple[str, ...]) -> None:
    table = Table("language", "missing", "which", "to mend")
    for name, lacks in found.items():
        _add(table, name, "translation", list(lacks.translations), f"write it in prompts/{name}.yaml")
        for sound in ("none", "stand-in"):
            ids = [prompt for prompt, has in lacks.sounds if has == sound]
            kind = "any voice" if sound == "none" else "natural voice"
            _add(table, name, kind, ids, "`ivr prompts render`, or record it (`ivr prompts script`)")
        _add(table, name, "words of values", list(lacks.values), "`ivr prompts render`")
        for file, why in lacks.recordings:
            _add(table, name, "recording not played", [file], why)
    _add(table, "", "not used", list(unused), "say it in a flow, or delete it")
    console.print(table if table.row_count else "Nothing is missing.")


def _add(table: Table, language: str, kind: str, which: list[str], mend: str) -> None:
    if which:
        more = f" ... ({len(which)} in all)" if len(which) > _MOST else ""
        table.add_row(language, kind, escape(", ".join(which[:_MOST]) + more), escape(mend))
