"""A hotline with a bit of everything that pictures show, and pictures of it without `dot`."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ivr.flow.graph import layout, svg
from ivr.flow.graph.build import flow_graph
from ivr.flow.graph.hits import Hits
from ivr.flow.graph.model import Card, Graph, Row
from ivr.flow.model import FlowLibrary
from tests.flow.support import library

MAIN = """\
flow: main
title: {zh: 主流程, en: Main}
nodes:
  hello: {kind: say, prompt: {zh: 您好, en: Welcome}, next: open}
  open: {kind: hours, calendar: day, open: choose, closed: later}
  choose:
    kind: menu
    prompt: {zh: 投诉请按2, en: "For complaints, press 2"}
    options:
      complaint: {key: 2, say: {zh: [投诉, 举报], en: [complain]}, next: complaint}
      again: {key: 9, next: choose}
      desk: {key: 3, next: desk.wait}
    on:
      no_input: {count: 2, say: bye, next: later}
      no_match: {count: 3, hangup: true}
      error.asr: {next: keys}
  keys: {kind: menu, prompt: ask, always: false, options: {one: {key: 1, next: complaint}}}
  complaint: {kind: ask, prompt: ask, into: said, next: booking}
  booking: {kind: call, flow: appointment, next: sort}
  sort:
    kind: branch
    cases: [{if: "said == '<b>' && language != \\"en\\"", next: later}]
    else: later
  later: {kind: hangup, prompt: bye}
"""
APPOINTMENT = """\
flow: appointment
title: {zh: 预约, en: Appointment}
nodes:
  day: {kind: menu, prompt: ask, options: {today: {key: 1, next: return}, never: {key: 2, next: main.later}}}
"""
DESK = """\
flow: desk
nodes:
  start: {kind: say, prompt: ask, next: wait}
  wait: {kind: queue, queue: general, next: hangup, on: {error.queue: {next: main.later}}}
"""
HOTLINE = """\
fallback: desk
variables: {said: ""}
calendars: {day: {timezone: Asia/Shanghai, weekly: {daily: "07:00-22:00"}}}
always:
  person: {key: 0, say: {zh: [人工], en: [agent]}, next: desk}
  back: {key: "*", do: back}
on:
  no_input: {count: 2, next: desk.wait}
"""


def hotline() -> FlowLibrary:
    return library(MAIN, HOTLINE, {"appointment.yaml": APPOINTMENT, "desk.yaml": DESK})


def drawn(
    languages: Sequence[str] = ("zh",), *, flow: str = "main", hits: Hits | None = None, depth: int = 0
) -> Graph:
    return flow_graph(hotline(), flow, languages, hits, depth)


def card(graph: Graph, name: str) -> Card:
    return next(each for each in graph.cards if each.id == name)


def row(graph: Graph, name: str, label: str) -> Row:
    """The row of a card with this label in the graph's first language."""
    return next(each for each in card(graph, name).rows if each.label[graph.languages[0]] == label)


def in_a_row(graph: Graph) -> tuple[dict[str, layout.Shape], layout.Layout]:
    """The cards side by side, lines straight: all that drawing needs, without `dot`."""
    shapes = {each.id: layout.shape(each, graph.languages) for each in graph.cards}
    places = {each.id: (300.0 * index, 0.0) for index, each in enumerate(graph.cards)}
    lines = [(places[line.source], (0.0, 0.0), (1.0, 1.0), places[line.target]) for line in graph.lines]
    frames = {frame.flow: (0.0, 0.0, 300.0, 200.0) for frame in graph.frames}
    return shapes, layout.Layout(300.0 * len(graph.cards), 300.0, places, lines, frames)


def picture(graph: Graph, *, styled: bool = True, linked: Sequence[str] = ()) -> str:
    shapes, places = in_a_row(graph)
    return svg.draw(graph, places, shapes, styled=styled, linked=linked)


HOSTILE = [
    'a "quoted" word',
    "<b>bold</b><script>alert(1)</script>",
    "&amp; & &lt; #35; #quot;",
    "{x} [y] (z) |w|",
    "1. first",
    "- item",
    "end",
    "graph TD; n0 --> n1",
    "%%{init: {}}%% ::: click n0",
    "style a:#fff;",
    "`code` **bold** _it_ $$x$$",
    "back\\nslash \\",
    "]]> --> <!-- x",
    "人工“转接”🚒👨‍👩‍👧",
    "مرحبا 5 שלום",
    "left\u202eright",
    "tab\tand\u2028line",
    "very " * 80,
]


def with_text(text: str) -> FlowLibrary:
    """A flow with this text wherever authors write freely."""
    literal = _quoted(text)
    condition = _quoted(f"said == {_quoted(text)}")
    flow = f"""\
flow: main
title: {{zh: {literal}, en: {literal}}}
nodes:
  choose:
    kind: menu
    prompt: {{zh: {literal}, en: {literal}}}
    options: {{one: {{key: 1, say: {{zh: [{_quoted("x" + text)}]}}, next: keep}}}}
  keep: {{kind: set, values: {{said: {literal}}}, next: sort}}
  sort: {{kind: branch, cases: [{{if: {condition}, next: bye}}], else: bye}}
  bye: {{kind: hangup}}
"""
    return library(flow, "variables: {said: ''}\n")


def _quoted(text: str) -> str:
    """For YAML and CEL; braces in a prompt would be the place of a value."""
    plain = text.replace("{", "{{").replace("}", "}}")
    return json.dumps(plain, ensure_ascii=False).replace("\u2028", "\\u2028")
