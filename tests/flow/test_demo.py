"""The hotline that ships, path by path, as its caller hears it: turns in, prompts out."""

from __future__ import annotations

import datetime as dt
from functools import cache

import pytest

from ivr.flow.load import load
from ivr.flow.model import FlowLibrary
from ivr.flow.simulate import Simulation
from ivr.flow.state import CallFacts
from ivr.flow.world import QueueOutcome
from tests.flow.support import FLOWS, NOON

NIGHT = dt.datetime(2026, 11, 22, 16, 0, tzinfo=dt.UTC)
"""00:00 in Shanghai."""


@cache
def hotline() -> FlowLibrary:
    return load(FLOWS)


class Caller:
    """Says and presses; remembers the ids of what was heard."""

    def __init__(self, *, speech: bool = True, now: dt.datetime = NOON) -> None:
        flows = hotline()
        call = CallFacts(
            "c-demo", caller="13812345678", number="12345", speech=flows.languages if speech else ()
        )
        self.call = Simulation(flows, call, now)
        self.ids: list[str] = []
        self.did: list[str] = []
        self.listen_on()

    def listen_on(self) -> None:
        """To the end of what plays."""
        self.call.settle()
        for line in self.call.take_lines():
            if line.kind == "heard":
                self.ids.append(line.id)
            elif line.kind == "did":
                self.did.append(line.text)

    def hears(self) -> list[str]:
        """Since the last time."""
        self.listen_on()
        heard, self.ids = self.ids, []
        return heard

    def press(self, keys: str) -> list[str]:
        self.hears()
        self.call.press(keys)
        return self.hears()

    def say(self, words: str) -> list[str]:
        self.hears()
        assert self.call.say(words), f"nobody listens at {self.call.state.node}"
        return self.hears()

    def silence(self) -> list[str]:
        self.hears()
        assert self.call.silence()
        return self.hears()

    @property
    def node(self) -> str:
        return self.call.state.node

    def in_queue(self, queue: str = "general", language: str = "zh") -> bool:
        return any(line.startswith(f"queue {queue} ({language}, ") for line in self.did)


def test_the_greeting_and_both_languages_offered_in_themselves() -> None:
    caller = Caller()
    assert caller.hears() == [
        "greeting.welcome",
        "language.choose",
        "language.other",
        "language.choose",
        "language.other",
    ]
    assert caller.node == "main.language"


@pytest.mark.parametrize(
    ("turn", "language", "welcome"),
    [
        ("1", "zh", []),
        ("2", "en", ["greeting.welcome"]),
        ("普通话", "zh", []),
        ("英语", "en", ["greeting.welcome"]),
    ],
)
def test_the_language_is_chosen_by_key_or_voice(turn: str, language: str, welcome: list[str]) -> None:
    caller = Caller()
    heard = caller.press(turn) if turn.isdecimal() else caller.say(turn)
    assert heard == [*welcome, "greeting.recording", "question.open", "question.keys", "question.keys_more"]
    assert caller.call.state.language == language


def test_silence_at_the_language_goes_on_in_chinese() -> None:
    caller = Caller()
    caller.silence()
    assert (caller.node, caller.call.state.language) == ("main.question", "zh")


def test_another_language_goes_to_a_person_with_the_reason() -> None:
    caller = Caller()
    assert caller.press("4") == ["language.interpreter"]
    assert any("interpreter" in line for line in caller.did)
    assert caller.in_queue()


TOPICS = [
    ("1", "怎么办理居住证", "consult"),
    ("2", "我要投诉楼下的噪音", "complaint"),
    ("3", "我有一个建议", "suggestion"),
    ("4", "查询进度", "progress"),
    ("5", "我们公司要办营业执照", "business"),
]


@pytest.mark.parametrize(("key", "words", "topic"), TOPICS)
def test_every_topic_by_key_and_by_voice_reaches_a_person_who_knows_it(
    key: str, words: str, topic: str
) -> None:
    by_key = Caller()
    by_key.press("1")
    assert by_key.press(key) == [f"{topic}.transfer"]
    assert by_key.in_queue()
    by_voice = Caller()
    by_voice.press("1")
    assert by_voice.say(words) == [f"{topic}.transfer"]
    assert any(f"{topic}: {words}" in line for line in by_voice.did)


