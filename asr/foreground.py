"""Is it the caller who speaks, or somebody behind them: another voice in the room, a television, our own prompt as it
comes back through the telephone. Pure.

Voice detection tells speech from all that is none (coughs, knocks, music, tones, traffic: measured), but not whose it
is. What tells them apart on a telephone is how loud they are: the caller is nearest. Each piece of 32 ms comes with
its probability of speech and its level, and goes out with the probability that the caller speaks:

    the caller          a piece is taken for background, and its probability for 0, when its level is
    ------------------  ----------------------------------------------------------------------------------
    is silent           below FAINT_DBFS: nobody near a telephone is so quiet
                        less than `margin` above the background speech of the last seconds
                        more than CALLER_RANGE_DB below the loudest words of the caller on this line
    is silent, and a    also: below PROMPT_DBFS in the first LEARNING_S. Whatever is heard then is mostly the prompt's
    prompt plays        echo; after that it is known how loud the echo is. That knowledge passes with the prompt, as
                        background is forgotten after REMEMBERED_S
    speaks              more than WORD_RANGE_DB below the loud parts of this utterance
                        not louder than the background speech before it, and LEAST_RANGE_DB below the loud parts:
                        a television does not keep an answer from coming to its end
"""

from __future__ import annotations

from collections import deque
from typing import Final

SPEECH_LIKE: Final = 0.35
SURE: Final = 0.5
FAINT_DBFS: Final = -52.0
FAINTEST_DBFS: Final = -58.0
"""What is fainter tells nothing of a second voice either."""

MARGIN_DB: Final = 4.0
PROMPT_MARGIN_DB: Final = 6.0
CALLER_RANGE_DB: Final = 22.0
WORD_RANGE_DB: Final = 18.0
LEAST_RANGE_DB: Final = 9.0
PROMPT_DBFS: Final = -34.0
LEARNING_S: Final = 1.2
REMEMBERED_S: Final = 4.0
LOUD_SHARE: Final = 0.9
FEWEST: Final = 8
"""Pieces that tell how loud somebody is."""


class Foreground:
    """One stream, in order. prompt_plays: one plays as the stream begins. `ended` when an utterance is over."""

    def __init__(self, *, prompt_plays: bool = False) -> None:
        self._now_s = 0.0
        self._background: deque[tuple[float, float]] = deque()
        self._words: deque[float] = deque(maxlen=100)
        self._caller_dbfs: float | None = None
        self._prompt_plays = prompt_plays

    def feed(self, probability: float, dbfs: float, lasting_s: float, *, speaking: bool) -> float:
        """speaking: an utterance of the caller is going on."""
        # The clock of the background stands still while the caller speaks: it is not heard then.
        self._now_s += 0.0 if speaking else lasting_s
        if probability < SPEECH_LIKE:
            return probability
        if speaking:
            if probability >= SURE:
                self._words.append(dbfs)
            return 0.0 if dbfs < self._limit_within_dbfs() else probability
        if dbfs >= self._limit_dbfs():
            return probability
        if dbfs >= FAINTEST_DBFS:
            self._background.append((self._now_s, dbfs))
        return 0.0

    def ended(self) -> None:
        if len(self._words) >= FEWEST:
            loud = _loud(self._words)
            self._caller_dbfs = loud if self._caller_dbfs is None else max(loud, self._caller_dbfs)
        self._words.clear()

    def _limit_within_dbfs(self) -> float:
        if len(self._words) < FEWEST:
            return FAINT_DBFS
        words = _loud(self._words)
        behind = self._background_dbfs()
        return max(
            words - WORD_RANGE_DB, FAINT_DBFS if behind is None else min(behind, words - LEAST_RANGE_DB)
        )

    def _background_dbfs(self) -> float | None:
        levels = [dbfs for _, dbfs in self._background]
        return _loud(levels) if len(levels) >= FEWEST else None

    def _limit_dbfs(self) -> float:
        while self._background and self._background[0][0] < self._now_s - REMEMBERED_S:
            self._background.popleft()
        limit = FAINT_DBFS
        behind = self._background_dbfs()
        if behind is not None:
            limit = max(limit, behind + (PROMPT_MARGIN_DB if self._prompt_plays else MARGIN_DB))
        if self._caller_dbfs is not None:
            limit = max(limit, self._caller_dbfs - CALLER_RANGE_DB)
        if self._prompt_plays and self._now_s < LEARNING_S:
            limit = max(limit, PROMPT_DBFS)
        return limit


def _loud(levels: deque[float] | list[float]) -> float:
    ordered = sorted(levels)
    return ordered[int(LOUD_SHARE * (len(ordered) - 1))]
