"""Looks on a timer and after each gap of the events whether everything is so, and repairs what is not.

Theory of operation. Every `EVERY_S` (rarer where looking takes long: it may use `SHARE` of the time at most) the three
views are read and compared (`compare.py`). What was found and is still so after `GRACE_S` is repaired, one after the
other, logged with the reason, noted in the journal of the call that it concerns, and counted. So what goes wrong is
repaired within 5 s. Nothing is repaired while another controller has our application, nor before the calls of an
earlier one are adopted.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ivr.accounts.book import TECHNOLOGY, AccountBook
from ivr.ari.generated.models import Channel
from ivr.ari.interface import Ari
from ivr.ari.results import Gone
from ivr.clock import Clock
from ivr.errors import AriError
from ivr.ids import CallId
from ivr.reconcile.compare import GRACE_S, Finding, compare, overdue
from ivr.reconcile.mending import Mender
from ivr.reconcile.reading import Books, asterisk_of, telephones_of
from ivr.reconcile.repairs import Repairs
from ivr.reconcile.views import Asterisk, Telephones
from routing.invariants import faults, held

log = logging.getLogger(__name__)

EVERY_S: Final = 1.5
SHARE: Final = 0.02
"""Of the time may be spent on looking."""
LONGEST_S: Final = 5.0
"""Between two looks. A look that took long because Asterisk was slow or did not answer says nothing of its work, and
after that there is most to repair."""
AGAIN_S: Final = 1.0
"""Between the two looks of `check`."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen. channels: as Asterisk lists them."""

    findings: tuple[Finding, ...]
    channels: Mapping[str, Channel]
    asterisk: Asterisk
    telephones: Telephones


class Reconciler:
    """book: whose telephones are whose; None: telephones are not looked at. ours: False while another controller has
    the application, or calls of an earlier one are not adopted yet."""

    def __init__(
        self,
        ari: Ari,
        clock: Clock,
        books: Books,
        mender: Mender,
        repairs: Repairs,
        book: AccountBook | None = None,
        ours: Callable[[], bool] = lambda: True,
    ) -> None:
        self._ari = ari
        self._clock = clock
        self.books = books
        self._mender = mender
        self._book = book
        self._ours = ours
        self.repairs = repairs
        self.looks = 0
        self.look_s = 0.0
        """How long the last look took."""
        self._suspects: dict[tuple[str, str], float] = {}
        self._soon = asyncio.Event()

    def now(self) -> dt.datetime:
        return self._clock.now()

    def soon(self) -> None:
        """After a gap: look at once."""
        self._soon.set()

    async def run(self) -> None:
        """Until cancelled. Never fails."""
        wait_s = EVERY_S
        while True:
            try:
                async with asyncio.timeout(wait_s):
                    await self._soon.wait()
            except TimeoutError:
                pass
            self._soon.clear()
            wait_s = EVERY_S
            if not self._ours():
                continue
            began = self._clock.monotonic()
            try:
                await self.reconcile()
                self.look_s = self._clock.monotonic() - began
                wait_s = min(LONGEST_S, max(EVERY_S, self.look_s / SHARE))
            except AriError as error:
                log.warning("cannot reconcile now: %s", error)
            except Exception:
                # Nothing that is wrong with one look may end the looking.
                log.exception("the reconciler failed; it looks again")
            now_s = self._clock.monotonic()
            # What was due and could not be repaired is tried again at the next look, not ten times a second.
            due_in = [left for at in self._suspects.values() if (left := at + GRACE_S - now_s) > 0]
            wait_s = min(wait_s, max(0.1, min(due_in, default=wait_s)))

    async def reconcile(self) -> tuple[Finding, ...]:
        """One look; what was repaired. Raises AriError."""
        seen = await self.look()
        if seen is None or not self._ours():
            return ()
        due, self._suspects = overdue(seen.findings, self._suspects, self._clock.monotonic())
        for finding in due:
            await self._repair(finding, seen.channels)
        return due

    async def look(self, *, thorough: bool = False) -> Look | None:
        """None: Asterisk has no such lists. thorough: everything of the board, which takes long on a busy floor.

        Raises AriError.
        """
        channels, bridges, endpoints = await asyncio.gather(
            self._ari.channels.list(),
            self._ari.bridges.list(),
            self._ari.endpoints.list_by_tech(tech=TECHNOLOGY) if self._book is not None else _nothing(),
        )
        if isinstance(channels, Gone) or isinstance(bridges, Gone):
            return None
        self.looks += 1
        board = self.books.dispatcher.board
        now = self._clock.now()
        wrong = faults(board, now) if thorough else held(board, board.entries())
        asterisk = asterisk_of(channels.value, bridges.value, self._ari.app)
        self._ari.not_ended.intersection_update({*asterisk.channels, *asterisk.bridges})
        telephones: Telephones = ()
        if self._book is not None and endpoints is not None and not isinstance(endpoints, Gone):
            telephones = telephones_of(endpoints.value, self._book)
        findings = compare(self.books.records(wrong), asterisk, telephones)
        return Look(findings, {one.id: one for one in channels.value}, asterisk, telephones)

    async def check(self) -> Look | None:
        """What is not true now: seen in two looks, so that nothing is told that was only just changing."""
        first = await self.look(thorough=True)
        await asyncio.sleep(AGAIN_S)
        second = await self.look(thorough=True)
        if first is None or second is None:
            return None
        return replace(second, findings=_both(first.findings, second.findings))

    async def _repair(self, finding: Finding, channels: Mapping[str, Channel]) -> None:
        log.warning("repair: %s", finding)
        try:
            await self._mender.mend(finding, channels)
        except AriError as error:
            self.repairs.failed += 1
            log.warning("not repaired: %s", error)
            return
        except Exception:
            # Nor may one repair that fails for a fault of ours keep the next ones waiting for ever.
            self.repairs.failed += 1
            log.exception("not repaired: %s", finding)
            return
        self.repairs.done[finding.code] += 1
        # One look may find a thing twice: of a talk, and of the one that goes on with it.
        self._suspects.pop(finding.key, None)
        session = self.books.registry.get(CallId(finding.call))
        if session is not None:
            session.note("repair", {"what": finding.code, "of": finding.subject, "why": finding.why})


def _both(first: Iterable[Finding], second: Iterable[Finding]) -> tuple[Finding, ...]:
    before = {one.key for one in first}
    return tuple(one for one in second if one.key in before)


async def _nothing() -> None:
    return None
