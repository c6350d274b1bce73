"""The make-believe floor obeys the same rules as a real one, or the page would be looked at with nonsense on it."""

from __future__ import annotations

import datetime as dt
import random
import socket
import sys

import pytest

from tests.web.fakes import NOW
from web import preview
from web.api.wire import encode_status


@pytest.mark.parametrize("seed", range(5))
def test_the_floor_stays_possible(seed: int) -> None:
    floor = preview.MakeBelieve(random.Random(seed), NOW)
    states: set[str] = set()
    for second in range(600):
        floor.advance(NOW + dt.timedelta(seconds=second))
        status = floor.snapshot()
        states |= {call.state for call in status.calls}
        assert len(status.calls) <= preview.MOST_CALLS
        with_agent = {
            call.call_id: call.agent for call in status.calls if call.state in {"ringing", "talking"}
        }
        busy = {agent.call_id: agent.name for agent in status.agents if agent.state in {"ringing", "talking"}}
        assert with_agent == busy
        assert status.today.answered <= status.today.offered <= status.today.arrived
        encode_status(status, show_transcripts=True)
    assert states == {"menu", "queue", "ringing", "talking", "survey"}


def test_a_busy_port_ends_it_with_advice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(sys, "argv", ["preview", "--port", str(taken.getsockname()[1])])
        assert preview.main() == 1
    said = capsys.readouterr()
    assert "is in use" in said.err and "IVR_WEB__PORT" in said.err
    assert "Traceback" not in said.err
