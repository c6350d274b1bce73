"""collect: digits and what they mean, by key or by voice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from ivr.flow.actions import JsonValue
from ivr.flow.digits import MAX_DIGITS, DigitRule, Pattern, PatternError, any_digits, compile_pattern
from ivr.flow.inputs import SpeechHeard
from ivr.flow.match import normalise
from ivr.flow.nodes.asking import AskingNode
from ivr.flow.nodes.base import NodeKind
from ivr.flow.nodes.slots import format_of
from ivr.flow.schema import InputModel, Key, Name, Prompts, Strict, Target
from ivr.flow.state import Run
from ivr.flow.turn import Turn
from ivr.flow.values.formats import Format
from ivr.flow.values.said import digits_said

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


class LengthModel(Strict):
    least: int = Field(ge=1, le=MAX_DIGITS)
    most: int = Field(ge=1, le=MAX_DIGITS)


class CollectModel(InputModel):
    into: Name = Field(
        description="variable that gets the value: digits as text, a date as `2026-11-26`, a number"
    )
    format: str | dict[str, Any] | None = Field(
        None,
        description="what it is: `phone`, `id_card`, `date` ... (below), or with options: `{phone: {country: cn}}`",
    )
    length: int | LengthModel | None = Field(
        None, description="instead of a format: how many digits: `4`, or `{least: 6, most: 12}`"
    )
    patterns: list[str] = Field(
        default_factory=list,
        max_length=20,
        description="instead of a length: `X` any digit, `Z` 1-9, `N` 2-9, `[3-9]`, `X{9}`",
    )
    terminator: Key | None = Field("#", description="the key that ends the digits; null for none")
    empty: Target | None = Field(
        None,
        description="where the terminator alone leads: `press hash if you have none` (default: a wrong key)",
    )
    by_voice: bool = Field(True, description="it may be said too; asked back when not heard well")
    asked_back: Prompts = Field(
        None,
        description="how what was said is asked back: `{value:date}` (default: the hotline's `confirm.value`)",
    )
    masked: bool = Field(False, description="personal: no log, journal or screen holds it")
    next: Target


class Collect(AskingNode):
    kind: ClassVar[str] = "collect"

    __slots__ = ("by_voice", "empty", "format", "into", "next", "rule", "terminator", "value")

    def __init__(self, build: NodeBuilder, model: CollectModel) -> None:
        super().__init__(build, model)
        self.next = build.target(model.next, ("next",), "next")
        self.into = build.assigns(model.into, ("into",), "")
        self.terminator = model.terminator or ""
        self.empty = ""
        if model.empty is not None:
            self.empty = build.target(model.empty, ("empty",), "empty")
        self.masked = model.masked
        self.format = _format(build, model)
        self.rule: DigitRule | Format = self.format or DigitRule(_patterns(build, model))
        self.value = build.prompts(model.asked_back, ("asked_back",), ("value",))
        self.by_voice = model.by_voice and self.asking_back is not None
        self.expecting = self.format.name if self.format is not None else "digits"

    def phrases(self, turn: Turn) -> tuple[str, ...] | None:
        return () if self.by_voice else self.commands.phrases(turn.language) or None

    def key(self, turn: Turn, digit: str) -> None:
        digits = str(turn.data.get("digits", ""))
        if digit == self.terminator and (digits or self.empty):
            if digits:
                self._settle(turn, digits)
            else:
                turn.go(self.empty)
            return
        longer = (digits + digit)[: MAX_DIGITS + 1]
        verdict = self.rule.verdict(longer)
        if verdict == "invalid" and not digits and self.command_pressed(turn, digit):
            return
        if self.rule.full(longer):
            self._take(turn, longer)
        else:
            # A wrong key ends nothing: the rest of the number is on its way, and would count as further mistakes.
            turn.data["digits"] = longer
            self.wait_for_keys(
                turn, self.rules.terminator_s if verdict == "complete" else self.rules.inter_digit_s
            )

    def keys_over(self, turn: Turn) -> None:
        self._settle(turn, str(turn.data.get("digits", "")))

    def _settle(self, turn: Turn, digits: str) -> None:
        """The caller is done: these digits, or a command whose key is all there is (0 for a person), or neither."""
        if self.rule.verdict(digits) == "complete":
            self._take(turn, digits)
        elif not self.command_pressed(turn, digits):
            self.no_match(turn)

    def _take(self, turn: Turn, digits: str, by: str = "key") -> None:
        fault = self._fault(turn, digits)
        if fault:
            self._refuse(turn, fault)
            return
        value: JsonValue = digits
        if self.format is not None:
            value = self.format.normalise(digits, turn.local_now)
        turn.note("collected", {"node": self.id, "digits": len(digits), "masked": self.masked, "by": by})
        turn.assign(self.into, value)
        turn.go(self.next)

    def _fault(self, turn: Turn, digits: str) -> str:
        """Why these digits, complete, are yet impossible: a wrong check digit, a date that does not exist; "" = they
        are not."""
        return self.format.fault(digits, turn.local_now) if self.format is not None else ""

    def _refuse(self, turn: Turn, fault: str) -> None:
        turn.note("refused", {"node": self.id, "why": fault})
        self.no_match(turn, {"why": fault})

    def heard(self, turn: Turn, event: SpeechHeard) -> None:
        """The first reading that is possible and believed; else what may have been meant is asked back."""
        if self.sure(event.confidence) and self.command_said(turn, event):
            return
        maybe: list[str] = []
        fault = ""
        for reading in event.readings() if self.by_voice else ():
            if not self.maybe(reading.confidence):
                continue
            for keys in self._said(turn, reading.text):
                if self.rule.verdict(keys) != "complete" or keys in maybe:
                    continue
                wrong = self._fault(turn, keys)
                if wrong:
                    fault = fault or wrong
                elif self.sure(reading.confidence) and reading.confidence is not None:
                    self._take(turn, keys, "speech")
                    return
                else:
                    maybe.append(keys)
        if fault and not maybe:
            self._refuse(turn, fault)
        else:
            self.unsure(turn, maybe)

    def _said(self, turn: Turn, text: str) -> list[str]:
        if self.format is not None:
            return self.format.said(text, turn.language, turn.local_now)
        keys = digits_said(normalise(text), turn.language)
        return [keys] if keys else []

    def label(self, turn: Turn, answer: str) -> tuple[Run, ...]:
        if self.asking_back is None:
            return ()
        value = self.format.normalise(answer, turn.local_now) if self.format is not None else answer
        if self.value.items:
            return self.value.runs(turn, {"value": value})
        return self.asking_back.value_runs(turn, value)

    def take(self, turn: Turn, answer: str) -> None:
        self._take(turn, answer, "speech")


def _format(build: NodeBuilder, model: CollectModel) -> Format | None:
    if model.format is None:
        return None
    if model.length is not None or model.patterns:
        build.fault(("format",), "two-ways", "a format and digits by `length` or `patterns`", "keep one")
        return None
    return format_of(build, model.format, ("format",))


def _patterns(build: NodeBuilder, model: CollectModel) -> tuple[Pattern, ...]:
    if model.patterns:
        patterns = []
        for index, text in enumerate(model.patterns):
            try:
                patterns.append(compile_pattern(text))
            except PatternError as error:
                build.fault(("patterns", index), "bad-pattern", str(error), error.mend)
        return tuple(patterns)
    if isinstance(model.length, LengthModel):
        if model.length.least > model.length.most:
            build.fault(("length",), "bad-pattern", "`least` is more than `most`", "swap them")
            return ()
        return (any_digits(model.length.least, model.length.most),)
    if model.length is None:
        return (any_digits(1, MAX_DIGITS),)
    if not 1 <= model.length <= MAX_DIGITS:
        build.fault(("length",), "bad-pattern", f"{model.length} digits", f"1 to {MAX_DIGITS}")
        return ()
    return (any_digits(model.length, model.length),)


KIND = NodeKind(
    "collect",
    CollectModel,
    Collect,
    "Collects digits until a pattern is full, the terminator is pressed, or the caller pauses. Digits belong "
    "to the node before they belong to a command: a lone 0 and a pause (or the terminator) still leads to a "
    "person where 0 alone is no answer. Where the hotline has `confirm` prompts the number may be said as "
    "well, and is asked back unless it was heard well. A number that is complete and yet impossible (a wrong "
    "check digit) is a `no_match` with `event.detail.why`.",
    """\
ticket:
  kind: collect
  prompt: progress.ticket
  length: {least: 6, most: 12}
  into: ticket
  next: read_back
""",
)
