"""collect: digits, by key."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from pydantic import Field

from ivr.flow.digits import MAX_DIGITS, DigitRule, Pattern, PatternError, any_digits, compile_pattern
from ivr.flow.inputs import SpeechHeard
from ivr.flow.nodes.asking import AskingNode
from ivr.flow.nodes.base import Node, NodeKind
from ivr.flow.schema import InputModel, Key, Name, NodeModel, Strict, Target
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


class LengthModel(Strict):
    least: int = Field(ge=1, le=MAX_DIGITS)
    most: int = Field(ge=1, le=MAX_DIGITS)


class CollectModel(InputModel):
    into: Name = Field(description="variable that gets the digits, as text")
    length: int | LengthModel | None = Field(None, description="how many: `4`, or `{least: 6, most: 12}`")
    patterns: list[str] = Field(
        default_factory=list,
        max_length=20,
        description="instead of a length: `X` any digit, `Z` 1-9, `N` 2-9, `[3-9]`, `X{9}`",
    )
    terminator: Key | None = Field("#", description="the key that ends the digits; null for none")
    masked: bool = Field(False, description="personal: no note of the machine holds them")
    next: Target


class Collect(AskingNode):
    kind: ClassVar[str] = "collect"

    __slots__ = ("into", "next", "rule", "terminator")

    def __init__(self, build: NodeBuilder, model: CollectModel) -> None:
        super().__init__(build, model)
        self.next = build.target(model.next, ("next",), "next")
        self.into = build.assigns(model.into, ("into",), "")
        self.terminator = model.terminator or ""
        self.masked = model.masked
        self.rule = DigitRule(_patterns(build, model))

    def phrases(self, turn: Turn) -> tuple[str, ...] | None:
        return self.commands.phrases(turn.language) or None

    def key(self, turn: Turn, digit: str) -> None:
        digits = str(turn.data.get("digits", ""))
        if digit == self.terminator and digits:
            self._settle(turn, digits)
            return
        longer = digits + digit
        if self.rule.verdict(longer) == "invalid":
            if not digits and digit in self.commands.by_key:
                turn.command(self.commands.by_key[digit], "key")
            else:
                self.no_match(turn)
        elif self.rule.full(longer):
            self._take(turn, longer)
        else:
            turn.data["digits"] = longer
            enough = self.rule.verdict(longer) == "complete"
            self.wait_for_keys(turn, self.rules.terminator_s if enough else self.rules.inter_digit_s)

    def keys_over(self, turn: Turn) -> None:
        self._settle(turn, str(turn.data.get("digits", "")))

    def _settle(self, turn: Turn, digits: str) -> None:
        """The caller is done: these digits, or a command whose key is all there is (0 for a person), or neither."""
        if self.rule.verdict(digits) == "complete":
            self._take(turn, digits)
        elif digits in self.commands.by_key:
            turn.command(self.commands.by_key[digits], "key")
        else:
            self.no_match(turn)

    def _take(self, turn: Turn, digits: str) -> None:
        turn.note("collected", {"node": self.id, "digits": len(digits), "masked": self.masked})
        turn.assign(self.into, digits)
        turn.go(self.next)

    def heard(self, turn: Turn, event: SpeechHeard, text: str) -> None:
        commands = self.commands.spoken(turn.language)
        name = commands.equal(text) or commands.within(text)
        if name is not None and self.sure(event):
            turn.command(self.commands.by_name[name], "speech")
        else:
            self.no_match(turn)


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


def _make(build: NodeBuilder, model: NodeModel) -> Node:
    return Collect(build, cast(CollectModel, model))


KIND = NodeKind(
    "collect",
    CollectModel,
    _make,
    "Collects digits until a pattern is full, the terminator is pressed, or the caller pauses. Digits belong to the "
    "node before they belong to a command: a lone 0 and a pause (or the terminator) still leads to a person where 0 "
    "alone is no answer.",
    """\
ticket:
  kind: collect
  prompt: progress.ticket
  length: {least: 6, most: 12}
  into: ticket
  next: read_back
""",
)
