"""What to do when the event websocket could not be opened or was lost: one pure decision, retry or fatal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ivr.errors import AriUnauthorised

Loss = Literal["refused", "closed", "silent", "unauthorised", "rejected"]
"""refused: no connection. closed: the socket ended. silent: no answer to our pings (a frozen Asterisk).
unauthorised: 401 or 403. rejected: another status on the handshake (Asterisk is still loading its modules)."""


@dataclass(frozen=True, slots=True)
class BackOff:
    """Delays grow from `first_s` by `factor` to `most_s`; each is spread evenly over [delay / 2, delay]."""

    first_s: float = 0.1
    factor: float = 2.0
    most_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Retry:
    after_s: float


@dataclass(frozen=True, slots=True)
class Fatal:
    error: AriUnauthorised


def next_attempt(
    loss: Loss, failures: int, spread: float, policy: BackOff, detail: str = ""
) -> Retry | Fatal:
    """failures: attempts that failed since the last connection (0: the connection has just been lost).

    spread: a random number in [0, 1), so that controllers do not all come back at once.
    """
    if loss == "unauthorised":
        return Fatal(
            AriUnauthorised(
                f"Asterisk refuses our ARI user: {detail}".rstrip(": "),
                mend="check user and password in ari.conf and in our settings",
            )
        )
    # The exponent is capped: a float overflows after a night of failures.
    delay = min(policy.most_s, policy.first_s * policy.factor ** min(failures, 32))
    return Retry(delay * (0.5 + spread / 2))