@pytest.mark.parametrize("by", ["6", "我是老人"])
def test_older_callers_go_straight_to_a_person(by: str) -> None:
    caller = Caller()
    caller.press("1")
    heard = caller.press(by) if by.isdecimal() else caller.say(by)
    assert heard == ["elderly.transfer"]
    assert caller.in_queue("elderly")


def test_what_no_rule_knows_reaches_a_person_with_the_words() -> None:
    caller = Caller()
    caller.press("1")
    assert caller.say("楼下的树倒了挡住了路") == ["question.understood", "person.transfer"]
    assert any("楼下的树倒了挡住了路" in line for line in caller.did)


@pytest.mark.parametrize("turns", [[], ["1"], ["1", ""]])
def test_a_person_by_0_at_every_step(turns: list[str]) -> None:
    caller = Caller()
    for turn in turns:
        caller.press(turn) if turn else caller.silence()
    assert caller.press("0") == ["person.transfer"]
    assert caller.in_queue()


@pytest.mark.parametrize("words", ["人工", "请帮我转人工", "我要找人工服务"])
def test_a_person_by_voice(words: str) -> None:
    caller = Caller()
    caller.press("1")
    assert caller.say(words) == ["person.transfer"]


def test_two_silences_lead_to_a_person() -> None:
    caller = Caller()
    caller.press("1")
    assert caller.silence() == ["question.no_input", "question.keys", "question.keys_more"]
    assert caller.silence() == ["person.after_errors"]
    assert caller.in_queue()


def test_two_misunderstandings_lead_to_a_person() -> None:
    caller = Caller()
    caller.press("1")
    assert caller.say("")[0] == "question.no_match"
    assert caller.press("8") == ["person.after_errors"]
    assert caller.in_queue()


def test_without_recognition_the_same_by_keys() -> None:
    caller = Caller(speech=False)
    assert caller.press("1") == [
        "greeting.recording",
        "menu.speech_off",
        "question.keys",
        "question.keys_more",
    ]
    assert caller.press("8")[0] == "menu.wrong_key"
    assert caller.press("2") == ["complaint.transfer"]


def test_recognition_that_fails_at_the_question_leads_to_the_keys() -> None:
    caller = Caller()
    caller.press("1")
    assert caller.call.fail_recognition("lost")
    assert caller.hears() == ["menu.speech_off", "question.keys", "question.keys_more"]
    assert caller.node == "main.keys"


def test_back_and_repeat() -> None:
    caller = Caller()
    caller.press("1")
    assert caller.press("#") == ["question.keys", "question.keys_more"]
    assert caller.press("*")[0] == "language.choose"


@pytest.mark.parametrize(
    ("words", "queue", "first"),
    [("我不想活了", "crisis", "crisis.transfer"), ("我家着火了", "crisis", "emergency.transfer")],
)
def test_crisis_and_emergency_words_are_heard_before_anything_else(
    words: str, queue: str, first: str
) -> None:
    for at in ("language", "question"):
        caller = Caller()
        if at == "question":
            caller.press("1")
        assert caller.say(words)[0] == first
        assert caller.in_queue(queue)


def test_a_caller_in_crisis_is_never_surveyed_and_never_left() -> None:
    caller = Caller()
    caller.say("我想自杀")
    for outcome in ("unstaffed", "unstaffed"):
        assert caller.call.end_queue(outcome)  # type: ignore[arg-type]  # both are outcomes
        assert not caller.call.over
        caller.hears()
    assert caller.node == "crisis.helpline"
    caller.silence()
    assert caller.in_queue("crisis")
    caller.call.join("a1")
    caller.call.end_queue("served")
    assert caller.hears() == ["crisis.helpline"]
    assert caller.call.over


def test_the_place_is_told_as_it_gets_better() -> None:
    caller = Caller()
    caller.press("0")
    caller.call.move_up(3, 70, 200)
    assert caller.hears() == ["queue.place", "queue.wait"]
    caller.call.move_up(4, 70, 200)
    caller.call.wait(20)
    assert caller.hears() == []
    caller.call.move_up(1, 10, 40)
    assert caller.hears() == []
    caller.call.wait(12)
    assert caller.hears()[:2] == ["queue.next", "queue.wait_soon"]


def test_words_of_comfort_while_waiting() -> None:
    caller = Caller()
    caller.press("0")
    caller.call.wait(46)
    assert caller.hears() == ["queue.comfort_first"]
    caller.call.wait(46)
    assert caller.hears() == ["queue.comfort_later"]


