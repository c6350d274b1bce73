"""Answers said digit by digit, from texts alone."""

from __future__ import annotations

import pytest

from asr import digits


@pytest.mark.parametrize(
    ("expects", "language", "held"),
    [
        ("phone", "zh", True),
        ("digits:4-8", "en", True),
        ("date", "zh", False),
        ("", "zh", False),
        ("phone", "es", False),
    ],
)
def test_what_is_held_to_digits(expects: str, language: str, held: bool) -> None:
    assert digits.expected(expects, language) is held


def test_the_one_of_telephone_numbers_is_a_one() -> None:
    assert digits.said_digits("要三八两幺", "zh") == "一三八二一"
    assert digits.said_digits("zero oh five", "en") == "zero oh five"


@pytest.mark.parametrize(
    ("free", "held", "language"),
    [
        ("138-0805", "一三八零八零五", "zh"),
        ("请救救三百宜", "七九九三八一", "zh"),
        ("5, 7, 97.", "five seven nine seven", "en"),
    ],
)
def test_digits_sound_like_what_was_read_freely(free: str, held: str, language: str) -> None:
    assert digits.evidence(free, held, language, -0.4)["alike"] >= digits.LIKE_ENOUGH


@pytest.mark.parametrize(
    ("free", "held", "language"),
    [
        ("公交车司机态度非常不好", "零零零零零零", "zh"),
        ("我想转人工", "五三九", "zh"),
        ("Four queen of clubs", "four three four four", "en"),
    ],
)
def test_sentences_do_not(free: str, held: str, language: str) -> None:
    assert digits.evidence(free, held, language, -0.4)["alike"] < digits.LIKE_ENOUGH


@pytest.mark.parametrize(
    ("held", "free", "language", "whole"),
    [
        ("zero seven five", "0, 7, 5, 2", "en", "zero seven five two"),
        ("oh seven", "0 7 3", "en", "zero seven three"),
        ("一三八零", "138-05", "zh", "一三八零五"),
        ("一三八零", "1380号楼", "zh", "一三八零"),
        ("seven five", "7 6 5", "en", "seven five"),
    ],
)
def test_what_ended_early_is_made_whole(held: str, free: str, language: str, whole: str) -> None:
    assert digits.whole(held, free, language) == whole


def test_a_loop_is_no_number() -> None:
    assert digits.too_fast("一" * 30, "zh", 2.0)
    assert not digits.too_fast("一三八零八五五三三一六", "zh", 3.0)
