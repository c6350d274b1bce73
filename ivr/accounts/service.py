"""Accounts made, changed and revoked: in the database first, then in Asterisk at once.

When Asterisk does not answer, the database is right and the running server brings Asterisk in step when it is back;
each result says which of the two it was (`in_effect`).
"""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from ivr.accounts.asterisk import Provisioner
from ivr.accounts.secrets import digests, fits, new_secret
from ivr.errors import AccountError, AriError
from storage.accounts import AccountKind, Answering, SipAccountRecord
from storage.store import Store

log = logging.getLogger(__name__)

REALM: Final = "hotline"
NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
RESERVED: Final = frozenset({"trunk", "anonymous", "global", "system", "common", "h", "s", "i", "t"})
BROWSER_SUFFIX: Final = "-web"


@dataclass(frozen=True, slots=True)
class Changed:
    """secret: shown this once, "" where there is no new one. in_effect: Asterisk has it already."""

    account: SipAccountRecord
    in_effect: bool
    secret: str = field(default="", repr=False)


class Accounts:
    """provisioner: None where no Asterisk can be reached; changes then wait in the database."""

    def __init__(
        self,
        store: Store,
        now: Callable[[], dt.datetime],
        provisioner: Provisioner | None = None,
        realm: str = REALM,
    ) -> None:
        self._store = store
        self._now = now
        self._provisioner = provisioner
        self._realm = realm
        self.changed: Callable[[], None] = lambda: None
        """Told after every change that was made here."""

    async def all(self) -> dict[str, SipAccountRecord]:
        """By username, revoked ones too."""
        async with self._store.reading(last_known=True) as uow:
            return {account.username: account for account in await uow.sip_accounts.all()}

    async def last_serial(self) -> int:
        async with self._store.reading(last_known=True) as uow:
            return await uow.sip_accounts.last_serial()

    async def get(self, username: str) -> SipAccountRecord:
        """Raises AccountError: there is none of that name."""
        async with self._store.reading() as uow:
            account = await uow.sip_accounts.get(username)
        if account is None:
            raise AccountError(f"there is no account {username}", mend="`ivr accounts list` shows all")
        return account

    async def create(
        self,
        agent: str,
        *,
        kind: AccountKind = "phone",
        username: str = "",
        answering: Answering = "by_hand",
        secret: str = "",
        by: str = "",
    ) -> Changed:
        """username: "" = the agent's id, for a browser with `-web` after it. secret: "" = a new one.

        A revoked account may be made anew. Raises AccountError: the name cannot be, or is another's.
        """
        username = username or (f"{agent}{BROWSER_SUFFIX}" if kind == "browser" else agent)
        check_name(username)
        secret = secret or new_secret()
        md5, sha256 = digests(username, self._realm, secret)
        now = self._now()
        async with self._store.unit_of_work() as uow:
            before = await uow.sip_accounts.get(username)
            if before is not None and before.active:
                raise AccountError(
                    f"there is an account {username} already, of agent {before.agent}",
                    mend="`ivr accounts rotate` gives it a new secret",
                )
            revision = 1 if before is None else before.revision + 1
            account = await uow.sip_accounts.put(
                SipAccountRecord(
                    username,
                    agent,
                    kind,
                    self._realm,
                    md5,
                    sha256,
                    now,
                    now,
                    by,
                    answering=answering,
                    revision=revision,
                )
            )
        return Changed(account, await self._carry_out(account), secret)

    async def rotate(self, username: str, *, by: str = "") -> Changed:
        """A new secret, which works at once; the old one does not, and who registered with it is not rung any more."""
        before = await self._active(username)
        secret = new_secret()
        md5, sha256 = digests(username, before.realm, secret)
        account = await self._put(replace(before, md5=md5, sha256=sha256, changed_by=by))
        return Changed(account, await self._carry_out(account, release=True), secret)

    async def answer(self, username: str, answering: Answering, *, by: str = "") -> Changed:
        """Whether its telephone is asked to take calls by itself, from the next call on."""
        before = await self._active(username)
        account = await self._put(replace(before, answering=answering, changed_by=by))
        return Changed(account, await self._carry_out(account))

    async def revoke(self, username: str, *, by: str = "") -> Changed:
        """Nobody can register or call with it from now on. A talk that is going on is not cut: a citizen is in it."""
        before = await self._active(username)
        account = await self._put(replace(before, revoked_at=self._now(), changed_by=by))
        return Changed(account, await self._carry_out(account))

    async def seed(self, agents: Iterable[str], known: Mapping[str, str]) -> list[SipAccountRecord]:
        """An account for each of these agents who never had one. known: secrets that are to be theirs, by name.

        An account that no person has changed since takes its known secret again: the file that holds it was renewed.
        """
        before = await self.all()
        have = {account.agent for account in before.values()} | before.keys()
        made = []
        for agent in agents:
            if agent not in have and NAME.fullmatch(agent):
                made.append(await self._seeded(agent, known.get(agent) or new_secret(), None))
        for account in before.values():
            secret = known.get(account.username)
            untouched = account.active and not account.changed_by and account.agent == account.username
            if secret and untouched and not fits(account.sha256, account.username, account.realm, secret):
                made.append(await self._seeded(account.username, secret, account))
        return made

    async def welcome(self, agent: str) -> None:
        """Somebody who is new while the server runs: an account, whose secret `rotate` gives."""
        if await self.seed([agent], {}):
            self.changed()

    async def _seeded(self, agent: str, secret: str, before: SipAccountRecord | None) -> SipAccountRecord:
        md5, sha256 = digests(agent, self._realm, secret)
        now = self._now()
        account = (
            SipAccountRecord(agent, agent, "phone", self._realm, md5, sha256, now, now)
            if before is None
            else replace(before, md5=md5, sha256=sha256, changed_at=now, revision=before.revision + 1)
        )
        async with self._store.unit_of_work() as uow:
            return await uow.sip_accounts.put(account)

    async def _active(self, username: str) -> SipAccountRecord:
        account = await self.get(username)
        if not account.active:
            raise AccountError(
                f"account {username} was revoked at {account.revoked_at:%Y-%m-%d %H:%M}",
                mend="`ivr accounts create` makes it anew",
            )
        return account

    async def _put(self, account: SipAccountRecord) -> SipAccountRecord:
        async with self._store.unit_of_work() as uow:
            return await uow.sip_accounts.put(
                replace(account, revision=account.revision + 1, changed_at=self._now())
            )

    async def _carry_out(self, account: SipAccountRecord, *, release: bool = False) -> bool:
        if self._provisioner is None:
            return False
        try:
            await self._told(self._provisioner, account, release)
        except AriError as error:
            log.warning("account %s is changed, Asterisk is not yet told: %s", account.username, error)
            return False
        finally:
            self.changed()
        return True

    @staticmethod
    async def _told(provisioner: Provisioner, account: SipAccountRecord, release: bool) -> None:
        if not account.active:
            await provisioner.remove(account.username)
            return
        await provisioner.make(account)
        if release:
            await provisioner.release(account.username)


def check_name(username: str) -> None:
    """Names go into addresses and dialplans as they are. Raises AccountError."""
    if not NAME.fullmatch(username) or username.lower() in RESERVED or username.startswith("transport-"):
        raise AccountError(
            f"{username!r} cannot be an account's name",
            mend="a letter, then up to 31 letters, digits, - or _; not a name of the configuration's own",
        )
