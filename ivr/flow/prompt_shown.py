"""How a value looks where a prompt is read instead of heard: on screens, in transcripts, in the simulator. Pure.

Short and exact (`3`, `¥3.50`, `2026-12-01 09:00`), where the ear gets words. `cleaned` keeps a caller's text from
steering whatever shows it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from ivr.flow.prompt_values import Unit, cleaned, clock, day, moment, number, seconds, split

_YES_NO = {"zh": ("是", "否"), "es": ("sí", "no")}
_NEAR_DAYS: Mapping[str, Mapping[int, str]] = {
    "zh": {-1: "昨天", 0: "今天", 1: "明天", 2: "后天"},
    "en": {-1: "yesterday", 0: "today", 1: "tomorrow"},
    "es": {-1: "ayer", 0: "hoy", 1: "mañana"},
}
_UNITS: Mapping[str, Mapping[Unit, str]] = {
    "zh": {"day": "天", "hour": "小时", "minute": "分钟", "second": "秒"},
    "": {"day": " d", "hour": " h", "minute": " min", "second": " s"},
}


def shown(value: object, say_as: str, option: str, language: str, now: dt.datetime | None) -> str:
    """The value as text; one that is not of the kind that `say_as` wants shows as it is. option: as in `Value`."""
    main = language.partition("-")[0]
    if isinstance(value, bool):
        yes, no = _YES_NO.get(main, ("yes", "no"))
        return yes if value else no
    zone = None if now is None else now.tzinfo
    text = None
    if say_as in ("date", "time", "datetime", "relative"):
        text = _time(value, say_as, main, now, zone)
    elif say_as == "duration":
        length = seconds(value, option)
        text = None if length is None else _duration(length, main)
    elif say_as == "digits" and not isinstance(value, float):
        text = " ".join(cleaned(str(value))) if main == "en" else cleaned(str(value))
    elif say_as in ("number", "ordinal", "money", "percent"):
        amount = number(value)
        text = None if amount is None else _amount(amount, say_as, option, language)
    return _plain(value) if text is None else text


def _plain(value: object) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return cleaned(str(value))


def _time(
    value: object, say_as: str, language: str, now: dt.datetime | None, zone: dt.tzinfo | None
) -> str | None:
    if say_as == "time":
        at = clock(value, zone)
        return None if at is None else f"{at:%H:%M}"
    if say_as == "date":
        on = day(value, zone)
        return None if on is None else on.isoformat()
    found = moment(value, zone)
    if found is None:
        return None
    is_exact = isinstance(found, dt.datetime)
    date = found.date() if isinstance(found, dt.datetime) else found
    name = date.isoformat()
    if say_as == "relative" and now is not None:
        name = _NEAR_DAYS.get(language, {}).get((date - now.date()).days, name)
    return f"{name} {found:%H:%M}" if is_exact else name


def _duration(length: int, language: str) -> str:
    units = _UNITS.get(language, _UNITS[""])
    return ("" if language == "zh" else " ").join(f"{count}{units[unit]}" for count, unit in split(length))


def _amount(amount: Decimal, say_as: str, option: str, language: str) -> str:
    figures = f"{amount:f}"
    if say_as == "percent":
        return f"{figures}%"
    if say_as == "money":
        from babel.core import UnknownLocaleError
        from babel.numbers import format_currency

        try:
            return str(format_currency(amount, option, locale=language.replace("-", "_")))
        except (UnknownLocaleError, ValueError):
            return f"{figures} {option}"
    if say_as == "ordinal":
        if language.startswith("zh"):
            return f"第{figures}"
        if language.startswith("en") and amount == int(amount):
            return figures + _english_ending(abs(int(amount)))
    return figures


def _english_ending(count: int) -> str:
    if count % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
