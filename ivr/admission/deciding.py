"""Whether a call is let in. Pure: `(arrival, live, recent, rules, nuisances, now) -> (verdict, recent)`, and then
`(verdict, arrival, load, rules, now) -> (verdict, load)`.

In this order, the first that applies:

| what | refused | not refused |
|---|---|---|
| the caller is on the nuisance list | `nuisance` | who dialled a spared number |
| so many calls are live that only the reserved places are left | `full` | the spared, up to the last place |
| this caller called too often | `caller_rate` | the spared; a withheld number, which many share |
| this trunk brings too many | `trunk_rate` | the spared |
| it is one of those for whom the controller is too late (`overload.py`) | `overload` | the spared |

Spared is who dialled a spared number, or was lately in a queue whose callers are spared: somebody in a crisis who is
cut off calls again at once, and again. A call that is refused takes nothing from any rate; a spared one takes from its
trunk's, as far as there is something.
"""

from __future__ import annotations

from dataclasses import replace

from ivr.admission.overload import Load, next_caller
from ivr.admission.rules import (
    AdmissionRules,
    Admit,
    Arrival,
    Bucket,
    NuisanceList,
    Rate,
    Recent,
    Refuse,
    Verdict,
)


def decide(
    arrival: Arrival,
    live: int,
    recent: Recent,
    rules: AdmissionRules,
    nuisances: NuisanceList,
    now: float,
) -> tuple[Verdict, Recent]:
    """live: calls that have a session now. now: s, never less than in an earlier decision."""
    dialled_spared = arrival.called in rules.spared_numbers
    spared = is_spared(arrival, rules)
    listed = None if dialled_spared else nuisances.find(arrival.caller)
    if listed is not None:
        return Refuse("nuisance", listed.treatment), recent
    room = rules.most_calls if spared else rules.most_calls - rules.reserved
    if live >= room:
        return Refuse("full"), recent
    of_trunk = rules.of_trunk(arrival.trunk)
    caller_has, caller = (True, recent.caller)
    if rules.per_caller is not None and arrival.caller and not spared:
        caller_has, caller = _take(recent.caller, rules.per_caller, now)
        if not caller_has:
            return Refuse("caller_rate"), recent
    if of_trunk is not None:
        trunk_has, trunk = _take(recent.trunk, of_trunk, now)
        if not trunk_has and not spared:
            return Refuse("trunk_rate"), recent
        return Admit(), Recent(caller, trunk)
    return Admit(), replace(recent, caller=caller)


def is_spared(arrival: Arrival, rules: AdmissionRules) -> bool:
    return arrival.spared or arrival.called in rules.spared_numbers


def while_late(
    verdict: Verdict, arrival: Arrival, load: Load, rules: AdmissionRules, now: float
) -> tuple[Verdict, Load]:
    """verdict: what `decide` said."""
    if isinstance(verdict, Refuse) or is_spared(arrival, rules):
        return verdict, load
    refused, load = next_caller(load, now)
    return Refuse("overload") if refused else verdict, load


def _take(bucket: Bucket | None, rate: Rate, now: float) -> tuple[bool, Bucket]:
    """One call out of the bucket, if there is one in it."""
    tokens = rate.burst
    if bucket is not None:
        passed_s = max(0.0, now - bucket.at)
        tokens = min(rate.burst, bucket.tokens + passed_s * rate.per_minute / 60)
    if tokens < 1:
        return False, Bucket(tokens, now)
    return True, Bucket(tokens - 1, now)
