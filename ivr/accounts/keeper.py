"""Keeps Asterisk in step with the accounts: at the start, after every gap, after every change from wherever it came."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from ivr.accounts.asterisk import Provisioner
from ivr.accounts.book import AccountBook
from ivr.accounts.service import Accounts
from ivr.ari.parse import AnyEvent, Gap
from ivr.errors import AccountError, AriError, StorageError, first_of
from storage.accounts import SipAccountRecord

log = logging.getLogger(__name__)

ASK_EVERY_S: Final = 1.0


class AccountKeeper:
    """`on_event` for every event of the application, `begin()` once Asterisk answers, `run()` as a task.

    after: done each time when Asterisk is in step (telephones are asked for anew); told whether it was started anew.
    """

    def __init__(
        self,
        accounts: Accounts,
        provisioner: Provisioner,
        book: AccountBook,
        after: Callable[[bool], Awaitable[None]],
        *,
        ask_every_s: float = ASK_EVERY_S,
    ) -> None:
        self._accounts = accounts
        self._provisioner = provisioner
        self._book = book
        self._after = after
        self._ask_every_s = ask_every_s
        self._due = asyncio.Event()
        self._restarted = False
        self._serial = -1
        """Of the change that Asterisk was last brought in step with."""

    def on_event(self, event: AnyEvent) -> None:
        if isinstance(event, Gap):
            self._restarted = self._restarted or event.restarted
            self._due.set()

    def changed(self) -> None:
        """Something was changed by this process: it need not be asked for."""
        self._due.set()

    async def begin(self) -> None:
        """The first time. What fails is told and tried again by `run`: callers are served meanwhile."""
        self._due.clear()
        await self._try()

    async def run(self) -> None:
        """Until cancelled."""
        away = False
        while True:
            try:
                async with asyncio.timeout(self._ask_every_s):
                    await self._due.wait()
            except TimeoutError:
                pass
            try:
                if not self._due.is_set() and await self._accounts.last_serial() == self._serial:
                    continue
                away = False
            except StorageError as error:
                if not away:
                    log.warning("not known whether accounts have changed: %s", error)
                away = True
                continue
            self._due.clear()
            await self._try()

    async def _try(self) -> None:
        try:
            serial = await self._accounts.last_serial()
            accounts = await self._accounts.all()
            self._book.take(accounts.values())
            await self._bring_in_step(accounts)
            self._serial = serial
            await self._after(self._restarted)
            self._restarted = False
        except* (AriError, StorageError) as errors:
            log.warning("accounts are not in step, again in %g s: %s", self._ask_every_s, first_of(errors))
            self._serial = -1

    async def _bring_in_step(self, accounts: Mapping[str, SipAccountRecord]) -> None:
        try:
            done = await self._provisioner.reconcile(accounts)
        except* AccountError as errors:
            # Trying again would mend nothing: a gap or a change is the next occasion.
            refused = first_of(errors)
            log.error("%s (%s)", refused, getattr(refused, "mend", ""))
        else:
            if done.make:
                log.info("accounts made in Asterisk: %s", ", ".join(one.username for one in done.make))
            if done.remove:
                log.info("accounts taken out of Asterisk: %s", ", ".join(done.remove))
            for username in done.taken:
                log.error("account %s cannot be made: Asterisk's own configuration has that name", username)
