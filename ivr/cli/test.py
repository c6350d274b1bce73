"""`ivr test`: run the scenarios of flows, and say which nodes and ways none of them took. Exit code 1 when one
fails."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ivr.cli.test_reports import coverage_page, coverage_text, junit
from ivr.flow.assemble import LIBRARY
from ivr.flow.findings import Finding, FlowLoadError
from ivr.flow.load import load_sources, read_folder
from ivr.flow.model import FlowLibrary
from ivr.flow.scenarios.coverage import Coverage
from ivr.flow.scenarios.reading import SUFFIX, Case, read_scenarios
from ivr.flow.scenarios.running import Result, run


@dataclass(frozen=True, slots=True)
class Run:
    """The scenarios of one folder. seconds: of each result."""

    folder: Path
    library: FlowLibrary
    results: tuple[Result, ...]
    seconds: tuple[float, ...]
    coverage: Coverage


def test(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Folders of flows, or *.scenario.yaml files. Default: flows")
    ] = None,
    name: Annotated[str, typer.Option("--name", "-k", help="Only scenarios with these words.")] = "",
    tag: Annotated[str, typer.Option("--tag", help="Only scenarios with this tag.")] = "",
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show every turn.")] = False,
    junit_file: Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML there.")] = None,
    coverage_file: Annotated[
        Path | None, typer.Option("--coverage", help="Write hits as JSON there, for `ivr graph --coverage`.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write the coverage as a page there.")] = None,
    fail_under: Annotated[
        float,
        typer.Option("--fail-under", help="Fail when less than so many % of nodes or ways are covered."),
    ] = 0.0,
    live: Annotated[
        bool, typer.Option("--live", help="Place them as real calls on a private Asterisk, with real audio.")
    ] = False,
) -> None:
    """Run *.scenario.yaml: what a caller does, and what must come of it; coverage of nodes and ways."""
    if live:
        from ivr.cli.test_live import run_live  # phones and an Asterisk: only whoever asks for it pays for it

        raise typer.Exit(run_live(paths or [Path("flows")], name=name, tag=tag, junit_file=junit_file))
    runs = []
    for folder, only in folders_of(paths or [Path("flows")]):
        try:
            runs.append(run_folder(folder, only, name, tag))
        except FlowLoadError as error:
            for finding in error.findings:
                typer.echo(
                    f"{_path(folder, finding)}: {finding.severity} {finding.code}: {finding.cause}", err=True
                )
            raise typer.Exit(1) from None
    failed = sum(_tell(each, verbose=verbose) for each in runs)
    total = sum(len(each.results) for each in runs)
    if not total:
        typer.echo("no scenario: write one beside the flow, `main.scenario.yaml`", err=True)
        raise typer.Exit(1)
    whole = not (name or tag)
    low = whole and _tell_coverage(runs, fail_under, verbose=verbose)
    typer.echo(f"{total - failed} passed, {failed} failed")
    if junit_file is not None:
        junit_file.write_text(
            junit([(each.folder.as_posix(), each.results, each.seconds) for each in runs]), "utf-8"
        )
    if coverage_file is not None:
        hits = {"nodes": {}, "edges": {}} if not runs else runs[0].coverage.to_json()
        for each in runs[1:]:
            for kind, found in each.coverage.to_json().items():
                hits[kind].update(found)
        coverage_file.write_text(json.dumps(hits, ensure_ascii=False, indent=1), "utf-8")
    if html is not None:
        html.write_text(coverage_page([(each.folder.as_posix(), each.coverage) for each in runs]), "utf-8")
    if failed or low:
        raise typer.Exit(1)


def folders_of(paths: list[Path]) -> Iterator[tuple[Path, str]]:
    """(folder of a hotline, "" or the one scenario file wanted). A folder brings the hotlines below it along."""
    for path in paths:
        if path.is_file():
            folder = path.parent
            while (folder / LIBRARY).is_file() and folder.parent != folder:
                folder = folder.parent
            yield folder, path.relative_to(folder).as_posix()
            continue
        found = {file.parent for file in path.rglob("*" + SUFFIX)} | {path}
        for folder in sorted(found):
            inside_another = (folder / LIBRARY).is_file()
            if not inside_another and any(folder.glob("*" + SUFFIX)):
                yield folder, ""


def run_folder(folder: Path, only: str, name: str, tag: str) -> Run:
    """Raises FlowLoadError."""
    sources = read_folder(folder)
    library = load_sources(sources)
    coverage = Coverage.of(library)
    results: list[Result] = []
    seconds: list[float] = []
    for case in read_scenarios(sources):
        if _wanted(case, only, name, tag):
            begin = time.perf_counter()
            result = run(library, case)
            seconds.append(time.perf_counter() - begin)
            coverage.add(result.steps)
            results.append(result)
    return Run(folder, library, tuple(results), tuple(seconds), coverage)


def _wanted(case: Case, only: str, name: str, tag: str) -> bool:
    return (
        only in ("", case.file)
        and name.casefold() in case.name.casefold()
        and (not tag or tag in case.scenario.tags)
    )


def _path(folder: Path, finding: Finding) -> str:
    return f"{(folder / finding.file).as_posix()}:{finding.line}:{finding.column}"


def _tell(done: Run, *, verbose: bool) -> int:
    """The number of failures."""
    failed = 0
    for result in done.results:
        if result.passed and not verbose:
            continue
        mark = typer.style("ok", fg="green") if result.passed else typer.style("FAILED", fg="red")
        typer.echo(f"{mark} {(done.folder / result.case.file).as_posix()}: {result.case.name}")
        for line in result.transcript:
            typer.echo(f"    {line}")
        for failure in result.failures:
            failed += 1 if failure is result.failures[0] else 0
            place = (
                f"{(done.folder / result.case.file).as_posix()}:{failure.where.line}:{failure.where.column}"
            )
            typer.echo(f"  {place}: turn {failure.turn}: {failure.cause}")
    return failed


def _tell_coverage(runs: list[Run], fail_under: float, *, verbose: bool) -> bool:
    """Whether it is lower than it should be."""
    low = False
    for each in runs:
        nodes, edges = each.coverage.shares()
        short = min(nodes, edges) * 100 < fail_under
        low = low or short
        typer.echo(
            f"{each.folder.as_posix()}: {len(each.results)} scenarios, {nodes:.0%} of nodes, {edges:.0%} of ways"
        )
        if short or verbose:
            typer.echo(coverage_text(each.coverage))
    return low
