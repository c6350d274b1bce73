"""Whether an engine is worth asking: one that failed several times in a row is left alone for a while. Pure.

| state    | event  | condition             | becomes                                      |
|----------|--------|-----------------------|----------------------------------------------|
| trusted  | ask    |                       | trusted, asked                               |
| trusted  | failed | too many in a row     | resting                                      |
| resting  | ask    | the rest is not over  | resting, passed over                         |
| resting  | ask    | the rest is over      | resting anew, but asked: a try               |
| resting  | failed | began before the rest | resting                                      |
| resting  | failed | it was the try        | resting, for longer                          |
| any      | worked |                       | trusted                                      |

So a broken engine costs one caller its delay now and then, not every one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class TrustRules:
    """failures: in a row, before it rests. rest_s: the first rest; each further one is twice as long."""

    failures: int = 3
    rest_s: float = 20.0
    longest_rest_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Trust:
    """failures: in a row. until: when its rest is over, in seconds of the clock `now` is read from; None: trusted.

    rests: in a row, without a success between them. trying: one was let through after a rest and has not told yet.
    """

    failures: int = 0
    until: float | None = None
    rests: int = 0
    trying: bool = False

    def resting(self, now: float) -> bool:
        return self.until is not None and now < self.until


def ask(trust: Trust, now: float, rules: TrustRules) -> tuple[Trust, bool]:
    """May it be asked? Whoever gets True tells how it went, with `worked` or `failed`."""
    if trust.until is None:
        return trust, True
    if trust.resting(now):
        return trust, False
    # Until this try has told, others go on passing it over.
    return replace(trust, until=now + _rest_s(trust.rests - 1, rules), trying=True), True


def worked(trust: Trust) -> Trust:
    return trust if trust == Trust() else Trust()


def failed(trust: Trust, now: float, rules: TrustRules) -> Trust:
    failures = trust.failures + 1
    if failures < rules.failures or (trust.resting(now) and not trust.trying):
        # Callers who began before the rest fail one after the other: that is one fault, not many.
        return replace(trust, failures=failures)
    return Trust(failures, now + _rest_s(trust.rests, rules), trust.rests + 1)


def _rest_s(rests: int, rules: TrustRules) -> float:
    return min(rules.longest_rest_s, rules.rest_s * 2.0 ** min(rests, 16))
