"""Carries out a dialogue's `Lookup`: tables at once, the caller's history from storage, services through `Requests`."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Mapping
from typing import Any, Final, Protocol

from ivr.errors import StorageError
from ivr.flow.actions import Lookup
from ivr.flow.hosts import HostError
from ivr.flow.inputs import LookupEnded
from ivr.flow.lookups import from_answer, from_table, request_for
from ivr.flow.model import FlowLibrary
from ivr.flow.sources import LookupSource
from ivr.ids import CallId
from ivr.outside.requests import Requests

log = logging.getLogger(__name__)

LONGEST_S: Final = 30.0


class History(Protocol):
    async def __call__(self, call: CallId, caller: str) -> Any:
        """The calls of a number before this one, as a dataclass of JSON values (`storage.callers.CallerHistory`), or
        None. Raises StorageError."""
        ...


class Lookups:
    def __init__(self, requests: Requests, history: History) -> None:
        self._requests = requests
        self._history = history

    async def carry_out(self, call: CallId, wanted: Lookup, caller: str, library: FlowLibrary) -> LookupEnded:
        """Raises only CancelledError."""
        source = library.sources.get(wanted.source)
        if source is None:
            ended = LookupEnded(wanted.op, "failed", detail=f"there is no source `{wanted.source}`")
        else:
            ended = await self._within_time(call, wanted, caller, source, library)
        if ended.outcome in ("failed", "timeout"):
            log.warning("lookup in %s: %s %s", wanted.source, ended.outcome, ended.detail)
        return ended

    async def _within_time(
        self, call: CallId, wanted: Lookup, caller: str, source: LookupSource, library: FlowLibrary
    ) -> LookupEnded:
        try:
            async with asyncio.timeout(min(wanted.timeout_s, LONGEST_S)):
                match source.kind:
                    case "table":
                        return from_table(source, wanted)
                    case "history":
                        return await self._from_history(call, wanted, caller)
                    case "queues":
                        return LookupEnded(
                            wanted.op, "failed", detail="a queue is not outside: its call knows"
                        )
                    case "http":
                        request = request_for(source, wanted)
                        ended = await self._requests.carry_out(call, request, library.hosts)
                        return from_answer(source, wanted, ended)
        except TimeoutError:
            return LookupEnded(wanted.op, "timeout")
        except (HostError, StorageError) as error:
            return LookupEnded(wanted.op, "failed", detail=str(error))
        except Exception:
            log.exception("a lookup could not be carried out")
            return LookupEnded(wanted.op, "failed", detail="an error of ours")

    async def _from_history(self, call: CallId, wanted: Lookup, caller: str) -> LookupEnded:
        """Only of the number that calls: what others called about is not for a caller's ears."""
        found = await self._history(call, caller) if caller else None
        if found is None:
            return LookupEnded(wanted.op, "none")
        value: Mapping[str, Any] = dataclasses.asdict(found)
        return LookupEnded(wanted.op, "found", dict(value))
