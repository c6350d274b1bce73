"""What authors write wrong: each fault with file, line, column, code, cause and suggestion; nothing else is raised."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.flow.findings import Finding, FlowLoadError
from ivr.flow.load import load, load_sources
from ivr.flow.yaml_source import MAX_BYTES
from tests.flow.support import faults, library, sources

GOOD = """\
flow: main
nodes:
  choose:
    kind: menu
    prompt: ask
    options:
      complaint: {key: 1, next: bye}
  bye: {kind: hangup, prompt: bye}
"""


def only(findings: list[Finding]) -> Finding:
    assert len(findings) == 1, "\n".join(map(str, findings))
    return findings[0]


def fault(*changes: tuple[str, str], hotline: str = "fallback: bye\n") -> Finding:
    """The one fault of the good flow with these changes."""
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return only(faults(text, hotline.replace("bye", "main.bye")))


def test_the_good_flow_has_no_fault() -> None:
    assert faults(GOOD, "fallback: main.bye\n") == []


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "code", "suggestion"),
    [
        ("next: bye", "next: by", 7, 33, "unknown-target", "did you mean `bye`?"),
        ("prompt: ask", "promt: ask", 5, 5, "unknown-field", "did you mean `prompt`?"),
        ("kind: menu", "kind: menus", 4, 11, "unknown-kind", "did you mean `menu`?"),
        ("    kind: menu\n", "", 3, 3, "missing-field", "kind: say"),
        ("prompt: ask", "prompt: asks", 5, 13, "unknown-prompt", "did you mean `ask`?"),
        ("key: 1", "key: 1x", 7, 24, "wrong-value", ""),
        ("key: 1", "keys: 1", 7, 19, "unknown-field", "did you mean `key`?"),
        ("prompt: ask", "prompt: [ask, 5]", 5, 19, "bad-prompt", ""),
        ("prompt: ask", "prompt: {zh: 好, en: hi, ex: hi}", 5, 29, "unknown-language", ""),
        ("prompt: ask", "prompt: {zh: 好}", 5, 18, "missing-translation", "write `en: ...` beside it"),
        ("prompt: ask", "prompt: {2: ask}", 5, 13, "wrong-value", "add `1:`"),
        (
            "prompt: ask",
            "prompt: [{id: ask, if: lanuage == 'zh'}]",
            5,
            28,
            "undefined-variable",
            "did you mean",
        ),
        ("prompt: ask", "prompt: [{id: ask, if: 'a =='}]", 5, 33, "bad-expression", ""),
        ("prompt: ask", "prompt: name", 5, 13, "undefined-variable", "declare it"),
        ("prompt: ask", "on: {no_imput: {next: bye}}", 5, 10, "unknown-event", "did you mean `no_input`?"),
        ("prompt: ask", "on: {no_input: {next: by}}", 5, 27, "unknown-target", "did you mean `bye`?"),
        ("prompt: ask", "on: {no_input: {next: bye, reprompt: true}}", 5, 10, "two-ways", "keep one"),
        ("prompt: ask", "on: {no_input: {cuont: 2}}", 5, 21, "unknown-field", "did you mean `count`?"),
        ("prompt: ask", "always: [persn]", 5, 14, "unknown-command", ""),
        ("prompt: ask", "timers: {first_input_s: soon}", 5, 29, "wrong-value", ""),
        (
            "complaint: {key: 1, next: bye}",
            "a: {key: 1, next: bye}\n      b: {key: 1, next: bye}",
            8,
            16,
            "duplicate-option-key",
            "",
        ),
        ("{key: 1, next: bye}", "{next: bye}", 7, 18, "unreachable-option", ""),
        ("{key: 1, next: bye}", "{key: 1}", 7, 18, "no-next", ""),
        ("{key: 1,", "{key: 1, say: {zh: [一, 2]},", 7, 37, "bad-phrases", ""),
        ("  bye:", "  choose:", 8, 3, "duplicate-key", "keep one"),
        ("  bye:", "  b-ye: {kind: hangup}\n  bye:", 8, 3, "bad-name", ""),
        ("flow: main", "flow: main\nstart: chose", 2, 8, "unknown-target", "did you mean `choose`?"),
        ("prompt: ask", "\tprompt: ask", 5, 5, "yaml-syntax", "indent with spaces, never tabs"),
        ("prompt: ask", "prompt: *ask", 5, 13, "unknown-alias", ""),
        ("prompt: ask", "prompt: !!python/name:os.system", 5, 13, "unknown-tag", ""),
        ("prompt: ask", "? [a, b]\n    : ask", 5, 7, "key-not-text", ""),
        ("prompt: ask", "prompt: " + "[" * 60, 5, 51, "too-deep", ""),
        ("  bye:", "---\nflow: x\n", 8, 1, "several-documents", ""),
    ],
)
def test_every_fault_says_where_and_how_to_mend_it(
    old: str, new: str, line: int, column: int, code: str, suggestion: str
) -> None:
    found = fault((old, new))
    assert (found.file, found.line, found.column, found.code) == ("main.yaml", line, column, code), str(found)
    assert suggestion in found.suggestion
    assert found.severity == "error"


def test_all_faults_are_found_in_one_run() -> None:
    text = (
        GOOD.replace("next: bye", "next: by")
        .replace("prompt: ask", "prompt: asks")
        .replace("flow: main", "flow: main\nstrat: x")
    )
    codes = {finding.code for finding in faults(text)}
    assert codes == {"unknown-field"}
    codes = {finding.code for finding in faults(text.replace("strat", "start"))}
    assert codes == {"unknown-target", "unknown-prompt"}


def test_faults_of_the_shared_file_and_the_prompts() -> None:
    found = only(faults(GOOD, "fallback: main.bey\n"))
    assert (found.file, found.line, found.code) == ("hotline.yaml", 3, "unknown-target")
    found = only(faults(GOOD, "fallback: main.bye\ncalendars: {desk: {weekly: {mun: open}}}\n"))
    assert (found.line, found.column, found.code) == (4, 34, "bad-calendar")
    found = only(faults(GOOD, "fallback: main.bye\ncalendars: {desk: {timezone: Mars/Base, weekly: {}}}\n"))
    assert (found.column, found.code) == (30, "bad-calendar")
    broken = {"prompts/zh.yaml": "ask: 请选{择\nbye: 再见\n"}
    found = only(
        [each for each in faults(GOOD, "fallback: main.bye\n", broken) if each.file == "prompts/zh.yaml"]
    )
    assert (found.line, found.column, found.code) == (1, 6, "bad-prompt-text")


def test_two_flows_of_one_name() -> None:
    found = only(faults(GOOD, "fallback: main.bye\n", {"other.yaml": GOOD}))
    assert (found.file, found.line, found.column, found.code) == ("other.yaml", 1, 7, "duplicate-flow")


def test_a_queue_that_the_routing_does_not_know() -> None:
    flow = GOOD.replace("{kind: hangup, prompt: bye}", "{kind: queue, queue: generl, next: choose}")
    found = [
        each
        for each in faults(flow, "", {"queues.yaml": "queues: {general: {}}\n"})
        if each.severity == "error"
    ]
    assert (only(found).code, only(found).suggestion) == ("unknown-queue", "did you mean `general`?")


def test_bytes_that_are_no_text() -> None:
    files = sources(GOOD)
    files["main.yaml"] = GOOD.encode().replace(b"prompt: bye", b"prompt: \xff\xfe")
    with pytest.raises(FlowLoadError) as caught:
        load_sources(files)
    found = caught.value.findings[0]
    assert (found.line, found.column, found.code) == (8, 31, "not-utf-8")


def test_a_byte_order_mark_is_no_fault() -> None:
    files = sources(GOOD)
    files["main.yaml"] = b"\xef\xbb\xbf" + files["main.yaml"]
    assert load_sources(files).flows["main"].start == "main.choose"


def test_an_alias_bomb_does_not_go_off() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(9)
    )
    found = [each for each in faults(bomb) if each.file == "main.yaml"]
    assert only(found).code == "too-many-values" if not bomb.startswith("flow:") else False


def test_too_large_a_file() -> None:
    found = faults(GOOD + "# " + "x" * MAX_BYTES)
    assert [each.code for each in found if each.file == "main.yaml"] == ["too-large"]


def test_yaml_1_2_has_no_surprises() -> None:
    flow = """
  one: {kind: set, values: {a: yes, b: on, c: 08:00, d: 010, e: 1e3, f: 0x10, g: null, h: ~}, next: bye}
  bye: {kind: hangup}
