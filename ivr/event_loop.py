"""The event loop that the product runs on; tests that do not run on virtual time run on the same."""

from __future__ import annotations

import asyncio

import uvloop


def new_event_loop() -> asyncio.AbstractEventLoop:
    """For `asyncio.Runner(loop_factory=...)`. How it differs from asyncio's: docs/developers/event-loop.md."""
    return uvloop.new_event_loop()
