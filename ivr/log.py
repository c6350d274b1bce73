"""Logging: one line per event, the call's id on each, personal data masked.

`setup(...)` configures the root logger once. `call_context` carries the id of the call whose task is running.
Runs of seven digits and more (telephone, identity and ticket numbers) are masked in every line, whoever wrote it.
"""

from __future__ import annotations

import contextvars
import datetime as dt
import json
import logging
import re
import sys
from typing import Literal

call_context: contextvars.ContextVar[str] = contextvars.ContextVar("call", default="-")

# Not within a word or a decimal number (ids, times), but beside Chinese characters and before a full stop.
_DIGITS = re.compile(r"(?<![A-Za-z0-9_])(?<!\d\.)\+?\d{7,}(?!\.?\d)(?![A-Za-z_])")


def mask_number(number: str) -> str:
    """`13812345678` -> `138****5678`; short ones keep only their last digit."""
    if len(number) < 7:
        return "*" * max(0, len(number) - 1) + number[-1:]
    return f"{number[:3]}****{number[-4:]}" if len(number) >= 9 else f"****{number[-3:]}"


def mask_text(text: str) -> str:
    return _DIGITS.sub(lambda match: mask_number(match.group()), text)


class _LineFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        when = dt.datetime.fromtimestamp(record.created, dt.UTC).strftime("%H:%M:%S.%f")[:-3]
        line = f"{when} {record.levelname:<7} {call_context.get()} {record.name}: {record.getMessage()}"
        if record.exc_info:
            line = f"{line}\n{self.formatException(record.exc_info)}"
        return mask_text(line)


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "call": call_context.get(),
            "message": mask_text(record.getMessage()),
        }
        if record.exc_info:
            fields["error"] = mask_text(self.formatException(record.exc_info))
        return json.dumps(fields, ensure_ascii=False)


def setup(level: str = "INFO", style: Literal["text", "json"] = "text") -> None:
    """Log to standard error at `level` (a logging level's name). Call once, from the composition root."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if style == "json" else _LineFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for talkative in ("aiohttp.access", "alembic"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
