"""Voices to the speech workers by websocket: Asterisk's chan_websocket opens a connection to the worker.

Asterisk knows such a connection by a name, under which its configuration has the address. The names are told over ARI
when a worker is first used, so that workers can come and go (`asterisk-config/sorcery.conf.j2` makes room for them).
Which hearing it is goes along as a parameter of the address.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Final
from urllib.parse import urlsplit

from asr.protocol import Hearing
from ivr.ari.interface import Ari
from ivr.ari.results import Gone
from ivr.call.media_path import ExternalMedia, MediaPathFailed

log = logging.getLogger(__name__)

CONNECT_MS: Final = 500
SCHEMES: Final = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}


class WebsocketMedia:
    """Implements `MediaSource`."""

    def __init__(self, ari: Ari) -> None:
        self._ari = ari
        self._told: set[str] = set()

    def forget(self) -> None:
        """Asterisk may have been started anew: it is told again what is needed."""
        self._told.clear()

    async def towards(self, hearing: Hearing) -> ExternalMedia:
        """Raises AriError, MediaPathFailed."""
        if not hearing.media_url:
            raise MediaPathFailed("this worker takes no audio by websocket")
        parts = urlsplit(hearing.media_url)
        address = f"{SCHEMES[parts.scheme]}://{parts.netloc}{parts.path}"
        name = "speech-" + hashlib.sha256(address.encode()).hexdigest()[:12]
        if name not in self._told:
            await self._tell(name, address)
            self._told.add(name)
        return ExternalMedia(name, "none", "websocket", f"v({parts.query})")

    async def _tell(self, name: str, address: str) -> None:
        fields = {
            "uri": address,
            "protocols": "media",
            "connection_type": "per_call_config",
            "connection_timeout": str(CONNECT_MS),
            "reconnect_interval": str(CONNECT_MS),
            "reconnect_attempts": "1",
            "tls_enabled": "yes" if address.startswith("wss:") else "no",
        }
        answer = await self._ari.asterisk.update_object(
            config_class="res_websocket_client",
            object_type="websocket_client",
            id=name,
            fields=[{"attribute": attribute, "value": value} for attribute, value in fields.items()],
        )
        if isinstance(answer, Gone):
            raise MediaPathFailed(
                "Asterisk takes no addresses of speech workers: give it asterisk-config/sorcery.conf, or set "
                "asterisk.media to rtp"
            )
        log.info("audio goes to %s by websocket", address)
