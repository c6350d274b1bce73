"""Health as it changes: said once, told to the page; figures in the form that is asked for."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import cast

import pytest

from ivr.watching.collecting import Collector
from ivr.watching.health import Limits
from ivr.watching.levels import Levels
from ivr.watching.readings import Readings
from ivr.watching.wiring import Watching, metering
from tests.watching.test_health import WELL


class Told:
    """Readings as the test sets them."""

    def __init__(self, now: Readings) -> None:
        self.now = now
        self.ending = False

    def read(self) -> Readings:
        return replace(self.now, ending=self.ending)


def test_what_changes_is_said_once_and_not_before_the_start_is_over(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    told = Told(replace(WELL, connected=False))
    with metering() as meters:
        watching = Watching(cast(Collector, told), meters, Limits())

        def look() -> list[tuple[str, str]]:
            caplog.clear()
            changed = watching.look()
            said = [(record.levelname, record.getMessage()) for record in caplog.records]
            assert changed is bool(said)
            return said

        assert look() == [], "it is being started"
        told.now = replace(WELL, keys_only=("en",))
        assert look() == [("WARNING", "speech is degraded: callers are understood by keys only: en")]
        assert look() == []
        assert [(part.name, part.level) for part in watching.unwell()] == [("speech", "degraded")]
        told.now = replace(WELL, connected=False)
        assert [level for level, _ in look()] == ["ERROR", "WARNING"]
        assert not watching.health().ready
        told.now = WELL
        assert look() == [("WARNING", "asterisk is well again")]
        assert watching.unwell() == ()


def test_who_asks_a_controller_that_is_being_stopped_is_told_so_and_the_log_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told = Told(WELL)
    with metering() as meters:
        watching = Watching(cast(Collector, told), meters, Limits())
        watching.look()
        assert watching.health().ready
        caplog.clear()
        watching.ends()
        assert [(part.name, part.level) for part in watching.health().unwell] == [("calls", "down")]
        assert not watching.look() and not caplog.records, "what ends now is our own doing"


def test_figures_as_text_and_as_openmetrics() -> None:
    with metering() as meters:
        meters.registry.register(Levels(lambda: replace(WELL, admitted=3, refused={"full": 2}), Limits()))
        watching = Watching(cast(Collector, Told(WELL)), meters, Limits())
        text, content_type = watching.metrics("")
        assert content_type.startswith("text/plain")
        assert b'hotline_calls_refused_total{reason="full"} 2.0\n' in text
        assert b'hotline_calls_refused_total{reason="nuisance"} 0.0\n' in text, "the first one is an increase"
        assert b"hotline_ready 1.0\n" in text
        assert b"process_resident_memory_bytes" in text
        assert b"_created" not in text
        text, content_type = watching.metrics("application/openmetrics-text; version=1.0.0")
        assert content_type.startswith("application/openmetrics-text")
        assert text.endswith(b"# EOF\n")


def test_two_hotlines_in_a_process_do_not_meet() -> None:
    with metering() as one, metering() as other:
        one.arrived.inc()
        assert other.registry.get_sample_value("hotline_calls_arrived_total") == 0
