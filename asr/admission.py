"""May one more caller be listened to? Decided by what listening has cost so far. Pure: `now` (s) is passed in.

What it costs is measured apart for each `Kind` of work, because they differ by a factor of twenty:
- an engine that streams: time on a thread per second of speech, with a grammar and without;
- an engine for whole utterances: time during which it is at work, per utterance, however many threads it uses inside
  and however many ask it at once; and how often a hearing asks it.
It is time on the clock, not on the processor: where others use the machine too, fewer callers fit.

A live hearing is admitted when, with it,
- `use` of the threads stays under `FULL`: every streaming hearing speaking at once, the others as often as they do;
- the last one waits no longer than `longest_wait_s` if all who are listened to finished their sentences at once.
After a refusal both bounds are lower by `EASE` until two hearings have ended, so that it does not change from one
caller to the next. The first hearing is always admitted. Background hearings may wait; they are refused only where
the work that waits would pile up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from asr.protocol import Priority

FULL = 0.9
"""Of the threads' time. The rest is for reception, and for what comes unevenly."""

EASE = 0.85
ROOM = 2
"""Hearings that end before the whole of it is given again."""

HALF_LIFE = {True: 60.0, False: 20.0}
"""streaming -> seconds of speech, or utterances, after which a measurement counts half: machines and callers change."""

LONGEST_BACKGROUND_S = 120.0
"""Work of the background that may wait."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What costs alike. engine: its name, or several joined by `+` where one steps in for another."""

    engine: str
    streaming: bool
    grammar: bool

    def __str__(self) -> str:
        return f"{self.engine} {'grammar' if self.grammar else 'open'}"


FIRST_GUESS = {(True, True): 0.1, (True, False): 0.6, (False, True): 0.5, (False, False): 0.6}
"""(streaming, grammar) -> cost until measured: s a second of speech, or s an utterance."""

FIRST_TURN_S = 4.0
"""Seconds of listening in which one utterance comes, until measured."""

SHORTEST_TURN_S = 1.5


@dataclass(slots=True)
class _Share:
    """What a unit took: a quotient of two sums in which the older counts less. half_life: in units."""

    spent: float
    units: float
    half_life: float
    unfinished: float = 0.0

    def spend(self, amount: float) -> None:
        self.unfinished += amount

    def finish(self, units: float) -> None:
        keep = 0.5 ** (units / self.half_life)
        self.spent = self.spent * keep + self.unfinished
        self.units = self.units * keep + units
        self.unfinished = 0.0

    @property
    def value(self) -> float:
        return (self.spent + self.unfinished) / self.units


@dataclass(slots=True)
class _Costs:
    """Of one kind. work: s a unit; a unit is a second of speech (streaming) or an utterance. turn: s a unit."""

    work: _Share
    turn: _Share
    open: int = 0
    running: int = 0
    counted_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """For status pages. use: share of the threads' time that the open live hearings may take, 0..1 and above.

    wait_s: what the last would wait if all ended their sentences at once. late_s: how long the oldest live piece of
    work waits now. costs: by kind, seconds a second of speech or an utterance. refused: since the start, for load.
    """

    live: int
    background: int
    use: float
    wait_s: float
    late_s: float
    refused: int
    costs: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


