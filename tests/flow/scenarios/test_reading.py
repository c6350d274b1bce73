"""Scenario files that are wrong are told with their place; what is right is merged as written."""

from __future__ import annotations

import pytest

from ivr.flow.scenarios.naming import check_names
from ivr.flow.scenarios.reading import read_all
from tests.flow.scenarios.hotline import cases, files, library


def told(scenarios: str) -> list[str]:
    """Findings of reading and of names, as they are told."""
    sources = files(scenarios)
    found = read_all(sources)
    named = check_names(found.files, library(), sources)
    return [str(finding).removeprefix("main.scenario.yaml:") for finding in (*found.findings, *named)]


ONE = "  - name: one\n    turns: [{press: 1}]\n"


@pytest.mark.parametrize(
    ("scenarios", "finding"),
    [
        (
            "  - name: one\n    turns: [{press: 1}]\n    turn: []\n",
            "4:5: error unknown-field: `turn` means nothing here (did you mean `turns`?)",
        ),
        ("  - {name: one, turns: [{pres: 1}]}\n", "2:26: error unknown-field: `pres` means nothing here"),
        ("  - {name: one, turns: [{press: x}]}\n", "error wrong-value: `press`: `x` does not fit"),
        ("  - {name: one, turns: []}\n", "error wrong-value: `turns`: at least 1 is expected"),
        ("  - {turns: [{press: 1}]}\n", "2:5: error missing-field: `name` is missing"),
        ("  - {name: one, given: {time: '25:00'}, turns: [{press: 1}]}\n", "2:31: error wrong-value: `time`"),
        (
            "  - {name: one, given: {time: '2026-02-30 10:00'}, turns: [{press: 1}]}\n",
            "error wrong-value: `time`",
        ),
        (
            "  - {name: one, turns: [{press: 1, hangup: true}]}\n",
            "error two-ways: press and hangup in one turn",
        ),
        ("  - {name: one, turns: [{at_once: true}]}\n", "`at_once` in a turn in which nobody does anything"),
        (
            "  - {name: one, turns: [{press: 1, audio: a.wav}]}\n",
            "`audio` in a turn in which nothing is said",
        ),
        (ONE + ONE, "4:11: error duplicate-scenario: `one` is also the name of the scenario in line 2"),
        (
            "  - {name: one, turns: [{queue: ful}]}\n",
            "error wrong-value: `queue`: `ful` is not one of those possible (did you mean `full`?)",
        ),
        ("  - {name: one, turns: [{request: {status: 7}}]}\n", "error wrong-value: `status`"),
        ("  - [\n", "error yaml-syntax"),
        ("  - {name: one, name: two, turns: [{press: 1}]}\n", "error duplicate-key"),
    ],
)
def test_a_faulty_file(scenarios: str, finding: str) -> None:
    first = told(scenarios)[0]
    assert finding in first


@pytest.mark.parametrize(
    ("turns", "given", "finding"),
    [
        ("{heard: by}", "{}", "2:44: error unknown-prompt: there is no prompt `by` (did you mean `bye`?)"),
        ("{heard_only: [bye, by]}", "{}", "2:55: error unknown-prompt"),
        ("{not_heard: by}", "{}", "error unknown-prompt"),
        ("{node: weathr}", "{}", "error unknown-target: there is no node `weathr` (did you mean `weather`?)"),
        (
            "{passed: [main.wait, main.weit]}",
            "{}",
            "there is no node `main.weit` (did you mean `main.wait`?)",
        ),
        ("{language: es}", "{}", "error unknown-language: there is no language `es` (one of en, zh)"),
        ("{variables: {skies: 1}}", "{}", "2:49: error undefined-variable: nothing ever sets `skies`"),
        (
            "{queued: generl}",
            "{}",
            "error unknown-queue: there is no queue `generl` (did you mean `general`?)",
        ),
        ("{queued: {queue: general, prority: 3}}", "{}", "error unknown-field: there is no field of a place"),
        (
            "{notified: {chanel: sms}}",
            "{}",
            "there is no field of a notification `chanel` (did you mean `channel`?)",
        ),
        ("{journal: {option: x}}", "{}", "error missing-field: `kind` is missing"),
        (
            "{press: 1}",
            "{flow: mian}",
            "2:31: error unknown-flow: there is no flow `mian` (did you mean `main`?)",
        ),
        ("{press: 1}", "{language: es}", "error unknown-language"),
        ("{press: 1}", "{speech: [es]}", "error unknown-language"),
        ("{press: 1}", "{hours: {dsek: open}}", "error unknown-calendar: there is no calendar `dsek`"),
        ("{press: 1}", "{queues: {generel: full}}", "2:34: error unknown-queue: there is no queue `generel`"),
        ("{press: 1}", "{lookups: {poeple: none}}", "error unknown-source: there is no source `poeple`"),
        (
            "{press: 1}",
            "{transfers: {polic: busy}}",
            "error unknown-number: there is no number and no agent `polic`",
        ),
        ("{press: 1}", "{requests: [{node: wether}]}", "there is no node `wether` (did you mean `weather`?)"),
        (
            "{press: 1}",
            "{history: {cals: 3}}",
            "error unknown-value: there is no `call.history` of the name `cals`",
        ),
        ("{press: 1}", "{facts: {age: 70}}", "2:33: warning unknown-fact: no flow looks at `call.facts.age`"),
    ],
)
def test_a_name_that_the_flows_do_not_have(turns: str, given: str, finding: str) -> None:
    (only,) = told(f"  - {{name: one, given: {given}, turns: [{turns}]}}\n")
    assert finding in only


