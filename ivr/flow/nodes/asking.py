"""What menu, collect, ask and survey share: prompt, barge-in, timers, keys typed ahead, listening.

A visit: keys typed ahead are taken first and then no prompt is played; else the prompt plays, with the recogniser
open meanwhile where `listen` allows. After the prompt the first-input timer runs. A key stops the prompt
(`interrupt`), ends listening, and starts the inter-digit timer while more keys may come. Speech that starts stops the
prompt and the first-input timer; what it turns out to be arrives as one final result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ivr.flow.inputs import SpeechFailed, SpeechHeard, SpeechPartial, SpeechStarted
from ivr.flow.match import normalise
from ivr.flow.nodes.base import Node
from ivr.flow.schema import InputModel
from ivr.flow.turn import MAX_KEYS_AHEAD, Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder

SPEECH_GUARD_S = 5.0
"""So long after the longest utterance a recogniser that says nothing more is given up."""


@dataclass(frozen=True, slots=True)
class InputRules:
    """The three flags, the timers (s) and the bands of one node, the hotline's own filled in."""

    interrupt: bool = True
    listen_during_prompt: bool = True
    flush: bool = False
    first_input_s: float = 8.0
    inter_digit_s: float = 3.0
    terminator_s: float = 2.0
    end_silence_s: float = 0.8
    longest_s: float = 15.0
    whole_s: float | None = None
    speech: bool = True
    accept: float = 0.5
    confirm: float = 0.3


class AskingNode(Node):
    waits: ClassVar[bool] = True
    asks: ClassVar[bool] = True

    __slots__ = ("prompts", "rules")

    def __init__(self, build: NodeBuilder, model: InputModel) -> None:
        super().__init__(build, model)
        self.prompts = build.tapered(model.prompt, ("prompt",))
        self.rules = build.rules(model)

    # What a kind says

    def phrases(self, turn: Turn) -> tuple[str, ...] | None:
        """The phrases that may be said; () = anything; None = this kind does not listen (in this language)."""
        return None

    def key(self, turn: Turn, digit: str) -> None:
        """A key that is not typed ahead; prompt and listening have ended."""
        raise NotImplementedError

    def keys_over(self, turn: Turn) -> None:
        """The caller stopped pressing keys."""
        raise NotImplementedError

    def heard(self, turn: Turn, event: SpeechHeard, text: str) -> None:
        """An utterance with words and without an urgent command. text: normalised."""
        raise NotImplementedError

    # The visit

    def enter(self, turn: Turn) -> None:
        turn.remember(self.id)
        if self.rules.flush:
            turn.keys = ""
        if self.rules.whole_s is not None:
            turn.start_timer("whole", self.rules.whole_s)
        if turn.keys:
            self._typed_ahead(turn)
        if turn.pending is None and "play" not in turn.waiting and "timer.inter_digit" not in turn.waiting:
            self.reprompt(turn)

    def reprompt(self, turn: Turn) -> None:
        count = turn.data.get("prompted", 0)
        count = count + 1 if isinstance(count, int) else 1
        turn.data["prompted"] = count
        turn.data["digits"] = ""
        turn.cancel_timer("first_input")
        turn.cancel_timer("inter_digit")
        if turn.speak(self.prompts.pick(count).runs(turn)):
            if self.rules.listen_during_prompt:
                self._listen(turn)
        else:
            self._prompts_over(turn)

    def resume(self, turn: Turn) -> None:
        turn.data["digits"] = ""
        if turn.lead:
            turn.speak(())
        elif "play" not in turn.waiting:
            self._prompts_over(turn)

    def no_match(self, turn: Turn) -> None:
        turn.keys = ""
        turn.cancel_timer("inter_digit")
        turn.raise_event("no_match")

    def _prompts_over(self, turn: Turn) -> None:
        self._typed_ahead(turn)
        if turn.pending is not None or "play" in turn.waiting or "timer.inter_digit" in turn.waiting:
            return
        self._listen(turn)
        if "timer.first_input" not in turn.waiting and not turn.data.get("speaking"):
            turn.start_timer("first_input", self.rules.first_input_s)

    def _typed_ahead(self, turn: Turn) -> None:
        while turn.keys and turn.pending is None:
            digit, turn.keys = turn.keys[0], turn.keys[1:]
            self._press(turn, digit)

    def _listen(self, turn: Turn) -> None:
        if "listen" in turn.waiting or turn.speech_off or turn.data.get("deaf") or not self.rules.speech:
            return
        if turn.language not in turn.call.speech:
            return
        phrases = self.phrases(turn)
        if phrases is not None:
            turn.data.pop("speaking", None)
            turn.listen(phrases, self.rules.end_silence_s, self.rules.longest_s)

    # Inputs

    def digit(self, turn: Turn, digit: str) -> None:
        if "play" in turn.waiting and not self.rules.interrupt:
            turn.keys = (turn.keys + digit)[:MAX_KEYS_AHEAD]
            return
        turn.keys += digit
        self._typed_ahead(turn)

    def _press(self, turn: Turn, digit: str) -> None:
        turn.hush()
        if turn.waiting:
            turn.close("listen")
            turn.data.pop("speaking", None)
            turn.cancel_timer("speech")
            turn.cancel_timer("first_input")
        self.key(turn, digit)

    def wait_for_keys(self, turn: Turn, after_s: float) -> None:
        turn.start_timer("inter_digit", after_s)

    def prompt_ended(self, turn: Turn, *, failed: bool) -> None:
        if failed:
            turn.raise_event("error.prompt")
            if turn.pending is not None or "play" in turn.waiting:
                return
        if not turn.play_next():
            self._prompts_over(turn)

    def timer(self, turn: Turn, name: str) -> None:
        if name == "first_input":
            turn.close("listen")
            turn.raise_event("no_input")
        elif name == "inter_digit":
            self.keys_over(turn)
        elif name == "speech":
            turn.close("listen")
            turn.data.pop("speaking", None)
            self.no_match(turn)
        elif name == "whole":
            turn.raise_event("timeout")

    def speech_started(self, turn: Turn, event: SpeechStarted) -> None:
        turn.data["speaking"] = True
        turn.cancel_timer("first_input")
        turn.start_timer("speech", self.rules.longest_s + SPEECH_GUARD_S)
        if self.rules.interrupt:
            turn.hush()

    def speech_partial(self, turn: Turn, event: SpeechPartial) -> None:
        command = self.commands.urgent(normalise(event.text))
        if command is not None:
            turn.command(command, "speech")

    def speech_heard(self, turn: Turn, event: SpeechHeard) -> None:
        turn.data.pop("speaking", None)
        turn.cancel_timer("speech")
        turn.cancel_timer("first_input")
        text = normalise(event.text)
        for said in (text, *(normalise(other.text) for other in event.alternatives)):
            command = self.commands.urgent(said)
            if command is not None:
                turn.command(command, "speech")
                return
        if self.rules.interrupt:
            turn.hush()
        if not text and not event.phrase:
            self.no_match(turn)
        else:
            self.heard(turn, event, text)

    def speech_failed(self, turn: Turn, event: SpeechFailed) -> None:
        turn.data.pop("speaking", None)
        turn.data["deaf"] = True
        turn.cancel_timer("speech")
        if event.cause in ("unavailable", "language"):
            turn.speech_off = True
        turn.raise_event("error.asr")

    def sure(self, event: SpeechHeard) -> bool:
        """Whether the recogniser is believed. Asking back in the band between is a later node's work."""
        return event.confidence is None or event.confidence >= self.rules.accept
