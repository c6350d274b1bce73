"""The two addresses of `health.py`, which whoever only judges does not load a server for."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from web.api.health import HealthPart, HealthSource

NO_STORE = {"Cache-Control": "no-store"}


class HealthViews:
    def __init__(self, source: HealthSource) -> None:
        self._source = source

    async def alive(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"}, headers=NO_STORE)

    async def ready(self, _request: web.Request) -> web.Response:
        report = self._source()
        parts = {part.name: _view(part) for part in report.parts}
        if report.ready:
            degraded = [part.name for part in report.unwell]
            body: dict[str, Any] = {"status": "ready", "degraded": degraded, "parts": parts}
            return web.Response(body=orjson.dumps(body), content_type="application/json", headers=NO_STORE)
        detail = "; ".join(part.en for part in report.parts if part.level == "down")
        body = {
            "type": "about:blank",
            "title": "Service Unavailable",
            "status": 503,
            "detail": detail,
            "parts": parts,
        }
        return web.Response(
            status=503,
            body=orjson.dumps(body),
            content_type="application/problem+json",
            headers=NO_STORE | {"Retry-After": "5"},
        )


def _view(part: HealthPart) -> dict[str, str]:
    return {"level": part.level} | ({"zh": part.zh, "en": part.en} if part.level != "ok" else {})