def test_names_that_are_there() -> None:
    given = (
        "{flow: main, language: en, speech: [zh], hours: {desk: open}, queues: {night: full}, lookups: {people: none}, "
        "transfers: {police: busy, '110': busy, '*': busy}, requests: [{node: weather}, {node: main.weather}], "
        "history: {calls: 3}}"
    )
    turn = "{heard: [ask, '~recording'], node: ~hangup, passed: wait, variables: {found.name: x}, queued: {reason: x}}"
    assert told(f"  - {{name: one, given: {given}, turns: [{turn}]}}\n") == []


def test_facts_that_flows_look_at_and_parameters_are_known() -> None:
    flow = "flow: main\nparameters: {who: text}\nnodes:\n"
    flow += "  a: {kind: branch, cases: [{if: call.facts.age > 60, next: hangup}], else: hangup}\n"
    scenario = "scenarios: [{name: one, given: {facts: {age: 70, who: x, agee: 1}}, turns: [{press: 1}]}]\n"
    sources = files(scenario, flow, "")
    findings = check_names(read_all(sources).files, library(flow, ""), sources)
    assert [finding.cause for finding in findings] == ["no flow looks at `call.facts.agee`"]


def test_the_faults_of_one_file_leave_the_others_be() -> None:
    sources = {
        **files(ONE),
        "bad.scenario.yaml": b"scenarios: 3\n",
        "other.scenario.yaml": b"scenarios:\n" + ONE.encode(),
    }
    found = read_all(sources)
    assert [case.file for case in found.cases] == ["main.scenario.yaml", "other.scenario.yaml"]
    assert [finding.file for finding in found.findings] == ["bad.scenario.yaml"]


def test_what_the_file_gives_holds_unless_the_scenario_says_otherwise() -> None:
    first, second = cases(
        "given: {time: '10:00', queues: {general: full, night: closed}, requests: [{status: 500}]}\n"
        "scenarios:\n"
        "  - {name: a, turns: [{press: 1}]}\n"
        "  - name: b\n"
        "    given: {time: '11:00', queues: {general: served}, requests: [{status: 404}]}\n"
        "    turns: [{press: 1}]\n"
    )
    assert (first.given.time, first.given.queues["general"].outcome) == ("10:00", "full")
    assert (second.given.time, second.given.queues["general"].outcome) == ("11:00", "served")
    assert second.given.queues["night"].outcome == "closed"
    assert [rule.status for rule in second.given.requests] == [404, 500]


def test_where_a_scenario_and_its_turns_stand() -> None:
    (case,) = cases("  - name: one\n    turns:\n      - {press: 1}\n      - {press: 2}\n")
    assert [case.where(turn).line for turn in (0, 1, 2)] == [2, 4, 5]


def test_a_recording_that_is_not_there() -> None:
    sources = files("  - {name: x, turns: [{say: hello, audio: hello.wav}]}\n")
    written = read_all(sources).files
    (finding,) = check_names(written, library(), sources, lambda name: name != "hello.wav")
    assert str(finding).startswith(
        "main.scenario.yaml:2:43: error unknown-file: there is no file `hello.wav`"
    )
    assert check_names(written, library(), sources, lambda name: name == "hello.wav") == []
