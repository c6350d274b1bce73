"""What is not known of a call: keys and words of masked nodes, what an export leaves out; and that it leaves it out."""

from __future__ import annotations

import dataclasses
import json

import pytest

from ivr.flow.inputs import Digit
from ivr.flow.load import load_sources, read_folder
from ivr.flow.replaying.exporting import (
    ExportedVersion,
    Journalled,
    Told,
    UnreadableExport,
    call_line,
    header,
    masked,
    read_lines,
    version_line,
)
from ivr.flow.replaying.journal import Event, UnreadableCall, stored_call
from ivr.flow.replaying.model import StoredCall
from ivr.flow.replaying.replay import Replayer
from ivr.flow.scenarios.reading import read_scenarios
from tests.flow.replay_small import Caller, base, draft, replay
from tests.flow.replay_support import FLOWS, journal_of, play, scenario_calls

ALL = Told(numbers=True, digits=True, words=True, answers=True)
NOTHING = Told()


def with_pin(*tries: str) -> StoredCall:
    caller = Caller().keys("3")
    for keys in tries:
        caller.keys(keys)
        caller.waits(4.0)
    return caller.over_()


def keys_of(call: StoredCall) -> str:
    return "".join(given.event.digit for given in call.inputs if isinstance(given.event, Digit))


def test_masked_digits_are_stood_in_for() -> None:
    call = with_pin("4711")
    assert keys_of(call) == "3****"
    replayed = replay(call, base())
    assert replayed.faithful is True
    assert replayed.comparison.verdict == "same"


@pytest.mark.parametrize("tries", [("47", "4711"), ("0", ""), ("47#", "4711"), ("*", "4711")])
def test_masked_digits_that_were_refused_are_refused_again(tries: tuple[str, ...]) -> None:
    assert replay(with_pin(*tries), base()).comparison.verdict == "same"


def test_a_draft_that_looks_at_masked_digits_cannot_be_told() -> None:
    looks = draft(
        ("masked: true, next: thanks}", "masked: true, next: look}"), ("  thanks:", LOOK + "  thanks:")
    )
    comparison = replay(with_pin("4711"), looks).comparison
    assert comparison.verdict == "cannot_tell"
    assert comparison.why == "the draft looks at digits that are not known"


LOOK = "  look: {kind: branch, cases: [{if: 'pin < \"5\"', next: thanks}], else: garage}\n"


def test_an_identity_card_that_was_masked_is_no_error_of_the_replay() -> None:
    """Its check digit, date and area cannot be made up by trying."""
    carded = draft(("length: 4, into: pin", "format: id_card, into: pin"))
    call = Caller(library=carded).keys("3").keys("11010519491231002#").over_()
    replayed = Replayer(carded)
    replayed.know(carded)
    found = replayed.replay(call)
    assert found.faithful is not False
    assert found.comparison.verdict in ("same", "cannot_tell")


def test_a_masked_number_that_was_said_is_stood_in_for() -> None:
    spoken = draft(
        ("fallback: main.desk", "fallback: main.desk\nconfirm: {before: sorry, value: told, after: sorry}"),
    )
    caller = Caller(library=spoken).keys("3")
    call = caller.says("four seven one one").over_()
    assert "four" not in json.dumps([str(given) for given in call.inputs])
    assert replay(call, spoken, spoken).comparison.verdict == "same"


# Exports


def exported(call: Caller, told: Told) -> tuple[str, StoredCall]:
    """The text of an export of one call, and the call out of it."""
    known = call.state.call
    journalled = Journalled(known.call_id, known.caller, known.number, tuple(journal_of(call, call.states)))
    lines = [
        header(told),
        version_line(call.library.version, call.library.texts),
        call_line(journalled, call.library, told),
    ]
    version, found = read_lines(lines, "calls.jsonl")
    assert isinstance(version, ExportedVersion)
    assert load_sources(version.files).nodes.keys() == call.library.nodes.keys()
    assert isinstance(found, StoredCall)
    return lines[-1], found


def ended(caller: Caller) -> Caller:
    caller.over_()
    return caller


def test_an_export_of_everything_is_the_call() -> None:
    caller = ended(Caller().says("my ticket").keys("123456"))
    _, found = exported(caller, ALL)
    assert found == stored_call("c-n1-1", "13812345678", "12345", journal_of(caller, caller.states))


