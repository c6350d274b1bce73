"""What can go wrong with the database, told so that a person can mend it.

StorageError (of ivr.errors)
├── StorageAway      it cannot be reached, or not now: worth trying again
├── StorageRefused   it will not take this data however often it is tried
└── SchemaMismatch   its tables are not those of this version
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from typing import Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    SQLAlchemyError,
    StatementError,
)

from ivr.errors import StorageError

_VALUES: Final = re.compile(r"(invalid input for query argument \$\d+): .*")


class StorageAway(StorageError):
    pass


class StorageRefused(StorageError):
    pass


class SchemaMismatch(StorageError):
    pass


def parse_url(url: str) -> URL:
    """Raises StorageError for what is no database address, or of a kind that we do not know."""
    mend = "use sqlite+aiosqlite:///path/to/file.db or postgresql+asyncpg://user@host/database"
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StorageError("the database address cannot be read", mend=mend) from None
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+asyncpg")
    if parsed.drivername == "sqlite":
        parsed = parsed.set(drivername="sqlite+aiosqlite")
    if parsed.drivername not in ("postgresql+asyncpg", "sqlite+aiosqlite"):
        raise StorageError(f"no support for databases of kind {parsed.drivername}", mend=mend)
    return parsed


@contextlib.contextmanager
def explained(url: URL) -> Iterator[None]:
    """Turns what drivers raise inside into our errors, with cause and mend. Passwords are never shown, nor what drivers
    tell of rows: their own error is not shown behind ours where that is logged (it stays its `__context__`).

    Only around calls into the driver: an OSError of somebody else's must not become ours.
    """
    try:
        yield
    except StorageError:
        raise
    except Exception as error:
        if not isinstance(error, SQLAlchemyError | OSError | sqlite3.Error) and not _is_asyncpg(error):
            raise
        raise explain(url, error) from None


@contextlib.contextmanager
def within(url: URL, limit_s: float | None) -> Iterator[None]:
    """Turns a time limit that ran out inside into StorageAway."""
    try:
        yield
    except TimeoutError:
        raise StorageAway(
            f"{where_is(url)} did not answer within {limit_s or 0:g} s",
            mend="see whether it is overloaded or frozen",
        ) from None


def explain(url: URL, error: BaseException) -> StorageError:
    where = where_is(url)
    cause = _cause(error)
    state = str(getattr(cause, "sqlstate", None) or "")
    said = first_line(cause)
    if state.startswith("28"):
        return StorageError(
            f"{where} refuses the login", mend="correct user and password in IVR_DATABASE_URL"
        )
    if state == "3D000":
        return StorageError(f"{where}: {said}", mend=f"create it: createdb {url.database}")
    if state in ("42P01", "42703") or "no such table" in said or "no such column" in said:
        return SchemaMismatch(f"{where} lacks tables of this version: {said}", mend="run `ivr migrate`")
    if state.startswith(("22", "23")) or isinstance(error, IntegrityError | DataError):
        return StorageRefused(f"{where} refuses this data: {said}")
    if isinstance(error, StatementError) and not isinstance(error, DBAPIError):
        return StorageRefused(f"this data cannot be stored: {said}")
    if isinstance(cause, OSError):
        return StorageAway(f"no {where}: {said}", mend=_start(url))
    return StorageAway(f"{where} does not work: {type(cause).__name__}: {said}", mend=_start(url))


def _is_asyncpg(error: BaseException) -> bool:
    """By name: the driver has no types, and is not needed for SQLite."""
    return type(error).__module__.partition(".")[0] == "asyncpg"


def _cause(error: BaseException) -> BaseException:
    """The driver's own error under SQLAlchemy's wrappings."""
    while (inner := getattr(error, "orig", None)) is not None:
        error = inner
    cause = error.__cause__
    return cause if cause is not None and _is_asyncpg(cause) else error


def first_line(error: BaseException) -> str:
    """Drivers put the row's values into later lines, and asyncpg those of a column into the first; they may be personal
    data."""
    said = (str(error) or type(error).__name__).partition("\n")[0]
    return _VALUES.sub(r"\1: ...", said)


def where_is(url: URL) -> str:
    """For people, without the password."""
    if url.drivername.startswith("sqlite"):
        return f"SQLite file {url.database}"
    host = url.host or url.query.get("host") or "the local socket"
    return f"Postgres at {host}:{url.port or url.query.get('port') or 5432}/{url.database}"


def _start(url: URL) -> str:
    if url.drivername.startswith("sqlite"):
        return "check that the folder exists, may be written to and has room, or set IVR_DATABASE_URL"
    return "start it or set IVR_DATABASE_URL"
