"""SQLite within the event loop, for virtual time: no thread, so the same program takes the same course every time.

    with inline_sqlite(lambda: gate):
        store = await Store.open(f"sqlite+aiosqlite:///{path}")

Statements, transactions and files are the real ones. Each statement is made within the gate (`async with gate():`),
which may let it wait, or fail as a database that is away does.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import aiosqlite

from tests.support.virtual_time import VirtualTimeLoop

Gate = Callable[[], AbstractAsyncContextManager[None]]
ENDING = frozenset({"rollback", "close"})
"""What a connection does when whoever used it ends, whatever became of the database."""


class InlineLoop(VirtualTimeLoop):
    """Virtual time, and what is given to a thread is done at once."""

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future


class _Thread:
    daemon = True


class _AtOnce:
    """In place of the thread's queue."""

    def put_nowait(self, asked: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        future, function = asked
        result = function()
        if future is not None:
            future.set_result(result)


class InlineConnection(aiosqlite.Connection):
    def __init__(self, connector: Callable[[], sqlite3.Connection], gate: Gate) -> None:
        self._running = True
        self._connection = None
        self._connector = connector
        self._iter_chunk_size = 64
        self._thread = _Thread()  # type: ignore[assignment]
        self._tx = _AtOnce()  # type: ignore[assignment]
        self._gate = gate

    def __await__(self) -> Generator[Any, None, aiosqlite.Connection]:
        return self._open().__await__()

    async def _open(self) -> aiosqlite.Connection:
        async with self._gate():
            self._connection = self._connector()
        return self

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if not self._running or self._connection is None:
            raise ValueError("Connection closed")
        if getattr(fn, "__name__", "") in ENDING:
            return fn(*args, **kwargs)
        async with self._gate():
            return fn(*args, **kwargs)

    async def close(self) -> None:
        self.stop()

    def stop(self) -> None:
        self._running = False
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@contextmanager
def inline_sqlite(gate: Callable[[], Gate]) -> Iterator[None]:
    """Every connection that is opened within the block. gate: asked for each connection's own."""

    def connect(database: str | Path, **kwargs: Any) -> aiosqlite.Connection:
        kwargs.pop("iter_chunk_size", None)
        return InlineConnection(partial(sqlite3.connect, database, **kwargs), gate())

    with mock.patch.object(aiosqlite, "connect", connect):
        yield
