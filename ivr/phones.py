"""Which agents' telephones are registered: asked for on every (re)connect, then kept by Asterisk's events."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from ivr.ari.generated.events import EndpointStateChange
from ivr.ari.interface import Ari
from ivr.ari.parse import AnyEvent
from ivr.ari.results import Gone
from ivr.errors import AriRejected

log = logging.getLogger(__name__)

TECHNOLOGY = "PJSIP"


class Phones:
    """seen(agent, registered) is told of every change."""

    def __init__(
        self, ari: Ari, agents: Callable[[], Iterable[str]], seen: Callable[[str, bool], None]
    ) -> None:
        self._ari = ari
        self._agents = agents
        self._seen = seen
        self._online: set[str] = set()

    @property
    def online(self) -> frozenset[str]:
        return frozenset(self._online)

    def on_event(self, event: AnyEvent) -> None:
        if isinstance(event, EndpointStateChange) and event.endpoint.technology == TECHNOLOGY:
            self._set(event.endpoint.resource, event.endpoint.state == "online")

    async def refresh(self) -> None:
        """After every gap: subscribe (the application may be a new one) and ask for the present state.

        Raises AriError when Asterisk does not answer: ask again.
        """
        wanted = list(self._agents())
        for agent in wanted:
            try:
                result = await self._ari.applications.subscribe(
                    application_name=self._ari.app, event_source=[f"endpoint:{TECHNOLOGY}/{agent}"]
                )
            except AriRejected as error:
                log.warning("agent %s has no SIP account in this Asterisk: %s", agent, error)
                continue
            if isinstance(result, Gone):
                log.warning("agent %s has no SIP account in this Asterisk", agent)
        endpoints = await self._ari.endpoints.list_by_tech(tech=TECHNOLOGY)
        if isinstance(endpoints, Gone):
            return
        for endpoint in endpoints.value:
            if endpoint.resource in wanted:
                self._set(endpoint.resource, endpoint.state == "online")

    def _set(self, agent: str, online: bool) -> None:
        if online != (agent in self._online):
            log.info("telephone of agent %s: %s", agent, "registered" if online else "gone")
        if online:
            self._online.add(agent)
        else:
            self._online.discard(agent)
        self._seen(agent, online)
