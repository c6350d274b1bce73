"""What a replay says of drafts: the same, other ways to the same end, where calls part, new questions, dead ends."""

from __future__ import annotations

import pytest

from ivr.flow.actions import Prompt
from ivr.flow.inputs import OpId, PromptEnded, QueueEnded
from ivr.flow.load import load_sources, read_folder
from ivr.flow.replaying.comparing import Parting
from ivr.flow.replaying.replay import Replayer
from ivr.flow.world import LookupRule, QueueRule, World
from tests.flow.replay_small import SERVED, Caller, base, draft, replay, to_house, to_ticket
from tests.flow.replay_support import FLOWS, scenario_calls, stored

FOLDERS = [FLOWS, *sorted(path.parent for path in (FLOWS / "examples").glob("*/hotline.yaml"))]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_every_scenario_of_what_ships_replays_to_itself(folder: object) -> None:
    library = load_sources(read_folder(folder))  # type: ignore[arg-type]
    replayer = Replayer(library)
    replayer.know(library)
    found = {name: replayer.replay(call) for name, call in scenario_calls(folder)}  # type: ignore[arg-type]
    assert found
    assert {name: one.comparison for name, one in found.items() if one.comparison.verdict != "same"} == {}
    assert all(one.faithful for one in found.values())


def test_the_same_dialogue_is_the_same() -> None:
    replayed = replay(to_house(), base())
    assert replayed.comparison.verdict == "same"
    assert replayed.saved_s == 0.0


def test_renamed_nodes_are_the_same_nodes() -> None:
    renamed = draft(("  choose:", "  topic_menu:"), ("next: choose", "next: topic_menu"))
    assert replay(to_house(), renamed).comparison.verdict == "same"


def test_a_shorter_prompt_saves_its_seconds_and_changes_nothing_else() -> None:
    shorter = draft((" For your account, press three.", ""))
    replayed = replay(to_house(), shorter)
    assert replayed.comparison.verdict == "same"
    assert replayed.saved_s == pytest.approx(len(" For your account, press three.") / 14.0)


def test_who_did_not_hear_the_prompt_out_saves_as_much_of_it_as_was_heard() -> None:
    call = Caller().waits(1.5 + 2.0).keys_at_once("1").keys("1").over_()
    longer = draft(("choose: For taxes", "choose: Whatever it may be that brings you here. For taxes"))
    replayed = replay(call, longer)
    assert replayed.comparison.verdict == "same"
    assert replayed.saved_s is not None
    heard = replayed.old_s
    assert heard is not None
    assert -2.0 < replayed.saved_s < 0.0


def test_swapped_keys_part_at_the_act_that_means_something_else() -> None:
    swapped = draft(("help: {key: 1", "help: {key: 2"), ("ticket: {key: 2", "ticket: {key: 1"))
    comparison = replay(to_house(), swapped).comparison
    assert comparison.verdict == "different"
    assert comparison.parting == Parting(
        2, 1, "1", "main.choose", "main.matter", "main.choose", "main.number"
    )


def test_the_same_words_still_lead_where_they_led() -> None:
    call = Caller().says("help with taxes").keys("1").over_()
    swapped = draft(("help: {key: 1", "help: {key: 2"), ("ticket: {key: 2", "ticket: {key: 1"))
    assert replay(call, swapped).comparison.verdict == "same"


def test_another_queue_on_the_same_way_is_different() -> None:
    comparison = replay(to_house(), draft(("queue: general", "queue: cars"))).comparison
    assert comparison.verdict == "different"
    assert comparison.why == "queue general -> cars"


def test_words_said_on_the_way_are_another_way_to_the_same_result() -> None:
    more = draft(
        ("next: matter}", "next: notice}"),
        ("  matter:\n", "  notice: {kind: say, prompt: told, next: matter}\n  matter:\n"),
    )
    replayed = replay(to_house(), more)
    assert replayed.comparison.verdict == "same_result"
    assert replayed.comparison.parting is not None
    assert replayed.comparison.parting.now == "main.notice"
    assert replayed.saved_s is not None and replayed.saved_s < -4.0


