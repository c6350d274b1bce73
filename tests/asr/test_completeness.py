"""How long to wait, by what was heard so far."""

from __future__ import annotations

import pytest

from asr.completeness import BRISK, HESITANT, PATIENT, QUICK, USUAL, digits_of, patience
from asr.endpointing import LEAST_PATIENCE, MOST_PATIENCE
from asr.protocol import ListenRequest

MENU = ("人工", "人工服务", "投诉")


@pytest.mark.parametrize(
    ("text", "phrase", "factor"),
    [
        (None, "", USUAL),
        ("投诉", "投诉", QUICK),
        ("头素", "投诉", QUICK),
        ("人工", "人工", USUAL),
        ("人工服务", "人工服务", QUICK),
        ("人工服", "", HESITANT),
        ("我要投诉楼下的工地", "投诉", USUAL),
        ("", "", USUAL),
    ],
)
def test_a_menu(text: str | None, phrase: str, factor: float) -> None:
    assert patience(ListenRequest("zh", MENU), text, phrase) == factor


@pytest.mark.parametrize(
    ("language", "expects", "text", "factor"),
    [
        ("zh", "phone", None, HESITANT),
        ("zh", "phone", "一三三零七八零", PATIENT),
        ("zh", "phone", "133 0780", PATIENT),
        ("zh", "phone", "133 0780 7050", QUICK),
        ("zh", "phone", "幺三三零七八零七零五零", QUICK),
        ("zh", "phone", "我没有电话了", BRISK),
        ("zh", "phone", "一三零七七三七零五三二一八", HESITANT),
        ("zh", "phone", "一三零一五三零一三零一三零一三", PATIENT),
        ("zh", "phone", "遗森", PATIENT),
        ("zh", "phone", "不知道", BRISK),
        ("zh", "digits", "一二三四五六", PATIENT),
        ("zh", "digits:6", "一二三四五六", QUICK),
        ("zh", "digits:4-8", "一二三四五", USUAL),
        ("en", "phone", "five five five", PATIENT),
        ("en", "phone", "555 867 5309", QUICK),
        ("en", "digits:4", "oh seven five two", QUICK),
        ("fr", "digits:4", "0752", QUICK),
        ("en", "yes_no", "Yes.", QUICK),
        ("zh", "yes_no", "是的", QUICK),
        ("zh", "yes_no", "不是我的", USUAL),
    ],
)
def test_what_is_asked_for(language: str, expects: str, text: str | None, factor: float) -> None:
    assert patience(ListenRequest(language, expects=expects), text) == factor


@pytest.mark.parametrize(
    ("language", "text", "factor"),
    [
        ("zh", "我要投诉，因为", PATIENT),
        ("zh", "我想问一下", PATIENT),
        ("zh", "我家停水两天了，", HESITANT),
        ("zh", "我住在人民路三十", HESITANT),
        ("zh", "我住在人民路三十八号", USUAL),
        ("zh", "我家门口的路灯坏了", BRISK),
        ("zh", "医保卡丢了怎么补办？", BRISK),
        ("zh", "对", BRISK),
        ("zh", "我家门口的路灯", USUAL),
        ("en", "I want to complain because", PATIENT),
        ("en", "It is about the...", PATIENT),
        ("en", "The water is off,", HESITANT),
        ("en", "I live at number 38", HESITANT),
        ("en", "I live at 38 Station Road", USUAL),
        ("en", "All right, thank you.", BRISK),
        ("en", "The street lamp is broken", USUAL),
        ("de", "Die Laterne ist kaputt und", USUAL),
        ("de", "", USUAL),
    ],
)
def test_open_speech(language: str, text: str, factor: float) -> None:
    assert patience(ListenRequest(language), text) == factor


def test_every_patience_is_one_that_the_end_points_take() -> None:
    assert LEAST_PATIENCE <= QUICK < BRISK < USUAL < HESITANT < PATIENT <= MOST_PATIENCE


def test_figures_are_counted_however_they_are_written() -> None:
    assert digits_of("133 零七八零, 幺二", "zh") == "133078012"
    assert digits_of("oh One 2 three-four", "en") == "01234"
