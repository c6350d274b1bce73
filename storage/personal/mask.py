"""A text with what is personal in it hidden: `mask(text, classes, language)`.

    mask("我叫张伟，电话13800138000", frozenset({"phone"}), "zh").text == "我叫张伟，电话【电话】"

All rules look at every text, whatever its language: a recogniser may be wrong about that. Better too much than too
little, but no date, no quantity and no street, or nobody could work with what is left.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from storage.personal.names import names
from storage.personal.numbers import numbers
from storage.personal.places import addresses, amounts, emails
from storage.personal.spans import ALL_CLASSES, HIDDEN_BY_DEFAULT, PersonalClass, Span, merged

_RANK: Final[tuple[PersonalClass, ...]] = (
    "identity",
    "bank",
    "phone",
    "email",
    "address",
    "name",
    "amount",
    "number",
)
_SHOWN: Final[Mapping[str, Mapping[PersonalClass, str]]] = {
    "zh": {
        "phone": "【电话】",
        "identity": "【证件号】",
        "bank": "【银行卡】",
        "number": "【号码】",
        "amount": "【金额】",
        "name": "【姓名】",
        "address": "【门牌】",
        "email": "【邮箱】",
    },
    "en": {kind: f"[{kind}]" for kind in _RANK},
}


@dataclass(frozen=True, slots=True)
class Masked:
    """text: with a word for the class in place of what is hidden. spans: what was hidden, in the text as it was."""

    text: str
    spans: tuple[Span, ...]

    @property
    def kinds(self) -> frozenset[PersonalClass]:
        return frozenset(span.kind for span in self.spans)


def find(text: str, classes: Collection[PersonalClass] = ALL_CLASSES) -> tuple[Span, ...]:
    """What of these classes is in the text, in order, without overlaps."""
    found = [*numbers(text), *names(text), *addresses(text), *emails(text), *amounts(text)]
    # An amount is not a number in disguise: whether it is hidden is for the class of amounts to say.
    money = [span for span in found if span.kind == "amount"]
    found = [span for span in found if span.kind != "number" or not any(_within(span, one) for one in money)]
    return merged((span for span in found if span.kind in classes), _RANK)


def mask(text: str, classes: Collection[PersonalClass] = HIDDEN_BY_DEFAULT, language: str = "zh") -> Masked:
    """language: of the words that stand for what is hidden."""
    spans = find(text, classes) if classes else ()
    shown = placeholders(language)
    parts, place = [], 0
    for span in spans:
        parts += [text[place : span.start], shown[span.kind]]
        place = span.end
    return Masked("".join([*parts, text[place:]]), spans)


def placeholders(language: str) -> Mapping[PersonalClass, str]:
    return _SHOWN["zh" if language in ("zh", "yue") else "en"]


def _within(inner: Span, outer: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end
