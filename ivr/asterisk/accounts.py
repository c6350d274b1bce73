"""Accounts for an Asterisk that runs without a controller: those that it was rendered for, made over ARI."""

from __future__ import annotations

import datetime as dt

import aiohttp

from ivr.accounts.asterisk import make, tell_fallback
from ivr.accounts.secrets import digests
from ivr.accounts.service import REALM
from ivr.ari.client import AriSettings, HttpRest
from ivr.ari.generated.operations import Asterisk
from ivr.asterisk.render import RenderedAsterisk
from storage.accounts import SipAccountRecord


async def make_accounts(rendered: RenderedAsterisk) -> None:
    """Raises AriError when Asterisk does not answer."""
    settings = AriSettings(rendered.ari_url, rendered.ari_user, rendered.ari_password)
    login = aiohttp.encode_basic_auth(settings.username, settings.password)
    now = dt.datetime.now(dt.UTC)
    async with aiohttp.ClientSession() as session:
        asterisk = Asterisk(HttpRest(session, settings, {"Authorization": login}))
        for account in rendered.accounts:
            md5, sha256 = digests(account.name, REALM, account.password)
            record = SipAccountRecord(account.name, account.name, "phone", REALM, md5, sha256, now, now)
            await make(asterisk, record, rendered.profile)
        await tell_fallback(asterisk, rendered.profile.owner, [account.name for account in rendered.accounts])
