"""What a picture of a flow shows: nodes, exits with their words, and what no test reached."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.flow.graph.build import flow_graph
from ivr.flow.graph.flows import map_graph
from ivr.flow.graph.hits import CoverageError, Hits, parse_hits
from ivr.flow.graph.routes import MAX_LINES, Way, plan
from ivr.flow.load import load
from ivr.flow.scenarios.coverage import Coverage
from tests.flow.graph_support import card, drawn, hotline, row
from tests.flow.support import FLOWS, library

HITS = Hits(
    nodes={"main.hello": 2, "main.open": 2, "main.choose": 1, "main.later": 1},
    edges={
        "main.hello -> main.open [next]": 2,
        "main.open -> main.choose [open]": 1,
        "main.open -> main.later [closed]": 1,
        "* -> desk.start [always:person]": 3,
        "* -> desk.wait [on:no_input]": 0,
    },
)


def lines(graph_of: str = "main", depth: int = 0) -> set[tuple[str, str]]:
    return {(line.source, line.target) for line in drawn(flow=graph_of, depth=depth).lines}


def test_options_have_their_key_and_the_first_phrase_of_the_language() -> None:
    labels = {each.label["zh"]: each.label["en"] for each in card(drawn(("zh", "en")), "main.choose").rows}
    assert labels["2 投诉"] == "2 complain"
    assert labels["9 again"] == "9 again", "an option without a phrase goes by its name"


def test_a_card_says_its_kind_its_first_words_and_what_its_author_wrote() -> None:
    graph = drawn(("zh", "en"))
    choose, complaint = card(graph, "main.choose"), card(graph, "main.complaint")
    assert (choose.family, choose.title) == ("asks", {"zh": "菜单", "en": "menu"})
    assert choose.said == {"zh": "投诉请按2", "en": "For complaints, press 2"}
    assert complaint.detail == "into said"
    assert card(graph, "main.hello").start
    assert card(graph, "main.keys").note["en"] == "no commands here"


def test_every_kind_of_node_belongs_to_a_family_that_has_a_colour_and_an_icon() -> None:
    families = {each.name: each.family for each in drawn().cards}
    assert families["hello"] == "says"
    assert families["open"] == families["sort"] == "decides"
    assert families["later"] == "ends"
    assert families["booking"] == "flow"
    assert card(drawn(flow="desk"), "desk.wait").family == "people"


def test_a_condition_is_shown_where_a_branch_goes_on() -> None:
    assert [each.label["zh"] for each in card(drawn(), "main.sort").rows] == [
        "said == '<b>' && language != \"en\"",
        "否则",
    ]


def test_what_holds_at_every_step_is_told_once_and_has_no_lines() -> None:
    graph = drawn()
    assert [(chip.label["zh"], chip.target["zh"], chip.error) for chip in graph.chips] == [
        ("0 人工", "desk", False),
        ("* back", "回到上一个问题", False),
        ("no_input ×2", "desk.wait", True),
        ("出了差错", "desk", True),
    ]
    assert not [line for line in graph.lines if "always" in line.tip]


def test_ways_back_and_errors_to_what_is_reached_anyway_are_stubs() -> None:
    graph = drawn()
    again = row(graph, "main.choose", "9 again")
    assert (again.stub["zh"], again.link, again.back) == ("choose", "main.choose", True)
    silence = row(graph, "main.choose", "no_input ×2")
    assert (silence.stub["zh"], silence.error, silence.back) == ("later", True, False)
    assert ("main.choose", "main.later") not in lines()


def test_a_handler_tells_its_count_its_scope_and_its_condition() -> None:
    handlers = "{no_input: [{count: 2, per: call, next: b}, {if: 'tries > 1', next: c}]}"
    flow = f"""\
  a: {{kind: menu, prompt: ask, options: {{one: {{key: 1, next: b}}}}, on: {handlers}}}
  b: {{kind: hangup}}
  c: {{kind: hangup}}
