"""The dialogue adapts to who struggles: counted, slower, longer pauses, the slow form, and what authors say then."""

from __future__ import annotations

import datetime as dt

import pytest

from ivr.flow.actions import PAUSE_PROMPT, Listen, Play, StartTimer
from ivr.flow.inputs import SpeechStarted
from tests.flow.support import PERSON, Dialogue, faults, library

NODES = """
  choose:
    kind: menu
    prompt: {1: [ask, again], slow: [again, ask]}
    timers: {first_input_s: 8, inter_digit_s: 3, terminator_s: 2, end_silence_s: 0.8}
    options:
      one: {key: 1, say: {zh: [一]}, next: rate}
      long: {key: 22, next: rate}
  rate: {kind: survey, prompt: ask, next: choose}
  person: {kind: hangup, prompt: bye}
"""
HELP = """
on:
  struggling: [{per: call, say: sorry, reprompt: true}, {per: call, count: 3, next: main.person}]
"""


def call(hotline: str = "", **facts: object) -> Dialogue:
    return Dialogue(library(NODES, PERSON + hotline), **facts)  # type: ignore[arg-type]


def silent(talk: Dialogue) -> None:
    while "play" in talk.state.waiting:
        talk.played()
    talk.fire("first_input")


def seconds(talk: Dialogue) -> list[float]:
    return [timer.after_s for timer in talk.of(StartTimer)]


def later(talk: Dialogue, by_s: float) -> None:
    talk.now += dt.timedelta(seconds=by_s)


def test_after_the_second_struggle_it_is_slow() -> None:
    talk = call()
    silent(talk)
    assert (talk.state.struggles, talk.state.slow, talk.heard()) == (1, False, ["ask", "again"])
    silent(talk)
    assert (talk.state.struggles, talk.state.slow) == (2, True)
    assert talk.notes("pace") == [{"pace": "slow", "struggles": 2}]
    assert talk.heard() == ["again", PAUSE_PROMPT, "ask"], "the slow form, with a pause between"
    assert talk.of(Listen)[0].end_silence_s == pytest.approx(1.2)
    talk.played()
    assert seconds(talk) == [12.0]
    talk.press("2")
    assert seconds(talk) == [4.5]


@pytest.mark.parametrize("by", ["#", "再说一遍"])
def test_pardon_counts(by: str) -> None:
    talk = call()
    for _ in range(2):
        if by == "#":
            talk.press("#")
        else:
            talk.hear(by)
    assert (talk.state.struggles, talk.state.slow, talk.heard()[0]) == (2, True, "again")


@pytest.mark.parametrize(("after_s", "struggles"), [(5.9, 0), (6.1, 1)])
def test_a_late_key_and_a_late_word_count(after_s: float, struggles: int) -> None:
    for key in (True, False):
        talk = call()
        talk.played()
        later(talk, after_s)
        if key:
            talk.press("1")
        else:
            talk.give(SpeechStarted(talk.op("listen")))
            assert talk.state.struggles == 0, "it may be a noise"
            talk.hear("一")
        assert (talk.state.struggles, talk.at) == (struggles, "main.rate")


def test_a_key_during_the_prompt_is_never_late() -> None:
    talk = call()
    later(talk, 60)
    talk.press("1")
    assert talk.state.struggles == 0


def test_authors_say_what_happens_then_and_it_replaces_asking_again_only() -> None:
    talk = call(HELP)
    silent(talk)
    assert talk.heard() == ["ask", "again"]
    silent(talk)
    assert talk.heard() == ["sorry", "again", PAUSE_PROMPT, "ask"]
    assert [note["event"] for note in talk.notes("event")] == ["no_input", "struggling"]
    talk.press("#")
    assert talk.heard()[0] == "sorry"
    talk.press("#")
    assert (talk.passed(), talk.heard()) == (["main.person"], ["bye"])


def test_what_leads_away_anyway_is_not_replaced() -> None:
    talk = call("on: {struggling: {say: sorry, reprompt: true}, no_input: {count: 2, next: main.person}}\n")
    silent(talk)
    silent(talk)
    assert talk.passed() == ["main.person"]


def test_the_event_says_why() -> None:
    handler = (
        "on: {struggling: {if: event.detail.why == 'repeat' && event.detail.times >= 2, next: main.person}}\n"
    )
    talk = call(handler)
    silent(talk)
    silent(talk)
    assert talk.at == "main.choose"
    talk.press("#")
    assert talk.passed() == ["main.person"]


def test_flows_see_it() -> None:
    prompts = "[{id: ask, if: call.pace == 'normal'}, {id: again, if: call.struggles >= 2}]"
    talk = Dialogue(
        library(f"  choose: {{kind: menu, prompt: {prompts}, options: {{one: {{key: 1, next: choose}}}}}}\n")
    )
    assert talk.heard() == ["ask"]
    silent(talk)
    silent(talk)
    assert talk.heard() == ["again"]


def test_slow_from_the_beginning_where_the_hotline_says_so() -> None:
    pace = 'pace: {if: "default(call.facts.age, 0) >= 65", stretch: 2, pause_s: 0}\n'
    talk = call(pace, facts={"age": 70})
    assert (talk.state.slow, talk.heard()) == (True, ["again", "ask"])
    talk.played()
    assert seconds(talk) == [16.0]
    assert not call(pace, facts={"age": 30}).state.slow


def test_never_where_the_hotline_says_so() -> None:
    talk = call("pace: {slow_after: 0}\n")
    silent(talk)
    silent(talk)
    assert (talk.state.struggles, talk.state.slow) == (2, False)


def test_pauses_do_not_follow_the_last_prompt_nor_another_pause() -> None:
    nodes = NODES.replace("slow: [again, ask]", "slow: [again, {pause: 1}, ask, {id: ask, language: en}]")
    talk = Dialogue(library(nodes, PERSON + "pace: {if: 'true'}\n"))
    first = talk.of(Play)[0]
    assert [prompt.id for prompt in first.prompts] == [
        "again",
        PAUSE_PROMPT,
        PAUSE_PROMPT,
        "ask",
        PAUSE_PROMPT,
    ]
    talk.played()
    assert [prompt.id for prompt in talk.of(Play)[0].prompts] == ["ask"]


def test_faults_are_told() -> None:
    assert {found.code for found in faults(NODES, PERSON + "pace: {stretch: 9}\n")} == {"wrong-value"}
    assert {found.code for found in faults(NODES, PERSON + "pace: {if: nobody > 1}\n")} == {
        "undefined-variable"
    }
    only_slow = NODES.replace("1: [ask, again], ", "")
    assert "wrong-value" in {found.code for found in faults(only_slow, PERSON)}
