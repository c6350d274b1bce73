from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest

from tests.web.fakes import Board
from web.api.metrics import MetricsSource
from web.app import Serving, build_app, serve
from web.settings import PageSettings


class Site:
    """A served application and a client for it."""

    def __init__(self, board: Board, serving: Serving, client: aiohttp.ClientSession) -> None:
        self.board = board
        self.serving = serving
        self.client = client


@asynccontextmanager
async def served(
    settings: PageSettings | None = None, board: Board | None = None, metrics: MetricsSource | None = None
) -> AsyncIterator[Site]:
    board = board or Board()
    app = build_app(board, settings=settings, metrics=metrics)
    async with serve(app, "127.0.0.1", 0) as serving, aiohttp.ClientSession(serving.url) as client:
        yield Site(board, serving, client)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with served() as site:
        yield site


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What was logged so far at INFO and above, with tracebacks."""
    caplog.set_level(logging.INFO)
    formatter = logging.Formatter("%(name)s %(message)s")
    return lambda: [formatter.format(record) for record in caplog.records if record.levelno >= logging.INFO]
