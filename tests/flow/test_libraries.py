"""Shared flows in folders of their own, files included, a hotline of one file, and YAML that takes over."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from ivr.flow.findings import FlowLoadError
from ivr.flow.load import load, load_sources, read_folder
from tests.flow.support import Dialogue, faults, library

MAIN = """
  menu: {kind: menu, prompt: ask, options: {go: {key: 1, next: shared}}}
  bye: {kind: hangup, prompt: bye}
"""
HOTLINE = """
include: [parts/common]
fallback: main.bye
variables: {topic: ""}
"""
SHARED = """
flow: shared
nodes:
  ask:
    kind: menu
    prompt: [shared.ask, ask]
    options: {open: {key: 1, next: hours}}
  hours: {kind: hours, calendar: office, open: open_, closed: closed}
  open_: {kind: hangup, prompt: shared.ask}
  closed: {kind: hangup, prompt: sorry}
"""
LIBRARY = """
library: common
variables: {seen: 0}
calendars: {office: {timezone: Asia/Shanghai, weekly: {mon-fri: "09:00-17:00"}}}
always: {leave: {key: 9, next: shared.closed}}
on:
  no_match: {say: shared.ask, set: {seen: = seen + 1}}
  no_input: {next: shared.closed}
"""
PARTS = {
    "parts/common/library.yaml": LIBRARY,
    "parts/common/shared.yaml": SHARED,
    "parts/common/prompts/zh.yaml": "shared.ask: 库里的话\nask: 库里的问题\n",
    "parts/common/prompts/en.yaml": "shared.ask: words of the library\nask: question of the library\n",
}


def shared(hotline: str = HOTLINE, parts: Mapping[str, str] = PARTS) -> Dialogue:
    call = Dialogue(library(MAIN, hotline, parts))
    call.press("1")
    return call


def test_flows_of_an_included_folder_can_be_led_to() -> None:
    call = shared()
    assert (call.at, call.heard()) == ("shared.ask", ["shared.ask", "ask"])
    assert call.library.flows["shared"].library == "parts/common"


def test_prompts_come_along_and_the_hotlines_own_replace_them() -> None:
    prompts = shared().library.prompts
    assert (prompts["shared.ask"]["zh"], prompts["ask"]["zh"]) == ("库里的话", "请选择")


def test_its_handlers_stand_between_its_flows_and_the_hotline() -> None:
    hotline = (
        HOTLINE
        + "on: {no_match: {next: main.bye}, help: {next: main.bye}}\nalways: {help: {key: 8, do: help}}\n"
    )
    call = shared(hotline)
    call.press("5")
    assert (call.at, call.heard(), call.value("seen")) == ("shared.ask", ["shared.ask"], 1)
    call.press("8")
    assert call.at == "main.bye"
    flow = SHARED.replace("nodes:", "on: {no_match: {next: closed}}\nnodes:")
    call = shared(hotline, {**PARTS, "parts/common/shared.yaml": flow})
    call.press("5")
    assert call.at == "shared.closed"
    # They are its flows' only.
    call = Dialogue(library(MAIN, HOTLINE, PARTS))
    call.played()
    call.fire("first_input")
    assert (call.at, call.heard()) == ("main.menu", ["ask"])


def test_its_commands_are_its_flows_only_and_go_before_the_hotlines() -> None:
    call = shared(HOTLINE + "always: {leave: {key: 7, next: main.bye}}\n")
    call.press("7")
    assert call.at == "shared.ask"
    call.press("9")
    assert call.at == "shared.closed"
    call = Dialogue(library(MAIN, HOTLINE, PARTS))
    call.press("9")
    assert call.at == "main.menu"


def test_its_calendars_are_there_and_the_hotlines_own_replace_them() -> None:
    call = shared()
    call.press("1")
    assert call.at == "shared.open_"
    call = shared(HOTLINE + "calendars: {office: {weekly: {daily: closed}}}\n")
    call.press("1")
    assert call.at == "shared.closed"


def test_its_variables_belong_to_the_whole_call() -> None:
    assert {"seen", "topic"} <= shared().library.shared_names


def test_a_single_file_may_be_included() -> None:
    flows = library(
        MAIN.replace("next: shared", "next: other"),
        "include: [parts/other.yaml]\n",
        {"parts/other.yaml": "flow: other\nnodes:\n  bye: {kind: hangup, prompt: bye}\n"},
    )
    assert flows.flows["other"].library == ""


@pytest.mark.parametrize(
    "name", ["../elsewhere", "/etc", "parts/../../x", "parts//common", "./parts/common", "parts\\common", ""]
)
def test_nothing_outside_the_folder_is_included(name: str) -> None:
    found = faults(MAIN, HOTLINE.replace("parts/common", f"'{name}'"), PARTS)
    assert "bad-include" in {finding.code for finding in found}


def test_nor_is_it_read(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "other.yaml").write_text("flow: other\nnodes: {}\n", "utf-8")
    folder = tmp_path / "hotline"
    folder.mkdir()
    (folder / "hotline.yaml").write_text("hotline: t\nlanguages: [zh]\ninclude: [../secret]\n", "utf-8")
    assert list(read_folder(folder)) == ["hotline.yaml"]


def test_one_that_is_not_there() -> None:
    (found, *_) = faults(MAIN, HOTLINE.replace("parts/common", "parts/comon"), PARTS)
    assert (found.code, found.suggestion) == ("bad-include", "did you mean `parts/common`?")


def test_what_is_not_included_is_not_there() -> None:
    found = faults(MAIN, HOTLINE.replace("include: [parts/common]", ""), PARTS)
    assert "unknown-target" in {finding.code for finding in found}


def test_two_flows_of_one_name() -> None:
    found = faults(MAIN, HOTLINE, {**PARTS, "shared.yaml": "flow: shared\nnodes:\n  a: {kind: hangup}\n"})
    assert "duplicate-flow" in {finding.code for finding in found}


# A hotline of one file

ONE = """
hotline: clinic
languages: [zh]
fallback: bye
variables: {who: 王, topic: ""}
on: {no_match: {count: 2, next: bye}}
always: {person: {key: 0, next: bye}}
start: menu
nodes:
  first: {kind: hangup}
  menu: {kind: menu, prompt: {zh: "{who}您好"}, options: {one: {key: 1, next: call}}}
  call: {kind: call, flow: other, next: bye}
  bye: {kind: hangup, prompt: {zh: 再见}}
