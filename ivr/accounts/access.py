"""Reaches the Asterisk of these settings from another process than the hotline's: for the command line."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ivr.accounts.asterisk import Provisioner
from ivr.accounts.profile import Profile
from ivr.accounts.profiles import external_profile, private_profile
from ivr.ari.client import AriClient, AriSettings
from ivr.asterisk.locate import locate
from ivr.asterisk.render import kept_access
from ivr.config import Settings
from ivr.errors import AriError, AsteriskError

log = logging.getLogger(__name__)

PATIENCE_S = 3.0


@asynccontextmanager
async def provisioner_of(settings: Settings) -> AsyncIterator[Provisioner | None]:
    """None: it does not answer. The hotline's own connection is left alone: this one has an application of its own."""
    found = _access(settings)
    if found is None:
        yield None
        return
    access, profile = found
    async with AriClient(access) as ari:
        try:
            await ari.ready(PATIENCE_S)
        except AriError as error:
            log.info("Asterisk does not answer: %s", error)
            yield None
            return
        yield Provisioner(ari, profile)


def _access(settings: Settings) -> tuple[AriSettings, Profile] | None:
    wanted = settings.asterisk
    app = f"{wanted.app}-accounts-{os.getpid()}"
    if wanted.mode == "external":
        password = wanted.password.get_secret_value()
        return AriSettings(wanted.ari_url, wanted.username, password, app), external_profile(wanted)
    try:
        kept = kept_access(settings.state_dir / "asterisk")
        binary = locate()
    except AsteriskError as error:
        log.info("there is no private Asterisk here: %s", error)
        return None
    if kept is None:
        return None
    url, user, password = kept
    profile = private_profile(
        wanted.app,
        binary.modules,
        loopback=wanted.loopback,
        rtp_timeout_s=wanted.rtp_timeout_s,
        digests=wanted.sip_digests,
        transfers=wanted.telephone_transfers,
        encrypted=wanted.phones_encrypted,
    )
    return AriSettings(url, user, password, app), profile