"""
    graph = flow_graph(library(flow, "variables: {tries: 0}\n"), "main", ("zh", "en"))
    assert [each.label["en"] for each in card(graph, "main.a").rows] == [
        "1 one",
        "no_input ×2 in the call",
        "no_input if tries > 1",
    ]


def test_the_next_of_an_asking_node_is_for_what_its_options_do_not_take() -> None:
    flow = """\
  a: {kind: menu, prompt: ask, options: {one: {key: 1}, two: {key: 2, next: b}}, next: c}
  b: {kind: ask, prompt: ask, into: said, options: {one: {key: 1, next: c}}, next: d, on: {error.asr: {next: c}}}
  c: {kind: queue, queue: general, next: d}
  d: {kind: hangup}
"""
    graph = flow_graph(library(flow), "main", ("en",))
    assert row(graph, "main.a", "the other options")
    assert row(graph, "main.b", "anything else")
    assert not card(graph, "main.c").rows, "one plain way on needs no row"


def test_an_error_that_alone_leads_somewhere_is_a_line() -> None:
    graph = drawn()
    line = next(line for line in graph.lines if line.target == "main.keys")
    assert line.error
    assert line.label["zh"] == "error.asr"


def test_a_handler_that_ends_the_call_is_told_though_it_leads_nowhere() -> None:
    ending = row(drawn(), "main.choose", "no_match ×3")
    assert (ending.stub["zh"], ending.link, ending.error) == ("挂机", "", True)


def test_ways_out_are_told_in_words() -> None:
    assert row(drawn(flow="appointment"), "appointment.day", "1 today").stub["zh"] == "返回调用处"
    assert row(drawn(("en",), flow="desk"), "desk.wait", "next").stub["en"] == "hangs up"


def test_another_flow_is_a_box_with_the_places_where_it_is_entered() -> None:
    graph = drawn()
    desk = card(graph, ">desk")
    assert [(each.label["zh"], each.entry) for each in desk.rows] == [("wait", True)]
    assert next(line for line in graph.lines if line.target == ">desk").target_port == desk.rows[0].port
    assert not desk.double


def test_boxes_stand_beside_the_hub_and_whoever_leads_there_too_names_them() -> None:
    ways = [Way(card, "", False, flow) for card in ("hub", "keys") for flow in ("a", "b", "c")]
    ways.append(Way("keys", "", False, "d"))
    lines = plan(["hub"], ["hub", "keys"], ways).lines
    assert {(ways[index].source, ways[index].outside) for index in lines} == {
        ("hub", "a"),
        ("hub", "b"),
        ("hub", "c"),
        ("keys", "d"),
    }


def test_a_flow_that_many_cards_lead_to_has_no_box() -> None:
    ways = [Way(f"n{number}", "", False, "person") for number in range(3)]
    assert not plan(["n0"], ["n0", "n1", "n2"], ways).lines
    assert len(plan(["n0"], ["n0", "n1"], ways[:2]).lines) == 2


def test_a_called_flow_has_a_double_box_and_the_call_comes_first() -> None:
    graph = drawn()
    assert card(graph, ">appointment").double
    assert next(line for line in graph.lines if line.target == ">appointment").calls
    assert [each.label["zh"] for each in card(graph, "main.booking").rows] == ["调用", "下一步"]


def test_a_card_names_the_other_flows_that_lead_to_it() -> None:
    assert card(drawn(), "main.later").entered == ("appointment", "desk")
    assert card(drawn(flow="desk"), "desk.wait").entered == ("main",)


def test_with_depth_the_flows_that_it_leads_to_are_framed_beside_it() -> None:
    graph = drawn(depth=1)
    assert [frame.flow for frame in graph.frames] == ["main", "desk", "appointment"]
    assert {each.flow for each in graph.cards} == {"main", "appointment", "desk"}
    assert not [each for each in graph.cards if each.id.startswith(">")]
    assert ("main.booking", "appointment.day") in lines(depth=1)


def test_the_map_has_a_card_for_each_flow_the_entry_first() -> None:
    graph = map_graph(hotline(), ("zh",))
    assert [each.id for each in graph.cards] == ["main", "appointment", "desk"]
    assert {(line.source, line.target) for line in graph.lines} == {("main", "appointment"), ("main", "desk")}
    assert card(graph, "appointment").double


def test_the_map_marks_flows_that_the_tests_reached_wholly_or_not_at_all() -> None:
    hits = Hits(nodes={"main.hello": 1, "desk.start": 2, "desk.wait": 1}, edges={})
    graph = map_graph(hotline(), ("en",), hits)
    assert {each.id: each.hits for each in graph.cards} == {"main": None, "appointment": 0, "desk": 2}
    assert card(graph, "main").note["en"] == "1/8 nodes"


def test_coverage_marks_nodes_exits_and_commands() -> None:
    graph = drawn(("en",), hits=HITS)
    assert {each.name: each.hits for each in graph.cards if each.hits} == {
        "hello": 2,
        "open": 2,
        "choose": 1,
        "later": 1,
    }
    assert card(graph, "main.keys").hits == 0
    assert row(graph, "main.choose", "2 complain").hits == 0
    assert row(graph, "main.open", "closed").hits == 1
    assert [line.hits for line in graph.lines if line.source == "main.hello"] == [2]
    assert [chip.hits for chip in graph.chips] == [3, None, 0, None]
    assert graph.subtitle["en"].startswith("main.yaml · tested 4/8 nodes, 3/")


def test_the_coverage_that_a_test_run_writes_fits() -> None:
    library = hotline()
    hits = parse_hits(json.dumps(Coverage.of(library).to_json()))
    for name in library.flows:
        graph = flow_graph(library, name, ("zh",), hits)
        assert {each.hits for each in graph.cards if not each.link} == {0}
        drawn = {line.tip: line.hits for line in graph.lines}
        assert set(drawn.values()) <= {0}
        assert {each.hits for each in graph.chips if each.link and each.link != library.fallback} <= {0}
    assert set(hits.nodes) >= {node for node in library.nodes if node[0] != "~"}


def test_without_coverage_nothing_is_marked() -> None:
    graph = drawn()
    assert not graph.measured
    assert {each.hits for each in graph.cards} == {None}


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"nodes": {}}', '{"nodes": {"a": -1}, "edges": {}}', '{"nodes": {"a": "1"}, "edges": {}}'],
)
def test_what_is_no_coverage_is_refused(text: str) -> None:
    with pytest.raises(CoverageError, match="no coverage of flows"):
        parse_hits(text)


def test_coverage_is_read_as_the_test_run_writes_it() -> None:
    hits = parse_hits(json.dumps({"nodes": {"a.b": 1}, "edges": {"a.b -> a.c [next]": 2}, "version": "x"}))
    assert (hits.nodes, hits.edge("a.b", "a.c", "next"), hits.edge("a.b", "a.c", "else")) == (
        {"a.b": 1},
        2,
        0,
    )


def test_prompts_of_their_own_language_are_shown_to_those_who_read_it() -> None:
    flow = "  a: {kind: hangup, prompt: [{id: ask, language: zh}, {id: ask, language: en}, place]}\n"
    graph = flow_graph(library(flow, "variables: {place: 1}\n"), "main", ("zh", "en"))
    assert graph.cards[0].said == {"zh": "请选择第{place}位", "en": "Choose Number {place}"}


def test_all_shipped_flows_are_drawn_without_spaghetti() -> None:
    flows = load(FLOWS)
    for name in flows.flows:
        graph = flow_graph(flows, name, flows.languages)
        assert {each.id for each in graph.cards} >= {
            node for node in flows.nodes if node.startswith(f"{name}.")
        }
        for each in graph.cards:
            assert len({line.source for line in graph.lines if line.target == each.id}) <= MAX_LINES


CARDS = [f"n{number}" for number in range(8)]
WAYS = st.lists(
    st.builds(
        Way,
        st.sampled_from(CARDS),
        st.sampled_from(CARDS),
        st.booleans(),
        st.sampled_from(["", "", "", "other"]),
    ),
    max_size=30,
)


@given(WAYS)
def test_lines_never_go_round_and_lead_to_every_card_that_a_way_leads_on_to(ways: list[Way]) -> None:
    routes = plan(CARDS[:1], CARDS, ways)
    inside = [ways[index] for index in routes.lines if not ways[index].outside]
    left = set(CARDS)
    while ready := {name for name in left if not any(w.target == name and w.source in left for w in inside)}:
        left -= ready
    assert not left, "a line closes a circle"
    for index, way in enumerate(ways):
        if not way.outside and index not in routes.back:
            assert any(line.target == way.target for line in inside)
    for name in CARDS:
        assert len({line.source for line in inside if line.target == name}) <= MAX_LINES
