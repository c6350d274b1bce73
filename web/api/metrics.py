"""`/metrics`: the hotline's figures for Prometheus, as text or OpenMetrics, as the asker prefers."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

MetricsSource = Callable[[str], tuple[bytes, str]]
"""The `Accept` header -> the figures, and their content type. No I/O, no waiting."""


class MetricsView:
    def __init__(self, source: MetricsSource) -> None:
        self._source = source

    async def handle(self, request: web.Request) -> web.Response:
        body, content_type = self._source(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type, "Cache-Control": "no-store"})
