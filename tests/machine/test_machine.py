"""Drawn shifts: Hypothesis invents what citizens, agents and supervisors do and what goes wrong; the whole hotline
takes it on virtual time, and whatever happened nothing may be lost, doubled, stuck or wrong (`oracle.py`).

`python -m tests.machine --minutes 10` plays for longer.
"""

from __future__ import annotations

import hypothesis
import pytest

from tests.machine import steps
from tests.machine.drawing import shifts
from tests.machine.hunting import shortened
from tests.machine.playing import Broken, play
from tests.machine.steps import Shift, Step


@hypothesis.settings(
    max_examples=14,
    derandomize=True,
    database=None,
    report_multiple_bugs=False,
    # A failing shift is shortened by leaving out steps, for a limited time (`hunting.py`).
    phases=[hypothesis.Phase.generate],
)
@hypothesis.given(shifts(most=25))
def test_whatever_happens_in_a_shift_nothing_is_lost(shift: Shift) -> None:
    try:
        play(shift)
    except Broken as broken:
        raise shortened(shift, broken, for_s=15.0) from None


FAILED = {
    "an arrival comes twice": ((steps.Double("StasisStart", 1), 0.0), (steps.Call(0, "2"), 8.0)),
    "a supervisor who took over is with the talk at its end": (
        (steps.Code("a2", "login"), 8.0),
        (steps.Call(1, "2"), 25.0),
        (steps.Supervise("take_over", "a2"), 25.0),
    ),
    "an agent calls by code": ((steps.Code("a2", "login"), 1.0), (steps.Dial("a2", "*49110"), 8.0)),
    "a caller hangs up while the agent is told who it is": (
        (steps.Code("a1", "login"), 0.3),
        (steps.Call(0, "3"), 5.1),
        (steps.HangUp(0), 3.0),
    ),
    "the controller is killed while the agent is told who it is": (
        (steps.Code("a1", "login"), 0.0),
        (steps.Code("a2", "login"), 0.0),
        (steps.Call(1, "3"), 6.0),
        (steps.Kill(0, 0.0), 1.0),
    ),
    "an agent who is whispered to is forced out": (
        (steps.Code("a1", "login"), 0.0),
        (steps.Call(1, "3"), 6.0),
        (steps.Supervise("whisper", "a1"), 3.0),
        (steps.Force("a1", "available"), 0.0),
    ),
    "an agent who is listened to is forced out": (
        (steps.Code("a2", "login"), 0.0),
        (steps.Call(1, "3"), 8.4),
        (steps.Supervise("listen", "a2"), 7.0),
        (steps.Force("a2", "offline"), 0.0),
    ),
    "who was forced to be available has the next citizen before the talk is over": (
        (steps.Code("a1", "login"), 0.0),
        (steps.Call(0, "2"), 8.4),
        (steps.Call(1, "2"), 8.4),
        (steps.Force("a1", "available"), 8.0),
    ),
    "the controller is killed as somebody who is consulted answers": (
        (steps.Code("a1", "login"), 0.0),
        (steps.Code("a2", "login"), 0.0),
        (steps.Code("a3", "login"), 0.0),
        (steps.Call(0, "2"), 1.0),
        (steps.Call(1, "3"), 6.0),
        (steps.InTalk("a3", "consult", "a2"), 0.3),
        (steps.DatabaseIs("away", 5.0), 0.0),
        (steps.Kill(12, 0.0), 1.3),
    ),
    "a promise that is being carried out when the controller is ended": (
        (steps.Call(3, "8"), 3.0),
        (steps.HangUp(0), 3.0),
        (steps.PhoneIs("a2", "slow"), 0.0),
        (steps.Code("a2", "login"), 5.0),
        (steps.Restart(), 1.0),
    ),
}
"""What did not hold once."""


@pytest.mark.parametrize("name", FAILED)
def test_what_failed_once(name: str) -> None:
    for seed, jitter_s in ((2, 0.0), (1, 0.4), (2, 0.4)):
        play(Shift(tuple(Step(what, then_s) for what, then_s in FAILED[name]), seed, jitter_s))
