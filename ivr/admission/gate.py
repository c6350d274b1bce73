"""Remembers what admission is decided by: rates of callers and trunks, who is spared, the nuisance list, how late the
controller is."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from typing import Final, Generic, TypeVar

from ivr.admission.deciding import decide, while_late
from ivr.admission.overload import Load, OverloadRules, late_now, measured, share_now
from ivr.admission.rules import (
    AdmissionRules,
    Arrival,
    Bucket,
    Nuisance,
    NuisanceList,
    Reason,
    Recent,
    Refuse,
    plain_number,
)
from ivr.clock import Clock
from routing.board_events import AgentChanged, EntryChanged

log = logging.getLogger(__name__)

CALLERS_KEPT: Final = 20_000
"""Of those who called last; whoever is forgotten has the whole rate again."""
TRUNKS_KEPT: Final = 1_000
SPARED_KEPT: Final = 20_000

Value = TypeVar("Value")


class Lately(Generic[Value]):
    """A dictionary that forgets whoever was written the longest ago once there are more than `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[str, Value] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: str) -> Value | None:
        return self._values.get(key)

    def put(self, key: str, value: Value) -> None:
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._most:
            self._values.popitem(last=False)


class Gate:
    """`refusal(...)` for every call that comes; None lets it in.

    key: of a caller's number, as entries carry it (`CallerKeys`). spared_queues: their callers are spared for spared_s.
    overload: when too late; None: whatever is measured keeps nobody out.
    """

    def __init__(
        self,
        rules: AdmissionRules,
        clock: Clock,
        listed: Iterable[Nuisance] = (),
        *,
        key: Callable[[str], str] = str,
        spared_queues: Iterable[str] = (),
        spared_s: float = 86_400.0,
        overload: OverloadRules | None = None,
    ) -> None:
        self.rules = rules
        self._clock = clock
        self._from_settings = tuple(listed)
        self._key = key
        self._spared_queues = frozenset(spared_queues)
        self._spared_s = spared_s
        self._callers: Lately[Bucket] = Lately(CALLERS_KEPT)
        self._trunks: Lately[Bucket] = Lately(TRUNKS_KEPT)
        self._spared: Lately[float] = Lately(SPARED_KEPT)
        self._nuisances = NuisanceList(self._from_settings)
        self.overload = overload
        self._load = Load()
        self._refused_before = 0
        """For lateness, when it last began to be too great."""
        self.admitted = 0
        self.refused: Counter[Reason] = Counter()
        """Since the start."""

    @property
    def remembered(self) -> dict[str, int]:
        """How much is held in memory, by kind."""
        return {"callers": len(self._callers), "trunks": len(self._trunks), "spared": len(self._spared)}

    @property
    def nuisances(self) -> int:
        """Numbers and patterns that are not let in."""
        return len(self._nuisances)

    @property
    def late_s(self) -> float:
        """From a sign of Asterisk's to us, as measured last; 0.0 where that is long ago."""
        return late_now(self._load, self._clock.monotonic())

    @property
    def share(self) -> float:
        """Of new callers who are refused because the controller is late, 0..1."""
        return share_now(self._load, self._clock.monotonic())

    def measured(self, late_s: float) -> None:
        """About once a second: how long a sign of Asterisk's took to be dealt with."""
        before, rules = self._load, self.overload
        now = self._clock.monotonic()
        if rules is None:
            self._load = Load(late_s=late_s, at=now)
            return
        self._load = measured(before, late_s, rules, now)
        if self._load.share and not before.share:
            self._refused_before = self.refused["overload"]
            log.error(
                "more callers than this controller can serve: it is %.1f s late, and refuses new ones", late_s
            )
        elif before.share and not self._load.share:
            log.warning(
                "all callers are let in again: %d were refused meanwhile",
                self.refused["overload"] - self._refused_before,
            )

    def use(self, listed: Iterable[Nuisance]) -> None:
        """Those of the database, beside those of the settings."""
        self._nuisances = NuisanceList((*self._from_settings, *listed))

    def see(self, fact: EntryChanged | AgentChanged | object, at: dt.datetime) -> None:
        """A fact of routing: who is in a queue whose callers are spared is remembered."""
        if (
            isinstance(fact, EntryChanged)
            and fact.after.queue in self._spared_queues
            and fact.after.caller_key
        ):
            self._spared.put(fact.after.caller_key, self._clock.monotonic() + self._spared_s)

    def refusal(self, caller: str, called: str, trunk: str, live: int) -> Refuse | None:
        """live: calls that have a session now."""
        now = self._clock.monotonic()
        number = plain_number(caller)
        arrival = Arrival(number and caller, called, trunk, self._is_spared(caller, now))
        recent = Recent(self._callers.get(number) if number else None, self._trunks.get(trunk))
        verdict, after = decide(arrival, live, recent, self.rules, self._nuisances, now)
        verdict, self._load = while_late(verdict, arrival, self._load, self.rules, now)
        if isinstance(verdict, Refuse):
            self.refused[verdict.reason] += 1
            return verdict
        self.admitted += 1
        if after.caller is not None and number:
            self._callers.put(number, after.caller)
        if after.trunk is not None:
            self._trunks.put(trunk, after.trunk)
        return None

    def _is_spared(self, caller: str, now: float) -> bool:
        if not len(self._spared) or not caller:
            return False
        until = self._spared.get(self._key(caller))
        return until is not None and now < until
