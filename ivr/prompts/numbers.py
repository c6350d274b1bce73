"""Values as people say them: each as a list of fragments, all of which are recorded beforehand.

`say(value, say_as, language)` is pure. Every fragment that it can give is in `fragments(language)` (a property test
holds it to that), so that a call never waits for synthesis. Numbers beyond the range are read digit by digit.

| say_as | values                                                 | range |
|--------|--------------------------------------------------------|-------|
| number | int, float, or text that is one                        | below 100 million (zh), 1 billion (en) |
| digits | text or int: telephone, ticket and key numbers         | any length, in groups with a short pause |
| date   | `date`, `datetime` or ISO text                         | years 1000-9999; this year's is left out |
| time   | `time`, `datetime` or ISO text ("15:20")               | to the minute |
| money  | int, float, or text that is one; in `currency`         | as number, to a hundredth |
| text   | any text: said whole, so it must be recorded somewhere | |
| auto   | a number as number, a date as date, the rest as text   | |
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal, assert_never

from ivr.errors import FlowError
from ivr.flow.prompt_text import SayAs
from ivr.prompts import numbers_en, numbers_zh

Currency = Literal["CNY", "USD"]

PAUSE = ""
"""The fragment between groups of digits: a short silence."""

_DIGIT_GROUPS: Mapping[int, tuple[int, ...]] = {11: (3, 4, 4), 10: (3, 3, 4), 8: (4, 4), 7: (3, 4), 6: (3, 3)}
_LONGEST_GROUP = 5
"""A string of another length is cut into groups of four when it is longer than this."""


class Unsayable(FlowError):
    """The value is of no kind that this way of saying it knows."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """How one language says values that are not negative. fragments: all that it can give."""

    cardinal: Callable[[int, bool], list[str]]
    digit: Callable[[str], str]
    date: Callable[[dt.date, bool], list[str]]
    time: Callable[[dt.time], list[str]]
    money: Callable[[Decimal, Currency], list[str]]
    largest: int
    minus: str
    point: str
    yes_no: tuple[str, str]
    fragments: tuple[str, ...]


_SPEAKERS: Mapping[str, Speaker] = {
    "zh": Speaker(
        cardinal=numbers_zh.cardinal,
        digit=numbers_zh.digit,
        date=numbers_zh.date,
        time=numbers_zh.time,
        money=numbers_zh.money,
        largest=numbers_zh.LARGEST,
        minus=numbers_zh.MINUS,
        point=numbers_zh.POINT,
        yes_no=("是", "否"),
        fragments=numbers_zh.FRAGMENTS,
    ),
    "en": Speaker(
        cardinal=lambda number, _counted: numbers_en.cardinal(number),
        digit=numbers_en.digit,
        date=numbers_en.date,
        time=numbers_en.time,
        money=numbers_en.money,
        largest=numbers_en.LARGEST,
        minus=numbers_en.MINUS,
        point=numbers_en.POINT,
        yes_no=("yes", "no"),
        fragments=numbers_en.FRAGMENTS,
    ),
}

LANGUAGES = frozenset(_SPEAKERS)


def fragments(language: str) -> tuple[str, ...]:
    """Every fragment that `say` can give in this language, most used first; without PAUSE."""
    return _SPEAKERS[language].fragments


def say(
    value: object,
    say_as: SayAs,
    language: str,
    *,
    counted: bool = False,
    today: dt.date | None = None,
    currency: Currency = "CNY",
) -> tuple[str, ...]:
    """The value as fragments to be played one after the other; PAUSE among them for digits.

    counted: things are counted with it (两位, not 二位). today: leaves this year's number out of a date.
    Raises Unsayable.
    """
    speaker = _SPEAKERS.get(language)
    if speaker is None:
        raise Unsayable(
            f"values cannot be said in `{language}`", mend=f"one of {', '.join(sorted(_SPEAKERS))}"
        )
    match say_as:
        case "auto":
            return say(value, _kind(value), language, counted=counted, today=today, currency=currency)
        case "text":
            return _text(value, speaker)
        case "number":
            return _number(_decimal(value), speaker, counted)
        case "digits":
            return _digits(value, speaker)
        case "date":
            day = _date(value)
            return tuple(speaker.date(day, today is None or day.year != today.year))
        case "time":
            return tuple(speaker.time(_time(value)))
        case "money":
            amount = _decimal(value)
            if abs(amount) > speaker.largest:
                return _number(amount, speaker, False)
            sign = [speaker.minus] if amount < 0 else []
            return (*sign, *speaker.money(abs(amount).quantize(Decimal("0.01")), currency))
        case _:
            assert_never(say_as)


def _kind(value: object) -> Literal["number", "date", "time", "text"]:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return "number"
    if isinstance(value, dt.date):
        return "date"
    return "time" if isinstance(value, dt.time) else "text"


def _text(value: object, speaker: Speaker) -> tuple[str, ...]:
    if isinstance(value, bool):
        return (speaker.yes_no[0 if value else 1],)
    if isinstance(value, str) and value.strip():
        return (value.strip(),)
    raise Unsayable(f"a value of the kind `{type(value).__name__}` cannot be said", mend="give it as text")


def _decimal(value: object) -> Decimal:
    """Floats through their shortest text, so that 3.1 stays 3.1."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise Unsayable(f"a value of the kind `{type(value).__name__}` is not a number", mend="give a number")
    try:
        number = Decimal(str(value).strip().replace(",", ""))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise Unsayable(
            "a value that should be said as a number is none", mend="give a number, or say it as text"
        )
    return number


