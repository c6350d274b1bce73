"""An open question: category, ways by category, slots with names and places, and what the recogniser is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.flow.actions import Listen
from ivr.flow.diff import compare
from ivr.flow.load import load_sources, read_folder
from ivr.flow.understanding.names import MOST_HOT
from tests.flow.support import CONFIRM, FLOWS, PERSON, Dialogue, faults, library, sources

CATEGORIES = """
categories:
  noise:
    title: {zh: 噪音, en: noise}
    department: {zh: 城管局, en: Urban Management}
    queue: complaint
    words: {zh: [噪音, {word: 施工, weight: 0.5}], en: noise}
    patterns: {zh: {pattern: "半夜.{0,6}唱歌", weight: 2}, en: ["loud.{1,9}music"]}
    examples: {zh: 楼下噪音很大, en: [The noise is terrible]}
  light:
    title: {zh: 路灯, en: street light}
    department: lamps
    words: {zh: 路灯, en: [street light]}
    but: {zh: 红绿灯}
"""
NAMES = """
names:
  street: [人民路, {zh: [大理路], en: Dali Road}]
  bureau: [{zh: [城市管理局, 城管], en: [Urban Management Bureau]}]
"""
FLOW = """
  ask:
    kind: ask
    prompt: ask
    into: words
    written: text
    category: topic
    details: about
    by_category: {noise: loud}
    slots: {where: {place: true}, office: {names: bureau}, street: {place: true, names: [street]}}
    options: {other: {key: 1, say: {zh: [别的事]}, next: bye}}
    next: thanks
  loud: {kind: hangup, prompt: sorry}
  thanks: {kind: hangup, prompt: again}
  person: {kind: hangup, prompt: name}
  bye: {kind: hangup, prompt: bye}