def test_a_question_that_is_asked_no_more_takes_no_answer() -> None:
    """The first key was for a question that is gone: it must not answer the next one."""
    fewer = draft(("next: choose}", "next: matter}"))
    replayed = replay(to_house(), fewer)
    assert replayed.comparison.verdict == "same_result"
    assert replayed.new is not None
    assert [entered.node for entered in replayed.new.path][:3] == ["main.hello", "main.matter", "main.desk"]
    assert replayed.saved_s is not None and replayed.saved_s > 5.0


def test_a_new_question_is_left_open() -> None:
    asked = draft(
        ("next: matter}", "next: sure}"),
        ("  matter:\n", "  sure: {kind: confirm, prompt: told, yes: matter, no: choose}\n  matter:\n"),
    )
    comparison = replay(to_house(), asked).comparison
    assert comparison.verdict == "unfinished"
    assert comparison.why == "main.sure asks what nobody was asked then"
    assert comparison.parting is not None
    assert comparison.parting.now == "main.sure"


def test_a_node_that_asks_now_and_did_not_is_a_new_question() -> None:
    asking = draft(
        (
            "hello: {kind: say, prompt: hello, next: choose}",
            "hello: {kind: confirm, prompt: hello, yes: choose, no: choose}",
        )
    )
    assert replay(to_house(), asking).comparison.verdict == "unfinished"


def test_a_new_question_to_a_web_service_is_left_open() -> None:
    looking = draft(
        ("next: matter}", "next: look}"),
        (
            "  matter:\n",
            "  look: {kind: lookup, source: tickets, by: {number: '1'}, next: matter}\n  matter:\n",
        ),
    )
    comparison = replay(to_house(), looking).comparison
    assert comparison.verdict == "unfinished"
    assert comparison.why == "main.look waits for lookup tickets"


def test_a_new_question_in_the_place_of_one_that_is_gone_gets_its_answer() -> None:
    asked = draft(
        (MATTER_MENU, MATTER_ASK),
        ("next: matter}", "next: subject}"),
    )
    call = Caller().keys("1").keys("2").over_()
    replayed = replay(call, asked)
    assert replayed.comparison.verdict == "same_result"
    assert replayed.new is not None
    assert "main.subject" in [entered.node for entered in replayed.new.path]


MATTER_MENU = """  matter:
    kind: menu
    prompt: matter
    options:
      house: {key: 1, next: desk}
      car: {key: 2, next: garage}
"""
MATTER_ASK = """  subject:
    kind: ask
    prompt: told
    into: topic
    options:
      garage: {key: 2, say: {en: [my car, the garage]}, next: garage}
    next: desk
    timers: {first_input_s: 4}
    on: {error.asr: {next: desk}}
"""


def test_an_option_that_is_gone_parts_where_it_was_pressed() -> None:
    gone = draft(("      house: {key: 1, next: desk}\n", "      house: {key: 8, next: desk}\n"))
    replayed = replay(to_house(), gone)
    comparison = replayed.comparison
    assert comparison.verdict == "different"
    assert comparison.why == "not understood at main.matter"
    assert comparison.parting is not None
    parting = comparison.parting
    assert (parting.said, parting.at, parting.then) == ("1", "main.matter", "main.desk")
    assert parting.now == "main.matter", "it asks again"
    assert replayed.new is not None
    assert replayed.new.results.queues == (("general", "en"),), (
        "the caller tries again and is brought to a person"
    )


HELPED = "no_match: [{count: 3, say: sorry, next: main.desk}, {say: sorry, reprompt: true}]"


