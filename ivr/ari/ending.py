"""Ends what is no longer wanted in Asterisk, as far as that can be done now."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from ivr.ari.interface import Ari
from ivr.errors import AriError

log = logging.getLogger(__name__)

NORMAL_CLEARING = "16"
"""Q.850."""


async def end_all(ari: Ari, channels: Iterable[str] = (), bridges: Iterable[str] = ()) -> list[object]:
    """All at once. What Asterisk refuses or cannot answer now is logged, and left to the reconciler, which ends it also
    while its call goes on (`Ari.not_ended`).

    What each one came to, in their order, channels first: the answer, or the AriError.
    """
    named = [*channels], [*bridges]
    outcomes: list[object] = await asyncio.gather(
        *(ari.channels.hangup(channel_id=each, reason_code=NORMAL_CLEARING) for each in named[0]),
        *(ari.bridges.destroy(bridge_id=each) for each in named[1]),
        return_exceptions=True,
    )
    for each, outcome in zip((*named[0], *named[1]), outcomes, strict=True):
        if isinstance(outcome, AriError):
            log.warning("%s is left to the reconciler: %s", each, outcome)
            ari.not_ended.add(each)
        elif isinstance(outcome, BaseException):
            raise outcome
    return outcomes
