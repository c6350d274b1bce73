"""The browser's part, read once at the start: a page must not depend on the disk while calls are live."""

from __future__ import annotations

import hashlib
from importlib import resources

from aiohttp import web

CONTENT_TYPES = {
    "index.html": "text/html",
    "login.html": "text/html",
    "status.css": "text/css",
    "status.js": "text/javascript",
    "dom.js": "text/javascript",
    "link.js": "text/javascript",
    "messages.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}


class ConsoleFile:
    """One file. Browsers ask again each time and are told "not modified" by its digest."""

    def __init__(self, content: bytes, content_type: str) -> None:
        self.content = content
        self.content_type = content_type
        self._etag = hashlib.sha256(content).hexdigest()[:32]

    async def handle(self, request: web.Request) -> web.Response:
        known = request.if_none_match or ()
        response = (
            web.Response(status=304) if any(tag.value == self._etag for tag in known) else self.response()
        )
        response.etag = self._etag
        return response

    def response(self, status: int = 200) -> web.Response:
        return web.Response(
            status=status,
            body=self.content,
            content_type=self.content_type,
            charset="utf-8",
            headers={"Cache-Control": "no-cache"},
        )


def read_console() -> dict[str, ConsoleFile]:
    """Every file of `web/console` that is served, by name."""
    folder = resources.files("web").joinpath("console")
    return {
        name: ConsoleFile(folder.joinpath(name).read_bytes(), content_type)
        for name, content_type in CONTENT_TYPES.items()
    }
