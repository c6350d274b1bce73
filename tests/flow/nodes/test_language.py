"""language: what is spoken, understood and told to the queue from here on."""

from __future__ import annotations

from ivr.flow.actions import Enqueue, Listen, Play
from tests.flow.support import Dialogue, faults, library

LANGUAGE = """
  english: {kind: language, language: en, next: hello}
  hello: {kind: say, prompt: [{id: ask, language: zh}, name, again], next: menu}
  menu: {kind: menu, prompt: ask, options: {on: {key: 1, say: {zh: [是], en: [yes]}, next: wait}}}
  wait: {kind: queue, queue: general, next: bye}
  bye: {kind: hangup, prompt: bye}
"""


def test_from_here_on_unless_a_prompt_says_otherwise() -> None:
    call = Dialogue(library(LANGUAGE, "variables: {who: Ann}\n"))
    assert (call.of(Play)[0].language, call.heard()) == ("zh", ["ask"])
    assert call.notes("language") == [{"language": "en"}]
    call.played()
    assert (call.of(Play)[0].language, call.heard()) == ("en", ["name", "again"])
    assert call.of(Play)[0].prompts[0].values == {"who": "Ann"}
    call.played()
    assert (call.of(Listen)[0].language, call.of(Listen)[0].phrases) == ("en", ("yes",))
    call.press("1")
    assert call.of(Enqueue)[0].language == "en"


def test_one_that_the_hotline_has_not() -> None:
    (found, *_) = faults(LANGUAGE.replace("language: en,", "language: eng,"), "variables: {who: Ann}\n")
    assert (found.code, found.suggestion) == ("unknown-language", "did you mean `en`?")
