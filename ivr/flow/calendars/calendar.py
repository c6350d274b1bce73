"""A calendar: open or closed at a moment, why, and until when. Pure; `now` is passed in.

Hours are those that the clock on the wall shows: a minute is open when its time of day is within a span. So on the
night that clocks go forward an hour of them may be missing, and when they go back one may come twice. A span that
goes on past midnight belongs to the day that it begins on: the night from Friday to a closed Saturday is worked to
its end.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ivr.flow.calendars.dates import DateTable
from ivr.flow.calendars.day import Day, Reason
from ivr.flow.calendars.holiday_rules import HolidayRules
from ivr.flow.calendars.hours import ALL_DAY, DAY_MINUTES, WEEKDAYS, Spans, show
from ivr.flow.calendars.timeline import first_instant, stretches

HORIZON_DAYS = 366
"""So far ahead the next opening and closing are looked for."""

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Answer:
    """why: for the journal and for people, in English: `closed: National Day`.

    name: of the holiday or the date, by language; empty on ordinary days. opens_at: when closed, the next opening;
    closes_at: when open, the end of these hours; both in the calendar's zone, None when there is none within a year.
    """

    open: bool
    why: str
    reason: Reason
    name: Mapping[str, str] = field(default_factory=dict)
    opens_at: dt.datetime | None = None
    closes_at: dt.datetime | None = None

    def named(self, language: str) -> str:
        """The name in that language, else in English, else in any; "" on ordinary days."""
        return self.name.get(language) or self.name.get("en") or next(iter(self.name.values()), "")


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """weekly: Monday to Sunday. dates: they go before holidays, and these before the week; of several tables the first
    that knows the date counts (a calendar's own before its base's)."""

    name: str
    timezone: dt.tzinfo
    weekly: tuple[Day, ...]
    dates: tuple[DateTable[Day], ...] = ()
    holidays: HolidayRules | None = None
    _last: list[tuple[dt.datetime, dt.datetime, Answer]] = field(default_factory=list, init=False, repr=False)
    """The last answer, and from when until when it holds: a crowd of callers asks within the same hour."""

    def day(self, date: dt.date) -> Day:
        """What that day is, and its hours."""
        for table in self.dates:
            found = table.find(date)
            if found is not None:
                return found
        if self.holidays is not None:
            found = self.holidays.day(date)
            if found is not None:
                return found
        return self.weekly[date.weekday()]

    def at(self, now: dt.datetime) -> Answer:
        """Open or closed, and why. now: any zone."""
        now = now.astimezone(dt.UTC)
        for since, until, answer in self._last:
            if since <= now < until:
                return answer
        answer, until = self._answer(now)
        self._last[:] = [(now, until, answer)]
        return answer

    def overridden(self, now: dt.datetime, is_open: bool) -> Answer:
        """The answer when a supervisor has said for today that it is open, or closed: until tomorrow."""
        opens_at = None
        if not is_open:
            tomorrow = now.astimezone(self.timezone).date() + _DAY
            opens_at = self._opening(first_instant(self.timezone, tomorrow), tomorrow)
        why = f"{'open' if is_open else 'closed'}: by the supervisor's word"
        return Answer(is_open, why, "override", opens_at=opens_at)

    def _answer(self, now: dt.datetime) -> tuple[Answer, dt.datetime]:
        """The answer, and until when it is the same."""
        local = now.astimezone(self.timezone)
        date, minute = local.date(), local.hour * 60 + local.minute
        today, yesterday = self.day(date), self.day(date - _DAY)
        same_until = _same_until(now, self.timezone, today.spans, yesterday.spans)
        for day, at, since in ((today, minute, date), (yesterday, minute + DAY_MINUTES, date - _DAY)):
            running = [span for span in day.spans if span[0] <= at < span[1]]
            if running:
                closes_at = self._closing(now, date)
                why = f"open: {_open_label(day, since)}"
                return Answer(True, why, day.reason, day.name, closes_at=closes_at), same_until
        opens_at = self._opening(now, date)
        why = f"closed: {_closed_label(today, date, minute)}"
        return Answer(False, why, today.reason, today.name, opens_at=opens_at), same_until

    def _opening(self, now: dt.datetime, today: dt.date) -> dt.datetime | None:
        """The first open moment from `now` on."""
        if not self._ever(()):
            return None
        begin, _ = next(self._open_spans(now, today), (None, None))
        return begin.astimezone(self.timezone) if begin is not None else None

    def _closing(self, now: dt.datetime, today: dt.date) -> dt.datetime | None:
        """The end of the hours that `now` is within, over spans that follow each other without a gap."""
        if not self._ever(ALL_DAY):
            return None
        end = now
        for begin, until in self._open_spans(now, today):
            if begin > end:
                break
            end = max(end, until)
        closes_at = end.astimezone(self.timezone)
        # Hours that reach the horizon only end there because nobody looked further.
        return closes_at if closes_at.date() < today + HORIZON_DAYS * _DAY else None

    def _ever(self, spans: Spans) -> bool:
        """Whether there can be a day with other hours than these (a quick no for desks that never close)."""
        special = self.dates or self.holidays is not None
        return bool(special) or any(day.spans != spans for day in self.weekly)

    def _open_spans(self, start: dt.datetime, today: dt.date) -> Iterator[tuple[dt.datetime, dt.datetime]]:
        """Open from, until (UTC), from `start` on for a year, in order of their beginning."""
        horizon = today + HORIZON_DAYS * _DAY
        days: dict[dt.date, Spans] = {}
        for begin, end, offset in stretches(self.timezone, start):
            # Within a stretch the wall clock runs as the sun does: local times can be reckoned with.
            first, last = (begin + offset).replace(tzinfo=None), (end + offset).replace(tzinfo=None)
            date = first.date() - _DAY
            found = []
            while date <= last.date():
                spans = days.get(date)
                if spans is None:
                    spans = days[date] = self.day(date).spans if date < horizon else ()
                midnight = dt.datetime.combine(date, dt.time())
                for opening, closing in spans:
                    since = max(first, midnight + dt.timedelta(minutes=opening))
                    until = min(last, midnight + dt.timedelta(minutes=closing))
                    if since < until:
                        found.append(
                            ((since - offset).replace(tzinfo=dt.UTC), (until - offset).replace(tzinfo=dt.UTC))
                        )
                date += _DAY
            yield from sorted(found)
            if first.date() > horizon:
                return


def of_queue(queue: str) -> str:
    """The name of the calendar that a queue has for itself in `queues.yaml`. No other can have it, for its dot."""
    return f"queues.{queue}"


def _same_until(now: dt.datetime, zone: dt.tzinfo, today: Spans, yesterday: Spans) -> dt.datetime:
    """The next moment at which hours begin or end, the day is over, or the clock is changed."""
    _, end, offset = next(stretches(zone, now))
    local = (now + offset).replace(tzinfo=None)
    midnight = dt.datetime.combine(local.date(), dt.time())
    edges = {DAY_MINUTES, *(edge for span in today for edge in span)}
    edges |= {edge - DAY_MINUTES for span in yesterday for edge in span}
    later = (midnight + dt.timedelta(minutes=edge) for edge in edges)
    following = min(moment for moment in later if moment > local)
    return min(end, (following - offset).replace(tzinfo=dt.UTC))


def _open_label(day: Day, date: dt.date) -> str:
    return day.label or f"{WEEKDAYS[date.weekday()][:3]} {show(day.spans)}"


def _closed_label(day: Day, date: dt.date, minute: int) -> str:
    if not day.spans:
        return day.label or WEEKDAYS[date.weekday()]
    if minute < day.spans[0][0]:
        when = "before hours"
    elif minute < day.spans[-1][0]:
        when = "between hours"
    else:
        when = "after hours"
    label = day.label if day.reason != "weekly" else WEEKDAYS[date.weekday()][:3]
    return f"{when} ({label} {show(day.spans)})"