def _number(number: Decimal, speaker: Speaker, counted: bool) -> tuple[str, ...]:
    whole, _, rest = f"{abs(number):f}".partition(".")
    rest = rest.rstrip("0")
    said = [speaker.minus] if number < 0 else []
    if int(whole) <= speaker.largest:
        said += speaker.cardinal(int(whole), counted and not rest)
    else:
        said += [speaker.cardinal(int(digit), False)[0] for digit in whole]
    if rest:
        said += [speaker.point, *(speaker.cardinal(int(digit), False)[0] for digit in rest)]
    return tuple(said)


def _digits(value: object, speaker: Speaker) -> tuple[str, ...]:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Unsayable(f"a value of the kind `{type(value).__name__}` has no digits", mend="give it as text")
    said: list[str] = []
    for run in re.findall(r"[0-9]+", str(value)):
        for group in _groups(run):
            if said:
                said.append(PAUSE)
            said += [speaker.digit(digit) for digit in group]
    if not said:
        raise Unsayable(
            "a value that should be said as digits has none", mend="give digits, or say it as text"
        )
    return tuple(said)


def _groups(digits: str) -> list[str]:
    if len(digits) <= _LONGEST_GROUP:
        return [digits]
    sizes = _DIGIT_GROUPS.get(len(digits)) or (4,) * -(-len(digits) // 4)
    groups, start = [], 0
    for size in sizes:
        groups.append(digits[start : start + size])
        start += size
    return groups


def _date(value: object) -> dt.date:
    if isinstance(value, dt.datetime):
        value = value.date()
    elif isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value.strip()).date()
        except ValueError:
            value = None
    if isinstance(value, dt.date) and value.year >= 1000:
        return value
    raise Unsayable("a value that should be said as a date is none", mend='give it as "2026-11-22"')


def _time(value: object) -> dt.time:
    if isinstance(value, dt.datetime):
        return value.time()
    if isinstance(value, dt.time):
        return value
    if isinstance(value, str):
        for read in (dt.time.fromisoformat, lambda text: dt.datetime.fromisoformat(text).time()):
            try:
                return read(value.strip())
            except ValueError:
                continue
    raise Unsayable("a value that should be said as a time is none", mend='give it as "15:20"')
