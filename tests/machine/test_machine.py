"""Drawn shifts: Hypothesis invents what citizens, agents and supervisors do and what goes wrong; the whole hotline
takes it on virtual time, and whatever happened nothing may be lost, doubled, stuck or wrong (`oracle.py`).

`python -m tests.machine --minutes 10` plays for longer.
"""

from __future__ import annotations

import hypothesis

from tests.machine.hunting import shortened
from tests.machine.playing import Broken, play
from tests.machine.steps import Shift, shifts


@hypothesis.settings(
    max_examples=20,
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
