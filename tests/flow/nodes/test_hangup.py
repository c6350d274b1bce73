"""hangup: the last words, and the end."""

from __future__ import annotations

from ivr.flow.actions import Hangup, Play
from tests.flow.support import PERSON, Dialogue, library

HANGUP = """
  bye: {kind: hangup, prompt: [{id: bye, language: en}, bye], cause: busy REST}
  person: {kind: hangup}
"""


def hangup(rest: str = "") -> Dialogue:
    return Dialogue(library(HANGUP.replace("REST", rest), PERSON))


def test_the_words_are_heard_before_the_end() -> None:
    call = hangup()
    assert call.of(Play)[0].language == "en"
    call.played()
    assert (call.of(Play)[0].language, call.state.ended) == ("zh", False)
    call.played()
    assert (call.of(Hangup), call.state.ended, call.state.waiting) == ([Hangup("busy")], True, {})


def test_without_words_it_ends_at_once() -> None:
    call = Dialogue(library("  bye: {kind: hangup}\n"))
    assert (call.of(Hangup), call.state.ended) == ([Hangup()], True)


def test_words_that_cannot_be_played_do_not_keep_the_line() -> None:
    call = hangup()
    call.not_played()
    call.not_played()
    assert call.state.ended


def test_commands_work_to_the_last_word() -> None:
    call = hangup()
    call.press("5")
    assert call.at == "main.bye"
    call.press("0")
    assert call.at == "main.person"
    call = hangup(", always: false")
    call.press("0")
    assert call.at == "main.bye"


def test_who_hangs_up_first_is_not_hung_up_on() -> None:
    call = hangup()
    call.hang_up()
    assert (call.state.ended, call.of(Hangup)) == (True, [])
