"""Joins the private Asterisk and its keeper into the running hotline."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from ivr.ari.client import AriClient
from ivr.asterisk.keeping import AsteriskKeeper
from ivr.asterisk.keeping import Kept as AsKept
from ivr.asterisk.outage import end_calls_of_lost
from ivr.asterisk.process import PrivateAsterisk
from ivr.asterisk.vitals import Ask, Sign, http_answers, sip_answers, until_frozen
from ivr.call.registry import CallRegistry
from ivr.config import AsteriskSettings
from web.api.status import AsteriskStatus, AsteriskTrouble

log = logging.getLogger(__name__)


class Kept:
    """keeper: None where Asterisk is somebody else's. Tasks live in the group until `close`."""

    def __init__(
        self,
        group: asyncio.TaskGroup,
        asterisk: PrivateAsterisk | None,
        ari: AriClient,
        registry: CallRegistry,
        settings: AsteriskSettings,
        changed: Callable[[], None],
    ) -> None:
        self._asterisk = asterisk
        self._ari = ari
        self._frozen_s = settings.frozen_s
        self.keeper: AsteriskKeeper | None = None
        watching = end_calls_of_lost(ari, registry, settings.away_s)
        self._tasks = [group.create_task(watching, name="calls of a lost asterisk")]
        ari.changed = changed
        if asterisk is not None:
            self.keeper = AsteriskKeeper(asterisk, self._started, changed)
            self._tasks += [
                group.create_task(self.keeper.run(), name="asterisk kept"),
                group.create_task(self.keeper.run_frozen(self._frozen), name="asterisk frozen"),
            ]

    def close(self) -> None:
        """Before the end: what ends from now on is our own doing. An Asterisk that another controller has goes on."""
        for task in self._tasks:
            task.cancel()
        self._ari.commands.hurry()
        if self._asterisk is not None and self._ari.replaced:
            log.warning("the private Asterisk is left to the controller that has the application now")
            self._asterisk.leave()

    def _started(self) -> None:
        self._ari.heart.heard("http")
        self._ari.hurry()

    async def _frozen(self) -> str:
        """Returns when Asterisk runs and a part of it has not answered for `frozen_s`."""
        assert self._asterisk is not None
        rendered = self._asterisk.rendered
        asks: dict[Sign, Ask] = {
            "http": partial(
                http_answers, rendered.ari_url, rendered.ari_user, rendered.ari_password, rendered.application
            ),
            "sip": partial(sip_answers, rendered.sip_host, rendered.ports.sip),
        }
        return await until_frozen(self._frozen_s, asks, runs=self._runs, events_come=self._events_come)

    def _runs(self) -> bool:
        """And is ours to end."""
        kept = self._asterisk is not None and self._asterisk.is_running
        return (
            kept and self.keeper is not None and self.keeper.kept.state == "runs" and not self._ari.replaced
        )

    def _events_come(self) -> bool:
        heart = self._ari.heart
        return heart.connected and heart.quiet_s["websocket"] <= 2 * heart.tick_s


def asterisk_status(ari: AriClient, asterisk: PrivateAsterisk | None, kept: Kept | None) -> AsteriskStatus:
    """For the status page and for who asks whether calls can be taken."""
    now = kept.keeper.kept if kept is not None and kept.keeper is not None else AsKept()
    trouble: AsteriskTrouble = ""
    if ari.replaced:
        trouble = "replaced"
    elif now.state != "runs":
        trouble = now.state
    elif ari.condition != "answers":
        trouble = ari.condition
    return AsteriskStatus(
        ari.connected, asterisk.binary.version_text if asterisk else "", trouble, now.restarts
    )