"""
    values = library(flow).nodes["main.one"].values  # type: ignore[attr-defined]  # a set node has them
    assert {name: source.literal for name, source in values.items()} == {
        "a": "yes",
        "b": "on",
        "c": "08:00",
        "d": "010",
        "e": 1000.0,
        "f": "0x10",
        "g": None,
        "h": None,
    }


def test_the_version_is_that_of_the_contents() -> None:
    files = sources(GOOD)
    assert load_sources(files).version == load_sources(dict(reversed(files.items()))).version
    changed = {**files, "main.yaml": files["main.yaml"] + b"\n# changed\n"}
    assert load_sources(changed).version != load_sources(files).version
    assert load_sources({**files, "agents.yaml": b"agents: []"}).version == load_sources(files).version


def test_a_text_in_a_flow_keeps_its_id_wherever_it_stands() -> None:
    inline = GOOD.replace("prompt: bye", "prompt: {zh: 好, en: Good}")
    first = library(inline)
    moved = library(inline.replace("  choose:", "  # a comment\n\n  choose:"))
    (prompt_id,) = [name for name in first.prompts if name.startswith("text.")]
    assert first.prompts[prompt_id] == {"zh": "好", "en": "Good"}
    assert prompt_id in moved.prompts


def test_a_bad_folder_replaces_nothing(tmp_path: Path) -> None:
    for name, content in sources(GOOD, "fallback: main.bye\n").items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    good = load(tmp_path)
    (tmp_path / "main.yaml").write_text(GOOD.replace("next: bye", "next: nowhere"), "utf-8")
    with pytest.raises(FlowLoadError) as caught:
        load(tmp_path)
    assert "main.yaml:7:33" in str(caught.value)
    assert good.nodes["main.choose"] and good.version


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(FlowLoadError) as caught:
        load(tmp_path / "nowhere")
    assert caught.value.findings[0].code == "no-flows"
