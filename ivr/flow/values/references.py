"""The formats of numbers that only name something: any digits, tickets, postcodes, extensions. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, field_validator, model_validator

from ivr.flow.digits import MAX_DIGITS, DigitRule, PatternError, any_digits, compile_pattern
from ivr.flow.inputs import JsonValue
from ivr.flow.values.format import FormatInfo, Options, PatternFormat, lengths

Check = Literal["none", "luhn", "mod97"]


def luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of the others, as on bank cards."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def mod97(digits: str) -> bool:
    """Whether the last two digits are the check of the others (ISO 7064, MOD 97-10)."""
    return int(digits) % 97 == 1


class _Lengths(Options):
    @model_validator(mode="after")
    def _fitting(self) -> _Lengths:
        given = self.model_fields_set
        if getattr(self, "patterns", None) and given & {"least", "most"}:
            raise ValueError("`patterns` say the length already: drop `least` and `most`")
        if getattr(self, "least", 0) > getattr(self, "most", 0):
            raise ValueError("`least` is more than `most`")
        return self


class DigitsOptions(_Lengths):
    least: int = Field(1, ge=1, le=MAX_DIGITS, description="digits, at least")
    most: int = Field(MAX_DIGITS, ge=1, le=MAX_DIGITS, description="digits, at most")
    patterns: list[str] = Field(
        default=[],
        max_length=20,
        description="instead of lengths: `X` any digit, `Z` 1-9, `N` 2-9, `[3-9]`, `X{9}`",
    )

    @field_validator("patterns")
    @classmethod
    def _readable(cls, patterns: list[str]) -> list[str]:
        for pattern in patterns:
            try:
                compile_pattern(pattern)
            except PatternError as error:
                raise ValueError(f"{error}: {error.mend}") from error
        return patterns


class TicketOptions(DigitsOptions):
    least: int = Field(8, ge=1, le=MAX_DIGITS, description="digits, at least")
    most: int = Field(14, ge=1, le=MAX_DIGITS, description="digits, at most")
    check: Check = Field("none", description="`luhn` (the last digit) or `mod97` (the last two) is verified")
    prefix: str = Field(
        "",
        max_length=12,
        description="put before the digits in the value (`GD`): callers say and press digits only",
    )


class ExtensionOptions(_Lengths):
    least: int = Field(2, ge=1, le=10, description="digits, at least")
    most: int = Field(6, ge=1, le=10, description="digits, at most")


class PostcodeOptions(Options):
    country: Literal["cn", "us"] = Field("cn", description="`cn`: 6 digits; `us`: 5, or 9")


@dataclass(frozen=True, slots=True)
class Reference(PatternFormat):
    """Value: the digits as a text, with their prefix."""

    check: Check = "none"
    prefix: str = ""

    def content_fault(self, keys: str, now: dt.datetime) -> str:
        match self.check:
            case "none":
                return ""
            case "luhn":
                return "" if luhn(keys) else "check_digit"
            case "mod97":
                return "" if mod97(keys) else "check_digit"

    def value(self, keys: str, now: dt.datetime) -> JsonValue:
        return self.prefix + keys


def _rule(options: DigitsOptions) -> DigitRule:
    if options.patterns:
        return DigitRule(tuple(map(compile_pattern, options.patterns)))
    return DigitRule((any_digits(options.least, options.most),))


def make_digits(options: DigitsOptions) -> Reference:
    rule = _rule(options)
    return Reference("digits", *lengths(rule), rule)


def make_ticket(options: TicketOptions) -> Reference:
    rule = _rule(options)
    return Reference("ticket", *lengths(rule), rule, options.check, options.prefix)


def make_extension(options: ExtensionOptions) -> Reference:
    rule = DigitRule((any_digits(options.least, options.most),))
    return Reference("extension", options.least, options.most, rule)


def make_postcode(options: PostcodeOptions) -> Reference:
    patterns = ("[0-8]X{5}",) if options.country == "cn" else ("X{5}", "X{9}")
    rule = DigitRule(tuple(map(compile_pattern, patterns)))
    return Reference("postcode", *lengths(rule), rule)


DIGITS = FormatInfo("digits", "Any digits.", DigitsOptions, make_digits, ("0042", "0042"))
TICKET = FormatInfo(
    "ticket", "The number of a ticket.", TicketOptions, make_ticket, ("20261126001", "20261126001")
)
EXTENSION = FormatInfo("extension", "An extension.", ExtensionOptions, make_extension, ("8001", "8001"))
POSTCODE = FormatInfo("postcode", "A postcode.", PostcodeOptions, make_postcode, ("213000", "213000"))
