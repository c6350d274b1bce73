"""Which agents' telephones are registered and which are in a call: asked for on every (re)connect, then kept by
Asterisk's events."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from ivr.accounts.book import TECHNOLOGY, AccountBook
from ivr.ari.generated.events import (
    ContactStatusChange,
    DeviceStateChanged,
    PeerStatusChange,
)
from ivr.ari.interface import Ari
from ivr.ari.parse import AnyEvent
from ivr.ari.results import Gone
from ivr.errors import AriRejected

log = logging.getLogger(__name__)

ONLINE: Final = "online"
IN_USE: Final = frozenset({"INUSE", "BUSY", "ONHOLD", "RINGINUSE"})
"""States of a device that is in a call: one that only rings may be rung by us."""
AWAY: Final = frozenset({"UNAVAILABLE", "INVALID"})
ASKED: Final = frozenset({"Reachable", "Unreachable", "Removed"})
"""States of a registration that Asterisk has asked the telephone for, or that is over."""
AT_ONCE: Final = 8


class Phones:
    """registered(agent, whether any telephone is) and in_use(username, whether) are told of every change, and of what
    `refresh` finds.

    Several kinds of event say that a telephone has come or gone, and which of them comes depends on how it went: by its
    own word, by a registration that ran out or was taken away, by a question that it did not answer.
    """

    def __init__(
        self,
        ari: Ari,
        book: AccountBook,
        registered: Callable[[str, bool], None],
        in_use: Callable[[str, bool], None],
        has_contact: Callable[[str], Awaitable[bool]] | None = None,
    ) -> None:
        self._ari = ari
        self._has_contact = has_contact
        self._book = book
        self._registered = registered
        self._in_use = in_use

    @property
    def online(self) -> frozenset[str]:
        """Agents with a registered telephone."""
        return self._book.online

    def on_event(self, event: AnyEvent) -> None:
        match event:
            case PeerStatusChange() | ContactStatusChange():
                if event.endpoint.technology == TECHNOLOGY:
                    username, online = event.endpoint.resource, event.endpoint.state == ONLINE
                    asked = isinstance(event, ContactStatusChange) and (
                        event.contact_info.contact_status in ASKED
                    )
                    if online or asked:
                        self._book.unasked.discard(username)
                    self._set(username, online or username in self._book.unasked)
            case DeviceStateChanged():
                technology, _, username = event.device_state.name.partition("/")
                if technology == TECHNOLOGY and username in self._book.agents:
                    self._in_use(username, event.device_state.state in IN_USE)
                    if event.device_state.state in AWAY and username not in self._book.unasked:
                        self._set(username, False)
            case _:
                pass

    async def refresh(self, *, restarted: bool = False) -> None:
        """After every gap and change: subscribe (the application may be a new one) and ask for the present state.

        restarted: Asterisk was started anew. It keeps registrations and rings their telephones, but calls them offline
        until it has asked them, up to half a minute later: those that were there before are there still.

        Raises AriError when Asterisk does not answer: ask again.
        """
        wanted = list(self._book.agents)
        limit = asyncio.Semaphore(AT_ONCE)

        async def subscribe(username: str) -> None:
            async with limit:
                await self._subscribe(username)

        async with asyncio.TaskGroup() as group:
            for username in wanted:
                group.create_task(subscribe(username), name=f"telephone {username}")
        endpoints = await self._ari.endpoints.list_by_tech(tech=TECHNOLOGY)
        if isinstance(endpoints, Gone):
            return
        states = {endpoint.resource: endpoint for endpoint in endpoints.value}
        for username in wanted:
            endpoint = states.get(username)
            online = endpoint is not None and endpoint.state == ONLINE
            if online or restarted:
                self._book.unasked.discard(username)
            if restarted and not online and self._has_contact is not None and self._book.is_online(username):
                online = await self._has_contact(username)
                if online:
                    self._book.unasked.add(username)
            self._set(username, online or username in self._book.unasked, anyway=True)
            if endpoint is not None and not endpoint.channel_ids:
                self._in_use(username, False)

    async def _subscribe(self, username: str) -> None:
        sources = [f"endpoint:{TECHNOLOGY}/{username}", f"deviceState:{TECHNOLOGY}/{username}"]
        try:
            result = await self._ari.applications.subscribe(
                application_name=self._ari.app, event_source=sources
            )
        except AriRejected as error:
            log.warning("account %s is not in this Asterisk: %s", username, error)
            return
        if isinstance(result, Gone):
            log.warning("account %s is not in this Asterisk", username)

    def _set(self, username: str, online: bool, *, anyway: bool = False) -> None:
        """anyway: told also of a telephone that is there as before, which its events say several times a call."""
        if username not in self._book.agents:
            return
        was_online = self._book.is_online(username)
        if online != was_online:
            log.info("telephone %s: %s", username, "registered" if online else "gone")
        any_online = self._book.set_online(username, online)
        if anyway or not (online and was_online):
            self._registered(self._book.agent_of(username), any_online)
