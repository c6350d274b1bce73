"""Which phrase was said: accepted, refused, unsure."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.phrases import ACCEPTED, Candidate, candidates, choose

MENU = ("人工", "投诉", "咨询", "进度查询", "表扬")


@pytest.mark.parametrize(
    ("heard", "phrase"),
    [
        ("投诉", "投诉"),
        ("投述。", "投诉"),
        ("我要投诉", "投诉"),
        ("我想查一下进度查询", "进度查询"),
        ("今天天气不错", ""),
        ("", ""),
    ],
)
def test_by_sound_alone(heard: str, phrase: str) -> None:
    assert choose(candidates([heard], MENU, "zh")).phrase == phrase


@pytest.mark.parametrize(
    ("heard", "phrase"),
    [
        ("operator", "operator"),
        ("I'd like to file a complaint, please", "complaint"),
        ("complain", "complaint"),
        ("what a lovely day", ""),
        ("Operator. Operator.", "operator"),
        ("complaint, operator", ""),
    ],
)
def test_english_by_sound_alone(heard: str, phrase: str) -> None:
    assert choose(candidates([heard], ("operator", "complaint", "street light"), "en")).phrase == phrase


def test_audio_that_fits_makes_a_doubtful_text_credible() -> None:
    doubtful = Candidate("外滩名店", 0.6)
    assert choose([doubtful]).phrase == ""
    assert choose([replace(doubtful, gain=9.0)], free_gain=10.0).confidence > 0.8
    assert choose([replace(doubtful, gain=-6.0)], free_gain=10.0).phrase == ""


def test_what_fits_much_worse_than_the_free_text_was_not_said() -> None:
    near = choose([Candidate("投诉", 0.5, gain=2.0)], free_gain=4.0)
    far = choose([Candidate("投诉", 0.5, gain=2.0)], free_gain=20.0)
    assert near.confidence > far.confidence + 0.3 and far.phrase == ""


def test_one_that_is_far_ahead_is_more_credible_than_the_same_among_equals() -> None:
    unsure = Candidate("返回", 0.5, gain=3.0)
    alone = choose([unsure, Candidate("咨询", 0.0, gain=-9.0)], free_gain=6.0)
    among = choose([unsure, Candidate("咨询", 0.5, gain=3.0)], free_gain=6.0)
    assert alone.phrase == "返回" and among.confidence < alone.confidence - 0.2


def test_two_that_fit_alike_leave_doubt() -> None:
    alone = choose([Candidate("三十一", 0.9, gain=8.0)], free_gain=8.0)
    beside = choose([Candidate("三十一", 0.9, gain=8.0), Candidate("三十二", 0.88, gain=7.5)], free_gain=8.0)
    assert beside.phrase == alone.phrase == "三十一"
    assert beside.confidence < alone.confidence
    assert beside.others[0][0] == "三十二"


def test_a_phrase_in_another_reading_counts_but_not_within_it() -> None:
    whole = candidates(["天空", "人工"], MENU, "zh")
    assert whole[0].phrase == "人工" and whole[0].sound == 1.0
    within = candidates(["今天天气不错", "我要投诉他们"], MENU, "zh")
    assert not any(one.contained for one in within)


def test_a_row_of_digits_is_not_one_digit() -> None:
    digits = ("zero", "one", "two", "three")
    assert choose(candidates(["0, 1, 3, 2"], digits, "en")).phrase == ""
    assert choose(candidates(["three"], digits, "en")).phrase == "three"


def test_the_longer_of_two_contained_phrases_is_meant() -> None:
    found = candidates(["我要查进度查询结果"], ("查询", "进度查询"), "zh")
    assert found[0].phrase == "进度查询"


@given(
    st.lists(
        st.builds(
            Candidate,
            st.sampled_from(MENU),
            st.floats(0, 1),
            st.booleans(),
            st.none() | st.floats(-20, 5),
        ),
        max_size=6,
    )
)
def test_confidence_is_a_share_and_refusal_is_below_the_line(weighed: list[Candidate]) -> None:
    choice = choose(weighed)
    assert 0.0 <= choice.confidence <= 1.0
    assert bool(choice.phrase) == (choice.confidence >= ACCEPTED) or choice.others


def test_a_short_word_within_a_sentence_must_be_written_so() -> None:
    menu = ("two", "yes", "complaint")
    assert choose(candidates(["he was to be found there"], menu, "en")).phrase == ""
    assert choose(candidates(["yes that is right"], menu, "en")).phrase == "yes"


def test_a_word_within_two_is_doubted_where_another_explains_the_audio() -> None:
    """`Five and` was written for seven."""
    found = candidates(["Five and"], ("five", "seven", "nine"), "en")
    gains = {"five": -3.0, "seven": 6.0, "nine": -5.0}
    choice = choose([replace(one, gain=gains[one.phrase]) for one in found], free_gain=7.0)
    assert choice.phrase == "seven"


def test_phrases_that_share_words_are_one_thing_said() -> None:
    phrases = ["人工", "转人工", "找人工", "人工服务", "接线员", "投诉"]
    for said in ("我要转人工服务。", "转人工服务", "我要占人工服务"):
        best = candidates([said], phrases, "zh")[0]
        assert (best.phrase, best.contained) == ("人工服务", True), said
    # Two things are no answer.
    assert not candidates(["投诉人工服务"], phrases, "zh")[0].contained
    menu = ["a person", "person please", "complaint"]
    assert candidates(["a person please"], menu, "en")[0].contained
