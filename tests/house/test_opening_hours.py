"""Queues that open and close by their calendars, on virtual time: told at each boundary, and only then."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import pytest

from ivr.errors import HoursError
from ivr.flow.calendar_model import CalendarModel
from ivr.flow.calendars.calendar import Calendar
from ivr.flow.calendars.reading import make_calendar
from ivr.opening_hours import OpeningHours, Said, look
from routing.ids import QueueName
from tests.support.virtual_time import VirtualClock, run_virtual

HOUR_S = 3600.0
DESK, OFFICE = QueueName("desk"), QueueName("office")
START = dt.datetime(2026, 11, 23, 0, 0, tzinfo=dt.UTC)
"""A Monday; 8 in the morning in Shanghai."""


def calendar(name: str, **written: object) -> Calendar:
    model = CalendarModel.model_validate({"timezone": "Asia/Shanghai", **written})
    return make_calendar(name, model, {name: model})


def usual() -> dict[QueueName, Calendar]:
    return {
        DESK: calendar("day", weekly={"daily": "07:00-22:00"}),
        OFFICE: calendar("offices", weekly={"mon-fri": ["09:00-12:00", "13:30-17:30"]}),
    }


def by_name(queues: Mapping[QueueName, Calendar]) -> dict[str, Calendar]:
    return {each.name: each for each in queues.values()}


@dataclass
class Told:
    """At which hour (since the start) which queues were said to be closed."""

    hours: OpeningHours = field(init=False)
    all: list[tuple[float, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hours = OpeningHours(VirtualClock(START), self._tell)

    def _tell(self, closed: frozenset[QueueName]) -> None:
        self.all.append((asyncio.get_running_loop().time() / HOUR_S, " ".join(sorted(closed))))

    def use(self, queues: Mapping[QueueName, Calendar]) -> None:
        self.hours.use(queues, by_name(queues))


def virtually(work: Callable[[Told], Awaitable[None]]) -> list[tuple[float, str]]:
    told = Told()

    async def main() -> None:
        await work(told)
        told.hours.close()

    run_virtual(main)
    return told.all


def test_each_boundary_is_told_when_it_comes() -> None:
    async def a_day(told: Told) -> None:
        told.use(usual())
        await asyncio.sleep(24 * HOUR_S)

    assert virtually(a_day) == [
        (0.0, "office"),
        (1.0, ""),
        (4.0, "office"),
        (5.5, ""),
        (9.5, "office"),
        (14.0, "desk office"),
        (23.0, "office"),
    ]


def test_nothing_wakes_between_boundaries() -> None:
    """The one timer is that of the next boundary."""

    async def weekend(told: Told) -> None:
        told.use({OFFICE: usual()[OFFICE]})
        await asyncio.sleep(10 * HOUR_S)
        looks = 0
        usual_look = told.hours._look

        def counted() -> None:
            nonlocal looks
            looks += 1
            usual_look()

        told.hours._look = counted  # type: ignore[method-assign]
        told.hours.use({OFFICE: usual()[OFFICE]}, {})
        await asyncio.sleep(14 * HOUR_S)
        assert looks == 1

    assert virtually(weekend)[-1] == (9.5, "office")


def test_a_reload_is_told_at_once_and_queues_that_are_gone_are_not_closed() -> None:
    async def reload(told: Told) -> None:
        told.use(usual())
        await asyncio.sleep(0.5 * HOUR_S)
        told.use({OFFICE: calendar("offices", weekly={"daily": "08:00-18:00"})})
        await asyncio.sleep(0.1 * HOUR_S)
        told.use({OFFICE: calendar("offices", always="closed")})
        told.use({})

    assert virtually(reload) == [(0.0, "office"), (0.5, ""), (0.6, "office"), (0.6, "")]


def test_what_is_the_same_is_not_told_again() -> None:
    async def same(told: Told) -> None:
        told.use(usual())
        told.use(usual())

    assert virtually(same) == [(0.0, "office")]


def test_a_word_for_today_holds_for_all_queues_of_the_calendar_until_midnight() -> None:
    async def snow(told: Told) -> None:
        told.use({**usual(), QueueName("helpers"): usual()[DESK]})
        await asyncio.sleep(2 * HOUR_S)
        told.hours.say("day", False, by="li", why="snow")
        assert told.hours.said() == {"day": False}
        await asyncio.sleep(12.5 * HOUR_S)
        assert told.hours.said() == {"day": False}
        await asyncio.sleep(2 * HOUR_S)
        assert told.hours.said() == {}
        await asyncio.sleep(8 * HOUR_S)

    told = virtually(snow)
    assert (2.0, "desk helpers") in told
    # Its own hours would end at ten in the evening, and the word at midnight: it opens again at seven tomorrow.
    assert [(hour, queues) for hour, queues in told if hour > 9.5] == [(23.0, "office")]


def test_a_word_can_be_taken_back_and_can_open_what_is_closed() -> None:
    async def sunday(told: Told) -> None:
        told.use({OFFICE: usual()[OFFICE]})
        told.hours.say("offices", True, by="li", why="election")
        await asyncio.sleep(11 * HOUR_S)
        told.hours.say("offices", None, by="li", why="done")

    assert virtually(sunday) == [(0.0, "office"), (0.0, ""), (11.0, "office")]


def test_a_word_about_a_calendar_that_is_none_is_refused() -> None:
    async def wrong(told: Told) -> None:
        told.use(usual())
        with pytest.raises(HoursError, match="no calendar `ofices`") as caught:
            told.hours.say("ofices", False, by="li", why="")
        assert "offices" in caught.value.mend

    assert virtually(wrong) == [(0.0, "office")]


def test_a_calendar_without_boundaries_needs_no_timer() -> None:
    always = {DESK: calendar("day", always="open"), OFFICE: calendar("never", always="closed")}
    assert look(always, {}, START) == ({OFFICE}, None)
    word = {"never": Said(True, START + dt.timedelta(hours=16))}
    assert look(always, word, START) == (frozenset(), START + dt.timedelta(hours=16))


def test_a_timer_that_comes_a_little_early_is_set_again() -> None:
    """Clocks of the wall and of the loop do not run quite alike."""
    early = START + dt.timedelta(hours=1) - dt.timedelta(milliseconds=2)
    assert look({OFFICE: usual()[OFFICE]}, {}, early) == ({OFFICE}, START + dt.timedelta(hours=1))
