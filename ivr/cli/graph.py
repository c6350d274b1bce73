"""`ivr graph`: a picture of a flow, or of how the flows lead to each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from ivr.cli.graphviz import lay_out
from ivr.cli.library import loaded
from ivr.errors import FlowError
from ivr.flow.findings import did_you_mean
from ivr.flow.graph import dot, layout, mermaid, page, svg
from ivr.flow.graph.build import flow_graph
from ivr.flow.graph.flows import map_graph
from ivr.flow.graph.hits import Hits, parse_hits
from ivr.flow.graph.model import Graph
from ivr.flow.model import FlowLibrary


class Format(StrEnum):
    svg = "svg"
    mermaid = "mermaid"
    html = "html"
    dot = "dot"


SUFFIXES = {
    ".svg": Format.svg,
    ".mmd": Format.mermaid,
    ".mermaid": Format.mermaid,
    ".html": Format.html,
    ".htm": Format.html,
    ".dot": Format.dot,
    ".gv": Format.dot,
}


def graph(
    folder: Annotated[Path, typer.Argument(help="The folder of the flows, or a file in it.")] = Path("flows"),
    flow: Annotated[
        str, typer.Option("--flow", help="The flow to draw (default: the hotline's entry).")
    ] = "",
    everything: Annotated[
        bool, typer.Option("--all", help="A map of all flows; as html with the flows themselves.")
    ] = False,
    format: Annotated[
        Format | None, typer.Option("--format", help="svg, mermaid, html or dot (default: --out's, or svg).")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The file to write (default: standard output).")
    ] = None,
    language: Annotated[
        str,
        typer.Option("--language", help="The language of prompts and words (default: the hotline's first)."),
    ] = "",
    coverage: Annotated[
        Path | None,
        typer.Option("--coverage", help="What `ivr test --coverage` wrote: marks what no test reached."),
    ] = None,
    depth: Annotated[
        int,
        typer.Option(
            "--depth", min=0, max=20, help="Draw the flows it leads to as well, so many steps away."
        ),
    ] = 0,
) -> None:
    """Draw a flow: its nodes and exits, error exits dashed, other flows as boxes."""
    library = loaded(folder.parent if folder.is_file() else folder)
    if flow and flow not in library.flows:
        hint = did_you_mean(flow, library.flows) or ", ".join(library.flows)
        raise typer.BadParameter(f"there is no flow `{flow}`: {hint}", param_hint="--flow")
    if language and language not in library.languages:
        raise typer.BadParameter(
            f"`{language}`: one of {', '.join(library.languages)}", param_hint="--language"
        )
    if flow and everything:
        raise typer.BadParameter("either one flow or --all", param_hint="--flow")
    chosen = format or (SUFFIXES.get(out.suffix.lower()) if out is not None else None) or Format.svg
    hits = _hits(coverage, library)
    _write(out, _draw(library, flow, everything, chosen, language, hits, depth))


def _draw(
    library: FlowLibrary,
    flow: str,
    everything: bool,
    format: Format,
    language: str,
    hits: Hits | None,
    depth: int,
) -> str:
    # A page has all languages, the one asked for first.
    first = language or library.languages[0]
    languages = [first, *(each for each in library.languages if each != first)]
    if format is not Format.html:
        languages = [first]
    if everything:
        graphs = [map_graph(library, languages, hits)]
        if format is Format.html:
            order = [card.id for card in graphs[0].cards]
            graphs += [flow_graph(library, name, languages, hits, depth) for name in order]
    else:
        graphs = [flow_graph(library, flow or library.entry, languages, hits, depth)]
    if format is Format.mermaid:
        return mermaid.write(graphs[0])
    if format is Format.dot:
        return dot.write(graphs[0])
    if format is Format.svg:
        return picture(graphs[0])
    return _page(graphs, languages)


def picture(graph: Graph, *, styled: bool = True, linked: Iterable[str] = ()) -> str:
    """A graph as SVG. Raises DrawingError."""
    shapes = {card.id: layout.shape(card, graph.languages) for card in graph.cards}
    answer = lay_out(layout.request(graph, shapes))
    return svg.draw(graph, layout.read(answer, graph, shapes), shapes, styled=styled, linked=linked)


def _page(graphs: Sequence[Graph], languages: Sequence[str]) -> str:
    names = [graph.name for graph in graphs if graph.name]
    pictures = [
        page.Picture(graph.name, graph.title, picture(graph, styled=False, linked=names)) for graph in graphs
    ]
    first = graphs[0]
    title = f"{first.name} {first.title[languages[0]]}".strip()
    assets = resources.files("ivr.cli") / "graph_page"
    look, script = ((assets / name).read_text("utf-8") for name in ("page.css", "page.js"))
    return page.write(title, pictures, languages, look, script)


def _hits(file: Path | None, library: FlowLibrary) -> Hits | None:
    if file is None:
        return None
    try:
        hits = parse_hits(file.read_bytes())
    except OSError as error:
        raise FlowError(
            f"{file}: {error.strerror or error}", mend="write it with `ivr test --coverage`"
        ) from error
    unknown = [node for node in hits.nodes if node not in library.nodes]
    if unknown:
        typer.echo(
            f"{file}: {len(unknown)} nodes of it are not in these flows ({unknown[0]} ...): "
            "another version, or more than one folder?",
            err=True,
        )
    return hits


def _write(out: Path | None, text: str) -> None:
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, "utf-8")
    except OSError as error:
        raise FlowError(
            f"{out}: {error.strerror or error}", mend="choose a file in a folder that you can write to"
        ) from error
