"""Counts what the log says: lines by level, errors by kind (names of exceptions and of our modules)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ivr.watching.bounded import BoundedLabel
from ivr.watching.meters import Meters


class LogCounts(logging.Handler):
    def __init__(self, meters: Meters) -> None:
        super().__init__(logging.WARNING)
        self._meters = meters
        self._kinds = BoundedLabel(60)

    def emit(self, record: logging.LogRecord) -> None:
        self._meters.log_records.labels(record.levelname.lower()).inc()
        if record.levelno >= logging.ERROR:
            self._meters.errors.labels(self._kinds.of(kind_of(record))).inc()


def kind_of(record: logging.LogRecord) -> str:
    """The exception's name; without one, the room of the house that said it (`ivr.call`)."""
    error = record.exc_info[1] if record.exc_info else None
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return type(error).__name__ if error is not None else ".".join(record.name.split(".")[:2])


@contextmanager
def counting(meters: Meters) -> Iterator[None]:
    """While in the block."""
    handler = LogCounts(meters)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
