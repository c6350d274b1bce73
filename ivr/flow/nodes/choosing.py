"""What menu and ask share: options by key or keys, and the variable that gets the name of the one chosen."""

from __future__ import annotations

from ivr.flow.nodes.asking import AskingNode
from ivr.flow.nodes.choices import Options
from ivr.flow.state import Run
from ivr.flow.turn import Turn


class ChoosingNode(AskingNode):
    __slots__ = ("chosen", "options")

    options: Options
    chosen: str
    """The variable, "" for none."""

    def key(self, turn: Turn, digit: str) -> None:
        keys = str(turn.data.get("digits", "")) + digit
        option, fits = self.options.press(turn, keys)
        if fits == "more":
            turn.data["digits"] = keys
            self.wait_for_keys(turn, self.rules.terminator_s if option else self.rules.inter_digit_s)
        else:
            self._pressed(turn, keys)

    def keys_over(self, turn: Turn) -> None:
        self._pressed(turn, str(turn.data.get("digits", "")))

    def _pressed(self, turn: Turn, keys: str) -> None:
        option, _ = self.options.press(turn, keys)
        if option is not None:
            self.options.choose(turn, option, "key", self.chosen, keys)
        elif not self.command_pressed(turn, keys):
            self.no_match(turn)

    def label(self, turn: Turn, answer: str) -> tuple[Run, ...]:
        return self.options.label(turn, answer)

    def take(self, turn: Turn, answer: str) -> None:
        self.options.choose(turn, self.options.by_name[answer], "speech", self.chosen)
