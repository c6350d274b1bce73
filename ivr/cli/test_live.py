"""`ivr test --live`: scenarios as real calls on a private Asterisk, with real audio.

Exit codes as of `ivr test`; also 1 when something is left behind by the calls, 3 when not one could be placed.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import typer

from asr.settings import settings_for
from ivr import log as house_log
from ivr.cli.live.house import house
from ivr.cli.live.plan import Group, Plan, plan
from ivr.cli.live.voices import Voices
from ivr.cli.test_folders import Folder, Run, Wanted, folders_of, open_folder
from ivr.cli.test_reports import junit, write
from ivr.cli.test_telling import FAILED, FAULTY, PASSED, tell, tell_faults
from ivr.errors import HotlineError
from ivr.event_loop import new_event_loop
from ivr.flow.scenarios.running import Failure, Result

TAG: Final = "live"
LANGUAGES: Final = ("zh", "en")
"""Those that a running hotline listens to."""


def run_live(
    paths: Sequence[Path],
    *,
    name: str,
    tag: str,
    junit_file: Path | None,
    everything: bool = False,
    verbose: bool = False,
) -> int:
    """everything: not only the scenarios tagged `live`. The exit code."""
    house_log.setup("ERROR", "text")
    # What is told to people outside is looked at, and not sent.
    logging.getLogger("ivr.outside.outbox").setLevel(logging.CRITICAL)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runs = runner.run(_run(paths, Wanted("", name, tag), everything=everything, verbose=verbose))
    if junit_file is not None:
        write(junit_file, junit(runs))
    return _judge(runs)


def _judge(runs: Sequence[Run]) -> int:
    results = [result for each in runs for result in each.results]
    skipped = sum(bool(result.skipped) for result in results)
    failed = sum(each.failed for each in runs)
    faults = sum(len(each.folder.errors) for each in runs)
    passed = sum(result.passed for result in results)
    typer.echo(f"{passed} passed, {failed} failed, {skipped} not live")
    if faults or not (passed or failed):
        if not faults:
            typer.echo(f"no scenario could be placed: tag them `{TAG}`, or use --all", err=True)
        return FAULTY
    return FAILED if failed else PASSED


async def _run(paths: Sequence[Path], wanted: Wanted, *, everything: bool, verbose: bool) -> list[Run]:
    heard = await asyncio.to_thread(_languages_heard)
    voices = Voices()
    runs: list[Run] = []
    for path, file in folders_of(paths):
        folder = open_folder(path)
        tell_faults(folder)
        plans = _plans(folder, Wanted(file, wanted.name, wanted.tag), heard, everything=everything)
        seconds: dict[str, float] = {}
        results = await _place(folder, plans, voices, seconds)
        took = tuple(seconds.get(result.case.name, 0.0) for result in results)
        runs.append(Run(folder, tuple(results), took, None))
        tell(runs[-1], verbose=verbose)
    return runs


def _languages_heard() -> frozenset[str]:
    """Those of which there is a model on this machine."""
    settings = settings_for(LANGUAGES)
    engines = settings.worker.engines if settings is not None else ()
    return frozenset(language for engine in engines for language in engine.languages)


def _plans(folder: Folder, wanted: Wanted, heard: frozenset[str], *, everything: bool) -> list[Plan]:
    if folder.library is None:
        return []
    return [
        plan(folder.library, case, heard)
        for case in folder.reading.cases
        if wanted.takes(case) and (everything or TAG in case.scenario.tags)
    ]


async def _place(
    folder: Folder, plans: Sequence[Plan], voices: Voices, seconds: dict[str, float]
) -> list[Result]:
    """Each group on a hotline of its own, one after the other."""
    results = {index: each.result for index, each in enumerate(plans) if each.result is not None}
    to_place = [(index, each) for index, each in enumerate(plans) if each.result is None]

    def group_of(item: tuple[int, Plan]) -> str:
        return repr(item[1].group)

    for _, members in itertools.groupby(sorted(to_place, key=group_of), key=group_of):
        numbered = list(members)
        chosen = [each for _, each in numbered]
        placed = await _group(folder, chosen[0].group, chosen, voices, seconds)
        results |= {index: result for (index, _), result in zip(numbered, placed, strict=True)}
    return [results[index] for index in range(len(plans))]


async def _group(
    folder: Folder, group: Group, plans: Sequence[Plan], voices: Voices, seconds: dict[str, float]
) -> list[Result]:
    library = folder.library
    if library is None:
        raise HotlineError("flows with faults cannot be called")
    typer.echo(f"{folder.path.as_posix()}: {len(plans)} to place; starting Asterisk and the hotline")
    begun = time.perf_counter()

    def told(result: Result) -> None:
        seconds[result.case.name] = time.perf_counter() - placed_at
        word, colour = ("ok", "green") if result.passed else ("FAILED", "red")
        took = f"{seconds[result.case.name]:.0f} s"
        typer.echo(f"  {typer.style(word, fg=colour)} {result.case.name} ({took})")

    try:
        async with house(folder.path, library, group, plans, voices) as opened:
            placed_at = time.perf_counter()
            typer.echo(f"  takes calls after {placed_at - begun:.0f} s")
            results = await opened.play_all(plans, told)
            left = await opened.left_behind()
    except HotlineError as error:
        # What keeps one hotline from starting says nothing of the others.
        mend = f" ({error.mend})" if error.mend else ""
        return [
            _with(Result(each.case, (), ()), f"the hotline does not run: {error}{mend}") for each in plans
        ]
    return [_with(each, f"left behind by these calls: {left}") for each in results] if left else results


def _with(result: Result, cause: str) -> Result:
    """It did not go well, for another reason than its turns."""
    return replace(result, failures=(*result.failures, Failure(0, result.case.where(), cause)))