class Admission:
    """threads: of the worker. max_streams: live hearings at most, whatever they cost. longest_wait_s: see above."""

    def __init__(self, threads: int, max_streams: int, longest_wait_s: float) -> None:
        self._threads = threads
        self._max_streams = max_streams
        self._longest_wait_s = longest_wait_s
        self._kinds: dict[Kind, _Costs] = {}
        self._background = 0
        self._full_at: int | None = None
        self._refused = 0

    # What happened

    def opened(self, kind: Kind, priority: Priority) -> None:
        if priority == "live":
            self._costs(kind).open += 1
        else:
            self._background += 1

    def closed(self, kind: Kind, priority: Priority) -> None:
        if priority == "live":
            self._costs(kind).open -= 1
        else:
            self._background -= 1

    def began(self, kind: Kind, now: float) -> None:
        """A piece of work is on a thread."""
        costs = self._costs(kind)
        self._count(kind, costs, now)
        costs.running += 1

    def ended(self, kind: Kind, now: float) -> None:
        costs = self._costs(kind)
        self._count(kind, costs, now)
        costs.running -= 1

    def did(self, kind: Kind, units: float, listened_s: float) -> None:
        """So many units of work are finished (see `Lane.submit`), after so much listening by that hearing."""
        costs = self._costs(kind)
        costs.work.finish(units)
        costs.turn.spend(listened_s)
        costs.turn.finish(units)

    # What follows

    def refusal(self, kind: Kind, priority: Priority, late_s: float, background_waiting: int = 0) -> str:
        """Why this hearing cannot be served in real time; "" = it can. late_s: as in `Measured`.

        background_waiting: pieces of work.
        """
        if priority == "background":
            cost = self._costs(kind).work.value
            if background_waiting * cost > LONGEST_BACKGROUND_S or self._background >= self._max_streams:
                self._refused += 1
                return (
                    f"{self._background} recordings are listened to already, {background_waiting} pieces wait"
                )
            return ""
        if self.live == 0:
            return self._admit()
        if self.live >= self._max_streams:
            self._refused += 1
            return f"{self.live} callers are listened to already"
        ease = 1.0 if self._full_at is None or self.live <= self._full_at - ROOM else EASE
        if late_s > ease * self._longest_wait_s:
            return self._refuse(f"work waits for {late_s:.1f} s already")
        use, wait_s = self.use(kind), self.wait_s(kind)
        if use > ease * FULL:
            return self._refuse(f"{self.live} callers take {self.use():.0%} of the threads already")
        if wait_s > ease * self._longest_wait_s:
            return self._refuse(
                f"{self.live} callers may have to wait {self.wait_s():.1f} s for each other already"
            )
        return self._admit()

    @property
    def live(self) -> int:
        return sum(costs.open for costs in self._kinds.values())

    def use(self, one_more: Kind | None = None) -> float:
        """See `Measured.use`; with one more hearing of that kind."""
        return sum(
            (costs.open + (kind == one_more)) * self._use_of_one(kind, costs)
            for kind, costs in self._with(one_more).items()
        )

    def wait_s(self, one_more: Kind | None = None) -> float:
        return sum(
            (costs.open + (kind == one_more)) * costs.work.value
            for kind, costs in self._with(one_more).items()
            if not kind.streaming
        )

    def measured(self, late_s: float) -> Measured:
        return Measured(
            live=self.live,
            background=self._background,
            use=round(self.use(), 3),
            wait_s=round(self.wait_s(), 2),
            late_s=round(late_s, 3),
            refused=self._refused,
            costs={str(kind): round(costs.work.value, 4) for kind, costs in self._kinds.items()},
        )

    def _use_of_one(self, kind: Kind, costs: _Costs) -> float:
        if kind.streaming:
            return costs.work.value / self._threads
        return costs.work.value / max(SHORTEST_TURN_S, costs.turn.value)

    def _count(self, kind: Kind, costs: _Costs, now: float) -> None:
        """Up to now: each thread for engines that stream; for the others whether any was at work."""
        if costs.running:
            took = now - costs.counted_until
            costs.work.spend(took * costs.running if kind.streaming else took)
        costs.counted_until = now

    def _admit(self) -> str:
        self._full_at = None
        return ""

    def _refuse(self, why: str) -> str:
        self._full_at = max(self._full_at or 0, self.live)
        self._refused += 1
        return why

    def _with(self, kind: Kind | None) -> dict[Kind, _Costs]:
        if kind is not None:
            self._costs(kind)
        return self._kinds

    def _costs(self, kind: Kind) -> _Costs:
        if kind not in self._kinds:
            guess, half_life = FIRST_GUESS[kind.streaming, kind.grammar], HALF_LIFE[kind.streaming]
            # As if it had been measured for a little while: soon outweighed.
            units = half_life / 6
            self._kinds[kind] = _Costs(
                _Share(guess * units, units, half_life), _Share(FIRST_TURN_S * units, units, half_life)
            )
        return self._kinds[kind]
