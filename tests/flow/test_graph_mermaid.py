"""Graphs as Mermaid and DOT: whatever authors write, it is text there and nothing else."""

from __future__ import annotations

import html
import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ivr.cli.graphviz import lay_out
from ivr.flow.graph import dot, mermaid
from ivr.flow.graph.build import flow_graph
from ivr.flow.graph.flows import map_graph
from ivr.flow.graph.hits import Hits
from ivr.flow.graph.text import clean
from ivr.flow.load import load
from tests.flow.graph_support import HOSTILE, drawn, with_text
from tests.flow.support import FLOWS

NOTHING = Hits(nodes={}, edges={})

# The part of Mermaid's grammar that is emitted, and nothing beyond it.
LABEL = r'"(?:[^\x00-\x7f]|[A-Za-z0-9 ,()/._?!]|#\d+;|<br/>)*"'
SHAPES = [
    *(rf"\({LABEL}\)", rf"\{{\{{{LABEL}\}}\}}", rf"\[/{LABEL}\\\]", rf"\[{LABEL}\]"),
    *(rf"\[/{LABEL}/\]", rf"\[\({LABEL}\)\]", rf"\(\[{LABEL}\]\)", rf"\[\[{LABEL}\]\]"),
]
LOOK = r"[a-z-]+:[#\w ]+(?:,[a-z-]+:[#\w ]+)*"
STATEMENTS = [
    rf"(?P<node>n\d+|scope)(?:{'|'.join(SHAPES)}):::(?P<look>\w+)",
    rf"(?P<source>n\d+) (?:-->|-\.->|==>)(?:\|{LABEL}\|)? (?:(?P<target>n\d+)|s\d+\(\[{LABEL}\]\):::stub)",
    rf"subgraph (?P<frame>g\d+)\[{LABEL}\]",
    r"end",
    rf"classDef (?P<named>\w+) {LOOK}",
    rf"style (?P<styled>g\d+) {LOOK}",
    r"linkStyle (?P<links>\d+(?:,\d+)*) stroke:#\w+",
]
STATEMENT = re.compile(rf" *(?:{'|'.join(STATEMENTS)})")


def parse_mermaid(text: str) -> list[str]:
    """The labels. Fails on whatever is not of the grammar, and on names that are not defined."""
    head, title, close, flowchart, *statements = text.rstrip("\n").split("\n")
    assert (head, close, flowchart) == ("---", "---", "flowchart LR")
    json.loads(title.removeprefix("title: "))
    found: dict[str, list[str]] = {}
    edges, frames = 0, 0
    for statement in statements:
        match = STATEMENT.fullmatch(statement)
        assert match, statement
        for name, value in match.groupdict().items():
            if value:
                found.setdefault(name, []).append(value)
        edges += match["source"] is not None
        frames += (match["frame"] is not None) - (statement.strip() == "end")
    assert frames == 0
    nodes = found.get("node", [])
    assert len(nodes) == len(set(nodes))
    assert {*found.get("source", ()), *found.get("target", ())} <= set(nodes)
    assert {*found.get("look", ()), "stub"} <= set(found["named"])
    assert set(found.get("styled", ())) <= set(found.get("frame", ()))
    for links in found.get("links", ()):
        assert all(int(link) < edges for link in links.split(","))
    return [unescape(label) for label in re.findall(LABEL, "\n".join(statements))]


def unescape(label: str) -> str:
    return re.sub(r"#(\d+);", lambda match: chr(int(match[1])), label[1:-1])


@given(st.text(max_size=60))
@example("1. x")
def test_a_label_of_mermaid_holds_any_text(text: str) -> None:
    escaped = mermaid.escape(clean(text))
    assert re.fullmatch(LABEL, f'"{escaped}"')
    assert unescape(f'"{escaped}"') == clean(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_mermaid_stays_within_its_grammar(text: str) -> None:
    labels = parse_mermaid(mermaid.write(flow_graph(with_text(text), "main", ("zh",), NOTHING)))
    assert any(clean(text)[:12] in label for label in labels)


def test_the_shipped_flows_and_the_map_are_mermaid() -> None:
    flows = load(FLOWS)
    for name in flows.flows:
        for depth in (0, 2):
            parse_mermaid(mermaid.write(flow_graph(flows, name, ("en",), NOTHING, depth)))
    parse_mermaid(mermaid.write(map_graph(flows, ("zh",))))


def test_mermaid_dashes_errors_and_reddens_what_was_not_taken() -> None:
    text = mermaid.write(drawn(("en",), hits=NOTHING))
    assert '-.->|"error.asr"| n' in text
    assert ":::uncovered" in text
    assert "linkStyle 0,1," in text
    assert "linkStyle" not in mermaid.write(drawn(("en",)))


@pytest.mark.real
@pytest.mark.parametrize("text", HOSTILE)
def test_dot_reads_back_what_was_written(text: str) -> None:
    graph = flow_graph(with_text(text), "main", ("zh",))
    answer = json.loads(lay_out(dot.write(graph)))
    labels = [html.unescape(each.get("label", "")) for each in (*answer["objects"], *answer["edges"])]
    plain = [re.sub(r"\\(.)", lambda match: {"n": "\n"}.get(match[1], match[1]), label) for label in labels]
    assert any(clean(text)[:12] in label for label in plain)
    assert len(answer["objects"]) == len(graph.cards)


def test_dot_doubles_called_flows_and_dashes_errors() -> None:
    text = dot.write(drawn(("en",), hits=NOTHING))
    assert re.search(r'label="appointment · flow\\nAppointment.*peripheries=2', text)
    assert re.search(r'label="error.asr", weight=\d, style=dashed, color="#c0261c"', text)
