"""What differs between two versions, as a person would say it."""

from __future__ import annotations

import pytest

from ivr.flow.diff import ABSENT, Change, Difference, compare, node_renames, to_json
from ivr.flow.findings import FlowLoadError
from tests.versions.drafts import BASE, LOUDER, MAIN, RENAMED, draft


def test_the_same_content_has_no_differences_however_it_is_written() -> None:
    assert compare(BASE, BASE) == ()
    other = "# a comment\n" + MAIN.replace("{kind: hangup}", "\n    kind: hangup")
    assert compare(BASE, {**BASE, "main.yaml": other.encode()}) == ()
    assert (
        compare(
            BASE, {**{name: BASE[name] for name in BASE if name != "main.yaml"}, "x.yaml": BASE["main.yaml"]}
        )
        == ()
    )


def test_a_changed_field_is_told_by_its_path() -> None:
    (found,) = compare(BASE, draft(("next: after}\n    on", "next: desk}\n    on")))
    assert found == Difference(
        "node", "main.choose", "changed", (Change("options.rate.next", "after", "desk"),), kind="menu"
    )
    assert to_json(found) == {
        "scope": "node",
        "name": "main.choose",
        "how": "changed",
        "kind": "menu",
        "changes": [{"path": "options.rate.next", "before": "after", "after": "desk"}],
    }


def test_lists_of_handlers_are_compared_one_by_one_and_plain_lists_as_a_whole() -> None:
    (found,) = compare(
        BASE, draft(("no_input: [{count: 3,", "no_input: [{count: 2,"), ("zh: 人工", "zh: [人工, 客服]"))
    )
    assert {change.path: (change.before, change.after) for change in found.changes} == {
        "on.no_input.1.count": (3, 2),
        "options.person.say.zh": ("人工", ["人工", "客服"]),
    }


def test_nodes_that_come_and_go() -> None:
    more = draft(("  bye:", "  survey: {kind: survey, prompt: thanks, next: bye}\n  bye:"))
    (added,) = compare(BASE, more)
    assert (added.name, added.how, added.kind) == ("main.survey", "added", "survey")
    assert Change("kind", ABSENT, "survey") in added.changes
    (removed,) = compare(more, BASE)
    assert (removed.name, removed.how) == ("main.survey", "removed")
    assert Change("next", "bye", ABSENT) in removed.changes
    assert to_json(removed)["changes"][0] == {"path": "kind", "before": "survey"}


def test_a_renamed_node_is_one_difference_and_so_is_what_leads_to_it() -> None:
    found = compare(BASE, RENAMED)
    assert [(one.name, one.how, one.was, one.changes) for one in found] == [
        ("main.thanks", "renamed", "main.after", ())
    ]
    assert node_renames(found) == {"main.after": "main.thanks"}
    assert to_json(found[0])["likeness"] == 1.0


def test_a_renamed_node_that_changed_too_says_what() -> None:
    (found,) = compare(BASE, draft(("after", "thanks"), ("prompt: thanks", "prompt: hello")))
    assert (found.how, found.was, found.changes) == (
        "renamed",
        "main.after",
        (Change("prompt", "thanks", "hello"),),
    )
    assert 0.6 <= found.likeness < 1


def test_two_alike_are_told_apart_by_what_leads_to_them() -> None:
    def two(first: str, second: str) -> dict[str, bytes]:
        nodes = f"flow: main\nnodes:\n  a: {{kind: say, prompt: x, next: {first}}}\n"
        nodes += f"  b: {{kind: say, prompt: y, next: {second}}}\n"
        nodes += f"  {first}: {{kind: hangup}}\n  {second}: {{kind: hangup}}\n"
        return {"main.yaml": nodes.encode()}

    assert node_renames(compare(two("one", "two"), two("eins", "zwei"))) == {
        "main.one": "main.eins",
        "main.two": "main.zwei",
    }


def test_a_node_of_another_kind_in_its_place_is_no_renaming() -> None:
    found = compare(
        BASE,
        draft(("after: {kind: say, prompt", "rated: {kind: survey, prompt"), ("next: after", "next: rated")),
    )
    assert {(one.name, one.how) for one in found} >= {("main.after", "removed"), ("main.rated", "added")}


