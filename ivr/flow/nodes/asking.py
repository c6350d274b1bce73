"""What menu, collect, ask and survey share: prompt, barge-in, timers, keys typed ahead, listening.

A visit: keys typed ahead are taken first and then no prompt is played; else the prompt plays, with the recogniser
open meanwhile where `listen` allows. After the prompt the first-input timer runs. A key stops the prompt
(`interrupt`), ends listening, and starts the inter-digit timer while more keys may come. Speech that starts stops the
prompt and the first-input timer; what it turns out to be arrives as one final result. What was heard too badly to be
taken and too well to be refused is asked back (asking_back.py) before the node gets it; what was said in another
language is tried in that one, or that language offered (other_language.py). Who struggles has more time (adapting.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ivr.flow import adapting, languages
from ivr.flow.actions import JsonValue
from ivr.flow.inputs import SpeechFailed, SpeechHeard, SpeechStarted
from ivr.flow.match import normalise
from ivr.flow.nodes import asking_urgent, other_language
from ivr.flow.nodes.asking_back import ASKED_BACK, yes_no_phrases
from ivr.flow.nodes.base import ACCEPT, CONFIRM, Node
from ivr.flow.nodes.other_language import OFFERED
from ivr.flow.schema import InputModel
from ivr.flow.state import Run
from ivr.flow.turn import MAX_KEYS_AHEAD, Turn
from ivr.flow.values.said import yes_no

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder

SPEECH_GUARD_S = 5.0
"""So long after the longest utterance a recogniser that says nothing more is given up."""


@dataclass(frozen=True, slots=True)
class InputRules:
    """The three flags, the timers (s) and the bands of one node, the hotline's own filled in."""

    interrupt_keys: bool = True
    interrupt_speech: bool = True
    listen_during_prompt: bool = True
    flush: bool = False
    first_input_s: float = 8.0
    inter_digit_s: float = 3.0
    terminator_s: float = 2.0
    end_silence_s: float = 0.8
    longest_s: float = 15.0
    whole_s: float | None = None
    speech: bool = True
    accept: float = ACCEPT
    confirm: float = CONFIRM
    identify: bool | None = None
    """None: as the kind of node has it."""


