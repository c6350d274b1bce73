"""Ends what is no longer wanted in Asterisk, as far as that can be done now."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable

from ivr.errors import AriError

log = logging.getLogger(__name__)


async def end_all(*commands: Awaitable[object]) -> list[object]:
    """All at once. What Asterisk refuses or cannot answer now is logged, and left to the reconciler.

    What each one came to, in their order: its answer, or the AriError.
    """
    outcomes = await asyncio.gather(*commands, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, AriError):
            log.warning("left to the reconciler: %s", outcome)
        elif isinstance(outcome, BaseException):
            raise outcome
    return outcomes
