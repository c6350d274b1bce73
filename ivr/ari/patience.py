"""Commands outlast an Asterisk that is slow, frozen, failing or away for a while: a `Transport` around another.

Every command has a time limit. While Asterisk gives no sign of life at all (`Heart`), the limit is put off: what a
frozen Asterisk has received it carries out once it goes on, so giving up would mean not knowing. What failed is sent
again as `again.py` allows, for `patience_s` in all, or since Asterisk went away. Then `AriUnavailable`, and whoever
asked decides.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ivr.ari.again import Trouble, again, look_for
from ivr.ari.guard import DialGuard
from ivr.ari.heart import Heart
from ivr.ari.limits import Limits
from ivr.ari.repository import Reply, Request, Transport
from ivr.ari.results import classify
from ivr.errors import AriUnavailable

log = logging.getLogger(__name__)


class Patient:
    """limit_s: for one try of one command. patience_s: for all tries together; 0: one try.

    forbidden: why a command may not be sent at all, "" = it may; asked before each try. retried: told of each try after
    the first.
    """

    def __init__(
        self,
        inner: Transport,
        heart: Heart,
        limit_s: float,
        patience_s: float,
        forbidden: Callable[[Request], str] = lambda request: "",
    ) -> None:
        self._inner = inner
        self._heart = heart
        self._limit_s = limit_s
        self._patience_s = patience_s
        self._forbidden = forbidden
        self._guard = DialGuard()
        self._limits = Limits(self._silent)
        self.open = 0
        """Commands that wait: for their answer, for a connection, or to be tried again."""
        self.retried = 0
        """Tries after the first, of all commands so far."""

    def hurry(self) -> None:
        """The end is near: from now on every command is tried once, and nothing is put off."""
        self._patience_s = 0.0

    async def exchange(self, request: Request) -> Reply:
        self.open += 1
        try:
            return await self._answered(request)
        finally:
            self.open -= 1

    async def _answered(self, request: Request) -> Reply:
        self._guard.check(request)
        time = asyncio.get_running_loop().time
        began = time()
        tries, failed_tries = 0, 0
        look = False
        while True:
            tries += 1
            self._check(request)
            trouble: Trouble
            reply: Reply | None = None
            try:
                if look and (found := await self._found(request, began, time)) is not None:
                    return found
                reply = await self._once(request, began, time)
            except AriUnavailable as unavailable:
                error = unavailable
                trouble = "unanswered" if unavailable.sent else "not_sent"
            else:
                failure = (
                    classify(request.operation, reply.status, reply.body) if reply.status >= 500 else None
                )
                if not isinstance(failure, AriUnavailable):
                    return reply
                error, trouble = failure, "failed"
            failed_tries += trouble != "not_sent"
            once_more = again(request, trouble, failed_tries)
            spent_s = max(time() - began, self._heart.away_s)
            left_s = self._patience_s - spent_s
            if once_more is None or left_s < once_more.after_s:
                if reply is not None:
                    return reply
                raise error
            if tries == 1:
                log.info("%s, again", error)
            self.retried += 1
            look = look or once_more.look
            await asyncio.sleep(once_more.after_s)

    def _check(self, request: Request) -> None:
        why = self._forbidden(request)
        if why:
            raise AriUnavailable(f"{request.operation.name}: {why}")

    async def _found(self, request: Request, began: float, time: Callable[[], float]) -> Reply | None:
        """What this request makes is there already: an earlier try was carried out."""
        asked = look_for(request)
        if asked is None:
            return None
        reply = await self._once(asked, began, time)
        return reply if 200 <= reply.status < 300 else None

    async def _once(self, request: Request, began: float, time: Callable[[], float]) -> Reply:
        """time: the loop's, by which it was `began`."""
        latest = began + max(self._limit_s, self._patience_s - self._heart.away_s)
        try:
            with self._limits.limited(time() + self._limit_s, latest):
                return await self._inner.exchange(request)
        except TimeoutError:
            waited_s = self._limit_s if not self._silent() else time() - began
            raise AriUnavailable(f"{request.operation.name}: no answer within {waited_s:g} s") from None

    def _silent(self) -> bool:
        return self._patience_s > 0 and self._heart.silent_for_s >= self._heart.silent_s
