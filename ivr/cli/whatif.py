"""`ivr whatif`: what callers and agents would meet under other numbers, hours or rules, in virtual time."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ivr.cli.opening import ConfigOption, DatabaseOption
from ivr.config import load_settings
from ivr.flow.findings import FlowLoadError
from ivr.whatif import report_html, report_text
from ivr.whatif.files import Told, load
from ivr.whatif.model import Scenario
from ivr.whatif.plan import Plan
from ivr.whatif.result import result_of
from ivr.whatif.run import replicate_all


class ReportFormat(StrEnum):
    text = "text"
    json = "json"
    html = "html"


class Shown(StrEnum):
    zh = "zh"
    en = "en"


def whatif(
    scenario: Annotated[
        Path | None, typer.Argument(help="The scenario's file.", dir_okay=False, metavar="SCENARIO.yaml")
    ] = None,
    format: Annotated[ReportFormat, typer.Option("--format", help="text, json or html.")] = ReportFormat.text,
    out: Annotated[Path | None, typer.Option("--out", help="Write the report there.", dir_okay=False)] = None,
    replications: Annotated[
        int | None, typer.Option("--replications", min=1, help="Instead of the scenario's number.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Of chance; the same gives the same.")
    ] = None,
    days: Annotated[
        float | None, typer.Option("--days", min=0.01, help="Instead of the scenario's horizon.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option("--processes", min=1, help="Side by side (default: one a processor).")
    ] = None,
    language: Annotated[Shown, typer.Option("--language", help="Of the text: zh or en.")] = Shown.en,
    schema: Annotated[
        bool, typer.Option("--schema", help="The JSON Schema of scenarios, for editors.")
    ] = False,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Simulate a scenario: calls, agents and the queues' rules in virtual time, with the router that takes live calls.

    Says, with 95 % confidence intervals, how many would be answered in time, wait, give up or find the lines engaged,
    and how busy the agents would be. docs/operators/whatif.md tells what a scenario may say.

    假设推演：换一种来电量、排班或排队规则，市民要等多久，坐席有多忙。
    """
    if schema:
        typer.echo(json.dumps(Scenario.model_json_schema(by_alias=True), ensure_ascii=False, indent=2))
        return
    if scenario is None:
        typer.secho("say which scenario: ivr whatif SCENARIO.yaml", fg="red", err=True)
        raise typer.Exit(2)
    plan = _loaded(scenario, Told(replications, seed, days), config, database_url)
    count, seed = plan.scenario.replications, plan.scenario.seed
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=count)
        figures = replicate_all(
            plan,
            seed,
            count,
            processes=processes,
            told=lambda done: progress.update(task, completed=done),
        )
    result = result_of(plan, figures, seed)
    if format is ReportFormat.json:
        report = json.dumps(result.to_json(), ensure_ascii=False, indent=2) + "\n"
    elif format is ReportFormat.html:
        report = report_html.page(result)
    else:
        report = report_text.text(result, language.value)
    if out is None:
        typer.echo(report, nl=False)
        return
    try:
        out.write_text(report, encoding="utf-8")
    except OSError as error:
        typer.secho(f"{out} cannot be written: {error.strerror}", fg="red", err=True)
        raise typer.Exit(1) from None


def _loaded(scenario: Path, told: Told, config: Path | None, database_url: str) -> Plan:
    """Faults are told each at its place, and end the command with 1."""
    url = database_url or load_settings(config).effective_database_url
    try:
        return load(scenario, database_url=url, told=told)
    except FlowLoadError as error:
        for finding in error.findings:
            typer.secho(str(finding), fg="red", err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        typer.secho(f"{scenario} cannot be read: {error.strerror}", fg="red", err=True)
        raise typer.Exit(1) from None
