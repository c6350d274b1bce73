"""Logging: one line per event, the call's id and the node on each, personal data masked.

`setup(...)` configures the root logger once. `call_context` carries the id of the call whose task is running. Numbers
are masked in every line, whoever wrote it (`ivr/masking.py`). A message never makes a second line, nor moves a
terminal's cursor: what came from outside cannot forge an entry.
"""

from __future__ import annotations

import contextlib
import contextvars
import datetime as dt
import json
import logging
import re
import sys
from typing import Final, Literal, TextIO

from ivr.masking import mask_number as mask_number
from ivr.masking import mask_text as mask_text

call_context: contextvars.ContextVar[str] = contextvars.ContextVar("call", default="-")

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def of_no_call() -> contextvars.Context:
    """For timers that work on one call's behalf sets and that go off for all: they would go on under that call's id, as
    would the timers that these set."""
    return contextvars.Context()


def _one_line(text: str) -> str:
    return _CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


class _LineFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        when = dt.datetime.fromtimestamp(record.created, dt.UTC).strftime("%H:%M:%S.%f")[:-3]
        said = mask_text(_one_line(record.getMessage()))
        line = f"{when} {record.levelname:<7} {call_context.get()} {record.name}: {said}"
        if record.exc_info:
            line = f"{line}\n{mask_text(self.formatException(record.exc_info))}"
        return line


class _JsonFormatter(logging.Formatter):
    """Keys: at, level, node, logger, call ("-": none), message; error: the traceback."""

    def __init__(self, node: str) -> None:
        super().__init__()
        self._node = node

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "node": self._node,
            "logger": record.name,
            "call": call_context.get(),
            "message": mask_text(record.getMessage()),
        }
        if record.exc_info:
            fields["error"] = mask_text(self.formatException(record.exc_info))
        return json.dumps(fields, ensure_ascii=False)


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:
        """A message that does not fit its values: Python's own words for that would show these."""
        with contextlib.suppress(OSError, ValueError):
            self.stream.write(f"a log line could not be written: {record.name}, line {record.lineno}\n")


def setup(level: str = "INFO", style: Literal["text", "json"] = "text", node: str = "n1") -> None:
    """Log to standard error at `level` (a logging level's name). Call once, from the composition root."""
    handler = _Handler(sys.stderr)
    handler.setFormatter(_JsonFormatter(node) if style == "json" else _LineFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for talkative in ("aiohttp.access", "alembic"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
