"""What a caller who is not let in hears, on the fake Asterisk: never silence, no session, and it is on record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.admission.gate import Gate, Lately
from ivr.admission.refusal import SAID, Refusals, unsaid
from ivr.admission.rules import Nuisance
from ivr.admission.settings import LimitSettings
from ivr.admission.wiring import Identity, door_keeper
from ivr.ari.bus import HELD_S
from ivr.asterisk.full_house import FULL_HOUSE, sounds_variable
from ivr.config import load_settings
from ivr.doctor.checks import check_prompts
from ivr.missed.judging import CallsSeen, Missed
from ivr.missed.settings import Policy
from routing.board_events import EntryChanged
from storage.records import CallRecord, JournalEvent
from tests.call.scenes import play, sent
from tests.support.call_house import House
from tests.support.kept_facts import assert_rows_are_folds
from tests.support.virtual_time import VirtualClock

CALLER = "13800138000"


def guarded(
    here: House, settings: LimitSettings, most_calls: int = 100, most_at_once: int = 200
) -> tuple[Gate, Refusals]:
    clock = VirtualClock()
    gate = Gate(
        settings.rules(most_calls),
        clock,
        settings.nuisances(),
        key="key-{}".format,
        spared_queues=settings.spared_queues,
        overload=settings.overload(),
    )
    here.dispatcher.watch(gate.see)
    refusals = Refusals(
        here.ari,
        lambda: here.prompts,
        here.memory.stored.append,
        clock,
        "n1",
        ("zh", "en"),
        most_at_once,
        hurried=lambda: gate.share > 0,
    )
    identity = Identity("n1", "main", ("zh", "en"), most_calls)
    here.front_door.refusal = door_keeper(settings, identity, here.front_door, gate, refusals)
    return gate, refusals


def outcomes(here: House) -> list[tuple[str, object]]:
    ended = [one for one in here.memory.stored if isinstance(one, CallRecord) and one.state == "ended"]
    return [(one.ended_by, one.data["refused"]) for one in ended]


def scene_of(
    settings: LimitSettings, work: Callable[[House, Gate, Refusals], Awaitable[None]], **how: int
) -> None:
    async def scene(here: House) -> None:
        gate, refusals = guarded(here, settings, **how)
        await work(here, gate, refusals)
        assert refusals.open == 0
        assert_rows_are_folds(here.memory.stored)
        for channel in list(here.ari.world.channels):
            with suppress(KeyError):
                here.ari.world.hang_up(channel)

    play(scene)


def test_a_full_house_says_so_in_both_languages_and_owes_a_call_back() -> None:
    async def work(here: House, gate: Gate, refusals: Refusals) -> None:
        first = here.ari.world.call("call", "12345", "trunk")
        await here.until(1)
        second = here.ari.world.call("call", "12345", "trunk", caller=CALLER)
        await here.until(1)
        assert here.heard(second) == [
            "line.full.zh",
            "emergency.numbers.zh",
            "line.full.en",
            "emergency.numbers.en",
        ]
        await here.until(10)
        assert second not in here.ari.world.channels, "heard to the end, then ended"
        assert first in here.ari.world.channels
        assert len(here.front_door.registry) == 1
        assert outcomes(here) == [("system", "full")]
        assert gate.refused == {"full": 1}
        seen = CallsSeen(Policy())
        judged = [judgement for fact in here.memory.stored for judgement in seen.see(fact)]
        assert [(one.number, one.reason) for one in judged if isinstance(one, Missed)] == [
            (CALLER, "not_served")
        ]
        journal = [one for one in here.memory.stored if isinstance(one, JournalEvent)]
        assert [(one.seq, one.kind) for one in journal] == [(1, "arrived"), (2, "not_admitted"), (3, "ended")]

    scene_of(LimitSettings(), work, most_calls=1)


def test_a_full_house_may_mean_the_dialplans_fallback() -> None:
    async def work(here: House, gate: Gate, refusals: Refusals) -> None:
        here.ari.world.call("call", "12345", "trunk")
        await here.until(1)
        second = here.ari.world.call("call", "12345", "trunk")
        await here.until(1)
        assert [values["channelId"] for values in sent(here, "channels.continue_in_dialplan")] == [second]

    scene_of(LimitSettings(when_full="fallback"), work, most_calls=1)


def test_who_calls_too_often_hears_the_same_and_is_owed_nothing() -> None:
    async def work(here: House, gate: Gate, refusals: Refusals) -> None:
        for _ in range(2):
            channel = here.ari.world.call("call", "12345", "trunk", caller=CALLER)
            await here.until(1)
            here.ari.world.hang_up(channel)
            await here.until(1)
        third = here.ari.world.call("call", "12345", "trunk", caller=CALLER)
        await here.until(0.5)
        here.ari.world.hang_up(third)
        await here.until(1)
        assert outcomes(here) == [("caller", "caller_rate")]
        seen = CallsSeen(Policy())
        assert [j for fact in here.memory.stored for j in seen.see(fact) if isinstance(j, Missed)] == []

    scene_of(LimitSettings(per_caller_per_minute=1, per_caller_burst=2), work)


def test_a_listed_caller_hears_a_word_or_is_ended_at_once() -> None:
    async def work(here: House, gate: Gate, refusals: Refusals) -> None:
        told = here.ari.world.call("call", "12345", "trunk", caller=CALLER)
        await here.until(0.5)
        assert here.heard(told) == ["line.barred.zh", "line.barred.en"]
        await here.until(5)
        assert told not in here.ari.world.channels
        gate.use([Nuisance("139.", "reject")])
        at_once = here.ari.world.call("call", "12345", "trunk", caller="13900139000")
        await here.until(0.5)
        assert at_once not in here.ari.world.channels
        assert here.ari.bus.held == 0
        assert here.heard(at_once) == []
        assert outcomes(here) == [("system", "nuisance"), ("system", "nuisance")]
        assert gate.nuisances == 2, "those of the settings stay"

    scene_of(LimitSettings(nuisance=(CALLER,)), work)


async def late(here: House, gate: Gate, seconds: int = 8) -> None:
    """Until all new callers are refused."""
    for _ in range(seconds):
        gate.measured(3.0)
        await here.until(1)


def test_a_controller_that_is_late_has_asterisk_say_that_the_lines_are_full(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work(here: House, gate: Gate, refusals: Refusals) -> None:
        here.ari.world.global_variables[FULL_HOUSE] = "full"
        inside = here.ari.world.call("call", "12345", "trunk")
        await late(here, gate)
        assert gate.share == 1.0
        channels = [here.ari.world.call("call", "12345", "trunk", caller=CALLER) for _ in range(2)]
        await here.until(0.5)
        assert inside in here.ari.world.channels, "who is in stays"
        assert len(here.front_door.registry) == 1
        assert [values["channelId"] for values in sent(here, "channels.continue_in_dialplan")] == channels
        assert {values["context"] for values in sent(here, "channels.continue_in_dialplan")} == {"full"}
        assert here.ari.world.global_variables[sounds_variable(here.ari.app)] == (
            "line.full.zh&emergency.numbers.zh&line.full.en&emergency.numbers.en"
        )
        assert len(sent(here, "asterisk.set_global_var")) == 1, "once for all of them"
        assert refusals.sent_away == 2
        assert here.ari.bus.held == 0
        assert outcomes(here) == [("system", "overload")] * 2
        seen = CallsSeen(Policy())
        judged = [one for fact in here.memory.stored for one in seen.see(fact) if isinstance(one, Missed)]
        assert [(one.number, one.reason) for one in judged] == [(CALLER, "not_served")] * 2
        for _ in range(round(HELD_S) + 5):
            gate.measured(0.0)
            await here.until(1)
        here.ari.world.call("call", "12345", "trunk", caller=CALLER)
        await here.until(1)
        assert len(here.front_door.registry) == 2, "and when it is well again everybody is let in"
        assert refusals.sent_away == 0
        assert not [one for one in caplog.records if one.name == "ivr.ari.bus"], "a line for each of hundreds"
        assert gate.refused == {"overload": 2}
        assert [record.getMessage() for record in caplog.records if record.name == "ivr.admission.gate"] == [
            "more callers than this controller can serve: it is 3.0 s late, and refuses new ones",
            "all callers are let in again: 2 were refused meanwhile",
        ]

    scene_of(LimitSettings(), work)


def test_while_it_is_late_whoever_dialled_a_crisis_line_is_let_in() -> None:
    async def work(here: House, gate: Gate, refusals: Refusals) -> None:
        await late(here, gate)
        here.ari.world.call("call", "12356", "trunk", caller=CALLER, dialled="12356")
        await here.until(1)
        assert len(here.front_door.registry) == 1
        assert gate.refused == {}

    scene_of(LimitSettings(spared_numbers=("12356",)), work)


@pytest.mark.parametrize("context", ["", "full"], ids=["a dialplan without it", "as many as may hear it do"])
def test_whom_asterisk_cannot_tell_gets_the_tone_of_congestion(context: str) -> None:
    async def work(here: House, gate: Gate, refusals: Refusals) -> None:
        here.ari.world.global_variables[FULL_HOUSE] = context
        await late(here, gate)
        channels = [here.ari.world.call("call", "12345", "trunk") for _ in range(3)]
        await here.until(1)
        sent_away = 1 if context else 0
        assert len(sent(here, "channels.continue_in_dialplan")) == sent_away
        assert sum(channel in here.ari.world.channels for channel in channels) == sent_away
        assert refusals.unheard == 3 - sent_away
        assert outcomes(here) == [("system", "overload")] * 3
        # The next one is told again as soon as those before have heard it to the end.
        gate.measured(3.0)
        await here.until(8)
        here.ari.world.call("call", "12345", "trunk")
        await here.until(1)
        assert len(sent(here, "channels.continue_in_dialplan")) == 2 * sent_away

    scene_of(LimitSettings(), work, most_at_once=1)


def test_that_lateness_refuses_nobody_may_be_set() -> None:
    async def work(here: House, gate: Gate, refusals: Refusals) -> None:
        await late(here, gate)
        assert gate.late_s == 3.0
        await here.until(10)
        assert gate.late_s == 0.0, "nobody has measured it lately: nothing is known"
        here.ari.world.call("call", "12345", "trunk")
        await here.until(1)
        assert len(here.front_door.registry) == 1

    scene_of(LimitSettings(overload_late_s=0), work)


def test_announcements_are_bounded_too() -> None:
    async def work(here: House, gate: Gate, refusals: Refusals) -> None:
        channels = [here.ari.world.call("call", "12345", "trunk", caller=CALLER) for _ in range(3)]
        await here.until(0.5)
        assert refusals.open == 1
        assert refusals.unheard == 2
        assert sum(channel in here.ari.world.channels for channel in channels) == 1
        await here.until(5)
        assert outcomes(here) == [("system", "nuisance")] * 3

    scene_of(LimitSettings(nuisance=(CALLER,)), work, most_at_once=1)


def test_who_has_been_in_a_spared_queue_calls_as_often_as_needed() -> None:
    async def work(here: House, gate: Gate, refusals: Refusals) -> None:
        waited = here.ari.world.call("call", "12345", "trunk", caller=CALLER)
        await here.until(2.5)
        here.ari.world.press(waited, "2")
        await here.until(2)
        (entry,) = here.dispatcher.board.entries()
        gate.see(EntryChanged(None, replace(entry, caller_key=f"key-{CALLER}"), None), entry.enqueued_at)
        here.ari.world.hang_up(waited)
        await here.until(1)
        for _ in range(3):
            again = here.ari.world.call("call", "12345", "trunk", caller=CALLER)
            await here.until(1)
            assert len(here.front_door.registry) == 1
            here.ari.world.hang_up(again)
            await here.until(1)
        assert gate.refused == {}

    scene_of(LimitSettings(per_caller_per_minute=1, per_caller_burst=1, spared_queues=("general",)), work)


async def test_a_text_that_is_lacking_is_named_by_the_doctor_and_at_the_start(tmp_path: Path) -> None:
    texts = {"line.full": {"zh": "满", "en": "full"}, "line.barred": {"zh": "不接", "en": ""}}
    assert unsaid(texts, ("zh", "en")) == [
        "line.barred in en",
        "emergency.numbers in zh",
        "emergency.numbers in en",
    ]
    assert not unsaid(texts | {name: {"zh": "有"} for name in SAID}, ("zh",))
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "zh.yaml").write_text("line.full: 线路都占满了\n", encoding="utf-8")
    settings = load_settings(state_dir=tmp_path, flows_dir=tmp_path)
    said = [one async for one in check_prompts(settings) if "refused" in one.detail]
    assert [(one.name, one.status) for one in said] == [("prompts zh", "warn")]
    assert "line.barred, emergency.numbers" in said[0].detail


def test_what_is_remembered_is_bounded() -> None:
    lately: Lately[int] = Lately(3)
    for number in range(5):
        lately.put(str(number), number)
    lately.put("2", 9)
    lately.put("5", 5)
    assert [lately.get(str(number)) for number in range(6)] == [None, None, 9, None, 4, 5]
    assert len(lately) == 3
