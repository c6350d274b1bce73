"""record: the tone, the keys, the end, and a message left by hanging up."""

from __future__ import annotations

from typing import Literal

import pytest

from ivr.flow.actions import Play, Record, StopPlay, StopRecord
from ivr.flow.inputs import RecordingEnded
from tests.flow.support import PERSON, Dialogue, library

RECORD = """
  message:
    kind: record
    prompt: ask
    longest_s: 60
    silence_s: 3
    finish: FINISH
    purpose: suggestion
    into: message
    next: kept
    empty: nothing
    REST
  kept: {kind: notify, channel: supervisor, text: "{message.id}", next: thanks}
  thanks: {kind: say, prompt: [{recording: = message.id}, sorry], next: bye}
  nothing: {kind: set, values: {said: nothing}, next: bye}
  logged: {kind: set, values: {said: logged}, next: bye}
  person: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""
HOTLINE = PERSON + "variables: {said: ''}\nfallback: main.person\n"
Outcome = Literal["recorded", "empty", "failed"]


def record(rest: str = "", finish: str = '"#"', before: str = "") -> Dialogue:
    return Dialogue(library(before + RECORD.replace("REST", rest).replace("FINISH", finish), HOTLINE))


def recording(rest: str = "", finish: str = '"#"') -> Dialogue:
    call = record(rest, finish)
    call.played()
    return call


def end(call: Dialogue, outcome: Outcome = "recorded") -> None:
    recorded = outcome == "recorded"
    call.give(
        RecordingEnded(
            call.op("record"), outcome, "r1" if recorded else "", 12.5 if recorded else 0.0, "silence"
        )
    )


def test_the_tone_comes_after_the_prompt() -> None:
    call = record()
    assert (call.heard(), call.of(Record)) == (["ask"], [])
    call.played()
    (wanted,) = call.of(Record)
    assert wanted == Record(wanted.op, "zh", "suggestion", 60.0, 3.0, "#", True)


def test_also_when_the_prompt_cannot_be_played() -> None:
    call = record()
    call.not_played()
    assert call.of(Record)


@pytest.mark.parametrize(("finish", "keys"), [("null", ""), ("[1, '#']", "1#"), ("5", "5")])
def test_the_keys_that_end_it(finish: str, keys: str) -> None:
    assert recording(finish=finish).of(Record)[0].finish_keys == keys


def test_what_was_recorded_goes_on_and_can_be_played() -> None:
    call = recording()
    assert call.value("message") is None
    end(call)
    assert call.value("message") == {"id": "r1", "seconds": 12.5, "ended_by": "silence"}
    assert call.notes("recorded") == [
        {"node": "main.message", "outcome": "recorded", "id": "r1", "seconds": 12.5}
    ]
    assert call.passed() == ["main.kept", "main.thanks"]
    assert call.of(Play)[0].prompts[0].values == {"id": "r1"}


def test_nothing_said_leads_its_own_way() -> None:
    call = recording()
    end(call, "empty")
    assert (call.value("said"), call.value("message")) == ("nothing", None)


def test_a_recording_that_fails() -> None:
    call = recording()
    end(call, "failed")
    assert (call.at, call.notes("event")[0]["event"]) == ("main.person", "error.record")
    call = recording("on: {error.record: {say: sorry}}")
    end(call, "failed")
    assert (call.heard(), call.of(Record)) == (["sorry"], [])
    call.played()
    assert call.of(Record)


def test_before_the_tone_commands_act_and_any_other_key_goes_to_the_tone() -> None:
    call = record()
    call.press("0")
    assert call.at == "main.person"
    call = record()
    playing = call.op("play")
    call.press("5")
    assert (call.of(StopPlay), len(call.of(Record))) == ([StopPlay(playing)], 1)
    call = record()
    call.press("#")
    assert call.heard() == ["ask"]


def test_meanwhile_keys_of_commands_act_unless_they_end_the_recording() -> None:
    call = recording()
    assert call.press("#") == ()
    assert call.press("7") == ()
    running = call.op("record")
    call.press("0")
    assert (call.at, call.of(StopRecord)) == ("main.person", [StopRecord(running)])


def test_repeat_begins_anew() -> None:
    call = recording(finish="1")
    running = call.op("record")
    call.press("#")
    assert (call.of(StopRecord), call.heard(), call.of(Record)) == ([StopRecord(running)], ["ask"], [])
    call.played()
    assert len(call.of(Record)) == 1


def test_keys_typed_ahead_are_dropped() -> None:
    call = record(before="  hello: {kind: say, prompt: again, next: message}\n")
    call.press("5")
    call.played()
    assert (call.at, call.heard(), call.state.keys) == ("main.message", ["ask"], "")


def test_who_hangs_up_has_left_the_message() -> None:
    call = recording()
    call.hang_up()
    assert (call.state.ended, set(call.state.waiting)) == (False, {"record"})
    end(call)
    assert call.passed() == ["main.kept", "main.thanks", "main.bye"]
    assert (call.state.ended, call.of(Play)) == (True, [])


def test_then_the_handler_of_hangup_goes_before_the_way_on() -> None:
    call = recording("on: {hangup: {if: message != null, next: logged}}")
    call.hang_up()
    end(call)
    assert (call.value("said"), call.passed()) == ("logged", ["main.logged", "main.bye"])
    call = recording("on: {hangup: {if: message != null, next: logged}}")
    call.hang_up()
    end(call, "empty")
    assert call.value("said") == "nothing"


@pytest.mark.parametrize("outcome", ["empty", "failed"])
def test_and_without_a_message_it_ends_all_the_same(outcome: Outcome) -> None:
    call = recording("on: {hangup: {set: {said: gone}}}")
    call.hang_up()
    end(call, outcome)
    assert (call.state.ended, call.of(Record), call.of(Play)) == (True, [], [])


def test_hanging_up_before_the_tone_leaves_no_message() -> None:
    call = record("on: {hangup: {next: logged}}")
    call.hang_up()
    assert (call.state.ended, call.value("said"), call.of(Record)) == (True, "logged", [])
