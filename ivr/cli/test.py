"""`ivr test`: run the scenarios of flows, and say which nodes and ways none of them took.

Exit codes: 0 all hold; 1 one fails, or less is covered than was asked for; 2 the command was given wrongly; 3 a folder
or a scenario file has faults, or there is no scenario. Faults hide nothing: everything else is run and told.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated, Final

import typer

from ivr.cli.test_folders import Run, Wanted, folders_of, open_folder, run_folder
from ivr.cli.test_reports import (
    coverage_page,
    coverage_text,
    junit,
    percent,
    write,
    write_coverage,
)
from ivr.cli.test_telling import FAILED, FAULTY, PASSED, counted, tell, tell_faults
from ivr.cli.watching import saves

DEFAULT: Final = Path("flows")


def test(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders of flows, or *.scenario.yaml files. Default: flows", exists=True),
    ] = None,
    name: Annotated[str, typer.Option("--name", "-k", help="Only scenarios with these words.")] = "",
    tag: Annotated[str, typer.Option("--tag", help="Only scenarios with this tag.")] = "",
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show every turn.")] = False,
    failfast: Annotated[bool, typer.Option("--failfast", "-x", help="Stop at the first failure.")] = False,
    listing: Annotated[bool, typer.Option("--list", help="Only say which scenarios there are.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Again whenever a file is saved.")] = False,
    junit_file: Annotated[
        Path | None, typer.Option("--junit", help="Write JUnit XML there.", dir_okay=False)
    ] = None,
    coverage_file: Annotated[
        Path | None,
        typer.Option(
            "--coverage",
            help="Write hits as JSON there, for `ivr graph --coverage`; of several folders one file each beside it.",
            dir_okay=False,
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the coverage as a page there.", dir_okay=False)
    ] = None,
    fail_under: Annotated[
        float,
        typer.Option(
            "--fail-under", min=0, max=100, help="Fail when less than so many % of nodes or ways are covered."
        ),
    ] = 0.0,
    live: Annotated[
        bool, typer.Option("--live", help="Place them as real calls on a private Asterisk, with real audio.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="With --live: not only those tagged `live`, but all that can be.")
    ] = False,
) -> None:
    """Run *.scenario.yaml: what a caller does, and what must come of it; coverage of nodes and ways.

    Exit code 0: all hold. 1: one fails, or too little is covered. 2: wrongly called. 3: a file has faults, or there is
    no scenario.
    """
    where = paths or [DEFAULT]
    if live:
        from ivr.cli.test_live import run_live  # phones and an Asterisk: only whoever asks for it pays for it

        code = run_live(
            where, name=name, tag=tag, junit_file=junit_file, everything=everything, verbose=verbose
        )
        raise typer.Exit(code)
    if listing:
        raise typer.Exit(_list(where, name, tag))

    def once() -> int:
        runs = _run(where, name, tag, verbose=verbose, failfast=failfast)
        code = _judge(runs, whole=not (name or tag), fail_under=fail_under, verbose=verbose)
        if junit_file is not None:
            write(junit_file, junit(runs))
        if coverage_file is not None:
            for file in write_coverage(coverage_file, runs):
                typer.echo(f"coverage: {file.as_posix()}")
        if html is not None:
            covered = [(each.folder.path.as_posix(), each.coverage) for each in runs]
            write(html, coverage_page((path, hits) for path, hits in covered if hits is not None))
        return code

    code = once() if not watch else PASSED
    if watch:
        # Ctrl-C ends it, whatever it is at: what the last whole round came to is the result.
        with contextlib.suppress(KeyboardInterrupt):
            for _ in saves(sorted({folder for folder, _ in folders_of(where)})):
                code = once()
                typer.echo("Waiting for a file to be saved; Ctrl-C ends.")
    if code:
        raise typer.Exit(code)


def _run(where: list[Path], name: str, tag: str, *, verbose: bool, failfast: bool) -> list[Run]:
    """Runs and tells, folder by folder."""
    runs: list[Run] = []
    for path, file in folders_of(where):
        folder = open_folder(path)
        tell_faults(folder)
        runs.append(run_folder(folder, Wanted(file, name, tag), failfast=failfast))
        tell(runs[-1], verbose=verbose)
        if failfast and runs[-1].failed:
            break
    return runs


def _judge(runs: list[Run], *, whole: bool, fail_under: float, verbose: bool) -> int:
    """Tells the sums; the exit code."""
    results = [result for each in runs for result in each.results]
    failed = sum(each.failed for each in runs)
    faults = sum(len(each.folder.errors) for each in runs)
    low = whole and any([_tell_coverage(each, fail_under, verbose=verbose) for each in runs])
    if not results and not faults:
        typer.echo("no scenario: write one beside the flow, `main.scenario.yaml`", err=True)
        return FAULTY
    told = f"{len(results) - failed} passed, {failed} failed"
    typer.echo(told + (f", {counted(faults, 'fault')}" if faults else ""))
    if faults:
        return FAULTY
    return FAILED if failed or low else PASSED


def _tell_coverage(each: Run, fail_under: float, *, verbose: bool) -> bool:
    """Whether it is lower than it should be."""
    if each.coverage is None:
        typer.echo(f"{each.folder.path.as_posix()}: not run, its flows have faults")
        return False
    nodes, edges = each.coverage.shares()
    short = min(nodes, edges) * 100 < fail_under
    typer.echo(
        f"{each.folder.path.as_posix()}: {counted(len(each.results), 'scenario')}, "
        f"{percent(nodes)} of nodes, {percent(edges)} of ways"
    )
    if short or (verbose and (nodes, edges) != (1.0, 1.0)):
        typer.echo(coverage_text(each.coverage))
    return short


def _list(where: list[Path], name: str, tag: str) -> int:
    """Which scenarios there are, with their tags, a line each."""
    faulty = False
    for path, file in folders_of(where):
        folder = open_folder(path)
        faulty = faulty or bool(folder.errors)
        for finding in folder.errors:
            typer.secho(folder.told(finding), fg="red", err=True)
        for case in folder.reading.cases:
            if Wanted(file, name, tag).takes(case):
                tags = f" [{', '.join(case.scenario.tags)}]" if case.scenario.tags else ""
                typer.echo(f"{folder.place(case.file)}:{case.where().line}: {case.name}{tags}")
    return FAULTY if faulty else PASSED
