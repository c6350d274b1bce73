"""SIPp as the load generator: its figures are read right, and it ends when it should."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ivr.asterisk.process import PrivateAsterisk
from tests.support.sipp import SippError, run_sipp
from tests.support.softphone import sip_server

pytestmark = pytest.mark.real

CALLER = Path(__file__).resolve().parents[2] / "bench" / "sipp" / "caller.xml"


async def test_calls_press_their_key_and_are_hung_up_on(plain: PrivateAsterisk) -> None:
    result = await run_sipp(
        CALLER, sip_server(plain.rendered), service="602", rate=10, calls=10, timeout_s=20
    )
    assert (result.calls, result.succeeded, result.failed, result.cut) == (10, 10, 0, False), result
    assert len(result.response_times_ms["post_dial"]) == 10
    assert all(0 <= time < 5000 for time in result.response_times_ms["post_dial"])
    assert result.took_s >= 1.9, "the last call begins after 0.9 s and presses its key a second later"
    assert result.cpu_s > 0


async def test_refused_calls_are_counted_with_their_cause(plain: PrivateAsterisk) -> None:
    # From 127.0.0.3 nobody is a trunk, so 602 is not there for this caller.
    result = await run_sipp(
        CALLER,
        sip_server(plain.rendered),
        service="602",
        rate=5,
        calls=3,
        timeout_s=20,
        address="127.0.0.3",
        receive_timeout_s=8,
    )
    assert (result.succeeded, result.failed) == (0, 3)
    assert result.causes
    assert result.errors


async def test_a_call_that_is_never_hung_up_on_fails_in_bounded_time(plain: PrivateAsterisk) -> None:
    began = asyncio.get_running_loop().time()
    result = await run_sipp(
        CALLER,
        sip_server(plain.rendered),
        service="600",  # echo: nobody hangs up
        rate=2,
        calls=2,
        timeout_s=6,
        receive_timeout_s=1.5,
    )
    assert result.failed == 2
    assert asyncio.get_running_loop().time() - began < 15
    assert (await plain.wait_empty(5)).is_empty, "SIPp says goodbye to calls it gives up"


async def test_a_faulty_scenario_says_what_sipp_said(plain: PrivateAsterisk, tmp_path: Path) -> None:
    scenario = tmp_path / "bad.xml"
    scenario.write_text("<scenario><recv")
    with pytest.raises(SippError, match="Unable to load or parse"):
        await run_sipp(scenario, sip_server(plain.rendered), service="600", rate=1, calls=1, timeout_s=3)
