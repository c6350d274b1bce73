"""notify: told, and on."""

from __future__ import annotations

import pytest

from ivr.flow.actions import Notify, Play
from tests.flow.support import Dialogue, faults, library

NOTIFY = """
  tell:
    kind: notify
    channel: sms
    to: = call.caller
    text: TEXT
    data: {rating: = rating + 1, plain: word}
    next: bye
  bye: {kind: hangup, prompt: bye}
"""
VARIABLES = "variables: {rating: 4}\n"


def notify(text: str, **facts: object) -> Dialogue:
    return Dialogue(library(NOTIFY.replace("TEXT", text), VARIABLES), **facts)  # type: ignore[arg-type]


def test_who_is_told_what_and_the_dialogue_goes_on() -> None:
    call = notify('"rated {rating}"')
    assert call.of(Notify) == [Notify("sms", "13812345678", "rated 4", "zh", {"rating": 5, "plain": "word"})]
    assert call.at == "main.bye"


def test_in_the_callers_language_or_the_one_there_is() -> None:
    by_language = '{zh: "{rating}分", en: "rated {rating}"}'
    assert notify(by_language).of(Notify)[0].text == "4分"
    assert notify(by_language, language="en").of(Notify)[0].text == "rated 4"
    assert notify('{en: "rated {rating}"}').of(Notify)[0].text == "rated 4"


def test_a_caller_without_a_number() -> None:
    assert notify('"x"', caller="").of(Notify)[0].to == ""


def test_a_very_long_text_is_cut() -> None:
    flow = NOTIFY.replace("TEXT", '"{said}"')
    call = Dialogue(library(flow, f"variables: {{rating: 4, said: '{'x' * 3000}'}}\n"))
    assert call.of(Notify)[0].text == "x" * 1000


def test_after_the_hang_up_too() -> None:
    menu = (
        "  menu: {kind: menu, prompt: ask, options: {on: {key: 1, next: bye}}, on: {hangup: {next: tell}}}\n"
    )
    call = Dialogue(library(menu + NOTIFY.replace("TEXT", '"gone"'), VARIABLES))
    call.hang_up()
    assert (call.of(Notify)[0].text, call.of(Play), call.state.ended) == ("gone", [], True)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{}", "wrong-value"),
        ("{xx: a}", "unknown-language"),
        ('"{nobody}"', "undefined-variable"),
        ('"{rating"', "bad-prompt-text"),
    ],
)
def test_faults(text: str, code: str) -> None:
    assert code in {finding.code for finding in faults(NOTIFY.replace("TEXT", text), VARIABLES)}