def test_who_is_never_understood_ends_in_a_dead_end() -> None:
    """The option is gone, and so is the way to a person."""
    gone = ("house: {key: 1, next: desk}", "house: {key: 8, next: desk}")
    for_ever = "no_match: [{say: sorry, reprompt: true}, {count: 3, say: sorry, reprompt: true}]"
    silent = ("no_input: [{count: 3, say: sorry, next: main.desk}", "no_input: [{count: 3, reprompt: true}")
    comparison = replay(to_house(), draft(gone, (HELPED, for_ever), silent)).comparison
    assert comparison.verdict == "dead_end"
    assert comparison.dead_ends == (("not_understood", "main.matter"),)
    nobody_helps = "no_match: {say: sorry, reprompt: true}"
    comparison = replay(to_house(), draft(gone, (HELPED, nobody_helps))).comparison
    assert comparison.dead_ends == (("rescue", "main.matter"),), "the machine's own third time"


def test_a_hang_up_where_a_person_was_is_a_dead_end() -> None:
    broken = draft(
        (
            "{count: 3, say: sorry, next: main.desk}, {reprompt: true}",
            "{count: 2, say: sorry, hangup: true}, {reprompt: true}",
        )
    )
    call = Caller().keys("1").silent().silent().keys("1").over_()
    assert replay(call, base()).comparison.verdict == "same"
    comparison = replay(call, broken).comparison
    assert comparison.verdict == "dead_end"
    assert comparison.dead_ends == (("hangup", "main.matter"),)
    assert comparison.parting is not None
    assert comparison.parting.said == "(silence)"


def test_an_event_that_nobody_handles_any_more_is_a_dead_end() -> None:
    plain = "next: tell, none: desk}"
    handled = draft((plain, "next: tell, none: desk, on: {error.lookup: {say: sorry, next: tell}}}"))
    call = Caller(World(lookups={"tickets": LookupRule("failed")}), handled).keys("2").keys("123456").over_()
    assert replay(call, handled, handled).comparison.verdict == "same"
    comparison = replay(call, base(), handled).comparison
    assert comparison.verdict == "dead_end"
    assert comparison.dead_ends == (("rescue", "main.search"),)


def test_a_circle_without_end_is_a_dead_end() -> None:
    nodes = """\
  again: {kind: set, values: {topic: x}, next: and_again}
  and_again: {kind: branch, cases: [{if: 'topic == "never"', next: matter}], else: again}
  matter:
"""
    circle = draft(("next: matter}", "next: again}"), ("  matter:\n", nodes))
    comparison = replay(to_house(), circle).comparison
    assert comparison.verdict == "dead_end"
    assert ("loop", "main.again") in comparison.dead_ends or (
        "loop",
        "main.and_again",
    ) in comparison.dead_ends


def test_silence_is_waited_out_whatever_the_timer() -> None:
    call = Caller().silent().keys("1").keys("1").over_()
    patient = draft(
        ("  choose:\n    kind: menu\n", "  choose:\n    kind: menu\n    timers: {first_input_s: 20}\n")
    )
    replayed = replay(call, patient)
    assert replayed.comparison.verdict == "same"
    assert replayed.saved_s == pytest.approx(-12.0)


def test_who_took_longer_than_a_shorter_timer_is_asked_again() -> None:
    call = Caller().keys("1", after_s=6.0).keys("1").over_()
    hasty = draft(
        ("  choose:\n    kind: menu\n", "  choose:\n    kind: menu\n    timers: {first_input_s: 3}\n")
    )
    replayed = replay(call, hasty)
    assert replayed.comparison.verdict == "same"
    assert replayed.new is not None and replayed.new.misunderstood == 1, (
        "a prompt was repeated before the key came"
    )


def test_who_pressed_before_the_question_presses_before_it_again() -> None:
    call = Caller().keys_at_once("1", after_s=0.6).keys("1").over_()
    without_hello = draft(
        ("  hello: {kind: say, prompt: hello, next: choose}\n", ""),
        ("flow: main\n", "flow: main\nstart: choose\n"),
    )
    replayed = replay(call, without_hello)
    assert replayed.comparison.verdict == "same_result"
    assert replayed.new is not None
    assert replayed.new.path[1].said == "1"


def test_who_hung_up_while_something_was_said_that_is_gone_hangs_up_all_the_same() -> None:
    call = Caller().waits(0.5).hangs_up().over_()
    without_hello = draft(
        ("  hello: {kind: say, prompt: hello, next: choose}\n", ""),
        ("flow: main\n", "flow: main\nstart: choose\n"),
    )
    replayed = replay(call, without_hello)
    assert replayed.new is not None
    assert replayed.new.results.hung_up_by == "caller"


