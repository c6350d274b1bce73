"""collect: digits by key and by voice, formats, and what must not be seen."""

from __future__ import annotations

import pytest

from ivr.flow.actions import Listen, Note, Play, StartTimer
from tests.flow.support import CONFIRM, PERSON, Dialogue, faults, library

COLLECT = """
  number: {kind: collect, prompt: {1: ask, 2: again}, into: number, RULE, next: bye}
  person: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""
BACK = '  back: {key: "*", do: back}\n'


def collect(rule: str, keys: str = "", hotline: str = PERSON + CONFIRM, **facts: object) -> Dialogue:
    call = Dialogue(library(COLLECT.replace("RULE", rule), hotline), **facts)  # type: ignore[arg-type]
    for key in keys:
        call.press(key)
    return call


@pytest.mark.parametrize(
    ("rule", "keys", "taken"),
    [
        ("length: 4", "1234", "1234"),
        ("length: {least: 2, most: 6}", "123#", "123"),
        ("patterns: ['1[3-9]X{9}']", "13812345678", "13812345678"),
        ("patterns: ['1[3-9]X{9}', 'NX{6}']", "2345678", "2345678"),
        ("length: 3, terminator: null", "100", "100"),
        ("length: {least: 2, most: 6}, terminator: '*'", "12*", "12"),
        ("format: date", "1126", "2026-11-26"),
        ("format: {phone: {country: cn, area: '0519'}}", "85551234#", "051985551234"),
        ("format: id_card", "11010519491231002*", "11010519491231002X"),
        ("format: {number: {least: 1, most: 99}}", "42#", 42),
    ],
)
def test_digits_are_taken_when_they_are_complete(rule: str, keys: str, taken: object) -> None:
    call = collect(rule, keys)
    assert (call.at, call.value("number")) == ("main.bye", taken)


def test_a_pause_after_enough_digits_ends_them_sooner_than_one_in_between() -> None:
    call = collect("length: {least: 2, most: 6}", "1")
    assert [timer.after_s for timer in call.of(StartTimer)] == [3.0]
    call.press("2")
    assert [timer.after_s for timer in call.of(StartTimer)] == [2.0]
    call.fire("inter_digit")
    assert call.value("number") == "12"


def test_too_few_digits_are_no_match_and_begin_anew() -> None:
    call = collect("length: 4", "12")
    call.fire("inter_digit")
    assert (call.at, call.heard(), call.state.data["digits"]) == ("main.number", ["again"], "")
    call = collect("length: 4", "12#")
    assert call.notes("event")[0]["event"] == "no_match"


def test_a_wrong_digit_lets_the_rest_of_the_number_pass_before_it_is_no_match() -> None:
    call = collect("patterns: ['1[3-9]X{9}']", "12812345678")
    assert (call.at, call.notes("event")) == ("main.number", [])
    call.fire("inter_digit")
    assert call.heard() == ["again"]


def test_zero_is_a_digit_first_and_a_command_when_it_stands_alone() -> None:
    assert collect("length: 4", "0123").value("number") == "0123"
    call = collect("length: 4", "0")
    call.fire("inter_digit")
    assert call.at == "main.person"
    assert collect("length: 4", "0#").at == "main.person"
    assert collect("patterns: ['1XXX']", "0").at == "main.person"


def test_the_terminator_alone_is_its_command() -> None:
    call = collect("length: 4", "#")
    assert call.heard() == ["again"]
    assert call.notes("command")[0]["command"] == "repeat"


def test_star_belongs_to_the_number_where_that_has_one() -> None:
    call = collect("format: id_card", "11010519491231002*", PERSON + BACK)
    assert call.value("number") == "11010519491231002X"
    call = collect("format: id_card", "*", PERSON + BACK)
    assert call.notes("command")[0]["command"] == "back"


def test_a_wrong_check_digit_is_no_match_and_says_why() -> None:
    call = collect(
        "format: id_card, on: {no_match: [{if: event.detail.why == 'check_digit', say: sorry}, {say: bye}]}",
        "110105194912310021",
    )
    assert call.notes("refused") == [{"node": "main.number", "why": "check_digit"}]
    assert (call.heard(), call.state.data["digits"]) == (["sorry"], "")
    call = collect("format: id_card, on: {no_match: {if: event.detail != null, next: bye}}", "99#")
    assert call.at == "main.number"


@pytest.mark.parametrize(
    ("rule", "said", "language", "taken"),
    [
        ("format: date", "十一月二十八号", "zh", "2026-11-28"),
        ("format: date", "november twenty eighth", "en", "2026-11-28"),
        ("format: {phone: {country: cn}}", "幺三八，一二三四，五六七八", "zh", "13812345678"),
        ("length: 4", "一二三四", "zh", "1234"),
        ("length: 4", "one two three four", "en", "1234"),
    ],
)
def test_what_is_said_is_the_same_as_keys(rule: str, said: str, language: str, taken: str) -> None:
    call = collect(rule, language=language)
    assert call.of(Listen)[0].phrases == ()
    call.hear(said, 0.95)
    assert (call.value("number"), call.notes("collected")[0]["by"]) == (taken, "speech")


def test_the_recogniser_is_told_what_to_expect() -> None:
    assert collect("format: date").of(Listen)[0].expects == "date"
    assert collect("length: 4").of(Listen)[0].expects == "digits"
    # An engine held to digits still has to hear who wants a person.
    assert "人工" in collect("length: 4").of(Listen)[0].hot_words


def test_what_was_not_heard_well_is_said_back() -> None:
    call = collect("length: 4")
    call.hear("一二三四", 0.4)
    assert call.heard() == ["did_you", "value", "yes_no"]
    assert call.of(Play)[0].prompts[1].values == {"value": "1234"}
    call.press("1")
    assert call.value("number") == "1234"


def test_a_recogniser_that_cannot_tell_how_sure_it_is_is_asked_back() -> None:
    call = collect("length: 4")
    call.hear("一二三四", None)
    assert call.heard() == ["did_you", "value", "yes_no"]
    call.hear("不对")
    assert call.notes("event")[0]["event"] == "no_match"


def test_it_may_be_said_back_in_words_of_its_own() -> None:
    call = collect("format: date, asked_back: {zh: '{value:date}', en: '{value:date}'}")
    call.hear("十一月二十八号", 0.4)
    assert call.of(Play)[0].prompts[1].values == {"value": "2026-11-28"}


def test_the_check_digit_chooses_among_what_may_have_been_said() -> None:
    wrong, right = "110105194912310021", "11010519491231002X"
    call = collect("format: id_card")
    call.hear(wrong, 0.9, others={right.lower(): 0.6})
    assert call.value("number") == right
    call = collect("format: id_card, on: {no_match: {if: event.detail.why == 'check_digit', say: sorry}}")
    call.hear(wrong, 0.9)
    assert call.heard() == ["sorry"]
    # An impossible number is not said back either.
    call.hear(wrong, 0.4)
    assert call.heard() == ["sorry"]


def test_without_prompts_to_say_back_it_is_for_keys_and_commands_only() -> None:
    call = collect("length: 4", hotline=PERSON)
    assert call.of(Listen)[0].phrases == ("人工", "再说一遍")
    call.hear("一二三四")
    assert call.notes("event")[0]["event"] == "no_match"
    assert not collect("length: 4, always: false", hotline=PERSON).of(Listen)
    call = collect("length: 4, by_voice: false")
    call.hear("人工")
    assert call.at == "main.person"


def test_a_command_is_told_from_a_number() -> None:
    call = collect("length: 4")
    call.hear("转人工")
    assert call.at == "main.person"


def test_masked_digits_are_in_no_note() -> None:
    for rule in (
        "length: 4, masked: true",
        "format: {ticket: {least: 4, most: 4, check: luhn}}, masked: true",
    ):
        call = collect(rule)
        call.press("1234")
        assert call.library.nodes["main.number"].masked
        assert all("1234" not in str(note) for note in call.of(Note))
    call = collect("length: 4, masked: true")
    call.hear("一二三四", 0.4)
    assert all("1234" not in str(note) for note in call.of(Note))


def test_keys_typed_ahead_are_the_number() -> None:
    flow = "  hello: {kind: say, prompt: sorry, next: number}\n" + COLLECT.replace(
        "RULE", "length: 4"
    ).lstrip("\n")
    call = Dialogue(library(flow, PERSON))
    call.press("12345")
    call.played()
    assert (call.value("number"), call.state.keys) == ("1234", "5")
    call = Dialogue(library(flow, PERSON))
    call.press("12")
    call.played()
    # No prompt in the middle of a number: the rest of it is waited for.
    assert (call.at, call.heard(), "timer.inter_digit" in call.state.waiting) == ("main.number", [], True)
    call.press("34")
    assert call.value("number") == "1234"
    call = Dialogue(library(flow, PERSON))
    call.press("12")
    call.played()
    call.fire("inter_digit")
    assert (call.at, call.heard()) == ("main.number", ["ask"])


def test_typed_too_few_and_then_a_handler_without_a_way_waits_on() -> None:
    flow = "  hello: {kind: say, prompt: sorry, next: number}\n" + COLLECT.replace(
        "RULE", "length: 4, on: {no_match: {set: {missed: true}}}"
    ).lstrip("\n")
    call = Dialogue(library(flow, PERSON + "variables: {missed: false}\n"))
    call.press("12")
    call.played()
    call.fire("inter_digit")
    assert (call.at, call.value("missed")) == ("main.number", True)
    assert "timer.first_input" in call.state.waiting


def test_no_more_keys_than_any_number_has_are_kept() -> None:
    call = collect("patterns: ['12']", "3" * 80)
    assert len(str(call.state.data["digits"])) == 65
    call.fire("inter_digit")
    assert call.notes("event")[0]["event"] == "no_match"


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("format: date, length: 4", "two-ways"),
        ("format: {date: {}, time: {}}", "bad-format"),
        ("format: dat", "bad-format"),
        ("format: {phone: {country: atlantis}}", "bad-format"),
        ("format: {phone: cn}", "bad-format"),
        ("patterns: ['1[9-3]']", "bad-pattern"),
        ("length: {least: 5, most: 2}", "bad-pattern"),
        ("length: 99", "bad-pattern"),
    ],
)
def test_faults(rule: str, code: str) -> None:
    assert code in {finding.code for finding in faults(COLLECT.replace("RULE", rule), PERSON)}


@pytest.mark.parametrize(
    ("rule", "keys", "node"),
    [
        ("length: 4, empty: person", "#", "main.person"),
        ("length: 4, empty: person, terminator: '*'", "*", "main.person"),
        ("length: {least: 2, most: 4}, empty: person", "12#", "main.bye"),
        ("length: 4, empty: person", "1#", "main.number"),
        ("length: 4", "#", "main.number"),
    ],
)
def test_the_terminator_alone_leads_where_that_is_said(rule: str, keys: str, node: str) -> None:
    call = collect(rule, keys)
    assert call.state.node == node
    assert call.state.variables["number"] == ("12" if node == "main.bye" else "")


def test_keys_typed_ahead_of_a_masked_node_are_masked_too() -> None:
    flows = library(
        """
  choose: {kind: menu, prompt: ask, options: {pin: {key: 1, next: words}}}
  words: {kind: say, prompt: sorry, next: pin}
  pin: {kind: collect, prompt: ask, length: 4, into: digits, masked: true, next: bye}
  bye: {kind: hangup, prompt: bye}
"""
    )
    masked = {name: flows.nodes["main." + name].masked for name in ("choose", "words", "pin", "bye")}
    assert masked == {"choose": False, "words": True, "pin": True, "bye": False}