def test_an_export_tells_nothing_personal_and_still_replays() -> None:
    caller = ended(Caller().says("um, my ticket please, Mary speaking").keys("123456"))
    text, found = exported(caller, NOTHING)
    assert "13812345678" not in text
    assert "Mary" not in text
    assert '"digit":"4"' not in text
    assert found.facts.caller == "138******78"
    assert found.anonymous
    replayed = replay(found, base())
    assert replayed.faithful is True
    assert replayed.comparison.verdict == "same"


def test_keys_of_menus_are_not_personal() -> None:
    caller = ended(Caller().keys("1").keys("2"))
    _, found = exported(caller, NOTHING)
    assert keys_of(found).startswith("12")


def test_words_that_are_withheld_cannot_be_told_where_the_question_is_another_now() -> None:
    caller = ended(Caller().says("help with taxes").keys("1"))
    _, found = exported(caller, NOTHING)
    more = draft(("say: {en: [help with taxes]}", "say: {en: [help with taxes, taxes]}"))
    comparison = replay(found, more).comparison
    assert comparison.verdict == "cannot_tell"
    assert comparison.why == "what was said at main.choose is withheld, and that node is another now"
    _, told = exported(caller, dataclasses.replace(NOTHING, words=True))
    assert replay(told, more).comparison.verdict == "same"


def test_what_ships_replays_from_exports() -> None:
    """Whole from one that tells all; from one that tells nothing personal all but a few, and these are told of."""
    sources = read_folder(FLOWS)
    library = load_sources(sources)
    replayer = Replayer(library)
    replayer.know(library)
    lost = 0
    cases = list(read_scenarios(sources))
    for case in cases:
        call = play(library, case)
        known = call.state.call
        journalled = Journalled(known.call_id, known.caller, known.number, tuple(journal_of(call)))
        for told in (ALL, NOTHING):
            lines = [header(told), call_line(journalled, library, told)]
            (found,) = read_lines(lines, "calls.jsonl")
            assert isinstance(found, StoredCall)
            replayed = replayer.replay(found)
            if told is ALL:
                assert replayed.comparison.verdict == "same"
            elif replayed.comparison.verdict != "same":
                assert replayed.comparison.verdict == "cannot_tell"
                assert replayed.faithful is None
                lost += 1
    # Of open questions the words decide where the call goes.
    assert lost < len(cases) / 6


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}\n",
        "[]\n",
        "nonsense\n",
        header(ALL) + "\n{}\n",
        header(ALL) + '\n{"call": "c", "events": 3}\n',
    ],
)
def test_a_file_that_is_no_export_is_told_with_its_line(text: str) -> None:
    lines = text.splitlines()
    if not lines:
        assert list(read_lines(lines, "x")) == []
        return
    with pytest.raises(UnreadableExport, match="x"):
        list(read_lines(lines, "x"))


def test_a_journal_without_a_beginning_is_told() -> None:
    ((_, call),) = list(scenario_calls())[:1]
    events: list[Event] = [(call.began_at, "input", {"type": "digit", "digit": "1"})]
    with pytest.raises(UnreadableCall, match="c-1 has no `started`"):
        stored_call("c-1", "", "", events)
    events = [(call.began_at, "started", {}), (call.began_at, "input", {"type": "dance"})]
    with pytest.raises(UnreadableCall, match="unknown input"):
        stored_call("c-1", "", "", events)


def test_journals_from_before_the_recogniser_was_noted_still_replay() -> None:
    for speech in (True, False):
        caller = Caller(speech=speech).keys("1")
        if speech:
            caller.settle()
            caller.wait(0.5)
            caller.say("whatever")
        ended(caller.keys("1"))
        events = [
            (at, kind, {name: value for name, value in data.items() if name != "speech"})
            for at, kind, data in journal_of(caller, caller.states)
        ]
        call = stored_call("c-n1-1", "", "12345", events)
        assert not call.speech_known
        assert replay(call, base()).comparison.verdict == "same"


@pytest.mark.parametrize(
    ("number", "shown"),
    [("13812345678", "138******78"), ("", ""), ("1234567", "*******"), ("12345678", "123***78")],
)
def test_numbers_keep_their_length_and_ends(number: str, shown: str) -> None:
    assert masked(number) == shown
