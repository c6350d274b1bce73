"""Whatever stands in the files, a hotline loads or it is told where and why: nothing else is raised, soon enough.

`.venv/bin/python -m bench.fuzz_flows --files 100000` is the long run of the same.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.flow.explained import EXPLAINED
from ivr.flow.findings import LONGEST, Finding, did_you_mean, quoted
from ivr.flow.registry import KINDS
from tests.support.hostile import BOMBS, EXPRESSIONS, PIECES, SHARED, VALUES
from tests.support.mutations import bases, checked, mutant

SEEDS = range(800)
EVERYTHING = {name: text.encode() for name, text in SHARED.items()}


@pytest.mark.parametrize("name", bases())
def test_what_is_changed_is_sound(name: str) -> None:
    verdict = checked(bases()[name])
    assert verdict.loaded
    assert not verdict.codes
    assert not verdict.wrong


def test_mutated_files_load_or_say_why() -> None:
    """The seed names the hotline: `mutant(seed)`."""
    wrong = []
    for seed in SEEDS:
        one = mutant(seed)
        if one.base != "shipped":  # the long run has them
            wrong += [
                (seed, one.base, one.file, one.ways, each)
                for each in checked(one.files, routing=one.of_routing).wrong
            ]
    assert not wrong


@pytest.mark.parametrize("file", ["main.yaml", "prompts/zh.yaml"])
@pytest.mark.parametrize("name", BOMBS)
def test_files_made_to_blow_up(name: str, file: str) -> None:
    verdict = checked({**EVERYTHING, file: BOMBS[name]().encode()})
    assert not verdict.wrong


@pytest.mark.parametrize(
    "name", ["alias_bomb", "recursive_alias", "deep_lists", "many_keys", "nul", "list_keys"]
)
@pytest.mark.parametrize("file", ["queues.yaml", "agents.yaml", "tables/streets.yaml", "tables/tickets.csv"])
def test_such_files_beside_the_flows(name: str, file: str) -> None:
    assert not checked({**EVERYTHING, file: BOMBS[name]().encode()}, routing=True).wrong


FIELDS = sorted(
    {field.alias or name for kind in KINDS.values() for name, field in kind.model.model_fields.items()}
)
scalars = st.one_of(
    st.sampled_from([*EXPRESSIONS, "main", "bye", "person", "zh", "en", "= x", 1, 0.5, True, None, ""]),
    st.sampled_from([each for each in VALUES if not isinstance(each, float)]),
    st.text(max_size=20),
    st.integers(),
)
names = st.one_of(
    st.sampled_from([*FIELDS, *KINDS, "zh", "en", "1", "no_input", "error"]), st.text(max_size=8)
)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=5)),
    max_leaves=12,
)
nodes = st.builds(
    lambda kind, fields: {"kind": kind, **fields},
    st.sampled_from([*KINDS]),
    st.dictionaries(names, values, max_size=6),
)


def written(data: object) -> bytes:
    text = yaml.dump(data, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False)
    return str(text).encode("utf-8", "surrogatepass")


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), nodes, min_size=1, max_size=3))
def test_any_nodes(nodes: dict[str, Any]) -> None:
    assert not checked({**EVERYTHING, "main.yaml": written({"flow": "main", "nodes": nodes})}).wrong


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([*SHARED]), st.dictionaries(names, values, max_size=6))
def test_any_data_in_any_file(file: str, data: dict[str, Any]) -> None:
    assert not checked({**EVERYTHING, file: written(data)}).wrong


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=80), st.lists(st.sampled_from(PIECES), max_size=8).map("\n".join)))
def test_any_text_as_a_flow(text: str) -> None:
    assert not checked({**EVERYTHING, "main.yaml": text.encode("utf-8", "surrogatepass")}).wrong


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_as_a_flow(content: bytes) -> None:
    assert not checked({**EVERYTHING, "main.yaml": content}).wrong


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400), st.text(max_size=400))
def test_a_finding_is_one_line_that_can_be_shown(cause: str, suggestion: str) -> None:
    finding = Finding("main.yaml", 1, 1, "wrong-value", cause, suggestion)
    assert finding.cause.isprintable()
    assert finding.suggestion.isprintable()
    assert len(finding.cause) <= 2 * LONGEST


def test_a_value_is_told_as_its_author_wrote_it() -> None:
    assert [quoted(each) for each in ("x", 5, True, None, ["a", {"b": 1}])] == [
        "`x`",
        "`5`",
        "`true`",
        "`null`",
        '`["a", {"b": 1}]`',
    ]
    assert len(quoted("x" * 10_000)) < 100


def test_the_nearest_name_is_found_among_very_many() -> None:
    names = [f"node_{number}" for number in range(20_000)]
    assert did_you_mean("complant", [*names, "complaint"]) == "did you mean `complaint`?"
    assert did_you_mean("x" * 10_000, names) == ""
    assert did_you_mean("", names) == ""


# What got through once


def codes(main: str, **more: str) -> list[str]:
    verdict = checked(
        {**EVERYTHING, "main.yaml": main.encode(), **{name: text.encode() for name, text in more.items()}}
    )
    assert not verdict.wrong
    return verdict.codes


def test_a_chain_of_aliases_is_as_deep_as_what_it_stands_for() -> None:
    """A hundred levels by aliases alone once went deeper than Python goes."""
    lines = ["v0: &v0 [x]", *(f"v{n + 1}: &v{n + 1} [*v{n}]" for n in range(100))]
    text = (
        "flow: main\nvariables:\n" + "".join(f"  {line}\n" for line in lines) + "nodes: {a: {kind: hangup}}\n"
    )
    assert codes(text) == ["too-deep"]


def test_a_list_as_the_id_of_a_prompt() -> None:
    verdict = checked(
        {
            **EVERYTHING,
            "main.yaml": b"flow: main\nnodes:\n  person: {kind: say, prompt: {id: [{zh: a}]}, next: hangup}\n",
        }
    )
    assert not verdict.wrong


def test_no_value_as_a_type_and_as_hours() -> None:
    assert "bad-declaration" in codes(
        "flow: main\nvariables: {x: {type: ~}}\nnodes:\n  person: {kind: hangup}\n"
    )
    assert "bad-calendar" in codes(
        SHARED["main.yaml"], **{"hotline.yaml": SHARED["hotline.yaml"].replace('"22:00-06:00"', "true")}
    )


def test_another_file_that_cannot_be_read_makes_no_faults_of_its_own() -> None:
    verdict = checked({**EVERYTHING, "main.yaml": b"flow: main\nnodes: {"})
    assert verdict.codes == ["yaml-syntax"]


def test_a_file_with_an_error_in_each_line_is_told_of_quickly() -> None:
    text = "flow: main\nnodes:\n" + "".join(f"  n{n}: {{kind: goto, next: m{n}}}\n" for n in range(5000))
    assert codes(text).count("unknown-target") == 200
    assert "too-many-errors" in EXPLAINED


@pytest.mark.parametrize("written", ["2026-02-30", "2026-11-26T25:00:00", "12:99", "0x", "1e999", "!!int x"])
def test_what_only_the_library_of_the_routing_reads_as_dates_and_numbers(written: str) -> None:
    for file, text in (("queues.yaml", SHARED["queues.yaml"]), ("agents.yaml", SHARED["agents.yaml"])):
        changed = {**EVERYTHING, file: text.replace("5" if file == "agents.yaml" else "20", written).encode()}
        assert not checked(changed, routing=True).wrong


def test_options_of_a_format_are_refused_in_words() -> None:
    node = "{kind: collect, prompt: {zh: 好, en: Hi}, into: x, format: {digits: {most: [5]}}, next: hangup}"
    assert codes(f"flow: main\nnodes:\n  person: {node}\n") == ["bad-format"]


@pytest.mark.parametrize("written", ["{<<: {x: 1}}", "{'': {}}", "{~: {}}", "{true: {}}", "{}, x-: []"])
def test_keys_of_the_routing_that_stand_nowhere_or_are_no_texts(written: str) -> None:
    changed = {**EVERYTHING, "queues.yaml": f"queues: {{general: {written}, ~: {{}}}}\n".encode()}
    assert not checked(changed, routing=True).wrong


def test_what_the_library_of_the_routing_says_is_told_without_python() -> None:
    changed = {**EVERYTHING, "queues.yaml": b"queues: {}\n...\nx\n---\ny\n"}
    assert not checked(changed, routing=True).wrong
