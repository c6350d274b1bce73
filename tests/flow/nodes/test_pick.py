"""pick: items that are only known in the call, by key and by voice, page by page."""

from __future__ import annotations

import pytest

from ivr.flow.actions import Listen, Note, Play
from tests.flow.support import CONFIRM, PERSON, Dialogue, faults, library

PICK = """
  slot:
    kind: pick
    items: = slots
    prompt: {1: ask, 2: again}
    item: {id: name, values: {who: = 'x'}}
    say: day
    REST
    into: slot
    next: bye
    none: none
  none: {kind: hangup, prompt: again}
  person: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""
SAID = "item: {zh: '{number:number} {item.day}', en: '{number:number} {item.day}'}"
SLOTS = [{"day": "monday"}, {"day": "next monday"}, {"day": "friday"}]


def pick(rest: str = "", slots: object = SLOTS, language: str = "en", confirm: str = "") -> Dialogue:
    flow = PICK.replace("item: {id: name, values: {who: = 'x'}}", SAID).replace("REST", rest)
    variables = f"variables: {{slots: {{type: any, default: {slots}}}}}\n".replace("'", '"')
    return Dialogue(library(flow, PERSON + confirm + variables), language=language)


def said(call: Dialogue) -> list[tuple[object, object]]:
    """(number, day) of the items heard in the last step."""
    prompts = [prompt for play in call.of(Play) for prompt in play.prompts if prompt.values]
    return [(prompt.values.get("number"), prompt.values.get("item.day")) for prompt in prompts]


def test_each_item_is_said_with_its_number_after_the_prompt() -> None:
    call = pick("after: again")
    assert call.heard()[0] == "ask"
    assert call.heard()[-1] == "again"
    assert said(call) == [(1, "monday"), (2, "next monday"), (3, "friday")]
    assert call.of(Listen)[0].phrases[:3] == ("monday", "next monday", "friday")


def test_a_key_takes_its_item() -> None:
    call = pick()
    call.press("2")
    assert call.state.variables["slot"] == {"day": "next monday"}
    assert call.state.node == "main.bye"
    (note,) = [note for note in call.of(Note) if note.kind == "picked"]
    assert note.data == {"node": "main.slot", "number": 2, "of": 3, "by": "key"}


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("friday please", "friday"),
        ("i take next monday", "next monday"),
        ("monday", "monday"),
        ("the third", "friday"),
        ("two", "next monday"),
    ],
)
def test_what_is_said_of_an_item_or_its_number_takes_it(words: str, day: str) -> None:
    call = pick()
    call.hear(words)
    assert call.state.variables["slot"] == {"day": day}


@pytest.mark.parametrize("keys", ["4", "9", "*"])
def test_other_keys_are_no_match_and_commands_work(keys: str) -> None:
    call = pick()
    call.press(keys)
    assert call.state.node == "main.slot"
    assert call.heard()[0] == "again"
    call.press("0")
    assert call.state.node == "main.person"


def test_what_is_nothing_of_it_is_no_match_and_words_of_commands_work() -> None:
    call = pick()
    call.hear("tuesday")
    assert call.heard()[0] == "again"
    call.hear("person")
    assert call.state.node == "main.person"


MORE = "most: 2\n    more: {key: 9, say: {en: [others]}, prompt: again}"


def test_the_others_come_page_by_page_and_then_the_first_again() -> None:
    call = pick(MORE)
    assert said(call) == [(1, "monday"), (2, "next monday")]
    call.press("9")
    assert said(call) == [(1, "friday")]
    call.press("2")
    assert call.state.node == "main.slot"
    call.hear("others")
    assert said(call) == [(1, "monday"), (2, "next monday")]
    call.press("9")
    call.press("1")
    assert call.state.variables["slot"] == {"day": "friday"}


def test_without_more_of_them_the_key_for_more_means_nothing() -> None:
    call = pick(MORE, SLOTS[:2])
    assert "again" not in call.heard()
    call.press("9")
    assert call.state.data.get("page", 0) == 0
    assert call.heard()[0] == "again"


@pytest.mark.parametrize("slots", [[], "none", 3])
def test_nothing_to_choose_leads_where_that_is_said(slots: object) -> None:
    assert pick(slots=slots).state.node == "main.none"


def test_texts_may_be_items_themselves() -> None:
    flow = PICK.replace("item: {id: name, values: {who: = 'x'}}", "item: {zh: '{item}', en: '{item}'}")
    flow = flow.replace("say: day", "say: item").replace("REST", "")
    call = Dialogue(library(flow, PERSON + "variables: {slots: [red, blue]}\n"), language="en")
    call.hear("blue")
    assert call.state.variables["slot"] == "blue"


def test_keys_alone_where_nothing_of_an_item_can_be_said() -> None:
    flow = (
        PICK.replace("item: {id: name, values: {who: = 'x'}}", SAID)
        .replace("    say: day\n", "")
        .replace("REST", "")
    )
    call = Dialogue(library(flow, PERSON + 'variables: {slots: [{day: "a"}]}\n'), language="en")
    assert call.of(Listen)[0].phrases == ("person",)


def test_what_was_not_heard_well_is_asked_back_where_it_has_a_name() -> None:
    call = pick("label: {zh: '{item.day}', en: '{item.day}'}", confirm=CONFIRM)
    call.hear("friday", 0.4)
    assert call.state.node == "main.slot"
    assert said(call) == [(None, "friday")]
    call.press("1")
    assert call.state.variables["slot"] == {"day": "friday"}
    call = pick(confirm=CONFIRM)
    call.hear("friday", 0.4)
    assert call.heard()[0] == "again"


@pytest.mark.parametrize(
    ("rest", "codes"),
    [
        ("more: {key: 9, prompt: again}", ["duplicate-option-key"]),
        ("most: 8\n    more: {key: 9, prompt: again}", []),
        ("most: 10", ["wrong-value"]),
        ("more: {key: 12, prompt: again}", ["duplicate-option-key"]),
    ],
)
def test_keys_belong_to_one_thing(rest: str, codes: list[str]) -> None:
    flow = PICK.replace("REST", rest)
    found = faults(flow, PERSON + "variables: {slots: {type: list}}\n")
    assert [each.code for each in found if each.severity == "error"] == codes


def test_something_else_than_a_list_is_a_fault() -> None:
    found = faults(PICK.replace("REST", ""), PERSON + "variables: {slots: 3}\n")
    assert "wrong-result" in {each.code for each in found}
