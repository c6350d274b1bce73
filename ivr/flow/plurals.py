"""Plural forms: which of the texts of a prompt goes with a number, by the rules of Unicode's CLDR. Pure.

    queue.place: {by: place, "=1": "You are next.", one: "...", other: "..."}

The form written for just that number (`=1`) comes first, then the one of its category in the language, then `other`.
The rules come with Babel; a language that Babel does not know has `other` only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache

from babel.core import Locale, UnknownLocaleError
from babel.plural import PluralRule

from ivr.flow.prompt_values import number

CATEGORIES = ("zero", "one", "two", "few", "many", "other")
OTHER = "other"
MARK = "~"
"""Between a prompt's id and the form of its text: no author can write it in an id."""
_COUNTED_TO = 200
"""Whole numbers up to this show which categories people meet; beyond, some languages have one for whole millions."""
_LARGEST = Decimal(10) ** 15


def category(language: str, count: Decimal | int) -> str:
    """`category("en", 1)` -> "one". `1.0` as Decimal has a visible fraction, as CLDR counts it."""
    rule, size = _rule(language), abs(Decimal(count))
    return OTHER if rule is None or size >= _LARGEST else str(rule(size))


def categories(language: str) -> tuple[str, ...]:
    """All that the language has, in CLDR's order; `other` always."""
    rule = _rule(language)
    return tuple(each for each in CATEGORIES if each == OTHER or (rule is not None and each in rule.tags))


@cache
def usual(language: str) -> frozenset[str]:
    """The categories that whole numbers up to 200 fall into."""
    return frozenset(category(language, count) for count in range(_COUNTED_TO + 1))


@cache
def _rule(language: str) -> PluralRule | None:
    tag = language.replace("-", "_")
    for name in (tag, tag.partition("_")[0]):
        try:
            return Locale.parse(name).plural_form
        except (UnknownLocaleError, ValueError):
            continue
    return None


@lru_cache(maxsize=4096)
def _small(language: str, count: int) -> str:
    return category(language, count)


def variant_id(prompt_id: str, form: str) -> str:
    """`("queue.place", "one")` -> "queue.place~one"; the form `=1` -> "queue.place~1"."""
    return f"{prompt_id}{MARK}{form.lstrip('=')}"


def base_id(prompt_id: str) -> str:
    """The prompt that a variant belongs to; any other id is its own."""
    return prompt_id.partition(MARK)[0]


@dataclass(frozen=True, slots=True)
class Variants:
    """The forms that one language has for a prompt. by: the value that chooses. exact: the numbers written `=N`."""

    by: str
    exact: frozenset[int]
    categories: frozenset[str]

    def form(self, language: str, value: object) -> str:
        """`=1`, `few` ...; `other` for what is no number."""
        if type(value) is int and -4096 < value < 4096:
            count: int | Decimal = value
            found = _small(language, value)
        else:
            read = number(value)
            if read is None:
                return OTHER
            count, found = read, category(language, read)
        if count in self.exact:
            return f"={int(count)}"
        return found if found in self.categories else OTHER


@dataclass(frozen=True, slots=True)
class Plural:
    """A prompt with plural forms. languages: those that have them; another language has one text for all numbers."""

    prompt_id: str
    languages: Mapping[str, Variants]

    @property
    def names(self) -> frozenset[str]:
        """The values that choose."""
        return frozenset(variants.by for variants in self.languages.values())

    def pick(self, language: str, values: Mapping[str, object]) -> str:
        """The id of the text to be said: "queue.place~one", or the prompt's own where the language has one text."""
        variants = self.languages.get(language)
        if variants is None:
            return self.prompt_id
        return variant_id(self.prompt_id, variants.form(language, values.get(variants.by)))
