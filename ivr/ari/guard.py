"""What must never be sent, because Asterisk does not survive it."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from ivr.ari.repository import Request
from ivr.errors import AriRejected

REMEMBERED: Final = 10_000
"""Channels; far more than live at once."""


class DialGuard:
    """A channel is dialled once.

    Two dials of one channel at the same time corrupt the memory of Asterisk 22.10.1, and all calls end with it (seen:
    within 40 tries). A retry after an answer that did not come would be such a second dial.
    """

    def __init__(self) -> None:
        self._dialled: OrderedDict[str, None] = OrderedDict()

    def check(self, request: Request) -> None:
        """Raises AriRejected for the second dial of a channel."""
        if request.operation.name != "channels.dial":
            return
        channel = request.target.partition("?")[0]
        if channel in self._dialled:
            raise AriRejected(
                f"{request.operation.name}: {channel} has been dialled already",
                status=409,
                mend="hang up and create a new channel: a second dial can crash Asterisk",
            )
        self._dialled[channel] = None
        if len(self._dialled) > REMEMBERED:
            self._dialled.popitem(last=False)