@pytest.mark.parametrize(
    ("key", "heard"),
    [
        ("1", ["survey.thanks", "goodbye"]),
        ("3", ["survey.thanks", "goodbye"]),
        ("5", ["survey.sorry", "goodbye"]),
    ],
)
def test_after_the_talk_one_key_and_goodbye(key: str, heard: list[str]) -> None:
    caller = Caller()
    caller.press("0")
    caller.call.join("a1001")
    caller.call.end_queue("served")
    assert caller.hears() == ["survey.invite", "survey.scale"]
    assert caller.press(key) == heard
    assert caller.call.over


def test_the_survey_keeps_nobody() -> None:
    caller = Caller()
    caller.press("0")
    caller.call.join("a1001")
    caller.call.end_queue("served")
    assert caller.silence() == ["goodbye"]
    caller = Caller()
    caller.press("0")
    caller.call.join("a1001")
    caller.call.end_queue("served")
    assert caller.press("9") == ["survey.again"]
    assert caller.press("8") == ["goodbye"]


@pytest.mark.parametrize(
    ("outcome", "now", "heard"),
    [
        ("full", NOON, ["queue.full", "goodbye"]),
        ("timeout", NOON, ["queue.timeout", "goodbye"]),
        ("unstaffed", NOON, ["queue.unstaffed", "goodbye"]),
        ("closed", NIGHT, ["night.closed", "emergency.numbers", "goodbye"]),
        ("failed", NOON, ["queue.unstaffed", "goodbye"]),
    ],
)
def test_when_nobody_can_answer_the_caller_hears_why(
    outcome: QueueOutcome, now: dt.datetime, heard: list[str]
) -> None:
    caller = Caller(now=now)
    caller.press("0")
    caller.call.end_queue(outcome)
    assert caller.hears() == heard
    assert caller.call.over


def test_at_night_callers_are_told_and_still_answered() -> None:
    caller = Caller(now=NIGHT)
    assert caller.press("0") == ["person.transfer", "night.notice"]
    assert caller.in_queue()


def test_english_throughout() -> None:
    caller = Caller()
    caller.press("2")
    assert caller.say("the street light is broken") == ["complaint.transfer"]
    assert caller.in_queue("general", "en")
    caller = Caller()
    caller.press("2")
    assert caller.say("I want to talk to a person please") == ["person.transfer"]
    caller = Caller()
    caller.press("2")
    assert caller.say("there is a fire in my house")[0] == "emergency.transfer"


def test_every_node_that_ships_is_visited_by_these_paths() -> None:
    """The paths above, in short: no node of the demo is there for nothing."""
    visited: set[str] = set()

    def note(caller: Caller) -> Caller:
        caller.listen_on()
        return caller

    original = Simulation._take

    def watch(self: Simulation, step: object) -> None:
        original(self, step)  # type: ignore[arg-type]  # the step that it was given
        for line in self._lines:
            if line.kind == "noted" and line.id == "node":
                visited.add(line.text.split("node=")[1].split(" ")[0])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Simulation, "_take", watch)
        for test in (
            test_english_throughout,
            test_the_survey_keeps_nobody,
            test_without_recognition_the_same_by_keys,
            test_a_caller_in_crisis_is_never_surveyed_and_never_left,
            test_another_language_goes_to_a_person_with_the_reason,
            test_what_no_rule_knows_reaches_a_person_with_the_words,
            test_at_night_callers_are_told_and_still_answered,
        ):
            test()
        for key, words, topic in TOPICS:
            test_every_topic_by_key_and_by_voice_reaches_a_person_who_knows_it(key, words, topic)
        test_older_callers_go_straight_to_a_person("6")
        test_after_the_talk_one_key_and_goodbye("1", ["survey.thanks", "goodbye"])
        test_after_the_talk_one_key_and_goodbye("5", ["survey.sorry", "goodbye"])
        test_when_nobody_can_answer_the_caller_hears_why("unstaffed", NOON, ["queue.unstaffed", "goodbye"])
        test_when_nobody_can_answer_the_caller_hears_why(
            "closed", NIGHT, ["night.closed", "emergency.numbers", "goodbye"]
        )
        caller = note(Caller())
        caller.say("报警")
        caller.call.join("a1")
        caller.call.end_queue("served")
        caller.hears()
    shipped = {node for node in hotline().nodes if not node.startswith("~")}
    assert shipped - visited == set()