def test_who_gives_up_in_a_queue_gives_up_after_the_same_wait() -> None:
    call = (
        Caller(World(queues={"general": QueueRule("timeout", 600.0)}))
        .keys("0")
        .waits(45.0)
        .hangs_up()
        .over_()
    )
    sooner = draft(("transfer: We connect you with a person.", "transfer: One moment."))
    replayed = replay(call, sooner)
    assert replayed.comparison.verdict == "same"
    assert replayed.new is not None
    assert replayed.new.results.hung_up_by == "caller"


def test_a_shorter_patience_of_a_queue_is_reached() -> None:
    plain = "prompt: transfer, next: rate}"
    waiting = "timeout_s: 300, prompt: transfer, next: rate, on: {error.queue.timeout: {next: tell}}}"
    patient, hasty = draft((plain, waiting)), draft((plain, waiting.replace("300", "10")))
    call = Caller(SERVED, patient).keys("0").over_()
    comparison = replay(call, hasty, patient).comparison
    assert comparison.verdict == "different"
    assert comparison.parting is not None
    assert (comparison.parting.said, comparison.parting.now) == ("(queue: timeout)", "main.tell")


def test_the_answer_of_a_web_service_is_given_again() -> None:
    replayed = replay(to_ticket(), draft(("told: Your request", "told: Thank you. Your request")))
    assert replayed.comparison.verdict == "same"
    nothing = Caller(World(lookups={"tickets": LookupRule("none")})).keys("2").keys("123456").over_()
    assert replay(nothing, base()).comparison.verdict == "same"


def test_a_prompt_that_could_not_be_played_fails_again_and_one_in_its_place_does_not() -> None:
    caller = Caller()
    caller.wait(0.2)
    caller.give(PromptEnded(OpId(caller.state.waiting["play"]), "failed"))
    call = caller.keys("1").keys("1").over_()
    assert replay(call, base()).comparison.verdict == "same"
    assert replay(call, draft(("prompt: hello,", "prompt: thanks,"))).comparison.verdict == "same"


def test_an_agent_who_leaves_before_the_survey_is_no_matter_of_the_draft() -> None:
    caller = Caller(World()).keys("0")
    caller.settle()
    caller.wait(3.0)
    caller.give(QueueEnded(OpId(caller.state.waiting["queue"]), "served", "a1001", 3.0, 20.0))
    assert replay(caller.over_(), base()).comparison.verdict == "same"


def test_a_call_that_was_cut_off_is_compared_as_far_as_it_went() -> None:
    caller = Caller().keys("1")
    call = stored(caller, caller.states)
    assert not call.whole
    assert replay(call, base()).comparison.verdict == "same"
    gone = draft(("help: {key: 1", "help: {key: 7"))
    assert replay(call, gone).comparison.verdict == "different"


def test_lengths_of_prompts_are_measured_where_there_is_audio() -> None:
    def measured(prompt: Prompt, language: str) -> float | None:
        return 10.0 if prompt.id == "choose" else None

    replayer = Replayer(base(), measured)
    replayer.know(base(), measured)
    spoken = replayer.replay(to_house()).old_s
    by_pace = replay(to_house(), base()).old_s
    assert spoken is not None and by_pace is not None
    words = "For taxes, press one. For your ticket, press two. For your account, press three."
    assert spoken - by_pace == pytest.approx(10.0 - len(words) / 14.0)


def test_a_version_that_is_not_there_cannot_be_told() -> None:
    replayer = Replayer(draft(("bye: Goodbye.", "bye: Bye.")))
    replayer.do_without(base().version, "is not stored here")
    replayed = replayer.replay(to_house())
    assert replayed.comparison.verdict == "cannot_tell"
    assert replayed.faithful is None
    assert replayed.comparison.why == f"its version {base().version[:12]} is not stored here"
