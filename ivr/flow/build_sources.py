"""The hotline's `sources` as written -> what a `lookup` asks. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from ivr.flow.findings import FlowLoadError, did_you_mean
from ivr.flow.hosts import HostError, places
from ivr.flow.schema import HotlineModel, SecretModel, SourceModel
from ivr.flow.sources import LookupSource
from ivr.flow.table_values import ColumnType
from ivr.flow.tables import Table, parse_table
from ivr.flow.yaml_source import Document, Path

if TYPE_CHECKING:
    from ivr.flow.build import LibraryBuilder


def build_sources(
    builder: LibraryBuilder, document: Document, hotline: HotlineModel, files: Mapping[str, bytes]
) -> dict[str, LookupSource]:
    """files: the whole folder; tables are read from it."""
    made: dict[str, LookupSource] = {}
    for name, model in hotline.sources.items():
        path: Path = ("sources", name)
        kinds = [kind for kind in ("table", "history", "queues", "url") if getattr(model, kind)]
        if len(kinds) != 1:
            builder.fault(
                document,
                path,
                "two-ways",
                "a source is one of table, history, queues, url",
                "{table: tables/x.csv}",
            )
        elif model.table is not None:
            table = _table(builder, document, (*path, "table"), model, files)
            made[name] = LookupSource(name, "table", table, table.columns if table is not None else ())
        elif model.url is not None:
            builder.check_url(document, (*path, "url"), model.url)
            made[name] = LookupSource(
                name,
                "http",
                arguments=_places(model.url),
                url=model.url,
                headers={
                    header: value.for_shell() if isinstance(value, SecretModel) else value
                    for header, value in model.headers.items()
                },
                pick=model.pick,
            )
        elif model.queues:
            made[name] = LookupSource(name, "queues", arguments=("queue", "language"))
        else:
            made[name] = LookupSource(name, "history")
    return made


def _places(url: str) -> tuple[str, ...]:
    try:
        return places(url)
    except HostError:
        return ()


def _table(
    builder: LibraryBuilder,
    document: Document,
    path: Path,
    model: SourceModel,
    files: Mapping[str, bytes],
) -> Table | None:
    file = model.table or ""
    if file not in files:
        tables = [name for name in files if "tables/" in name]
        hint = did_you_mean(file, tables) or "put it into tables/"
        builder.fault(document, path, "unknown-table", f"there is no file `{file}`", hint)
        return None
    try:
        return parse_table(
            file, files[file], cast(Mapping[str, ColumnType], model.types), model.key, many=model.many
        )
    except FlowLoadError as error:
        builder.findings += error.findings
        return None
