"""Graphs as SVG: well-formed, self-contained, to be read in light and dark and read out; and the layout behind it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from ivr.cli.graphviz import lay_out
from ivr.flow.graph import layout, pen, style
from ivr.flow.graph.build import flow_graph
from ivr.flow.graph.hits import Hits
from ivr.flow.graph.text import clean
from tests.flow.graph_support import HOSTILE, card, drawn, hotline, in_a_row, picture, with_text
from tests.flow.support import library

real = pytest.mark.real
NOTHING = Hits(nodes={}, edges={})
SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return ["".join(each.itertext()) for each in ET.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("text", HOSTILE)
def test_svg_is_well_formed_and_shows_any_text_as_text(text: str) -> None:
    svg = picture(flow_graph(with_text(text), "main", ("zh", "en"), NOTHING))
    root = ET.fromstring(svg)
    known = {"svg", "title", "style", "defs", "pattern", "rect", "path", "circle", "g", "text", "tspan", "a"}
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= known
    assert any(clean(text)[:12] in shown for shown in texts(svg))
    assert any(clean(text) in (each.text or "") for each in root.iter(f"{SVG}title"))


def test_svg_needs_nothing_from_outside_and_runs_nothing() -> None:
    svg = picture(drawn(("zh", "en"), hits=NOTHING))
    assert not re.search(r"<script|\son\w+=|@import|url\((?!#)|(?:href|src)=\"(?!#)|data:", svg)
    named = set(re.findall(r'\bid="([^"]+)"', svg))
    assert set(re.findall(r"url\(#([^)]+)\)", svg)) <= named


def test_svg_tells_everything_to_those_who_do_not_see_it() -> None:
    root = ET.fromstring(picture(drawn(("en",), hits=NOTHING)))
    assert root.attrib["role"] == "graphics-document document"
    assert root.attrib["aria-label"].startswith("main Main. main.yaml")
    choose = next(each for each in root.iter(f"{SVG}g") if each.attrib.get("id") == "main-main.choose")
    label = choose.attrib["aria-label"]
    assert label.startswith("menu. choose. For complaints, press 2.")
    assert "[2 complain] → complaint" in label
    assert label.endswith("not tested")


def test_svg_dashes_errors_hatches_what_no_test_reached_and_says_so_in_words() -> None:
    covered = Hits(nodes={"main.hello": 1}, edges={})
    svg = picture(drawn(("en",), hits=covered))
    root = ET.fromstring(svg)
    cards = {
        each.attrib["id"]: each
        for each in root.iter(f"{SVG}g")
        if "card" in each.attrib.get("class", "").split()
    }
    assert "covered" in cards["main-main.hello"].attrib["class"].split()
    assert "uncovered" in cards["main-main.keys"].attrib["class"].split()
    assert 'fill="url(#main-hatch)"' in ET.tostring(cards["main-main.keys"], "unicode")
    assert 'fill="url(#main-hatch)"' not in ET.tostring(cards["main-main.hello"], "unicode")
    assert {"✓", "✗", "tested", "not tested"} <= set(texts(svg))
    assert 'class="error uncovered line"' in svg
    assert re.search(r"\.line\.error[^{]*\{ stroke-dasharray", svg)
    assert "hatch" not in picture(drawn(("en",))).split("</style>")[1]


def test_svg_with_two_languages_has_both_and_says_which_is_which() -> None:
    root = ET.fromstring(picture(drawn(("zh", "en"))))
    spoken = {
        each.attrib["lang"]: each for each in root.iter(f"{SVG}text") if "l" in each.attrib["class"].split()
    }
    assert set(spoken) == {"zh", "en"}
    assert not [
        each
        for each in ET.fromstring(picture(drawn(("zh",)))).iter()
        if "l-zh" in each.attrib.get("class", "")
    ]


def test_stubs_lead_to_the_card_that_they_name() -> None:
    root = ET.fromstring(picture(drawn(), linked=["desk"]))
    ids = {each.attrib["id"] for each in root.iter() if "id" in each.attrib}
    links = {each.attrib["href"] for each in root.iter(f"{SVG}a")}
    assert {"#main-main.later", "#main-main.choose", "#desk"} <= links
    assert {link[1:] for link in links if link.startswith("#main-")} <= ids
    assert not [link for link in links if link.startswith("#appointment")], "there is no picture of it"


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_words_can_be_read_on_every_ground(mode: int) -> None:
    """WCAG AA: 4.5:1 for words."""
    shades = {name: pair[mode] for name, pair in style.SHADES.items()}
    pairs = [(ink, ground) for ink in ("ink", "soft") for ground in ("ground", "card", "goodsoft", "badsoft")]
    pairs += [("error", ground) for ground in ("card", "errorsoft", "goodsoft", "ground")]
    pairs += [("bad", ground) for ground in ("card", "badsoft", "goodsoft", "errorsoft")]
    pairs += [("good", "goodsoft")]
    for ink, ground in pairs:
        assert contrast(shades[ink], shades[ground]) >= 4.5, (ink, ground)
    for name, (strong, soft) in style.COLOURS.items():
        assert contrast(strong[mode], soft[mode]) >= 4.5, name
        assert contrast(shades["ink"], soft[mode]) >= 4.5, name


def test_dot_is_asked_for_boxes_without_words_so_that_fonts_make_no_difference() -> None:
    graph = drawn(("zh", "en"), hits=NOTHING, depth=1)
    shapes, _ = in_a_row(graph)
    request = layout.request(graph, shapes)
    assert request.isascii()
    assert "choose" not in request
    assert request == layout.request(drawn(("zh", "en"), hits=NOTHING, depth=1), shapes)


@real
def test_cards_do_not_overlap_and_lines_begin_and_end_at_theirs() -> None:
    graph = drawn(("zh", "en"), depth=1)
    shapes, _ = in_a_row(graph)
    found = layout.read(lay_out(layout.request(graph, shapes)), graph, shapes)
    boxes = [(*found.cards[each.id], shapes[each.id].height) for each in graph.cards]
    for index, (x, y, height) in enumerate(boxes):
        assert 0 <= x <= found.width - layout.WIDTH + 1
        assert -1 <= y <= found.height - height + 1
        for other_x, other_y, other in boxes[index + 1 :]:
            apart = abs(x - other_x) >= layout.WIDTH or y + height <= other_y or other_y + other <= y
            assert apart
    for line, points in zip(graph.lines, found.lines, strict=True):
        assert len(points) % 3 == 1
        assert points[0][0] == pytest.approx(found.cards[line.source][0] + layout.WIDTH, abs=2)
        assert points[-1][0] == pytest.approx(found.cards[line.target][0], abs=2)


@real
def test_lines_from_one_card_to_the_next_column_do_not_cross() -> None:
    options = ", ".join(f"o{number}: {{key: {number}, next: n{number}}}" for number in range(1, 9))
    ends = "".join(f"  n{number}: {{kind: hangup, prompt: bye}}\n" for number in range(1, 9))
    flow = f"  a: {{kind: menu, prompt: ask, options: {{{options}}}}}\n{ends}"
    graph = flow_graph(library(flow), "main", ("zh",))
    shapes, _ = in_a_row(graph)
    found = layout.read(lay_out(layout.request(graph, shapes)), graph, shapes)
    assert len(found.lines) == 8
    for points in found.lines:
        (x, y), first, second, (end_x, end_y) = points
        assert first == ((x + end_x) / 2, y)
        assert second == ((x + end_x) / 2, end_y)
    by_row = sorted(found.lines, key=lambda points: points[0][1])
    assert by_row == sorted(found.lines, key=lambda points: points[-1][1]), "in the order of the rows"


@pytest.mark.parametrize("answer", ["{}", '{"bb": "0,0,1,1"}', "[]", "no"])
def test_an_answer_for_another_picture_is_refused(answer: str) -> None:
    graph = drawn()
    with pytest.raises(ValueError):
        layout.read(answer, graph, in_a_row(graph)[0])


def test_ids_of_a_page_never_clash() -> None:
    assert pen.picture_id("") not in {pen.picture_id(name) for name in ("map", "all_flows", "main")}
    assert pen.identifier(card(drawn(), ">desk").id) == "flow-desk"
    assert {pen.identifier(node) for node in hotline().nodes if node[0] != "~"} == {
        node for node in hotline().nodes if node[0] != "~"
    }
