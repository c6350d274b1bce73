"""Values in words, for any language: what `numbers.py` does with fragments for two, as text for a voice to speak. Pure.

Numbers are spelled by Unicode's rules (unicode-rbnf); names of days, months, units and currencies come from CLDR
(Babel). Where these do not know how people say it (fractions, clock times, a number before a noun of unknown gender),
the value stays in the language's own figures, which its voice knows to read. The gender of a number is the author's to
say (`{n:number.feminine}`); those of units are known for the languages of `_UNIT_GENDERS`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_decimal, get_currency_name, get_currency_precision
from babel.units import UnknownUnitError, format_unit
from unicode_rbnf import FormatPurpose, RbnfEngine
from unicode_rbnf.engine import RbnfError

from ivr.flow.prompt_text import DEFAULT_CURRENCY, Literal, Part, SayAs
from ivr.prompts import values

_YES_NO: Mapping[str, tuple[str, str]] = {"zh": ("是", "否"), "en": ("yes", "no"), "es": ("sí", "no")}
_NEAR_DAYS: Mapping[str, Mapping[int, str]] = {
    "en": {-1: "yesterday", 0: "today", 1: "tomorrow"},
    "es": {-1: "ayer", 0: "hoy", 1: "mañana", 2: "pasado mañana"},
}
"""Babel has no names for them. Other languages say the day of the week, or the date."""
_WEEK = 6
_UNIT_GENDERS: Mapping[str, Mapping[str, str]] = {
    "es": {"hour": "feminine"},
    "pt": {"hour": "feminine"},
    "it": {"hour": "feminine"},
    "fr": {"hour": "feminine", "minute": "feminine", "second": "feminine"},
}
_CENTS: Mapping[str, str] = {"es": "con", "fr": "et", "it": "e", "pt": "e"}
"""The word between the whole of an amount and its hundredths."""
_LARGEST = Decimal(10) ** 12


def sentence(
    parts: Sequence[Part], known: Mapping[str, object], language: str, now: dt.datetime | None
) -> str:
    """The whole text of a prompt with its values in words. Raises Unsayable, and KeyError for a value not there."""
    said = [
        part.text
        if isinstance(part, Literal)
        else say(known[part.name], part.say_as, language, option=part.option, now=now)
        for part in parts
    ]
    return "".join(said).strip()


def say(
    value: object, say_as: SayAs, language: str, *, option: str = "", now: dt.datetime | None = None
) -> str:
    """One value. option: of money, the currency; of duration, the unit; of numbers, the gender. now: as in numbers.py.
    Raises Unsayable."""
    zone = None if now is None else now.tzinfo
    if say_as == "auto":
        say_as = values.kind(value)
    if say_as == "text":
        if isinstance(value, bool):
            return _yes_no(value, language)
        return values.text(value)
    if say_as == "number":
        return _cardinal(values.amount(value), language, option)
    if say_as == "ordinal":
        return _ordinal(values.amount(value), language, option)
    if say_as == "digits":
        return ", ".join(
            _digits(group, language) for run in values.digit_runs(value) for group in values.groups(run)
        )
    if say_as == "date":
        return _date(values.date(value, zone), language, now)
    if say_as == "time":
        return _time(values.time(value, zone), language)
    if say_as == "duration":
        return " ".join(_unit(count, unit, language) for count, unit in values.duration(value, option))
    if say_as == "percent":
        return _percent(values.amount(value), language)
    if say_as == "money":
        return _money(values.amount(value), option or DEFAULT_CURRENCY, language)
    day, time = values.moment(value, zone)
    return _moment(day, time, language, now, by_name=say_as == "relative")


def currency_name(currency: str, amount: Decimal, language: str) -> str:
    """ "euros", in the form that goes with the amount."""
    return str(get_currency_name(currency, count=amount, locale=_locale(language)))


def _yes_no(value: bool, language: str) -> str:
    both = _YES_NO.get(_main(language))
    if both is None:
        raise values.Unsayable(f"yes and no have no words in `{language}`", mend="give a text in the flow")
    return both[0 if value else 1]


def _main(language: str) -> str:
    return language.partition("-")[0]


@cache
def _locale(language: str) -> Locale:
    """English for a language that CLDR does not know."""
    for name in (language.replace("-", "_"), _main(language)):
        try:
            return Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


@cache
def _engine(language: str) -> RbnfEngine | None:
    for name in (language.replace("-", "_"), _main(language)):
        try:
            return RbnfEngine.for_language(name)
        except (ValueError, FileNotFoundError):
            continue
    return None


def _spell(number: Decimal, language: str, purpose: FormatPurpose, rules: Sequence[str] = ()) -> str:
    """In words, by the first of these rules that the language has, else by its first; "" when it has none."""
    engine = _engine(language)
    if engine is None or abs(number) >= _LARGEST or number != int(number):
        return ""
    try:
        found = engine.format_number(int(number), purpose)
    except (ValueError, RbnfError):
        return ""
    named = next((found.text_by_ruleset[rule] for rule in rules if rule in found.text_by_ruleset), found.text)
    return " ".join(named.split())


def _cardinal(number: Decimal, language: str, gender: str = "") -> str:
    rules = [f"spellout-cardinal-{gender}"] if gender else ["spellout-numbering"]
    return _spell(number, language, FormatPurpose.CARDINAL, rules) or _figures(number, language)


def _figures(number: Decimal | int, language: str) -> str:
    return str(format_decimal(number, locale=_locale(language)))


def _counting(count: int, language: str, unit: str = "") -> str:
    """Before a unit or a currency: spelled where its gender is known."""
    genders = _UNIT_GENDERS.get(_main(language))
    if genders is None:
        return _figures(count, language)
    return _cardinal(Decimal(count), language, genders.get(unit, "masculine"))


def _ordinal(number: Decimal, language: str, gender: str) -> str:
    whole = number == int(number) and number > 0
    rules = [f"spellout-ordinal-{gender or 'masculine'}", "spellout-ordinal"]
    spelled = _spell(number, language, FormatPurpose.ORDINAL, rules) if whole else ""
    return spelled or _cardinal(number, language, gender)


def _digits(figures: str, language: str) -> str:
    return " ".join(_cardinal(Decimal(figure), language) for figure in figures)


def _date(day: dt.date, language: str, now: dt.datetime | None) -> str:
    if now is not None and day.year == now.year:
        return str(format_skeleton("MMMMd", day, locale=_locale(language)))
    return str(format_date(day, "long", locale=_locale(language)))


def _time(moment: dt.time, language: str) -> str:
    if _main(language) != "es":
        return str(format_time(moment, "short", locale=_locale(language)))
    hour = _cardinal(Decimal((moment.hour - 1) % 12 + 1), language, "feminine")
    minutes = f" y {_cardinal(Decimal(moment.minute), language)}" if moment.minute else ""
    return f"{hour}{minutes} {format_time(moment, 'B', locale=_locale(language))}"


def _moment(
    day: dt.date, time: dt.time | None, language: str, now: dt.datetime | None, *, by_name: bool
) -> str:
    ahead = (day - now.date()).days if now is not None else None
    name = ""
    if by_name and ahead is not None:
        name = _NEAR_DAYS.get(_main(language), {}).get(ahead, "")
        if not name and 0 < ahead <= _WEEK:
            name = format_date(day, "EEEE", locale=_locale(language))
    said = name or _date(day, language, now)
    if time is None:
        return said
    if _main(language) == "es":
        return f"{said} a {'la' if time.hour % 12 == 1 else 'las'} {_time(time, language)}"
    return f"{said}, {_time(time, language)}"


def _unit(count: int, unit: str, language: str) -> str:
    written = _measured(count, f"duration-{unit}", language)
    return written.replace(_figures(count, language), _counting(count, language, unit), 1)


def _measured(count: int | Decimal, unit: str, language: str) -> str:
    """ "2 minutos"; the sign of the unit where Babel has no word for it."""
    for length in ("long", "short", "narrow"):
        try:
            found = format_unit(count, unit, length, locale=_locale(language))
        except UnknownUnitError:
            continue
        if unit not in found:
            return found
    return f"{count} {unit.rpartition('-')[2]}"


def _percent(number: Decimal, language: str) -> str:
    written = _measured(number, "concentr-percent", language)
    return written.replace(_figures(number, language), _cardinal(number, language), 1)


def _money(amount: Decimal, currency: str, language: str) -> str:
    hundredths = 10 ** min(2, get_currency_precision(currency))
    whole, cents = divmod(round(abs(amount) * hundredths), hundredths)
    if amount < 0:
        whole = -whole
    said = [_counting(whole, language), currency_name(currency, Decimal(whole), language)]
    if cents:
        between = _CENTS.get(_main(language))
        said += [*([between] if between else []), _cardinal(Decimal(cents), language)]
    return " ".join(said)
