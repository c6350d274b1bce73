"""Makes accounts in Asterisk and takes them away, over ARI: dynamic configuration, no file and no reload.

A registration outlives the account that it was made with, and ARI does not list registrations. Its dialplan functions
do, on a channel: so a channel that is never dialled is made for one question and ended.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from ivr.accounts.plan import Plan, is_ours, plan
from ivr.accounts.profile import (
    MARK,
    ConfigObject,
    Found,
    Profile,
    auth_told,
    changes,
    expected,
    fallback_variable,
)
from ivr.ari.generated.operations import Asterisk
from ivr.ari.interface import Ari
from ivr.ari.results import Gone
from ivr.errors import AccountError, AriRejected
from ivr.ids import child_id
from storage.accounts import SipAccountRecord

log = logging.getLogger(__name__)

CLASS: Final = "res_pjsip"
KINDS: Final = ("endpoint", "aor", "auth")
"""In the order in which they are removed: without an endpoint nothing that the others say counts."""
NOWHERE: Final = "Local/s@no-such-context"
LONGEST_LIST: Final = 3_500
"""Signs that a variable of the dialplan holds for certain."""
AT_ONCE: Final = 8


async def make(
    asterisk: Asterisk, account: SipAccountRecord, profile: Profile, found: Found | None = None
) -> None:
    """Make it, or bring it up to date. found: what there is of it.

    Raises AriError: part of it may be there; doing it again mends that.
    """
    for one in changes(account, profile, found):
        if one.removed_first:
            await asterisk.delete_object(config_class=CLASS, object_type=one.kind, id=one.id)
        await _put(asterisk, one)


async def tell_fallback(asterisk: Asterisk, owner: str, usernames: Iterable[str]) -> None:
    """Whom the dialplan rings while no controller answers."""
    told = ""
    for username in usernames:
        if len(told) + len(username) + 1 > LONGEST_LIST:
            log.warning("more telephones than the fallback can ring: it rings the first ones only")
            break
        told += f"&{username}" if told else username
    await asterisk.set_global_var(variable=fallback_variable(owner), value=told)


class Provisioner:
    """What an Asterisk has of our accounts, and how that is changed. All raise AriError when it does not answer.

    One change at a time: of two at one object Asterisk refuses one (500, `Allocation failed`).
    """

    def __init__(self, ari: Ari, profile: Profile) -> None:
        self._ari = ari
        self.profile = profile
        self._changing = asyncio.Lock()

    async def make(self, account: SipAccountRecord) -> None:
        """Make it, or bring it up to date. Raises AccountError when something else has its name."""
        async with self._changing:
            found = await self._look(account.username)
            if found is not None and not is_ours(found, self.profile):
                raise taken(account.username)
            await make(self._ari.asterisk, account, self.profile, found)

    async def remove(self, username: str) -> None:
        """Nobody can call or be called by this name any more. Talks that are going on are not cut."""
        async with self._changing:
            await self._remove(username)

    async def _remove(self, username: str) -> None:
        # While its registrations are looked for no new one may come: nobody can log in without the `auth`.
        await self._delete("auth", username)
        await self.release(username)
        for kind in KINDS:
            await self._delete(kind, username)

    async def release(self, username: str) -> int:
        """Its registrations are gone: whoever knows the secret of now may register anew. How many there were."""
        contacts = await self._contacts(username)
        for contact in contacts:
            await self._delete("contact", contact)
        return len(contacts)

    async def has_contact(self, username: str) -> bool:
        """Whether a telephone is registered there, reached or not."""
        return bool(await self._contacts(username))

    async def reconcile(self, accounts: Mapping[str, SipAccountRecord]) -> Plan:
        """Bring Asterisk in step: accounts are all there are, by name. Says what was done.

        One whose secret was changed while Asterisk was away from us loses its registrations too.
        """
        async with self._changing:
            return await self._reconcile(accounts)

    async def _reconcile(self, accounts: Mapping[str, SipAccountRecord]) -> Plan:
        found = await self.found()
        todo = plan(accounts, found, self.profile)
        for username in todo.remove:
            await self._remove(username)
        limit = asyncio.Semaphore(AT_ONCE)

        async def one(account: SipAccountRecord) -> None:
            async with limit:
                before = found.get(account.username)
                await make(self._ari.asterisk, account, self.profile, before)
                if before is not None and before.auth != expected(account, self.profile).auth:
                    await self.release(account.username)

        async with asyncio.TaskGroup() as group:
            for account in todo.make:
                group.create_task(one(account), name=f"account {account.username}")
        names = [name for name, account in accounts.items() if account.active and name not in todo.taken]
        await tell_fallback(self._ari.asterisk, self.profile.owner, names)
        return todo

    async def found(self) -> dict[str, Found]:
        """What there is, by name."""
        listed = await self._ari.endpoints.list_by_tech(tech="PJSIP")
        names = [] if isinstance(listed, Gone) else [endpoint.resource for endpoint in listed.value]
        limit = asyncio.Semaphore(AT_ONCE)
        found: dict[str, Found] = {}

        async def look(name: str) -> None:
            async with limit:
                there = await self._look(name)
            if there is not None:
                found[name] = there

        async with asyncio.TaskGroup() as group:
            for name in names:
                group.create_task(look(name), name=f"look at {name}")
        return found

    async def _look(self, username: str) -> Found | None:
        endpoint = await self._get("endpoint", username)
        if endpoint is None:
            return None
        there = Found(dict(endpoint).get(MARK, ""))
        if not is_ours(there, self.profile):
            return there
        return replace(there, auth=auth_told(await self._get("auth", username) or ()))

    async def _get(self, kind: str, id: str) -> list[tuple[str, str]] | None:
        """Its fields; None: there is none."""
        result = await self._ari.asterisk.get_object(config_class=CLASS, object_type=kind, id=id)
        return None if isinstance(result, Gone) else [(one.attribute, one.value) for one in result.value]

    async def _contacts(self, username: str) -> Sequence[str]:
        if await self._get("aor", username) is None:
            return ()
        channel = child_id("c-accounts", "look")
        channels = self._ari.channels
        with self._ari.bus.mailbox(channel) as mailbox:
            # Watched, so that nobody takes it for a caller.
            mailbox.watch(channel)
            made = await channels.create(channel_id=channel, endpoint=NOWHERE, app=self._ari.app)
            try:
                if isinstance(made, Gone):
                    return ()
                variable = f"PJSIP_AOR({username},contact)"
                told = await channels.get_channel_var(channel_id=channel, variable=variable)
            finally:
                await channels.hangup(channel_id=channel)
        return () if isinstance(told, Gone) else [one for one in told.value.value.split(",") if one]

    async def _delete(self, kind: str, id: str) -> None:
        """What is not there need not be deleted."""
        await self._ari.asterisk.delete_object(config_class=CLASS, object_type=kind, id=id)


async def _put(asterisk: Asterisk, one: ConfigObject) -> None:
    fields = [{"attribute": name, "value": value} for name, value in one.fields]
    try:
        result = await asterisk.update_object(
            config_class=CLASS, object_type=one.kind, id=one.id, fields=fields
        )
    except AriRejected as error:
        raise _not_taken(one) from error
    if isinstance(result, Gone):
        raise _not_taken(one)


def _not_taken(one: ConfigObject) -> AccountError:
    return AccountError(
        f"this Asterisk does not take the {one.kind} of {one.id} over ARI",
        mend="its sorcery.conf must say what asterisk-config/sorcery.conf.j2 says under [res_pjsip]",
    )


def taken(username: str) -> AccountError:
    return AccountError(
        f"{username} is the name of an endpoint in this Asterisk's own configuration",
        mend="choose another name (`--username`), or take that endpoint out of pjsip.conf",
    )
