"""Traces where they are wanted, and nothing at all where they are not. Imports opentelemetry only in the first case."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

from asr.protocol import Ears
from asr.settings import PoolSettings
from ivr.ari.client import AriClient
from ivr.dispatch import Dispatcher
from ivr.errors import ConfigError
from ivr.flow.actions import Action
from ivr.ids import CallId
from ivr.tracing.settings import TraceSettings
from storage.records import Fact
from storage.writer import FactWriter


class Traces(Protocol):
    """fact_watchers: shown every fact on its way to the database. begun: told of every action that is begun."""

    @property
    def fact_watchers(self) -> Sequence[Callable[[Fact], None]]: ...

    @property
    def begun(self) -> Callable[[CallId, Action], None] | None: ...

    def ears(self, ears: Ears) -> Ears: ...

    def attach(self, ari: AriClient, dispatcher: Dispatcher, writer: FactWriter) -> None: ...


class NoTraces:
    """Costs nothing."""

    fact_watchers: Sequence[Callable[[Fact], None]] = ()
    begun: Callable[[CallId, Action], None] | None = None

    def ears(self, ears: Ears) -> Ears:
        return ears

    def attach(self, ari: AriClient, dispatcher: Dispatcher, writer: FactWriter) -> None:
        pass


def in_traces(workers: PoolSettings, settings: TraceSettings) -> PoolSettings:
    """The workers on this machine tell their part too; those elsewhere have an option for it."""
    if not settings.enabled:
        return workers
    worker = replace(workers.worker, traces=settings.endpoint, traces_share=settings.share)
    return replace(workers, worker=worker)


@contextmanager
def traces_if_wanted(settings: TraceSettings, node: str) -> Iterator[Traces]:
    """Raises ConfigError: wanted, and the extra is not installed."""
    if not settings.enabled:
        yield NoTraces()
        return
    try:
        wiring = importlib.import_module("ivr.tracing.wiring")
    except ImportError as error:
        raise ConfigError(
            f"traces.enabled is set, and opentelemetry is not installed: {error}",
            mend="pip install 'open-hotline[traces]', or unset IVR_TRACES__ENABLED",
        ) from error
    with wiring.open_traces(settings, node) as traces:
        yield traces
