"""Values as people say them in Mandarin and English: fragments that are all recorded beforehand. Pure.

`say(value, say_as, language)` gives fragments to be played one after the other. Every fragment is in
`fragments(language)` or, for ways of saying that few hotlines use, in `more_fragments` (a property test holds it to
that), so that a call does not wait for synthesis. What no fragments say, a free text or a rare currency, comes as
`Free` words. Other languages are said by `words.py`, a sentence at a time.

| say_as   | values                                                        | notes |
|----------|---------------------------------------------------------------|-------|
| number   | int, float, or text that is one                               | digit by digit beyond LARGEST |
| ordinal  | as number: 第三, third                                         | else as number |
| digits   | text or int: telephone, ticket and key numbers                | in groups with a short pause |
| date     | `date`, `datetime` or ISO text, from the year 1000 on         | this year's number is left out |
| time     | `time`, `datetime` or ISO text ("15:20")                      | to the minute |
| datetime | `datetime` or ISO text                                        | a date alone is said as date |
| relative | as datetime: "tomorrow at nine a.m.", "Friday"; else the date | by name from yesterday to a week ahead |
| duration | a number of seconds (or minutes, hours, days), `timedelta`    | the two largest units |
| money    | int, float, or text that is one                               | to a hundredth |
| percent  | as number                                                     | 30 is 30 % |
| text     | any text                                                      | plain words only, shortened |
| auto     | a number as number, a date as date, the rest as text          | |
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol, assert_never

from ivr.flow.prompt_text import DEFAULT_CURRENCY, SayAs
from ivr.flow.prompt_values import Unit
from ivr.prompts import numbers_en, numbers_zh, values, words
from ivr.prompts.values import Unsayable as Unsayable

Currency = Literal["CNY", "USD"]
"""Those that have fragments."""

PAUSE = ""
"""The fragment between groups of digits: a short silence."""


@dataclass(frozen=True, slots=True)
class Free:
    """Words that no fragment says."""

    text: str


Said = str | Free


class Speaker(Protocol):
    """How one language says values that are not negative: a module (numbers_zh, numbers_en)."""

    @property
    def LARGEST(self) -> int:
        """What `cardinal` goes up to."""
        ...

    @property
    def MINUS(self) -> str: ...
    @property
    def POINT(self) -> str: ...
    @property
    def YES_NO(self) -> tuple[str, str]: ...
    @property
    def JOIN(self) -> str:
        """Between fragments in a text."""
        ...

    @property
    def FRAGMENTS(self) -> tuple[str, ...]:
        """All that most hotlines need, most used first."""
        ...

    @property
    def MORE(self) -> Mapping[SayAs, tuple[str, ...]]:
        """What a way of saying needs beside these."""
        ...

    def cardinal(self, number: int, counted: bool, /) -> list[str]: ...
    def ordinal(self, number: int, /) -> list[str]: ...
    def digit(self, key: str, /) -> str: ...
    def date(self, day: dt.date, with_year: bool, /) -> list[str]: ...
    def time(self, moment: dt.time, /) -> list[str]: ...
    def at(self, day: list[str], moment: list[str], /) -> list[str]:
        """A day and a time of day, joined."""
        ...

    def near_day(self, day: dt.date, ahead: int, /) -> list[str]:
        """A day by its name, `ahead` days from today; [] when it has none."""
        ...

    def duration(self, parts: tuple[tuple[int, Unit], ...], /) -> list[str]: ...
    def percent(self, number: list[str], /) -> list[str]: ...
    def money(self, amount: Decimal, currency: Currency, /) -> list[str]: ...


_SPEAKERS: Mapping[str, Speaker] = {"zh": numbers_zh, "en": numbers_en}

LANGUAGES = frozenset(_SPEAKERS)


def fragments(language: str) -> tuple[str, ...]:
    """What `say` gives for most values in this language, most used first; without PAUSE."""
    return _SPEAKERS[language].FRAGMENTS


def more_fragments(language: str, say_as: SayAs) -> tuple[str, ...]:
    """What `say` gives beside `fragments` for this way of saying."""
    return _SPEAKERS[language].MORE.get(say_as, ())


def say(
    value: object,
    say_as: SayAs,
    language: str,
    *,
    option: str = "",
    counted: bool = False,
    now: dt.datetime | None = None,
) -> tuple[Said, ...]:
    """The value as fragments and free words, to be played one after the other; PAUSE among them for digits.

    option: of money, the currency; of duration, the unit. counted: things are counted with it (两位, not 二位). now:
    leaves this year's number out of a date, says which day is tomorrow, and its zone is that of absolute moments.
    Raises Unsayable.
    """
    speaker = _SPEAKERS.get(language)
    if speaker is None:
        raise Unsayable(
            f"`{language}` has no fragments of values", mend=f"one of {', '.join(sorted(_SPEAKERS))}"
        )
    zone = None if now is None else now.tzinfo
    match say_as:
        case "auto":
            return say(value, values.kind(value), language, option=option, counted=counted, now=now)
        case "text":
            if isinstance(value, bool):
                return (speaker.YES_NO[0 if value else 1],)
            return (Free(values.text(value)),)
        case "number":
            return _number(values.amount(value), speaker, counted)
        case "ordinal":
            return _ordinal(values.amount(value), speaker)
        case "digits":
            return _digits(value, speaker)
        case "date":
            return tuple(_date(values.date(value, zone), speaker, now))
        case "time":
            return tuple(speaker.time(values.time(value, zone)))
        case "datetime" | "relative":
            return tuple(_moment(*values.moment(value, zone), say_as == "relative", speaker, now))
        case "duration":
            return tuple(speaker.duration(values.duration(value, option)))
        case "percent":
            number = values.amount(value)
            sign = [speaker.MINUS] if number < 0 else []
            return (*sign, *speaker.percent(list(_number(abs(number), speaker, False))))
        case "money":
            return _money(values.amount(value), option or DEFAULT_CURRENCY, speaker, language)
        case _:
            assert_never(say_as)


def _number(number: Decimal, speaker: Speaker, counted: bool) -> tuple[str, ...]:
    whole, _, rest = f"{abs(number):f}".partition(".")
    rest = rest.rstrip("0")
    said = [speaker.MINUS] if number < 0 else []
    if int(whole) <= speaker.LARGEST:
        said += speaker.cardinal(int(whole), counted and not rest)
    else:
        said += [speaker.cardinal(int(digit), False)[0] for digit in whole]
    if rest:
        said += [speaker.POINT, *(speaker.cardinal(int(digit), False)[0] for digit in rest)]
    return tuple(said)


def _ordinal(number: Decimal, speaker: Speaker) -> tuple[str, ...]:
    if number != int(number) or not 0 < number <= speaker.LARGEST:
        return _number(number, speaker, False)
    return tuple(speaker.ordinal(int(number)))


def _digits(value: object, speaker: Speaker) -> tuple[str, ...]:
    said: list[str] = []
    for run in values.digit_runs(value):
        for group in values.groups(run):
            if said:
                said.append(PAUSE)
            said += [speaker.digit(digit) for digit in group]
    return tuple(said)


def _date(day: dt.date, speaker: Speaker, now: dt.datetime | None) -> list[str]:
    return speaker.date(day, now is None or day.year != now.year)


def _moment(
    day: dt.date, time: dt.time | None, by_name: bool, speaker: Speaker, now: dt.datetime | None
) -> list[str]:
    name = speaker.near_day(day, (day - now.date()).days) if by_name and now is not None else []
    said = name or _date(day, speaker, now)
    return said if time is None else speaker.at(said, speaker.time(time))


def _money(amount: Decimal, currency: str, speaker: Speaker, language: str) -> tuple[Said, ...]:
    if abs(amount) > speaker.LARGEST:
        return _number(amount, speaker, False)
    for known in ("CNY", "USD"):
        if currency == known:
            sign = [speaker.MINUS] if amount < 0 else []
            return (*sign, *speaker.money(abs(amount).quantize(Decimal("0.01")), known))
    name = words.currency_name(currency, abs(amount), language)
    return (Free(speaker.JOIN.join([*_number(amount, speaker, True), name])),)
