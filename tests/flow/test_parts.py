"""The small pure parts: matching phrases, digit patterns, expressions, the codec, linting."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.flow.codec import CodecError, action_from_json, input_from_json, input_to_json, state_from_json
from ivr.flow.digits import DigitRule, PatternError, any_digits, compile_pattern
from ivr.flow.inputs import Alternative, OpId, SpeechHeard
from ivr.flow.match import Phrases, contains, normalise
from tests.flow.support import faults

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("  转 人工！ ", "转人工"),
        ("Ｉ want，a PERSON.", "i want a person"),
        ("办 VPN 业务", "办vpn业务"),
        ("don't", "don't"),
        ("。。", ""),
    ],
)
def test_normalise(text: str, normal: str) -> None:
    assert normalise(text) == normal
    assert normalise(normal) == normal


def test_words_of_letters_match_as_whole_words() -> None:
    assert contains("there is a fire", "fire")
    assert not contains("firewood", "fire")
    assert contains("我家着火了", "着火")


def test_phrases_alone_and_within() -> None:
    phrases = Phrases({"noise": ("噪音",), "night_noise": ("夜间噪音",), "person": ("a person",)})
    assert phrases.equal(normalise("请问一下噪音")) is None
    assert phrases.equal(normalise("我要噪音谢谢")) == "noise"
    assert phrases.within(normalise("楼下夜间噪音")) == "night_noise"
    assert phrases.within(normalise("give me a person now")) == "person"
    assert phrases.within("别的") is None


@pytest.mark.parametrize(
    ("pattern", "digits", "verdict"),
    [
        ("1[3-9]X{9}", "1", "incomplete"),
        ("1[3-9]X{9}", "12", "invalid"),
        ("1[3-9]X{9}", "13812345678", "complete"),
        ("NX{2,4}", "212", "complete"),
        ("NX{2,4}", "21234", "complete"),
        ("NX{2,4}", "212345", "invalid"),
        ("[135-7]Z", "50", "invalid"),
        ("000", "00", "incomplete"),
        ("XX", "1*", "invalid"),
    ],
)
def test_patterns(pattern: str, digits: str, verdict: str) -> None:
    assert compile_pattern(pattern).verdict(digits) == verdict


@pytest.mark.parametrize(
    "bad", ["", "A", "[9-3]", "[]", "[3-]", "X{0,70}", "X{3,2}", "X{1,2}X", "1 2", "X{", "(1)"]
)
def test_patterns_that_cannot_be_read(bad: str) -> None:
    with pytest.raises(PatternError):
        compile_pattern(bad)


@given(st.integers(1, 5), st.integers(0, 5), st.text("0123456789", max_size=12))
def test_digit_rules_agree_with_regular_expressions(least: int, more: int, digits: str) -> None:
    rule = DigitRule((any_digits(least, least + more), compile_pattern("1[38]X{2}")))
    complete = re.fullmatch(rf"\d{{{least},{least + more}}}|1[38]\d\d", digits) is not None
    assert (rule.verdict(digits) == "complete") == complete
    if rule.full(digits):
        assert complete
        assert all(rule.verdict(digits + digit) == "invalid" for digit in "0123456789")


def test_inputs_as_json() -> None:
    heard = SpeechHeard(OpId("7"), "人工", 0.5, alternatives=(Alternative("人公", 0.2),))
    written = {
        "type": "speech_heard",
        "op": "7",
        "text": "人工",
        "confidence": 0.5,
        "alternatives": [{"text": "人公", "confidence": 0.2}],
    }
    assert input_to_json(heard) == written
    assert input_from_json(written) == heard


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"type": "digits"},
        {"type": "digit"},
        {"type": "digit", "digit": 1},
        {"type": "digit", "digit": "1", "more": 1},
        {"type": "prompt_ended", "op": "1", "outcome": "done"},
        {"type": "queue_progress", "op": "1", "place": True, "waiting": 1},
        {"type": "speech_heard", "op": "1", "text": "", "alternatives": {}},
        {"type": ["digit"]},
    ],
)
def test_json_that_is_no_input(data: object) -> None:
    with pytest.raises(CodecError):
        input_from_json(data)


@given(json_values, st.sampled_from(["digit", "prompt_ended", "play", "note", "speech_heard"]))
def test_any_json_is_read_or_refused(data: object, tag: str) -> None:
    tagged = {**data, "type": tag} if isinstance(data, dict) else data
    for read in (input_from_json, action_from_json, state_from_json):
        try:
            read(tagged)
        except CodecError as error:
            assert str(error)


def codes(flow: str, hotline: str = "") -> set[tuple[str, str, int]]:
    return {(finding.code, finding.severity, finding.line) for finding in faults(flow, hotline)}


def test_lint_loops_without_input() -> None:
    loop = "  a: {kind: say, prompt: ask, next: b}\n  b: {kind: set, values: {x: 1}, next: a}\n  c: {kind: hangup}\n"
    assert ("loop-without-input", "error", 3) in codes(loop)
    alone = "  a: {kind: goto, next: a}\n"
    assert ("loop-without-input", "error", 3) in codes(alone)
    # A round with a question in it is none.
    asks = (
        loop.replace("next: a}", "next: d}")
        + "  d: {kind: menu, prompt: ask, options: {x: {key: 1, next: a}}}\n"
    )
    assert not any(code == "loop-without-input" for code, *_ in codes(asks))


def test_lint_unreachable_and_endless_nodes() -> None:
    flow = """  a: {kind: menu, prompt: ask, options: {x: {key: 1, next: a}}, always: false}
  b: {kind: hangup}
"""
    assert ("unreachable", "warning", 4) in codes(flow)
    assert ("no-end", "warning", 3) in codes(flow)
    assert codes(flow.replace("key: 1, next: a", "key: 1, next: b"), "fallback: main.b\n") == set()


def test_lint_missing_fallback() -> None:
    flow = "  a: {kind: menu, prompt: ask, options: {x: {key: 1, next: b}}}\n  b: {kind: hangup}\n"
    assert {code for code, *_ in codes(flow)} == {"no-fallback"}
    assert (
        codes(flow, "on: {no_input: {count: 2, next: main.b}, no_match: {count: 2, hangup: true}}\n") == set()
    )


def test_lint_keys_and_phrases_taken_twice() -> None:
    flow = """
  a: {kind: menu, prompt: ask, options: {x: {key: 0, say: {zh: 一}, next: b}, y: {key: 2, say: {zh: [一]}, next: b}}}
  b: {kind: hangup}
"""
    hotline = "fallback: main.b\nalways: {person: {key: 0, next: main.b}}\n"
    assert {code for code, *_ in codes(flow, hotline)} == {"shadowed-command", "duplicate-phrase"}
