"""Confidence out of evidence: the stored numbers, and what they must keep."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.calibration import LEAST, MOST, confidence

SHARES = st.floats(0, 1)
NATS = st.floats(-100, 100)


@given(SHARES, NATS, NATS, NATS, NATS)
def test_better_evidence_is_never_less_sure(
    sound: float, gain: float, deficit: float, ahead: float, more: float
) -> None:
    def sure(gain: float, deficit: float, ahead: float) -> float:
        return confidence(
            "phrase_weighed", {"sound": sound, "gain": gain, "deficit": deficit, "ahead": ahead}
        )

    here = sure(gain, deficit, ahead)
    assert LEAST <= here <= MOST
    assert sure(gain + abs(more), deficit, ahead) >= here
    assert sure(gain, deficit + abs(more), ahead) <= here
    assert sure(gain, deficit, ahead + abs(more)) >= here


@pytest.mark.parametrize("kind", ["phrase_by_sound", "phrase_contained"])
def test_what_sounds_alike_is_accepted_and_what_does_not_is_refused(kind: str) -> None:
    assert confidence(kind, {"sound": 1.0}) > 0.9
    assert confidence(kind, {"sound": 0.4}) < 0.3


def test_an_unlikely_text_is_less_sure() -> None:
    rest = {"no_speech": 0.1, "length": 3.0, "rate": 3.0}
    assert (
        confidence("open", {"likelihood": -0.2, **rest})
        > confidence("open", {"likelihood": -1.2, **rest}) + 0.3
    )


def test_evidence_that_lacks_a_figure_is_no_evidence() -> None:
    with pytest.raises(KeyError):
        confidence("phrase_weighed", {"sound": 1.0})
    with pytest.raises(KeyError):
        confidence("no such model", {"sound": 1.0})
