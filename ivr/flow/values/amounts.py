"""The formats of whole numbers and of amounts with a decimal point. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field, model_validator

from ivr.flow.digits import Verdict
from ivr.flow.inputs import JsonValue
from ivr.flow.values.format import Format, FormatInfo, Options
from ivr.flow.values.said import digit_strings, number_said


class NumberOptions(Options):
    least: int = Field(0, ge=0, le=10**12, description="the least value")
    most: int = Field(999_999_999, ge=1, le=10**12, description="the greatest value")

    @model_validator(mode="after")
    def _fitting(self) -> NumberOptions:
        if self.least > self.most:
            raise ValueError("`least` is more than `most`")
        return self


@dataclass(frozen=True, slots=True)
class Number(Format):
    """Value: a whole number. Keys that are too large are waited for, so that 200 of at most 150 is not heard as 20."""

    smallest: int
    largest: int

    def shape_fault(self, keys: str) -> str:
        return "too_large" if re.fullmatch(r"[0-9]+", keys) else "form"

    def content_fault(self, keys: str, now: dt.datetime) -> str:
        if int(keys) < self.smallest:
            return "too_small"
        return "too_large" if int(keys) > self.largest else ""

    def value(self, keys: str, now: dt.datetime) -> JsonValue:
        return int(keys)

    def candidates(self, text: str, language: str, now: dt.datetime) -> Sequence[str]:
        number = number_said(text, language)
        if number is None:
            return ()
        # A fraction or a number below zero was said: its figures alone would be another number.
        return [str(number)] if isinstance(number, int) and number >= 0 else ()


def make_number(options: NumberOptions) -> Number:
    return Number("number", 1, len(str(options.most)), options.least, options.most)


class AmountOptions(Options):
    least: float = Field(0, ge=0, le=10**12, description="the least value")
    most: float = Field(99_999_999.99, gt=0, le=10**12, description="the greatest value")
    decimals: int = Field(2, ge=0, le=4, description="figures behind the point, at most")

    @model_validator(mode="after")
    def _fitting(self) -> AmountOptions:
        if self.least > self.most:
            raise ValueError("`least` is more than `most`")
        return self


@dataclass(frozen=True, slots=True)
class Amount(Format):
    """The key `*` is the decimal point. Value: a number, always with a fraction, so that its type is one."""

    smallest: float
    largest: float
    decimals: int

    def verdict(self, keys: str) -> Verdict:
        whole = len(str(int(self.largest)))
        match = re.fullmatch(rf"[0-9]{{1,{whole}}}(?P<point>\*)?(?P<after>[0-9]{{1,4}})?", keys)
        if not keys:
            return "incomplete"
        if match is None or (match["after"] and not match["point"]):
            return "invalid"
        if match["point"] and not self.decimals:
            return "invalid"
        if len(match["after"] or "") > self.decimals:
            return "invalid"
        return "complete" if match["after"] or not match["point"] else "incomplete"

    def full(self, keys: str) -> bool:
        if self.verdict(keys) != "complete":
            return False
        if not self.decimals:
            return len(keys) == self.most
        return "*" in keys and len(keys.partition("*")[2]) == self.decimals

    def shape_fault(self, keys: str) -> str:
        whole = keys.partition("*")[0]
        too_long = whole.isdigit() and len(whole) > len(str(int(self.largest)))
        return "too_large" if too_long else "form"

    def content_fault(self, keys: str, now: dt.datetime) -> str:
        amount = float(keys.replace("*", "."))
        if amount < self.smallest:
            return "too_small"
        return "too_large" if amount > self.largest else ""

    def value(self, keys: str, now: dt.datetime) -> JsonValue:
        return float(keys.replace("*", "."))

    def candidates(self, text: str, language: str, now: dt.datetime) -> Sequence[str]:
        number = number_said(text, language)
        if number is None or number < 0:
            # "twelve star fifty": keys named one by one.
            return [keys for keys in digit_strings(text, language) if "*" in keys] if number is None else ()
        if isinstance(number, int):
            return (str(number),)
        return (
            (f"{number:.{self.decimals}f}".replace(".", "*"),)
            if round(number, self.decimals) == number
            else ()
        )


def make_amount(options: AmountOptions) -> Amount:
    whole = len(str(int(options.most)))
    most = whole + (options.decimals + 1 if options.decimals else 0)
    return Amount("amount", 1, most, float(options.least), float(options.most), options.decimals)


NUMBER = FormatInfo("number", "A whole number: a count, an age.", NumberOptions, make_number, ("42", 42))
AMOUNT = FormatInfo(
    "amount",
    "An amount, `*` for its decimal point; said as 三块五.",
    AmountOptions,
    make_amount,
    ("12*5", 12.5),
)
