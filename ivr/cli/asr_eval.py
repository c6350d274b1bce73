"""`ivr asr-eval`: how well an engine understands a folder of recordings."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path
from typing import Annotated, Final, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from asr.engines import load
from asr.evaluation.lines import LINES, Line
from asr.evaluation.manifest import ManifestError, Recording, read
from asr.evaluation.page import page
from asr.evaluation.running import Evaluator, Heard
from asr.evaluation.summary import Evaluation, Group, groups, rows
from asr.models import Installed, choose, language_tag
from asr.protocol import Recognizer
from asr.settings import EngineSpec
from asr.vad import VoiceDetector
from ivr.errors import HotlineError

Format = Literal["text", "json", "html"]

DEFAULT_LINES: Final = "clean"
WIDTH: Final = 160


class EvaluationError(HotlineError):
    """What was asked for cannot be evaluated."""


def asr_eval(
    folder: Annotated[Path, typer.Argument(help="Recordings with a MANIFEST.tsv.", file_okay=False)],
    language: Annotated[str, typer.Option("--language", "-l", help="zh, en ...")] = "zh",
    format: Annotated[Format, typer.Option("--format", help="How to tell it.")] = "text",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write it there instead.", dir_okay=False)
    ] = None,
    model: Annotated[
        str, typer.Option("--model", help="A model of `ivr models list`. Default: what calls get.")
    ] = "",
    lines: Annotated[
        str,
        typer.Option(
            "--lines", help=f"What the line does to the speech, by commas, or `all`: {', '.join(LINES)}."
        ),
    ] = DEFAULT_LINES,
    kind: Annotated[list[str] | None, typer.Option("--kind", help="Only recordings of this kind.")] = None,
    phrases: Annotated[
        Path | None,
        typer.Option(
            "--phrases", help="A menu to hold them against, a phrase a line.", dir_okay=False, exists=True
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="At most so many of each kind, evenly taken; 0: all.")
    ] = 0,
    threads: Annotated[int, typer.Option("--threads", min=1, help="Of the engine.")] = 2,
) -> None:
    """How well recordings are understood: error rates, menus, thresholds, waits, confusions, per kind and line.

    The recordings never leave this machine; the report holds their transcripts.
    """
    console = Console(stderr=True)
    tag = language_tag(language)
    chosen_lines = _lines(lines)
    recordings = _limited(_recordings(folder, tag, kind or []), limit)
    served = _model(tag, model)
    console.print(f"{served.name}, {len(recordings)} recordings, {len(chosen_lines)} lines")
    recognizer = load(EngineSpec(served.engine, served.name, str(served.folder), (tag,)), threads=threads)
    evaluator = Evaluator(recognizer, tag, phrases=_phrases(phrases), detector=VoiceDetector())
    heard = _run(evaluator, recordings, chosen_lines, console)
    evaluation = _evaluation(folder, tag, recognizer, heard)
    _tell(evaluation, format, out)


def _evaluation(folder: Path, language: str, recognizer: Recognizer, heard: list[Heard]) -> Evaluation:
    return Evaluation(
        folder=folder.resolve().name,
        language=language,
        engine=recognizer.capabilities.engine,
        version=recognizer.capabilities.version,
        at=dt.datetime.now().astimezone().isoformat(timespec="seconds"),
        groups=groups(heard, language),
        rows=rows(heard),
    )


def _run(
    evaluator: Evaluator, recordings: list[Recording], lines: list[Line], console: Console
) -> list[Heard]:
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    ) as bars:
        task = bars.add_task("", total=len(recordings) * len(lines))

        def progress(done: int, total: int, what: str) -> None:
            bars.update(task, completed=done, total=total, description=what)

        try:
            return list(evaluator.run(recordings, lines, progress))
        except ManifestError as error:
            raise EvaluationError(str(error)) from error


def _lines(asked: str) -> list[Line]:
    names = list(LINES) if asked == "all" else [name.strip() for name in asked.split(",") if name.strip()]
    unknown = [name for name in names if name not in LINES]
    if unknown or not names:
        raise EvaluationError(
            f"there is no line {', '.join(unknown) or 'asked for'}",
            mend=f"--lines takes: {', '.join(LINES)}, all",
        )
    return [LINES[name] for name in names]


def _recordings(folder: Path, language: str, kinds: list[str]) -> list[Recording]:
    try:
        found = read(folder, language)
    except ManifestError as error:
        raise EvaluationError(str(error)) from error
    there = sorted({one.kind for one in found})
    if unknown := [kind for kind in kinds if kind not in there]:
        raise EvaluationError(
            f"no recording is of kind {', '.join(unknown)}", mend=f"there are: {', '.join(there)}"
        )
    return [one for one in found if not kinds or one.kind in kinds]


def _limited(recordings: list[Recording], limit: int) -> list[Recording]:
    """Evenly from the whole of each kind, so that every speaker has a part."""
    kept: list[Recording] = []
    for kind in dict.fromkeys(one.kind for one in recordings):
        of_kind = [one for one in recordings if one.kind == kind]
        step = max(1.0, len(of_kind) / limit) if limit else 1.0
        kept += [of_kind[int(number * step)] for number in range(int(len(of_kind) / step))]
    return kept


def _model(language: str, name: str) -> Installed:
    found = choose((language,), tests=True).get(language, ())
    for one in found:
        if one.name == name or (not name and not one.tests_only):
            return one
    there = ", ".join(one.name for one in found)
    raise EvaluationError(
        f"no model {name or 'at all'} for {language!r} is here",
        mend=f"there are: {there}" if there else "run `ivr models fetch`",
    )


def _phrases(file: Path | None) -> tuple[str, ...]:
    if file is None:
        return ()
    try:
        found = tuple(line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{file} cannot be read as UTF-8 text: {error}") from error
    if len(found) < 2:
        raise EvaluationError(
            f"{file} holds {len(found)} phrases", mend="a menu has two at least, one a line"
        )
    return found


def _tell(evaluation: Evaluation, format: Format, out: Path | None) -> None:
    match format:
        case "text":
            told = _text(evaluation)
        case "json":
            told = json.dumps(evaluation.to_json(), ensure_ascii=False, indent=1)
        case "html":
            told = page(evaluation)
    if out is None:
        typer.echo(told)
        return
    try:
        out.write_text(told, encoding="utf-8")
    except OSError as error:
        raise EvaluationError(f"{out} cannot be written: {error.strerror}") from error
    typer.echo(f"written: {out}", err=True)


def _text(evaluation: Evaluation) -> str:
    written = io.StringIO()
    console = Console(file=written, width=WIDTH)
    measure = evaluation.groups[0].measure
    console.print(f"{evaluation.engine} ({evaluation.version}), {evaluation.language}, {evaluation.folder}")
    table = Table(
        "kind",
        "line",
        "n",
        measure,
        "95 %",
        "by sound",
        "menu",
        "outside",
        "without",
        "wait p50/p95",
        "thresholds",
    )
    for group in evaluation.groups:
        table.add_row(
            group.kind,
            group.line,
            str(group.recordings),
            _percent(group.rate),
            f"{_percent(group.low)}-{_percent(group.high)}",
            _percent(group.rate_by_sound),
            *_menu(group),
        )
    console.print(table)
    for group in evaluation.groups:
        if group.confusions:
            most = ", ".join(
                f"{said or '-'}>{heard or '-'} {times}" for said, heard, times in group.confusions[:8]
            )
            console.print(f"{group.kind}, {group.line}, taken for each other: {most}", highlight=False)
    return written.getvalue()


def _menu(group: Group) -> tuple[str, ...]:
    waits = f"{group.wait_p50_s:.2f}/{group.wait_p95_s:.2f} s"
    if group.menu is None:
        return "-", "-", "-", waits, "-"
    menu = group.menu
    right = f"{menu.phrases_right}/{menu.of} right, {menu.phrases_wrong} wrong, {menu.refused} refused"
    outside = f"{menu.outside_refused}/{menu.outside} refused"
    without = f"{menu.without_refused}/{menu.without} refused"
    advice = menu.advice
    told = f"accept {advice.accept}, confirm {advice.confirm}" if advice else "too few"
    return right, outside, without, waits, told


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