"""
OTHER = (
    "flow: other\nnodes:\n  ask: {kind: menu, options: {one: {key: 1, set: {topic: set}, next: return}}}\n"
)


def one(text: str = ONE, **more: str) -> Dialogue:
    files = {"hotline.yaml": text, "other.yaml": OTHER, **more}
    return Dialogue(load_sources({name: content.encode() for name, content in files.items()}))


def test_a_hotline_of_one_file_is_hotline_and_flow() -> None:
    call = one()
    assert (call.at, call.library.name, list(call.library.flows)) == (
        "main.menu",
        "clinic",
        ["main", "other"],
    )
    call.press("9")
    call.press("9")
    assert call.at == "main.bye"
    call = one()
    call.press("0")
    assert call.at == "main.bye"


def test_what_both_may_have_is_the_hotlines() -> None:
    call = one()
    call.press("1")
    assert call.at == "other.ask"
    # `always` and variables reach the other flows too.
    call.press("1")
    assert (call.at, call.value("topic")) == ("main.bye", "set")
    call = one()
    call.press("10")
    assert call.at == "main.bye"


def test_it_may_name_its_flow() -> None:
    assert one(ONE + "flow: clinic\nentry: clinic\n").at == "clinic.menu"


def test_a_fault_in_it_stands_where_it_is() -> None:
    with pytest.raises(FlowLoadError) as raised:
        one(ONE.replace("kind: call, flow: other", "kind: call, flow: othr"))
    (found, *_) = raised.value.findings
    assert (found.file, found.line, found.code) == ("hotline.yaml", 12, "unknown-flow")


# Merging in YAML


def test_a_mapping_may_take_over_anothers_entries() -> None:
    flow = """
  menu:
    kind: menu
    prompt: ask
    options: &options
      one: {key: 1, next: bye}
      two: {key: 2, next: bye}
  second:
    kind: menu
    prompt: again
    options:
      <<: *options
      two: {key: 3, next: menu}
  third: {kind: menu, prompt: sorry, options: {<<: [{four: {key: 4, next: second}}, *options]}}
  bye: {kind: goto, next: third}
"""
    call = Dialogue(library(flow))
    call.press("1")
    assert call.at == "main.third"
    call.press("4")
    assert call.at == "main.second"
    call.press("3")
    # What is written itself goes before what is taken over.
    assert call.at == "main.menu"
    assert list(call.library.nodes["main.third"].options.by_name) == ["four", "one", "two"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("{<<: 5, one: {key: 1, next: bye}}", "wrong-type"),
        ("{<<: [1], one: {key: 1, next: bye}}", "wrong-type"),
    ],
)
def test_only_mappings_can_be_taken_over(options: str, code: str) -> None:
    flow = f"  menu: {{kind: menu, prompt: ask, options: {options}}}\n  bye: {{kind: hangup}}\n"
    assert [finding.code for finding in faults(flow)] == [code]


def test_a_fault_in_what_was_taken_over_is_found_where_it_was_taken() -> None:
    flow = """
  menu: {kind: menu, prompt: ask, options: &options {one: {key: 1, next: bye}}}
  second: {kind: menu, prompt: ask, optoins: {<<: *options}}
  bye: {kind: goto, next: second}
"""
    found = faults(flow)
    assert {finding.code for finding in found} == {"unknown-field"}
    assert {finding.line for finding in found} == {5}


def test_a_folder_on_disk(tmp_path: Path) -> None:
    files = {
        "hotline.yaml": "hotline: test\nlanguages: [zh, en]\n" + HOTLINE,
        "main.yaml": "flow: main\nnodes:\n" + MAIN,
    }
    prompts = {f"prompts/{language}.yaml": "ask: a\nbye: b\nsorry: c\n" for language in ("zh", "en")}
    for name, content in {**files, **prompts, **PARTS}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, "utf-8")
    assert set(load(tmp_path).flows) == {"main", "shared"}