class AskingNode(Node):
    waits: ClassVar[bool] = True
    asks: ClassVar[bool] = True

    expects: ClassVar[str] = ""
    """What open speech is likely to be, for the recogniser (`actions.Listen`)."""
    identifies: ClassVar[bool] = False
    """Whether answers are long enough to tell in which language they are said."""
    takes_anything: ClassVar[bool] = False
    """Whether any words are an answer."""

    __slots__ = ("asking_back", "expecting", "prompts", "rules")

    def __init__(self, build: NodeBuilder, model: InputModel) -> None:
        super().__init__(build, model)
        self.prompts = build.tapered(model.prompt, ("prompt",))
        self.rules = build.rules(model)
        self.asking_back = build.asking_back()
        self.expecting = self.expects

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

    def heard(self, turn: Turn, event: SpeechHeard) -> None:
        """An utterance with words and without an urgent command."""
        raise NotImplementedError

    def hints(self, turn: Turn, event: SpeechHeard) -> bool:
        """Of a kind that takes anything: whether the words mean something to it in the language spoken, or command."""
        return True

    def before(self, turn: Turn) -> None:
        """What a kind does on entering, before keys typed ahead count."""

    def wording(self, turn: Turn, count: int) -> tuple[Run, ...]:
        """The question, asked for the `count`-th time in this visit."""
        return self.prompts.pick(count, slow=turn.slow).runs(turn)

    def label(self, turn: Turn, answer: str) -> tuple[Run, ...]:
        """How an answer is called when it is asked back; () = it cannot be."""
        return ()

    def take(self, turn: Turn, answer: str) -> None:
        """An answer that the caller confirmed."""

    # The visit

    def enter(self, turn: Turn) -> None:
        turn.remember(self.id)
        adapting.look(turn)
        if self.rules.flush:
            turn.keys = ""
        if self.rules.whole_s is not None:
            turn.start_timer("whole", self.rules.whole_s)
        turn.data["entering"] = True
        self.before(turn)
        self._typed_ahead(turn)
        turn.data.pop("entering", None)
        if turn.pending is None and "play" not in turn.waiting and "timer.inter_digit" not in turn.waiting:
            offered = other_language.offer_first(self, turn)
            if not (
                offered and (turn.pending is not None or OFFERED in turn.data or "prompted" in turn.data)
            ):
                self.reprompt(turn)

    def reprompt(self, turn: Turn) -> None:
        count = turn.data.get("prompted", 0)
        count = count + 1 if isinstance(count, int) else 1
        turn.data["prompted"] = count
        turn.data["digits"] = ""
        turn.data.pop(ASKED_BACK, None)
        turn.data.pop(OFFERED, None)
        turn.cancel_timer("first_input")
        turn.cancel_timer("inter_digit")
        runs = self.wording(turn, count)
        if turn.slow:
            runs = adapting.with_pauses(runs, turn.library.pace.pause_s)
        if turn.speak(runs):
            if self.rules.listen_during_prompt:
                self._listen(turn)
        else:
            self._prompts_over(turn)

    def resume(self, turn: Turn) -> None:
        if "entering" in turn.data:
            # The prompt is said next, and what the handler says before it.
            return
        turn.data["digits"] = ""
        turn.cancel_timer("inter_digit")
        if turn.lead and turn.speak(turn.unplayed):
            if self.rules.listen_during_prompt:
                self._listen(turn)
        elif "play" not in turn.waiting and not turn.play_next():
            self._prompts_over(turn)

    def language_changed(self, turn: Turn) -> None:
        """The question from its beginning, as if it had not been asked yet."""
        turn.go(turn.node)

    def no_match(self, turn: Turn, detail: JsonValue = None) -> None:
        if turn.trying:
            raise languages.NoSense
        if asking_urgent.answered(self, turn, None):
            return
        if other_language.instead_of_no_match(self, turn):
            return
        turn.keys = ""
        turn.cancel_timer("inter_digit")
        turn.raise_event("no_match", detail)

    def _prompts_over(self, turn: Turn) -> None:
        self._typed_ahead(turn)
        if turn.pending is not None or "play" in turn.waiting or "timer.inter_digit" in turn.waiting:
            return
        self._listen(turn)
        if "timer.first_input" not in turn.waiting and not turn.data.get("speaking"):
            turn.start_timer("first_input", self.patient(turn, self.rules.first_input_s))
            turn.data["asked_at"] = round(turn.now.timestamp(), 3)

    def patient(self, turn: Turn, seconds: float) -> float:
        """So long is waited for this caller."""
        return seconds * turn.library.pace.stretch if turn.slow else seconds

    def _is_late(self, turn: Turn) -> bool:
        """Whether an answer that begins now comes late."""
        asked = turn.data.get("asked_at")
        if "timer.first_input" not in turn.waiting or not isinstance(asked, int | float):
            return False
        allowed = turn.library.pace.slow_answer * self.patient(turn, self.rules.first_input_s)
        return turn.now.timestamp() - asked >= allowed

    def _typed_ahead(self, turn: Turn) -> None:
        while turn.keys and turn.pending is None:
            digit, turn.keys = turn.keys[0], turn.keys[1:]
            self._press(turn, digit)

    def _listen(self, turn: Turn) -> None:
        if "listen" in turn.waiting or turn.data.get("deaf") or not (self.rules.speech and turn.can_listen):
            return
        identify: tuple[str, ...] = ()
        heard_in = ""
        if OFFERED in turn.data:
            phrases, heard_in = other_language.phrases(self, turn)
            expects, identify = "yes_no", languages.to_identify(turn)
        elif ASKED_BACK in turn.data:
            phrases, expects = self.commands.phrases(turn.language) + yes_no_phrases(turn.language), "yes_no"
        else:
            own = self.phrases(turn)
            if own is None:
                return
            phrases, expects = own, self.expecting
            if self.identifies if self.rules.identify is None else self.rules.identify:
                identify = languages.to_identify(turn)
        turn.data.pop("speaking", None)
        end_silence_s = self.patient(turn, self.rules.end_silence_s)
        turn.listen(
            phrases,
            end_silence_s,
            self.rules.longest_s,
            expects,
            identify=identify,
            language=heard_in,
            beside=self.commands.phrases(heard_in or turn.language),
        )

    def offer_language(self, turn: Turn) -> None:
        if not other_language.offer(self, turn):
            self.no_match(turn)
        elif self.rules.listen_during_prompt:
            self._listen(turn)

    def listen_again(self, turn: Turn) -> None:
        """While a prompt that asks something back plays."""
        if self.rules.listen_during_prompt:
            self._listen(turn)

    # Asking back

    def unsure(self, turn: Turn, answers: Sequence[str]) -> None:
        """These may have been meant, the likeliest first: ask for the first that was not refused before."""
        if turn.trying:
            raise languages.NoSense
        if turn.answer is not None and turn.answer.other:
            # It sounds a little like one of them because another language was forced into this one.
            self.no_match(turn)
            return
        refused = turn.data.get("refused")
        known = refused if isinstance(refused, list) else []
        left: list[JsonValue] = [answer for answer in answers if answer not in known]
        label = self.label(turn, str(left[0])) if self.asking_back is not None and left else ()
        if self.asking_back is None or not label:
            self.no_match(turn)
            return
        turn.note("asked_back", {"node": self.id, "times": len(known) + 1})
        turn.data[ASKED_BACK] = left
        turn.data["refused"] = [*known, left[0]]
        turn.cancel_timer("first_input")
        turn.speak(self.asking_back.runs(turn, label))
        self.listen_again(turn)

    def _answered_back(self, turn: Turn, yes: bool | None) -> None:
        if asking_urgent.answered(self, turn, yes):
            return
        left = turn.data.pop(ASKED_BACK, None)
        answers = [str(answer) for answer in left] if isinstance(left, list) else []
        if yes and answers:
            self.take(turn, answers[0])
        elif yes is False and answers[1:]:
            self.unsure(turn, answers[1:])
        else:
            self.no_match(turn)

    # Inputs

    def digit(self, turn: Turn, digit: str) -> None:
        if "play" in turn.waiting and not self.rules.interrupt_keys:
            turn.keys = (turn.keys + digit)[:MAX_KEYS_AHEAD]
            return
        turn.keys += digit
        self._typed_ahead(turn)

    def _press(self, turn: Turn, digit: str) -> None:
        turn.hush()
        if turn.waiting:
            if self._is_late(turn):
                adapting.struggled(turn, "late")
            turn.close("listen")
            turn.data.pop("speaking", None)
            turn.cancel_timer("speech")
            turn.cancel_timer("first_input")
        if OFFERED in turn.data and other_language.pressed(turn, digit):
            return
        if ASKED_BACK in turn.data and self.asking_back is not None:
            yes = self.asking_back.by_key(digit)
            if yes is not None or not self.command_pressed(turn, digit):
                self._answered_back(turn, yes)
            return
        self.key(turn, digit)

    def wait_for_keys(self, turn: Turn, after_s: float) -> None:
        turn.start_timer("inter_digit", self.patient(turn, after_s))

    def prompt_ended(self, turn: Turn, *, failed: bool) -> None:
        if failed:
            turn.raise_event("error.prompt")
        elif not turn.play_next():
            self._prompts_over(turn)

    def timer(self, turn: Turn, name: str) -> None:
        if name == "first_input":
            turn.close("listen")
            if asking_urgent.unanswered(self, turn):
                return
            if OFFERED in turn.data:
                # No answer is an answer: on in the language spoken so far.
                self.reprompt(turn)
            else:
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
        if self._is_late(turn):
            turn.data["late"] = True
        turn.cancel_timer("first_input")
        turn.start_timer("speech", self.rules.longest_s + SPEECH_GUARD_S)
        if self.rules.interrupt_speech:
            turn.hush()

    def speech_heard(self, turn: Turn, event: SpeechHeard) -> None:
        turn.data.pop("speaking", None)
        turn.cancel_timer("speech")
        turn.cancel_timer("first_input")
        if asking_urgent.heard(self, turn, event):
            return
        if self.rules.interrupt_speech:
            turn.hush()
        late = turn.data.pop("late", None)
        if not any(map(normalise, event.best())):
            self.no_match(turn)
            return
        if late:
            adapting.struggled(turn, "late")
        if OFFERED in turn.data:
            other_language.replied(self, turn, event)
        elif ASKED_BACK in turn.data:
            self._heard_back(turn, event)
        else:
            other_language.answered(self, turn, event)

    def _heard_back(self, turn: Turn, event: SpeechHeard) -> None:
        spoken = (turn.language, *languages.others(turn, event))
        answers = [yes_no(text, language) for language in spoken for text in event.best()]
        yes = next((answer for answer in answers if answer is not None), None)
        if yes is not None and self.maybe(event.confidence):
            self._answered_back(turn, yes)
        elif not (self.sure(event.confidence) and self.command_said(turn, event)):
            # Neither yes nor no: likely the answer itself, said again and better.
            turn.data.pop(ASKED_BACK, None)
            other_language.answered(self, turn, event)

    def speech_failed(self, turn: Turn, event: SpeechFailed) -> None:
        spoke = turn.data.pop("speaking", None)
        turn.cancel_timer("speech")
        if event.cause == "lost" and not turn.data.get("lost"):
            # Another recogniser takes the place of one that died: who spoke is asked once more, who did not notices
            # nothing. A second time in one visit it is not by chance.
            turn.data["lost"] = True
            if spoke:
                self.no_match(turn)
            else:
                self._listen(turn)
            return
        turn.data["deaf"] = True
        if event.cause in ("unavailable", "language"):
            turn.speech_off = True
        turn.raise_event("error.asr")

    def sure(self, confidence: float | None) -> bool:
        """Whether the recogniser is believed."""
        return confidence is None or confidence >= self.rules.accept

    def maybe(self, confidence: float | None) -> bool:
        """Whether it may be asked back at least."""
        return confidence is None or confidence >= self.rules.confirm
