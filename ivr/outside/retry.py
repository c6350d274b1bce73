"""Whether a request that failed is tried again, and when. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

FailureKind = Literal["connect", "timeout", "broken", "status", "final"]
"""connect: no connection. timeout. broken: the connection, or what came over it, ended early or made no sense. status:
one of RETRIED_STATUSES. final: trying again would change nothing."""

RETRIED_STATUSES: Final = frozenset({502, 503, 504})
REPEATABLE_METHODS: Final = frozenset({"GET", "PUT", "DELETE", "HEAD", "OPTIONS"})
"""Doing them twice does what doing them once does (RFC 9110, 9.2.2)."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Pauses grow from first_s, doubled each time, to longest_s; each is spread evenly over [pause / 2, pause]."""

    first_s: float = 0.2
    longest_s: float = 2.0


@dataclass(frozen=True, slots=True)
class FailedTry:
    """sent: the other side may have got it. after_s: its own wish (Retry-After), None = none."""

    kind: FailureKind
    sent: bool
    after_s: float | None = None


def pause_before_next(
    failed: FailedTry, *, tries: int, retries: int, repeatable: bool, left_s: float, spread: float,
    policy: RetryPolicy = RetryPolicy(),
) -> float | None:  # fmt: skip
    """Seconds to wait before the next try; None: give up.

    tries: made so far. repeatable: it may be carried out twice; else it is only tried again when nothing was sent.
    left_s: of the time for all tries; a pause that would use it up is none. spread: a random number in [0, 1).
    """
    if tries > retries or failed.kind == "final" or (failed.sent and not repeatable):
        return None
    pause = min(policy.longest_s, policy.first_s * 2.0 ** min(tries - 1, 32)) * (0.5 + spread / 2)
    pause = max(pause, failed.after_s or 0.0)
    return pause if pause < left_s else None


def time_for_try(left_s: float, *, tries: int, retries: int) -> float:
    """What one try may take of the time left: an equal share, so that a host that hangs leaves some to the next try."""
    return left_s / max(1, retries + 1 - tries)


def is_repeatable(method: str, headers: frozenset[str]) -> bool:
    """headers: names in lower case. An `Idempotency-Key` of the author's: the other side notices repetition."""
    return method in REPEATABLE_METHODS or "idempotency-key" in headers


def retry_after_s(text: str | None) -> float | None:
    """Of a Retry-After header; the form with a date is not used by services that mean seconds, and is ignored."""
    return float(text) if text is not None and text.strip().isdecimal() and len(text) < 8 else None
