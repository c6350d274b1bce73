"""What controllers that are gone left in the spool goes to the database: all, in order, written twice at worst."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from storage import spool_codec, spool_format
from storage.records import Fact
from storage.spool_files import RunFolder, earlier_runs, keep_aside, report_damage

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Recovered:
    """facts: read and given to `write`. damaged: places passed over. unreadable: payloads that are no facts."""

    facts: int = 0
    damaged: int = 0
    unreadable: int = 0


async def recover(
    spool: Path, write: Callable[[Sequence[Fact]], Awaitable[object]], batch: int = 1000
) -> Recovered:
    """write: returns when these facts are stored. What it raises ends this; what is not stored stays in the spool."""
    result = Recovered()
    runs = await asyncio.to_thread(earlier_runs, spool)
    try:
        for run in runs:
            before = result.facts
            for path in run.segments():
                facts = await asyncio.to_thread(_facts, spool, path, result)
                for begin in range(0, len(facts), batch):
                    await write(facts[begin : begin + batch])
                path.unlink()
            if result.facts > before:
                log.warning(
                    "%d facts that %s had not stored are stored", result.facts - before, run.path.name
                )
            run.remove()
    finally:
        _close(runs)
    return result


def _facts(spool: Path, path: Path, result: Recovered) -> list[Fact]:
    data = path.read_bytes()
    if not data.startswith(spool_format.HEADER):
        if not spool_format.HEADER.startswith(data.rstrip(b"\0")):
            log.error("%s is no file of the spool: it is kept aside", path)
            keep_aside(spool, f"{path.parent.name}-{path.stem}", data)
            result.damaged += 1
        return []
    scanned = spool_format.scan(data)
    report_damage(spool, path, data, scanned)
    result.damaged += len(scanned.damaged)
    facts: list[Fact] = []
    for payload in scanned.payloads:
        fact = readable(spool, path.parent.name, payload)
        if fact is None:
            result.unreadable += 1
        else:
            facts.append(fact)
    result.facts += len(facts)
    return facts


def readable(spool: Path, run: str, payload: bytes) -> Fact | None:
    """None: it is no fact that this version knows; it is kept aside."""
    try:
        return spool_codec.decode(payload)
    except spool_codec.Unreadable as error:
        kept = keep_aside(spool, f"{run}-unreadable", payload + b"\n")
        log.error("a fact in the spool cannot be read: %s%s", error, "; it is kept aside" if kept else "")
        return None


def _close(runs: Sequence[RunFolder]) -> None:
    for run in runs:
        run.close()
