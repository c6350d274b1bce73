"""`ivr schema`: JSON Schemas of the files, for editors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from ivr.cli.routing_schema import routing_schemas
from ivr.flow.json_schema import schemas

FILES: Mapping[str, str | list[str]] = {
    "hotline.schema.json": "hotline.yaml",
    "library.schema.json": "library.yaml",
    "scenario.schema.json": "*.scenario.yaml",
    "prompts.schema.json": "prompts/*.yaml",
    "categories.schema.json": "categories.yaml",
    "names.schema.json": "names.yaml",
    "queues.schema.json": "queues.yaml",
    "agents.schema.json": "agents.yaml",
    "flow.schema.json": [
        "*.yaml",
        *("!hotline.yaml", "!library.yaml", "!*.scenario.yaml", "!prompts/*.yaml", "!tables/*.yaml"),
        *("!queues.yaml", "!agents.yaml", "!categories.yaml", "!names.yaml"),
    ],
}
"""Schema -> its files. Editors hold a file to every pattern that fits, so flows name what they are not."""


def schema(
    name: Annotated[
        str,
        typer.Argument(
            help="flow, hotline, library, scenario, prompts, categories, names, queues or agents; nothing: all."
        ),
    ] = "",
    out: Annotated[Path | None, typer.Option("--out", help="Write them into this folder.")] = None,
) -> None:
    """The JSON Schemas of all files that are written by hand, for the yaml-language-server."""
    all_schemas = {**schemas(), **routing_schemas()}
    wanted = {
        file: made for file, made in all_schemas.items() if name in ("", file.removesuffix(".schema.json"))
    }
    if not wanted:
        known = ", ".join(file.removesuffix(".schema.json") for file in all_schemas)
        typer.echo(f"there is no schema `{name}`: {known}", err=True)
        raise typer.Exit(1)
    if out is None:
        if len(wanted) > 1:
            typer.echo("name one of them, or say where to write all: --out FOLDER", err=True)
            raise typer.Exit(1)
        typer.echo(text_of(next(iter(wanted.values()))), nl=False)
        return
    out.mkdir(parents=True, exist_ok=True)
    for file, made in wanted.items():
        (out / file).write_text(text_of(made), "utf-8")
    typer.echo(f"{len(wanted)} schemas in {out.as_posix()}. In an editor with the yaml-language-server:")
    globs = {f"{out.as_posix()}/{file}": FILES[file] for file in FILES if file in wanted}
    typer.echo(json.dumps({"yaml.schemas": globs}, indent=2))


def text_of(made: object) -> str:
    return json.dumps(made, ensure_ascii=False, indent=2) + "\n"