"""
VARIABLES = 'variables: {who: ""}\n'
MORE = {"categories.yaml": CATEGORIES, "names.yaml": NAMES}


def asked(flow: str = FLOW, more: dict[str, str] | None = None, **facts: object) -> Dialogue:
    built = library(flow, VARIABLES + PERSON + CONFIRM, more or MORE)
    assert [finding for finding in built.findings if finding.file == "categories.yaml"] == []
    return Dialogue(built, **facts)  # type: ignore[arg-type]


def test_a_category_leads_and_is_known() -> None:
    call = asked()
    call.hear("隔壁半夜还在唱歌")
    assert (call.at, call.value("topic")) == ("main.loud", "noise")
    assert call.value("about") == {
        "name": "noise",
        "title": "噪音",
        "department": "城管局",
        "queue": "complaint",
        "confidence": 0.909,
    }
    (note,) = call.notes("category")
    assert note["ranked"] == [{"category": "noise", "confidence": 0.909, "why": ["半夜.{0,6}唱歌"]}]


def test_one_without_a_way_of_its_own_goes_on() -> None:
    call = asked(language="en")
    call.hear("The street light is out")
    assert (call.at, call.value("topic"), call.value("about")["department"]) == (  # type: ignore[index, call-overload]
        "main.thanks",
        "light",
        "lamps",
    )


def test_none_is_empty() -> None:
    call = asked()
    call.hear("今天天气不错")
    assert (call.at, call.value("topic"), call.value("about")) == ("main.thanks", "", None)
    assert call.notes("category") == [{"node": "main.ask", "category": "", "ranked": []}]


def test_one_that_is_not_quite_sure_is_asked_back_by_its_title() -> None:
    call = asked()
    call.hear("对面在施工")
    first, title, _ = call.heard()
    assert (first, call.library.prompts[title]) == ("did_you", {"zh": "噪音", "en": "noise"})
    call.hear("是的")
    assert (call.at, call.value("topic")) == ("main.loud", "noise")
    call = asked()
    call.hear("对面在施工")
    call.press("2")
    assert (call.at, call.notes("event")[0]["event"]) == ("main.ask", "no_match")
    call.hear("对面在施工")
    assert (call.at, call.value("topic")) == ("main.thanks", "")


def test_one_without_a_title_is_not_asked_back() -> None:
    call = asked(
        more={**MORE, "categories.yaml": CATEGORIES.replace("title: {zh: 噪音, en: noise}", "title: {}")}
    )
    call.hear("对面在施工")
    assert (call.at, call.value("topic")) == ("main.thanks", "")


def test_ways_by_category_are_covered_and_drawn() -> None:
    (way,) = [each for each in asked().library.exits if each.label == "category:noise"]
    assert (way.source, way.target) == ("main.ask", "main.loud")


def test_an_option_goes_first() -> None:
    call = asked()
    call.hear("别的事，不是噪音")
    assert (call.at, call.value("topic")) == ("main.bye", "noise")


def test_only_those_listed_are_possible_and_the_author_says_how_sure() -> None:
    call = asked(FLOW.replace("category: topic", "category: topic\n    categories: [light]"))
    call.hear("路灯有噪音")
    assert (call.at, call.value("topic")) == ("main.thanks", "light")
    call = asked(FLOW.replace("category: topic", "category: topic\n    least: 0.95"))
    call.hear("路灯坏了")
    assert call.value("topic") == ""


def test_names_and_places_fill_slots() -> None:
    call = asked()
    call.hear("城管吗？我住大礼路十五号")
    assert [call.value(name) for name in ("where", "office", "street")] == [
        "大理路15号",
        "城市管理局",
        "大理路15号",
    ]
    assert call.value("words") == "城管吗？我住大礼路十五号"
    assert call.value("text") == "城管吗？我住大理路15号。"
    (note,) = call.notes("slots")
    assert note["filled"] == ["office", "where", "street"]


def test_an_open_question_tells_the_recogniser_the_names_of_its_language() -> None:
    assert asked().of(Listen)[0].hot_words == ("人民路", "大理路", "城市管理局", "城管")
    assert asked(language="en").of(Listen)[0].hot_words == ("Dali Road", "Urban Management Bureau")
    menu = "  ask: {kind: menu, prompt: ask, options: {one: {key: 1, say: {zh: 一号}, next: thanks}}}\n"
    call = asked(menu + FLOW.split("    next: thanks\n")[1])
    assert call.of(Listen)[0].phrases and call.of(Listen)[0].hot_words == ()


def test_so_many_names_at_most() -> None:
    many = "".join(f"    - 第{number}大道\n" for number in range(MOST_HOT + 1))
    call = asked(more={**MORE, "names.yaml": f"names:\n  bureau: [城管]\n  street:\n{many}"})
    assert len(call.of(Listen)[0].hot_words) == MOST_HOT
    assert "too-many-names" in {finding.code for finding in call.library.findings}


@pytest.mark.parametrize(
    ("file", "old", "new", "code"),
    [
        ("categories.yaml", "queue: complaint", "queue: [complaint]", "wrong-value"),
        ("categories.yaml", "weight: 0.5", "weight: 50", "wrong-value"),
        ("categories.yaml", "半夜.{0,6}唱歌", "(半夜+)+唱歌", "bad-pattern"),
        ("categories.yaml", "loud.{1,9}music", "loud(music", "bad-pattern"),
        ("categories.yaml", "title: {zh: 路灯, en", "title: {zh: 路灯, fr", "unknown-language"),
        ("categories.yaml", "en: [The noise is terrible]", "en: [The street light]", "category-example"),
        ("categories.yaml", "words: {zh: 路灯, en: [street light]}", "words: {zh: 路灯}", "empty-category"),
        ("names.yaml", "en: Dali Road", "en: [5]", "wrong-value"),
        ("main.yaml", "by_category: {noise: loud}", "by_category: {nois: loud}", "unknown-category"),
        ("main.yaml", "by_category: {noise: loud}", "by_category: {noise: lout}", "unknown-target"),
        ("main.yaml", "names: bureau", "names: burea", "unknown-name-kind"),
        ("main.yaml", "{names: bureau}", "{names: bureau, format: date}", "two-ways"),
    ],
)
def test_faults(file: str, old: str, new: str, code: str) -> None:
    files = {"main.yaml": "flow: main\nnodes:\n" + FLOW, **MORE}
    assert old in files[file]
    files[file] = files[file].replace(old, new)
    found = faults(files.pop("main.yaml"), VARIABLES + PERSON + CONFIRM, files)
    assert code in {finding.code for finding in found}, found


def test_a_queue_that_is_none_is_told() -> None:
    queues = {"queues.yaml": "queues: {general: {}}\n"}
    found = faults(FLOW, VARIABLES + PERSON + CONFIRM, {**MORE, **queues})
    assert "unknown-queue" in {finding.code for finding in found}


def test_the_files_are_part_of_the_version_and_of_what_differs() -> None:
    before = sources(FLOW, VARIABLES + PERSON + CONFIRM, MORE)
    after = {
        **before,
        "categories.yaml": before["categories.yaml"].replace("噪音, {".encode(), "吵, {".encode()),
    }
    assert load_sources(before).version != load_sources(after).version
    (difference,) = compare(before, after)
    assert (difference.name, difference.changes[0].path) == ("categories.yaml", "categories.noise.words.zh.1")


def test_the_shipped_files_are_read_from_the_folder() -> None:
    files = read_folder(Path(FLOWS))
    assert {"categories.yaml", "names.yaml"} <= set(files)
