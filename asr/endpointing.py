"""When speech begins and when it is over: pure, fed with speech probabilities and the time they stand for.

    state      event                                              next       said
    ---------  -------------------------------------------------  ---------  ------------------------
    SILENCE    probability >= begin                               MAYBE
    SILENCE    no_speech_s since the stream began or the last end OVER       Nobody
    MAYBE      speech summed up to min_speech_s                   SPEECH     Began
    MAYBE      silence of forget_s before that (a cough, a knock) SILENCE
    SPEECH     silence of settle_s                                SPEECH     Settled (once a pause)
    SPEECH     speech again after Settled                         SPEECH     Resumed
    SPEECH     silence of end_silence_s x patience                OVER       Ended("silence")
    SPEECH     the same, with a patience below 1                  OVER       Ended("complete")
    SPEECH     longest_s since it began                           OVER       Ended("longest")

Patience comes from what was heard so far (`completeness.py`): `understood(patience)`, at any time. Speech that goes on
makes it what it was at the beginning. While the text of a pause is on its way (`asked()`), the end waits for it:
without that text there would be no answer anyway.
With `continuous` an end leads to SILENCE instead of OVER: the next utterance is waited for, on the same clock.
`Settled` lets a slow engine start on what is there: mostly nothing follows, and the text is ready when `Ended` comes.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Literal, assert_never


@dataclass(frozen=True, slots=True)
class Rules:
    """Times in seconds, probabilities 0..1. release < begin: speech that fades is still speech.

    patience: while nothing is known of what was said.
    hurry_share: in a continuous stream, after this share of longest_s a pause of settle_s ends the utterance: it
    would be cut soon, better between two words than within one.
    """

    begin: float = 0.5
    release: float = 0.35
    min_speech_s: float = 0.16
    forget_s: float = 0.3
    settle_s: float = 0.25
    end_silence_s: float = 0.8
    patience: float = 1.0
    longest_s: float = 15.0
    no_speech_s: float | None = None
    continuous: bool = False
    hurry_share: float = 0.8


@dataclass(frozen=True, slots=True)
class Began:
    """Speech for certain. at_s: where it began, before it was certain."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Settled:
    """A pause, perhaps the end. at_s: where the silence began."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Resumed:
    """It was not the end."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Ended:
    """The utterance is over. at_s: where its last speech ended (`longest`: where it was cut). complete: the silence
    was shorter than usual, as what was said is all that was asked for."""

    at_s: float
    cause: Literal["silence", "longest", "complete"]


@dataclass(frozen=True, slots=True)
class Nobody:
    """Nobody spoke in time. waited_s: for so long."""

    at_s: float
    waited_s: float


Turn = Began | Settled | Resumed | Ended | Nobody


LEAST_PATIENCE = 0.4
MOST_PATIENCE = 2.0


class State(enum.Enum):
    SILENCE = enum.auto()
    MAYBE = enum.auto()
    SPEECH = enum.auto()
    OVER = enum.auto()


class Endpointer:
    """One stream. Feed in order; once OVER it is deaf."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.state = State.SILENCE
        self.now_s = 0.0
        self._quiet_since_s = 0.0
        self._began_s = 0.0
        self._speech_s = 0.0
        self._silence_s = 0.0
        self._settled = False
        self._patience = rules.patience
        self._awaiting = False

    def asked(self) -> None:
        """The text of this pause is on its way: `understood` will follow."""
        self._awaiting = self._settled

    def understood(self, patience: float | None) -> None:
        """What was heard so far asks for so many times the usual silence; None: it could not be found out."""
        self._awaiting = False
        wanted = self.rules.patience if patience is None else patience
        self._patience = min(MOST_PATIENCE, max(LEAST_PATIENCE, wanted))

    def feed(self, probability: float, lasting_s: float) -> Turn | None:
        """`lasting_s` seconds of audio were speech with this probability."""
        begin_s = self.now_s
        self.now_s += lasting_s
        match self.state:
            case State.SILENCE:
                nobody = self._nobody()
                if nobody is None and probability >= self.rules.begin:
                    self.state = State.MAYBE
                    self._began_s, self._speech_s, self._silence_s = begin_s, 0.0, 0.0
                    return self._maybe(probability, lasting_s)
                return nobody
            case State.MAYBE:
                return self._maybe(probability, lasting_s)
            case State.SPEECH:
                return self._speech(probability, lasting_s)
            case State.OVER:
                return None
            case _:
                assert_never(self.state)

    def _nobody(self) -> Turn | None:
        waited_s = self.now_s - self._quiet_since_s
        if self.rules.no_speech_s is None or waited_s < self.rules.no_speech_s:
            return None
        self.state = State.OVER
        return Nobody(self.now_s, waited_s)

    def _maybe(self, probability: float, lasting_s: float) -> Turn | None:
        if probability >= self.rules.release:
            self._silence_s = 0.0
            self._speech_s += lasting_s
        else:
            self._silence_s += lasting_s
        if self._speech_s >= self.rules.min_speech_s:
            self.state = State.SPEECH
            self._forget_text()
            return Began(self._began_s)
        if self._silence_s >= self.rules.forget_s:
            self.state = State.SILENCE
        return None

    def _speech(self, probability: float, lasting_s: float) -> Turn | None:
        if self.now_s - self._began_s >= self.rules.longest_s:
            return self._end(Ended(self.now_s, "longest"))
        if probability >= self.rules.release:
            # Within a pause only real speech ends it, else every breath would start the clock anew.
            if self._silence_s and probability < self.rules.begin:
                self._silence_s += lasting_s
            else:
                self._silence_s = 0.0
                if self._settled:
                    self._settled = False
                    self._forget_text()
                    return Resumed(self.now_s - lasting_s)
                return None
        else:
            self._silence_s += lasting_s
        if self._silence_s >= self._end_silence_s():
            early = self._patience < 1.0 and self._silence_s < self.rules.end_silence_s
            return self._end(Ended(self.now_s - self._silence_s, "complete" if early else "silence"))
        if self._silence_s >= self.rules.settle_s and not self._settled:
            self._settled = True
            return Settled(self.now_s - self._silence_s)
        return None

    def _end_silence_s(self) -> float:
        rules = self.rules
        if rules.continuous and self.now_s - self._began_s >= rules.hurry_share * rules.longest_s:
            return min(rules.settle_s, rules.end_silence_s)
        return rules.end_silence_s * (MOST_PATIENCE if self._awaiting else self._patience)

    def _forget_text(self) -> None:
        self._patience = self.rules.patience
        self._awaiting = False

    def _end(self, ended: Ended) -> Ended:
        self.state = State.SILENCE if self.rules.continuous else State.OVER
        self._quiet_since_s = ended.at_s
        self._silence_s, self._settled = 0.0, False
        return ended