def test_what_is_shared_is_told_entry_by_entry() -> None:
    hotline = BASE["hotline.yaml"] + (
        b"variables: {topic: ''}\nalways: {person: {key: 0, next: main.desk}}\n"
        b"on: {no_input: {count: 2, next: main.desk}}\n"
        b"calendars: {desk: {timezone: Asia/Shanghai, weekly: {mon: '9:00-17:00'}}}\n"
    )
    found = compare(BASE, {**BASE, "hotline.yaml": hotline})
    assert [(one.scope, one.name, one.how) for one in found] == [
        ("handler", "no_input (hotline)", "added"),
        ("command", "person (hotline)", "added"),
        ("variable", "topic (hotline)", "added"),
        ("calendar", "desk (hotline)", "added"),
    ]
    (changed,) = compare({"hotline.yaml": hotline}, {"hotline.yaml": hotline.replace(b"9:00", b"8:00")})
    assert changed.changes == (Change("weekly.mon", "9:00-17:00", "8:00-17:00"),)


def test_prompts_are_told_by_language() -> None:
    (found,) = compare(BASE, LOUDER)
    assert found == Difference("prompt", "hello", "changed", (Change("en", "Hello", "HELLO"),))
    (gone,) = compare(BASE, draft(("thanks: Thank you\n", ""), file="prompts/en.yaml"))
    assert gone.changes == (Change("en", "Thank you", ABSENT),)


def test_a_hotline_of_one_file_and_an_included_folder_are_read_alike() -> None:
    one_file = {"hotline.yaml": b"hotline: demo\nlanguages: [en]\nnodes: {hi: {kind: hangup}}\n"}
    library = {
        "lib/x/library.yaml": b"library: x\nvariables: {a: 1}\n",
        "lib/x/go.yaml": b"flow: go\nnodes: {n: {kind: hangup}}\n",
    }
    found = compare(one_file, {**one_file, **library})
    assert [(one.scope, one.name) for one in found] == [
        ("library", "x"),
        ("flow", "go"),
        ("node", "go.n"),
        ("variable", "a (x)"),
    ]
    (changed,) = compare(
        one_file,
        {"hotline.yaml": one_file["hotline.yaml"].replace(b"{kind: hangup}", b"{kind: hangup, cause: busy}")},
    )
    assert (changed.name, changed.changes) == ("main.hi", (Change("cause", ABSENT, "busy"),))


def test_other_files_are_compared_as_texts() -> None:
    (found,) = compare({"tables/x.csv": b"a,b\n1,2\n"}, {"tables/x.csv": b"a,b\n1,3\n"})
    assert (found.scope, found.name, found.changes) == (
        "file",
        "tables/x.csv",
        (Change("", "a,b\n1,2\n", "a,b\n1,3\n"),),
    )


@pytest.mark.parametrize("content", [b"- 1\n", b"just text\n", b"", b"nodes: 3\nflow: [1]\n"])
def test_any_yaml_can_be_compared(content: bytes) -> None:
    assert compare({"x.yaml": content}, {"x.yaml": content}) == ()
    compare({}, {"x.yaml": content})
    compare({"x.yaml": content}, {})


def test_what_is_no_yaml_is_named() -> None:
    with pytest.raises(FlowLoadError) as caught:
        compare(BASE, {**BASE, "main.yaml": b"flow: [\n"})
    assert caught.value.findings[0].file == "main.yaml"


def test_queues_are_told_one_by_one() -> None:
    before = {"queues.yaml": b"skills: {english: {}}\nqueues: {general: {ring_s: 20}, help: {}, night: {}}\n"}
    after = {
        "queues.yaml": b"skills: {english: {}, knots: {}}\nlanguages: {en: {english: 1}}\n"
        b"queues: {general: {ring_s: 25}, help: {}, crisis: {urgent: true}}\n"
    }
    found = compare(before, after)
    assert [(one.scope, one.name, one.how) for one in found] == [
        ("queue", "crisis", "added"),
        ("queue", "general", "changed"),
        ("queue", "night", "removed"),
        ("skill", "knots", "added"),
        ("file", "queues.yaml", "added"),
    ]
    assert found[1].changes == (Change("ring_s", 20, 25),)
